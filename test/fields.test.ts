/** Gridded inputs in other forms through the command line: a window of larger files, and weather in WRF's form. */
import { DEFAULT_CHANNELS } from '../packages/core/src/base/species';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { IoapiFile } from '../packages/core/src/files/ioapi/ioapi-file';
import { part } from '../packages/core/src/fields/period-source';
import { readPrepared, type PreparedPeriod } from '../packages/core/src/fields/prepared';
import { wrfFromMcip } from '../packages/core/src/weather/testing/wrf-from-mcip';
import { Grid } from '../packages/core/src/grid/grid';
import { readGriddesc, writeGriddesc } from '../packages/core/src/grid/griddesc';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN } from './testing/small-run';

jest.setTimeout(300_000); // runs of the transport model on a machine that does other things too

/** A part of the grid of 16 x 16. */
const CROP = { row: 2, col: 3, rows: 8, cols: 9 };
const HOURS = { first: 0, count: 30 };

// The period begins an hour after the files, since rain in WRF's form is a difference from the hour before.
let folder: string;
let whole: PreparedPeriod;

function writeCase(name: string, { grid = 'GRIDDESC', gridName = 'DEMO', meteorology = 'METCRO2D_winter.nc' } = {}): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `name: ${name}
grid: { griddesc: inputs/${grid}, name: ${gridName} }
periods: [{ name: winter, start: 2026-01-05T01:00:00Z, hours: ${HOURS.count}, spinUpHours: 2 }]
meteorology: { files: inputs/${meteorology} }
geography: { files: inputs/GRIDCRO2D.nc }
emissions:
  files: inputs/EMIS_winter.nc
  groups:
    NOx: { variables: [NO, NO2], molarMass: 46.0055 }
    NH3: { variables: [NH3], molarMass: 17.031 }
    SO2: { variables: [SO2], molarMass: 64.066 }
    VOC: { variables: [VOC], molarMass: 40 }
    PM2.5: { variables: [PM25] }
members: { count: 1 }
response: { groups: [] }
observations:
  stations: { file: inputs/stations.csv }
  files: inputs/obs_*.csv
  layout: long
  columns: { station: station, time: time, species: { NO2: { column: NO2, unit: ppb } } }
`,
  );
  return path;
}

const outOf = (caseFile: string): string => caseFile.replace(/\.yaml$/, '');

function retroplume(command: string, caseFile: string): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, command, caseFile, '--out', outOf(caseFile)], { encoding: 'utf8', cwd: folder });
  return { status, stderr };
}

function prepared(caseFile: string): PreparedPeriod {
  for (const stage of ['simulate', 'prepare']) expect(retroplume(stage, caseFile)).toMatchObject({ status: 0 });
  return readPrepared(join(outOf(caseFile), 'prepare'), 'winter', DEFAULT_CHANNELS);
}

const largestDifference = (a: Float32Array, b: Float32Array): number => a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fields-'));
  await writeDemoWorld(folder, { size: 'quick', rows: 16, cols: 16, hours: 100, spinUpHours: 72, stations: 30 });
  whole = prepared(writeCase('whole'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a case on a part of the grid of its files: the same fields there, and emission files of that part', () => {
  const { definition } = readGriddesc(join(folder, 'inputs/GRIDDESC'), 'DEMO');
  const { xorig, yorig, xcell, ycell } = definition;
  const { row, col, rows, cols } = CROP;
  const inner = new Grid({ ...definition, name: 'INNER', xorig: xorig + col * xcell, yorig: yorig + row * ycell, rows, cols });
  writeGriddesc(join(folder, 'inputs/GRIDDESC_INNER'), inner);
  const caseFile = writeCase('inner', { grid: 'GRIDDESC_INNER', gridName: 'INNER' });
  const found = prepared(caseFile);
  expect(found.grid.definition).toEqual(inner.definition);
  const channels = whole.meteorologyNames.length;
  expect(largestDifference(found.meteorology, part(whole.meteorology, whole.grid, channels, CROP, HOURS))).toBeLessThan(1e-6);
  expect(found.geography).toEqual(part(whole.geography, whole.grid, 2, CROP, { first: 0, count: 1 }));
  expect(found.runs.get('prior')!.emissions).toEqual(part(whole.runs.get('prior')!.emissions, whole.grid, 5, CROP, HOURS));
  const emissions = IoapiFile.open(join(outOf(caseFile), 'simulate/member01/EMIS_winter.nc'));
  expect(emissions.grid.definition).toEqual(inner.definition);
  emissions.close();
});

test('weather in WRF’s form: the same channels', () => {
  const met = IoapiFile.open(join(folder, 'inputs/METCRO2D_winter.nc'));
  wrfFromMcip(join(folder, 'inputs/wrfout_d01'), met);
  met.close();
  const found = prepared(writeCase('wrf', { meteorology: 'wrfout_d01' }));
  expect(found.meteorologyNames).toEqual(whole.meteorologyNames);
  // WRF's rain is a difference of sums and its wind is not turned to a direction and back: what 32 bits hold of 500 W m-2 and of 100 mm
  expect(largestDifference(found.meteorology, whole.meteorology)).toBeLessThan(1e-3);
  const [ours, theirs] = [found, whole].map((period) => period.runs.get('prior')!.concentrations);
  expect(largestDifference(ours, theirs)).toBeLessThan(1e-4 * theirs.reduce((most, value) => Math.max(most, value), 0));
});

test('what does not fit is said in one sentence, before anything is run', () => {
  const { definition } = readGriddesc(join(folder, 'inputs/GRIDDESC'), 'DEMO');
  writeGriddesc(join(folder, 'inputs/GRIDDESC_MOVED'), new Grid({ ...definition, name: 'MOVED', xorig: definition.xorig + 5000 }));
  for (const [meteorology, says] of [
    ['METCRO2D_winter.nc', /^retroplume: GRID_MISMATCH: .*METCRO2D_winter\.nc: the case's grid MOVED .* begins 0\.1852 columns and 0 rows, no whole number, from the corner/m],
    ['wrfout_d01', /^retroplume: GRID_MISMATCH: .*wrfout_d01: WRF's cells are not those of the case's grid MOVED: row 0, column 0 lies -?0\.185 columns/m],
    ['stations.csv', /^retroplume: FILE_NOT_NETCDF: .*stations\.csv: expected a netCDF file/m],
  ] as const) {
    const { status, stderr } = retroplume('simulate', writeCase('moved', { grid: 'GRIDDESC_MOVED', gridName: 'MOVED', meteorology }));
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringMatching(says) as string });
  }
}); // prettier-ignore
