import { demoFolder } from './demo';

it.each([
  [{}, 'runs/demo'],
  [{ quick: true }, 'runs/demo-quick'],
  [{ nonIdentical: true }, 'runs/demo-non-identical'],
  [{ nonIdentical: true, full: true }, 'runs/demo-non-identical-full'],
])('keeps demos of each kind apart: %j', (options, folder) => expect(demoFolder(options)).toBe(folder));
