import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Random } from '../../base/random';
import { IoapiFile } from './ioapi-file';
import { IoapiWriter } from './ioapi-writer';
import { describeWhere } from '../../../../../test/testing/describe-where';
import { contents, hourly, perStep, writeSample } from '../testing/ioapi-sample';
import { failure, temporaryFolder } from '../testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

describe('IoapiWriter', () => {
  test('a step that was never written: nothing is left', () => {
    const writer = IoapiWriter.create(at('a.nc'), contents);
    writer.write('NO2', 0, new Float32Array(4 * perStep));
    writer.write('PM25', 0, new Float32Array(2 * perStep));
    expect(() => writer.close()).toThrow(
      failure('IOAPI_INCOMPLETE', `${at('a.nc')}: step 2 of PM25 was never written: write every step of every variable`),
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('an older file stays until the new one is whole', () => {
    writeSample(at('a.nc'), {}, () => 1);
    const writer = IoapiWriter.create(at('a.nc'), contents);
    writer.write('NO2', 0, new Float32Array(perStep));
    expect(readdirSync(folder.path).sort()).toEqual(['a.nc', 'a.nc.tmp']);
    writer.abort();
    const file = IoapiFile.open(at('a.nc'));
    expect(file.read('NO2')[0]).toBe(1);
    file.close();
    expect(readdirSync(folder.path)).toEqual(['a.nc']);
  });

  test('data and names that do not fit', () => {
    const writer = IoapiWriter.create(at('a.nc'), contents);
    expect(() => writer.write('NO2', 3, new Float32Array(2 * perStep))).toThrow(
      failure('IOAPI_SHAPE', `${at('a.nc')}: NO2: expected [steps, 2, 4, 5] within 4 steps but received 80 values at step 3: write whole steps`, 1),
    );
    expect(() => writer.write('NO2', 0, new Float32Array(perStep - 1))).toThrow(expect.objectContaining({ code: 'IOAPI_SHAPE' }) as Error);
    expect(() => writer.write('SO2', 0, new Float32Array(perStep))).toThrow(/SO2 was not declared/);
    writer.abort();
    for (const name of ['SEVENTEEN_LETTERS', '2NO', 'N O', '']) {
      expect(() => IoapiWriter.create(at('b.nc'), { ...contents, variables: [{ name, units: '1' }] })).toThrow(
        failure('IOAPI_NAME', `${at('b.nc')}: a variable cannot be called "${name}": use at most 16 letters, digits and _, each name once`),
      );
    }
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('a folder that may not be written', () => {
    writeFileSync(at('file'), '');
    expect(() => IoapiWriter.create(join(at('file'), 'a.nc'), contents)).toThrow(
      expect.objectContaining({ code: 'FILE_UNWRITABLE', exitCode: 3 }) as Error,
    );
  });
});

/** A file system of 512 kB, where the system lets us have one. */
const smallDisk = mountSmallDisk();
afterAll(() => {
  if (smallDisk) {
    execFileSync('umount', ['-l', smallDisk]);
    rmdirSync(smallDisk);
  }
});
function mountSmallDisk(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', path]);
  return status === 0 ? path : undefined;
}
describeWhere(smallDisk !== undefined, 'no right to mount a small one', 'a full disk', () => {
  const disk = smallDisk ?? '';
  const large = { ...contents, time: hourly('2017-01-01T00:00Z', 24), layers: 500 };
  afterEach(() => readdirSync(disk).forEach((name) => rmSync(join(disk, name))));

  test('is told before anything is written where the size is known', () => {
    expect(() => IoapiWriter.create(join(disk, 'a.nc'), large)).toThrow(
      failure(
        'DISK_FULL',
        `${join(disk, 'a.nc')}: the disk is full: the file needs 1.92 MB and 0.52 MB are free: make room or choose another folder with --out`,
      ),
    );
    expect(readdirSync(disk)).toEqual([]);
  });

  test('is told where it has no room for a file at all', () => {
    writeFileSync(join(disk, 'other'), new Uint8Array(statfsSync(disk).bavail * statfsSync(disk).bsize));
    expect(() => IoapiWriter.create(join(disk, 'a.nc'), { ...contents, format: 'netcdf4' })).toThrow(
      expect.objectContaining({
        code: 'DISK_FULL',
        message: expect.stringMatching(/a\.nc: the disk is full: .*0\.00 MB are free/) as string,
      }) as Error,
    );
    expect(readdirSync(disk)).toEqual(['other']);
  });

  test.each(['64bit', 'netcdf4'] as const)('is told when it fills on the way, and nothing half-written is left: %s', (format) => {
    const random = new Random(1);
    const writer = IoapiWriter.create(join(disk, 'a.nc'), { ...contents, time: hourly('2017-01-01T00:00Z', 24), layers: 100, format });
    writeFileSync(join(disk, 'other'), new Uint8Array(250e3));
    const noise = Float32Array.from({ length: 24 * 100 * 20 }, () => random.uniform());
    expect(() => {
      writer.write('NO2', 0, noise);
      writer.write('PM25', 0, noise);
      writer.close();
    }).toThrow(
      expect.objectContaining({
        code: 'DISK_FULL',
        exitCode: 3,
        message: expect.stringMatching(
          /a\.nc: the disk is full: the file needs 0\.38 MB and 0\.\d\d MB are free: make room or choose another folder with --out$/,
        ) as string,
      }) as Error,
    );
    expect(readdirSync(disk)).toEqual(['other']);
    // and its blocks are given back: nobody holds the deleted file open
    expect(statfsSync(disk).bavail * statfsSync(disk).bsize).toBeGreaterThan(260e3);
  });
});
