import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

it.each(['br [1]', '[z-a]', 'a*', 'what?'])('a folder that is called %s is that folder, and no pattern', (name) => {
  for (const each of [name, 'br 1', 'ab']) mkdirSync(join(folder, each), { recursive: true });
  for (const each of [name, 'br 1', 'ab']) writeFileSync(join(folder, each, 'c1.nc'), '');
  for (const pattern of ['c*.nc', 'c1.nc']) expect(expandGlob(join(folder, name, pattern))).toEqual([join(folder, name, 'c1.nc')]);
});

it("a file whose name is no other file's pattern is that file", () => {
  writeFileSync(join(folder, 'd[1].nc'), '');
  expect(expandGlob(join(folder, 'd[1].nc'))).toEqual([join(folder, 'd[1].nc')]);
  writeFileSync(join(folder, 'd1.nc'), '');
  expect(expandGlob(join(folder, 'd[1].nc'))).toEqual([join(folder, 'd1.nc')]);
});
