import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bytesBelow, folderToBe, makeFolder, makeTemporaryFolder } from './disk';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'make-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const refused = (path: string): RegExp => new RegExp(`^${path}: this folder cannot be made \\(.*\\): give another place`);

it('makes a folder with those above it, and takes one that is there', () => {
  makeFolder(join(folder, 'a/b/c'));
  makeFolder(join(folder, 'a/b/c'));
  expect(existsSync(join(folder, 'a/b/c'))).toBe(true);
});

it('takes a link to a folder', () => {
  makeFolder(join(folder, 'a'));
  symlinkSync(join(folder, 'a'), join(folder, 'link'));
  makeFolder(join(folder, 'link/b'));
  expect(existsSync(join(folder, 'a/b'))).toBe(true);
});

it('says where a file is in the way', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    expect(() => makeFolder(path)).toThrow(refused(path));
    expect(() => folderToBe(path)).toThrow(refused(file));
    expect(() => makeFolder(path)).toThrow(expect.objectContaining({ code: 'WRITE_FAILED', exitCode: 3 }) as Error);
  }
});

it('says where a folder would be made, and makes none', () => {
  expect(folderToBe(folder)).toBe(folder);
  expect(folderToBe(join(folder, 'a/b'))).toBe(folder);
  expect(existsSync(join(folder, 'a'))).toBe(false);
});

it('ends where a file system makes no folders', () => {
  if (existsSync('/proc/self')) expect(() => makeFolder('/proc/none/run')).toThrow(refused('/proc/none'));
});

it('adds up the files of a folder, also of one in which a run is at work', () => {
  makeFolder(join(folder, 'a/b'));
  for (const [name, bytes] of Object.entries({ 'a/kept': 3, 'a/b/other': 4, gone: 5 })) writeFileSync(join(folder, name), 'x'.repeat(bytes));
  symlinkSync('a/kept', join(folder, 'link'));
  expect(bytesBelow(folder)).toBe(12);
  const system = jest.requireActual<typeof import('node:fs')>('node:fs');
  const { readdirSync } = system;
  const looked = jest.spyOn(system, 'readdirSync').mockImplementationOnce((...args) => {
    const found = readdirSync(...args);
    rmSync(join(folder, 'gone'));
    return found;
  });
  expect(bytesBelow(folder)).toBe(7);
  looked.mockRestore();
  expect(bytesBelow(join(folder, 'none'))).toBe(0);
});

it('says where temporary folders cannot be made, and what to do', () => {
  const place = jest.spyOn(jest.requireActual<typeof import('node:os')>('node:os'), 'tmpdir').mockReturnValue(join(folder, 'none'));
  expect(() => makeTemporaryFolder('a-')).toThrow(/none: no temporary folder can be made there \(ENOENT.*\): set TMPDIR to a folder/);
  place.mockReturnValue(folder);
  expect(dirname(makeTemporaryFolder('a-'))).toBe(folder);
  place.mockRestore();
});
