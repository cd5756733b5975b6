import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson } from './json';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'json-'));
  path = join(folder, 'it.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const KEYS = { key: 'string', inputs: 'array', run: 'object' } as const;
const read = (text: string): unknown => {
  writeFileSync(path, text);
  return readJson(path, { keys: KEYS, remedy: 'make it again' });
};

it('gives what the file holds', () => {
  expect(read('{"key": "k", "inputs": [], "run": {}, "more": 1}')).toEqual({ key: 'k', inputs: [], run: {}, more: 1 });
});

it.each([
  ['cut short', '{"key": "k", "inp', 'expected JSON but it cannot be read'],
  ['empty', '', 'expected JSON but it cannot be read'],
  ['null', 'null', 'expected an object but received something else'],
  ['a list', '[]', 'expected an object but received something else'],
  ['without a key', '{"key": "k", "run": {}}', 'expected an object whose inputs is a list but received something else'],
  [
    'with null for an object',
    '{"key": "k", "inputs": [], "run": null}',
    'expected an object whose run is of type object but received something else',
  ],
])('refuses what is %s', (_what, text, said) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'JSON_UNREADABLE', exitCode: 3 }) as Error);
  expect(() => read(text)).toThrow(`${path}: ${said}`);
  expect(() => read(text)).toThrow(/: make it again$/);
});

it('refuses a folder of that name', () => {
  expect(() => readJson(folder, { keys: KEYS, remedy: 'make it again' })).toThrow(/\(it is no file\): make it again$/);
});
