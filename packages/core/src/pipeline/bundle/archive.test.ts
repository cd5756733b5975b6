import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTarget } from './archive';

const folder = mkdtempSync(join(tmpdir(), 'retroplume-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('tells before anything is hashed that no file can be written there', () => {
  const file = join(folder, `${'n'.repeat(250)}.tar.gz`);
  expect(() => checkTarget(file)).toThrow(
    expect.objectContaining({ code: 'BUNDLE_UNWRITABLE', message: expect.stringContaining('cannot be written (ENAMETOOLONG: ') as string }) as Error,
  );
});

it('leaves what is there as it is, and nothing beside it', () => {
  const file = join(folder, 'run.tar.gz');
  checkTarget(file);
  writeFileSync(file, 'an earlier bundle');
  checkTarget(file);
  expect([file, `${file}.tmp`].map((path) => existsSync(path))).toEqual([true, false]);
});
