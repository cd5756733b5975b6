import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../base/errors';
import { decodeTensors, encodeTensors, readCheckpoint, writeCheckpoint, writeSharedFile, type Checkpoint } from './checkpoint';

const content: Checkpoint = {
  tensors: new Map([
    ['weight', { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }],
    ['moment', { data: Float64Array.of(0.1, -0.2), shape: [2] }],
  ]),
  metadata: { step: 12, name: 'a "quoted" text' },
};

/** Whether a file is refused; any other error than a DataError fails the test. */
function refused(file: Buffer): boolean {
  try {
    decodeTensors(file, 'file');
    return false;
  } catch (error) {
    if (error instanceof DataError) return true;
    throw error;
  }
}

describe('tensor files', () => {
  it('come back as they were', () => {
    expect(decodeTensors(Buffer.from(encodeTensors(content)), 'file')).toEqual(content);
  });

  it('keep numbers as names, and arrays without elements', () => {
    const tensors = new Map(
      ['b', '7', '3', 'empty'].map((name, i) => [name, { data: new Float32Array(name === 'empty' ? 0 : i + 1).fill(i), shape: [1] }]),
    );
    expect(decodeTensors(Buffer.from(encodeTensors({ tensors, metadata: {} })), 'file').tensors).toEqual(tensors);
  });

  it('are refused where any bit is wrong or any byte is missing', () => {
    const good = Buffer.from(encodeTensors(content));
    let refusals = 0;
    for (let i = 0; i < good.length; i++) {
      const spoilt = Buffer.from(good);
      spoilt[i] ^= 1;
      // The name of the format and the padding carry nothing: a file with a flaw there may be read, and must then be right.
      if (refused(spoilt)) refusals++;
      else expect(decodeTensors(spoilt, 'file')).toEqual(content);
      expect(() => decodeTensors(good.subarray(0, i), 'file')).toThrow(/file: .*delete it/);
    }
    expect(refusals).toBeGreaterThan(good.length - 40);
  });
});

describe('checkpoints', () => {
  it('fall back on the one before when the newest is spoilt, and say so', () => {
    const folder = mkdtempSync(join(tmpdir(), 'retroplume-checkpoint-'));
    const path = join(folder, 'checkpoint');
    expect(readCheckpoint(path)).toBeUndefined();
    writeCheckpoint(path, content);
    writeCheckpoint(path, { ...content, metadata: { step: 13 } });
    expect(readCheckpoint(path)?.metadata).toEqual({ step: 13 });
    writeFileSync(path, readFileSync(path).subarray(0, 100));
    const said: string[] = [];
    expect(readCheckpoint(path, (error) => said.push(error.code))).toEqual(content);
    expect(said).toEqual(['CHECKPOINT_CORRUPT']);
    rmSync(folder, { recursive: true });
  });
});

it('files that two processes write at the same moment are whole, and neither of them fails', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-shared-'));
  const path = join(folder, 'told');
  const system = jest.requireActual<typeof import('node:fs')>('node:fs');
  const { fsyncSync } = system;
  const elsewhere = jest.spyOn(jest.requireActual<typeof import('node:os')>('node:os'), 'hostname');
  // While one waits for the disk, the other one begins and ends.
  const waiting = jest.spyOn(system, 'fsyncSync').mockImplementationOnce((file) => {
    elsewhere.mockReturnValueOnce('another machine');
    writeSharedFile(path, 'theirs');
    fsyncSync(file);
  });
  writeSharedFile(path, 'ours');
  expect(readFileSync(path, 'utf8')).toBe('ours');
  expect(readdirSync(folder)).toEqual(['told']);
  [waiting, elsewhere].forEach((spy) => spy.mockRestore());
  rmSync(folder, { recursive: true });
});
