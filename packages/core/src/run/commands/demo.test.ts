import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoFolder, runDemo } from './demo';

it.each([
  [{}, 'runs/demo'],
  [{ quick: true }, 'runs/demo-quick'],
  [{ nonIdentical: true }, 'runs/demo-non-identical'],
  [{ nonIdentical: true, full: true }, 'runs/demo-non-identical-full'],
  [{ nonIdentical: true, seed: 1 }, 'runs/demo-non-identical'],
  [{ seed: 3, quick: true }, 'runs/demo-seed3-quick'],
  [{ columns: true, species: 'all' as const, seed: 3 }, 'runs/demo-all-species-columns-seed3'],
])('keeps demos of each kind apart: %j', (options, folder) => expect(demoFolder(options)).toBe(folder));

describe('runDemo', () => {
  it('refuses a folder whose world does not say what it was made with, and a file in its place', async () => {
    const out = mkdtempSync(join(tmpdir(), 'other-world-'));
    try {
      mkdirSync(join(out, 'inputs'));
      writeFileSync(join(out, 'case.yaml'), 'name: demo\n');
      writeFileSync(join(out, 'inputs/world.json'), '{"size": "qu');
      await expect(runDemo({ out })).rejects.toMatchObject({ code: 'JSON_UNREADABLE', message: expect.stringContaining('world.json') as string });
      await expect(runDemo({ out: join(out, 'case.yaml') })).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it.each([
    [{ size: 'default', nonIdentical: false, seed: 2 }, { seed: 3 }, /retroplume demo --seed 2, not that of retroplume demo --seed 3: name another/],
    [
      { size: 'quick', nonIdentical: false, seed: 1 },
      { nonIdentical: true },
      /demo --quick --seed 1, not that of retroplume demo --non-identical --seed 1:/,
    ],
    [
      { size: 'quick', nonIdentical: false, columns: true, seed: 1 },
      { quick: true },
      /demo --quick --columns --seed 1, not that of .* --quick --seed 1:/,
    ],
  ])('refuses a folder with the world of %p where %p is asked for', async (there, asked, message) => {
    const out = mkdtempSync(join(tmpdir(), 'other-world-'));
    try {
      mkdirSync(join(out, 'inputs'));
      writeFileSync(join(out, 'case.yaml'), 'name: demo\n');
      writeFileSync(join(out, 'inputs/world.json'), JSON.stringify(there));
      await expect(runDemo({ ...asked, out })).rejects.toMatchObject({ code: 'DEMO_OTHER_WORLD', message: expect.stringMatching(message) as string });
      expect(readdirSync(out).sort()).toEqual(['case.yaml', 'inputs']);
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});
