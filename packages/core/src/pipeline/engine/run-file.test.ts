import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { otherCaseIn, readRunFile } from './run-file';

let out: string;
let path: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'run-file-'));
  path = join(out, 'run.json');
});
afterEach(() => rmSync(out, { recursive: true }));

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
