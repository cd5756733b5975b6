import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { otherCaseIn, readRunFile, runFolder } from './run-folder';

let out: string;
let path: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'run-file-'));
  path = join(out, 'run.json');
});
afterEach(() => rmSync(out, { recursive: true }));

it('refuses a run folder with a backslash in its path before anything is written: netCDF makes no files there', () => {
  expect(runFolder({ name: 'mine' }, join(out, 'a b [1]'))).toBe(join(out, 'a b [1]'));
  for (const path of ['a\\b', 'a\\b/run']) {
    const message = expect.stringMatching(/a\\b.*: .* backslash .*give another --out/) as string;
    expect(() => runFolder({ name: 'mine' }, join(out, path))).toThrow(
      expect.objectContaining({ code: 'RUN_FOLDER_NAME', exitCode: 2, message }) as Error,
    );
  }
});

it('asks for a run folder where there is none', () => {
  expect(() => readRunFile(out)).toThrow(expect.objectContaining({ code: 'RUN_FILE_MISSING' }) as Error);
});

it.each([
  ['text', (): void => writeFileSync(path, 'not JSON')],
  ['null', (): void => writeFileSync(path, 'null')],
  ['a folder', (): void => mkdirSync(path)],
])('refuses %s in its place, and goes on without it', (_what, spoil) => {
  spoil();
  expect(() => readRunFile(out)).toThrow(expect.objectContaining({ code: 'JSON_UNREADABLE' }) as Error);
  expect(otherCaseIn(out, 'mine')).toBeUndefined();
});

it('tells the case of the last run, where it is another one', () => {
  expect(otherCaseIn(out, 'mine')).toBeUndefined();
  writeFileSync(path, JSON.stringify({ case: { name: 'yours' }, versions: {} }));
  expect(otherCaseIn(out, 'mine')).toBe('yours');
  expect(otherCaseIn(out, 'yours')).toBeUndefined();
});
