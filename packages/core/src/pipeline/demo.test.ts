import { demoFolder } from './demo';

it.each([
  [{}, 'runs/demo'],
  [{ quick: true }, 'runs/demo-quick'],
  [{ nonIdentical: true }, 'runs/demo-non-identical'],
  [{ nonIdentical: true, full: true }, 'runs/demo-non-identical-full'],
  [{ nonIdentical: true, seed: 1 }, 'runs/demo-non-identical'],
  [{ seed: 3, quick: true }, 'runs/demo-seed3-quick'],
])('keeps demos of each kind apart: %j', (options, folder) => expect(demoFolder(options)).toBe(folder));
