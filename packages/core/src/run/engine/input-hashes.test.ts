import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../base/errors';
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

it('tells how many bytes it would have to read', async () => {
  const more = join(folder, 'more');
  writeFileSync(more, 'defgh');
  await inputs.describe(path);
  expect(inputs.bytesToRead([path, more, `${more}.nc`])).toBe(5);
});

it('is refused where it is a folder, or below a file', async () => {
  mkdirSync(join(folder, 'inputs'));
  await expect(inputs.describe(join(folder, 'inputs'))).rejects.toThrow(/inputs: cannot be read \(it is no file\): give a file/);
  await expect(inputs.describe(join(path, 'below'))).rejects.toThrow(expect.objectContaining({ code: 'FILE_MISSING' }) as Error);
  await expect(sha256(folder)).rejects.toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }) as Error);
});

describe('kept in a run folder', () => {
  const keptIn = (): string => join(folder, 'run/input-hashes.json');
  const open = (worthKeeping = 1): InputHashes => new InputHashes(keptIn(), worthKeeping);
  /** Whether a process takes what is kept instead of hashing the file: here something else is. */
  const takesKept = async (): Promise<boolean> => {
    const { sha256: own } = await new InputHashes().describe(path);
    writeFileSync(keptIn(), readFileSync(keptIn(), 'utf8').replace(/"sha256":"[^"]*"/, '"sha256":"kept"'));
    const { sha256: found } = await open().describe(path);
    expect(['kept', own]).toContain(found);
    return found === 'kept';
  };
  beforeEach(() => {
    mkdirSync(join(folder, 'run'));
    // As time goes by: a change of its times tells only that there was one.
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_000);
  });
  afterEach(() => jest.restoreAllMocks());

  it('are taken by the next process, while the file is what it was', async () => {
    const first = open();
    await first.describe(path);
    first.keep();
    expect(await takesKept()).toBe(true);
    writeFileSync(path, 'abd');
    expect(await takesKept()).toBe(false);
  });

  it('are not taken of a file that was written anew and given its former time, as copying tools do', async () => {
    utimesSync(path, 1e9, 1e9);
    const first = open();
    await first.describe(path);
    first.keep();
    writeFileSync(path, 'abd');
    utimesSync(path, 1e9, 1e9);
    expect(await takesKept()).toBe(false);
  });

  it('are left out of files that have gone, and not kept at all where they cannot be written', async () => {
    const gone = join(folder, 'gone');
    writeFileSync(gone, 'xyz');
    const first = open();
    await first.describe(path);
    await first.describe(gone);
    rmSync(gone);
    first.keep();
    expect(readFileSync(keptIn(), 'utf8')).not.toContain(gone);
    const nowhere = new InputHashes(join(folder, 'run'), 1);
    await nowhere.describe(path);
    expect(() => nowhere.keep()).not.toThrow();
    expect(readdirSync(join(folder, 'run'))).toEqual(['input-hashes.json']);
  });

  it('stay for the command after the next, beside those of files that the next reads first', async () => {
    const first = open();
    await first.describe(path);
    first.keep();
    const more = join(folder, 'more');
    writeFileSync(more, 'defgh');
    const second = open();
    await second.describe(more);
    second.keep();
    const { hashes } = JSON.parse(readFileSync(keptIn(), 'utf8')) as { hashes: { path: string }[] };
    expect(hashes.map((each) => each.path)).toEqual([path, more]);
  });

  it('guard the run that takes them as its own do', async () => {
    const first = open();
    await first.describe(path);
    first.keep();
    const second = open();
    await second.describe(path);
    writeFileSync(path, 'abd');
    await expect(second.describe(path)).rejects.toThrow(expect.objectContaining({ code: 'INPUT_CHANGED' }) as Error);
  });

  it('are not kept of a file that has just been written, nor where they are few, nor without a folder', async () => {
    jest.restoreAllMocks();
    const fresh = open();
    await fresh.describe(path);
    fresh.keep();
    const few = open(4);
    await few.describe(path);
    few.keep();
    expect(readdirSync(join(folder, 'run'))).toEqual([]);
    rmSync(join(folder, 'run'), { recursive: true });
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_000);
    const nowhere = open();
    await nowhere.describe(path);
    nowhere.keep();
    expect(readdirSync(folder)).toEqual(['input']);
  });

  it('are not kept of a file that had just been written when it was hashed, however long ago that is', async () => {
    const early = open();
    jest.restoreAllMocks();
    await early.describe(path);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_000);
    const old = join(folder, 'old');
    writeFileSync(old, 'defgh');
    await early.describe(old);
    early.keep();
    expect(readFileSync(keptIn(), 'utf8')).toContain(old);
    expect(await takesKept()).toBe(false);
  });

  it('are made anew where they are damaged', async () => {
    writeFileSync(keptIn(), '{"hashes": [{"path":');
    expect(await takesKept()).toBe(false);
  });
});
