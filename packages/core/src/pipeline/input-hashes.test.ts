import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../errors';
import { InputHashes, sha256 } from './input-hashes';

let folder: string;
let path: string;
let inputs: InputHashes;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-inputs-'));
  path = join(folder, 'input');
  inputs = new InputHashes();
  writeFileSync(path, 'abc');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('an input is described by its size and hash; one that is missing is refused', async () => {
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'; // FIPS 180-2, appendix B.1
  expect(await inputs.describe(path)).toEqual({ path, bytes: 3, sha256 });
  await expect(inputs.describe(`${path}.nc`)).rejects.toThrow(DataError);
  await expect(inputs.describe(`${path}.nc`)).rejects.toThrow(/input\.nc: no such file/);
});

it('is refused with other contents, of the same length too, but not for having been touched', async () => {
  const first = await inputs.describe(path);
  utimesSync(path, 1e9, 1e9);
  expect(await inputs.describe(path)).toEqual(first);
  writeFileSync(path, 'abd');
  await expect(inputs.describe(path)).rejects.toThrow(expect.objectContaining({ code: 'INPUT_CHANGED' }) as Error);
  rmSync(path);
  await expect(inputs.describe(path)).rejects.toThrow(expect.objectContaining({ code: 'FILE_MISSING' }) as Error);
});

it('is refused where it is a folder, or below a file', async () => {
  mkdirSync(join(folder, 'inputs'));
  await expect(inputs.describe(join(folder, 'inputs'))).rejects.toThrow(/inputs: cannot be read \(it is no file\): give a file/);
  await expect(inputs.describe(join(path, 'below'))).rejects.toThrow(expect.objectContaining({ code: 'FILE_MISSING' }) as Error);
  await expect(sha256(folder)).rejects.toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }) as Error);
});
