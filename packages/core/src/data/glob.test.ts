import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expandGlob } from './glob';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'glob-'));
  for (const name of ['a1.nc', 'a2.nc', 'b1.nc', '.a3.nc']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['a*.nc', ['a1.nc', 'a2.nc']],
  ['[ab]1.nc', ['a1.nc', 'b1.nc']],
  ['[!a]?.nc', ['b1.nc']],
  ['a1.nc', ['a1.nc']],
])('%s', (pattern, names) => {
  expect(expandGlob(join(folder, pattern))).toEqual(names.map((name) => join(folder, name)));
});

it.each([
  ['c*.nc', 'FILES_NONE'],
  ['c.nc', 'FILE_MISSING'],
  ['[z-a]*.nc', 'PATTERN_INVALID'],
])('refuses %s', (pattern, code) => {
  expect(() => expandGlob(join(folder, pattern))).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(pattern) as string }) as Error,
  );
});
