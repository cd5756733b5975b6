/** Every real netCDF file, in every form of netCDF, holds what ncdump shows. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { inspectNetcdf } from './netcdf';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { readCf } from '../../../files/netcdf/netcdf-cf';
import { FORMS } from '../../../files/testing/cdl';
import { describeShared, sharedData, temporaryFolder } from '../../../files/testing/shared-data';

/** classic and 64-bit offset begin with CDF, netCDF-4 with \x89HDF. */
function netcdfFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /^(CDF|\x89HDF)/.test(readFileSync(path).subarray(0, 4).toString('latin1')))
    .sort();
}

/** The values of every variable as ncdump prints them, nine digits of a float; its `_` is a fill value. */
function dumped(path: string): Map<string, number[]> {
  const text = execFileSync('ncdump', ['-p', '9,17', path], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const sections = text.slice(text.indexOf('\ndata:') + 7).matchAll(/^ (\S+) =([^;]*) ;$/gm);
  return new Map([...sections].map(([, name, values]) => [name, values.split(',').map((value) => (value.trim() === '_' ? NaN : Number(value)))]));
}

/** Name and place of the first value that is not the one shown, -1 where all are. */
function firstDifference(name: string, read: ArrayLike<number>, shown: number[] | undefined): [string, number] {
  if (shown?.length !== read.length) return [name, shown?.length ?? -2];
  return [
    name,
    shown.findIndex((value, i) => read[i] !== Math.fround(value) && read[i] !== value && !(Number.isNaN(value) && Number.isNaN(read[i]))),
  ];
}

describeShared('real files against ncdump', () => {
  const folder = temporaryFolder();
  const files = netcdfFiles(sharedData);

  test('there are some', () => expect(files.length).toBeGreaterThanOrEqual(7));

  test.each(files.filter((path) => !/\.nc4?$/.test(path)).map((path) => [basename(path), path]))('%s', (_, path) => {
    const file = IoapiFile.open(path);
    const values = new Map(file.variables.map(({ name }) => [name, file.read(name)]));
    const shown = dumped(path);
    expect([...shown.keys()].filter((name) => name !== 'TFLAG').sort()).toEqual([...values.keys()].sort());
    for (const [name, read] of values) expect(firstDifference(name, read, shown.get(name))).toEqual([name, -1]);
    for (const form of FORMS) {
      const copy = join(folder.path, 'copy.nc');
      execFileSync('nccopy', ['-k', form, path, copy]);
      const again = IoapiFile.open(copy);
      expect(again.grid.definition).toEqual(file.grid.definition);
      expect(again.time).toEqual(file.time);
      expect(again.variables).toEqual(file.variables);
      for (const [name, read] of values) expect([name, Buffer.from(again.read(name).buffer).equals(Buffer.from(read.buffer))]).toEqual([name, true]);
      again.close();
    }
    file.close();
  });

  test.each(files.filter((path) => /\.nc4?$/.test(path)).map((path) => [basename(path), path]))('%s (CF)', (_, path) => {
    const { coordinates, variables } = readCf(path);
    const shown = dumped(path);
    // All that satellites' files hold may lie in groups, which are told instead.
    if (coordinates.length + variables.length === 0) {
      const { kind, odd } = inspectNetcdf(path);
      expect([kind, ...odd.map(({ code }) => code)].join()).toMatch(/\bcolumns\b|\bGROUPS\b/);
    }
    for (const { name, data } of [...coordinates, ...variables]) expect(firstDifference(name, data, shown.get(name))).toEqual([name, -1]);
  });
});
