import { channelsOfCase, DEFAULT_CHANNELS, GROUPS, SPECIES, speciesOfTable } from '../base/species';
import { execFileSync } from 'node:child_process';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { NetcdfFile } from '@retroplume/native';

import { Grid } from '../grid/grid';
import { cfGrid, CRS, gridFromCf } from '../files/netcdf/cf-grid';
import { cfVariable, readCf, writeCf } from '../files/netcdf/netcdf-cf';
import { preparedRuns, readPrepared, writePreparedMeteorology, writePreparedRun, type PreparedMeteorology } from './prepared';
import { openPrepared } from './prepared-store';
import { describeShared, failure, sharedFile, temporaryFolder } from '../files/testing/shared-data';

const grid = new Grid({
  name: 'TEST', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -10000, yorig: -10000, xcell: 10000, ycell: 10000, cols: 4, rows: 3,
}); // prettier-ignore
const time = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 50 };
const folder = temporaryFolder();
const ramp = (length: number, first = 0): Float32Array => Float32Array.from({ length }, (_, i) => first + i);
const period: PreparedMeteorology = {
  name: 'jan',
  grid,
  time,
  meteorologyNames: ['u', 'TEMP2', 'HT'],
  meteorology: ramp(50 * 12 * 3),
  geographyNames: ['HT', 'LWMASK'],
  geography: ramp(12 * 2, 0.5),
};
const labels = { period: 'jan', grid, time, channels: DEFAULT_CHANNELS };
const run = (first: number): { emissions: Float32Array; concentrations: Float32Array } => ({
  emissions: ramp(50 * 12 * 5, first),
  concentrations: ramp(50 * 12 * 4, first),
});

describe('the prepared store', () => {
  test('what is written is read', () => {
    writePreparedMeteorology(folder.path, period);
    for (const [name, first] of [['prior', 1], ['m1', 2]] as const) writePreparedRun(folder.path, { ...labels, run: name, ...run(first) }); // prettier-ignore
    expect(preparedRuns(folder.path, 'jan')).toEqual(['m1', 'prior']);
    const read = readPrepared(folder.path, 'jan', DEFAULT_CHANNELS);
    expect(read.grid.definition).toEqual(grid.definition);
    expect({ ...read, grid: undefined, runs: undefined }).toEqual({ ...period, groups: GROUPS, species: SPECIES, grid: undefined, runs: undefined });
    expect([...read.runs]).toEqual([['m1', run(2)], ['prior', run(1)]]); // prettier-ignore
    expect([...readPrepared(folder.path, 'jan', DEFAULT_CHANNELS, { runs: ['prior'] }).runs.keys()]).toEqual(['prior']);
    expect(readdirSync(join(folder.path, 'jan')).sort()).toEqual(['meteorology.nc', 'run-m1.nc', 'run-prior.nc']);
  });

  test('as other netCDF tools see it: CF names, units, grid mapping', () => {
    const path = writePreparedRun(folder.path, { ...labels, run: 'prior', ...run(0) });
    const text = execFileSync('ncdump', ['-h', path], { encoding: 'utf8' });
    for (const line of [
      'float emission_NOx(time, y, x) ;',
      'emission_NOx:units = "kg m-2 s-1" ;',
      'emission_NOx:grid_mapping = "crs" ;',
      'emission_NH3:standard_name = "tendency_of_atmosphere_mass_content_of_ammonia_due_to_emission" ;',
      'float O3(time, y, x) ;',
      'O3:units = "ppb" ;',
      'O3:standard_name = "mole_fraction_of_ozone_in_air" ;',
      'PM25:units = "ug m-3" ;',
      'time:units = "seconds since 2017-01-01 00:00:00" ;',
      'crs:grid_mapping_name = "lambert_conformal_conic" ;',
      'crs:earth_radius = 6370000. ;',
      'x:standard_name = "projection_x_coordinate" ;',
      ':Conventions = "CF-1.10" ;',
    ]) {
      expect(text).toContain(line);
    }
    // and the values at a place: hour 30, y 1, x 2, SO2 is the second of four channels
    const file = NetcdfFile.open(path);
    expect(file.read('SO2', [30, 1, 2], [1, 1, 1])[0]).toBe((30 * 12 + 6) * 4 + 1);
    file.close();
  });

  test('other groups and species than the default, one of them of a case alone', () => {
    const channels = channelsOfCase(['NOx', 'soilNO'], [speciesOfTable('CO'), { name: 'dust', unit: 'ug m-3' }, speciesOfTable('NO2')]);
    writePreparedMeteorology(folder.path, period);
    const fields = { emissions: ramp(50 * 12 * 2), concentrations: ramp(50 * 12 * 3, 9) };
    const path = writePreparedRun(folder.path, { ...labels, run: 'prior', channels, ...fields });
    expect(readPrepared(folder.path, 'jan', channels)).toMatchObject({
      groups: channels.groups,
      species: channels.species,
      runs: new Map([['prior', fields]]),
    });
    const text = execFileSync('ncdump', ['-h', path], { encoding: 'utf8' });
    for (const line of ['dust:units = "ug m-3" ;', 'CO:standard_name = "mole_fraction_of_carbon_monoxide_in_air" ;', 'float emission_soilNO(time, y, x) ;']) expect(text).toContain(line); // prettier-ignore
    expect(() => readPrepared(folder.path, 'jan', DEFAULT_CHANNELS)).toThrow(
      failure('PREPARED_CHANNELS', `${path}: NH3, which the case names, is not in the prepared store (variable emission_NH3): run prepare again`),
    );
    expect(() => openPrepared(folder.path, 'jan', { ...channels, species: ['CO', 'PM2.5'] })).toThrow(
      failure('PREPARED_CHANNELS', `${path}: PM2.5, which the case names, is not in the prepared store (variable PM25): run prepare again`),
    );
  });

  test('errors', () => {
    const meteorology = join(folder.path, 'jan', 'meteorology.nc');
    expect(() => readPrepared(folder.path, 'jan', DEFAULT_CHANNELS)).toThrow(
      failure('PREPARED_MISSING', `${meteorology}: the prepared store does not hold it: run prepare`),
    );
    writePreparedMeteorology(folder.path, period);
    expect(() => readPrepared(folder.path, 'jan', DEFAULT_CHANNELS, { runs: ['prior'] })).toThrow(
      failure('PREPARED_MISSING', `${join(folder.path, 'jan', 'run-prior.nc')}: the prepared store does not hold it: run prepare`),
    );
    const shifted = { ...time, start: new Date('2017-01-02T00:00Z') };
    const path = writePreparedRun(folder.path, { ...labels, run: 'late', time: shifted, ...run(0) });
    expect(() => readPrepared(folder.path, 'jan', DEFAULT_CHANNELS)).toThrow(
      failure('PREPARED_TIME', `${path}: the run is of other hours than the meteorology: run prepare again`),
    );
    const other = new Grid({ ...grid.definition, xorig: 0 });
    writePreparedRun(folder.path, { ...labels, run: 'late', grid: other, ...run(0) });
    expect(() => readPrepared(folder.path, 'jan', DEFAULT_CHANNELS)).toThrow(expect.objectContaining({ code: 'GRID_MISMATCH' }) as Error);
    truncateSync(meteorology, 3000);
    expect(() => readPrepared(folder.path, 'jan', DEFAULT_CHANNELS)).toThrow(
      expect.objectContaining({ code: 'FILE_TRUNCATED', exitCode: 3 }) as Error,
    );
    const short = { ...period, meteorology: ramp(10) };
    expect(() => writePreparedMeteorology(folder.path, { ...short, name: 'feb' })).toThrow(
      expect.objectContaining({
        code: 'PREPARED_SHAPE',
        message: expect.stringContaining('expected [50, 3, 4, 3] for u but received 10 values') as string,
      }) as Error,
    );
    expect(readdirSync(join(folder.path, 'feb'))).toEqual([]);
  });

  test('reading a period takes the memory of its arrays and little more', () => {
    const wide = new Grid({ ...grid.definition, cols: 100, rows: 100 });
    const large = { ...time, count: 240 };
    const cells = 240 * 1e4;
    writePreparedMeteorology(folder.path, {
      ...period,
      grid: wide,
      time: large,
      meteorology: new Float32Array(cells * 3),
      geography: new Float32Array(2e4),
    });
    writePreparedRun(folder.path, {
      ...labels,
      run: 'prior',
      grid: wide,
      time: large,
      emissions: new Float32Array(cells * 5),
      concentrations: new Float32Array(cells * 4),
    });
    const before = process.memoryUsage().arrayBuffers;
    const read = readPrepared(folder.path, 'jan', DEFAULT_CHANNELS);
    const held = process.memoryUsage().arrayBuffers - before;
    const arrays = 4 * (cells * 12 + 2e4);
    expect(read.meteorology.byteLength + read.geography.byteLength + 4 * cells * 9).toBe(arrays);
    // beside them: a buffer of a day for each array, and the slack of the garbage collector
    expect(held).toBeLessThan(1.2 * arrays);
  });
});

describe('CF files', () => {
  const at = (name: string): string => join(folder.path, name);

  test('round trip with a grid', () => {
    const { dimensions, coordinates, variables } = cfGrid(grid);
    writeCf(at('a.nc'), {
      dimensions: { group: 2, ...dimensions },
      coordinates,
      variables: [
        ...variables,
        { name: 'factor', dimensions: ['group', 'y', 'x'], data: ramp(24).fill(Number.NaN, 3, 4), attributes: { units: '1', groups: 'NOx SO2' } },
      ],
      attributes: { title: 'Factors' },
    });
    const read = readCf(at('a.nc'));
    expect(read.dimensions).toEqual({ group: 2, y: 3, x: 4 });
    expect(read.attributes).toEqual({ Conventions: 'CF-1.10', title: 'Factors' });
    expect(read.coordinates.map(({ name }) => name)).toEqual(['y', 'x']);
    expect([...cfVariable(read, 'x', 'a.nc').data]).toEqual([-5000, 5000, 15000, 25000]);
    const factor = cfVariable(read, 'factor', 'a.nc');
    expect(factor).toMatchObject({ dimensions: ['group', 'y', 'x'], attributes: { units: '1', groups: 'NOx SO2' } });
    expect([...factor.data].slice(2, 5)).toEqual([2, Number.NaN, 4]);
    expect(gridFromCf(cfVariable(read, CRS, 'a.nc').attributes, 'a.nc').definition).toEqual(grid.definition);
    expect(readCf(at('a.nc'), ['factor']).variables).toHaveLength(1);
  });

  test('packed values and fill values', () => {
    const file = NetcdfFile.create(at('packed.nc'), 'classic');
    file.defineDimension('x', 3);
    file.defineVariable('t2m', 'short', ['x']);
    file.putAttribute('t2m', '_FillValue', Int16Array.of(-32767));
    file.putAttribute('t2m', 'scale_factor', 0.01);
    file.putAttribute('t2m', 'add_offset', 273.15);
    file.defineVariable('raw', 'float', ['x']);
    file.endDefine();
    file.write('t2m', [0], [3], Int16Array.of(100, -32767, 0));
    file.close(); // raw was never written: netCDF's own fill value
    const read = readCf(at('packed.nc'));
    expect([...cfVariable(read, 't2m', '').data]).toEqual([274.15, Number.NaN, 273.15]);
    expect([...cfVariable(read, 'raw', '').data]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  test('errors', () => {
    expect(() => writeCf(at('b.nc'), { dimensions: { x: 3 }, variables: [{ name: 'a', dimensions: ['x'], data: ramp(4) }] })).toThrow(
      failure('CF_SHAPE', `${at('b.nc')}: a: expected [x] = [3] but received 4 values: mend the call`, 1),
    );
    writeCf(at('b.nc'), { dimensions: { x: 3 }, variables: [{ name: 'a', dimensions: ['x'], data: ramp(3) }] });
    // Node's own recursive mkdir would try there without end.
    const nowhere = '/proc/none/b.nc';
    expect(() => writeCf(nowhere, { dimensions: {}, variables: [] })).toThrow(expect.objectContaining({ code: 'WRITE_FAILED' }) as Error);
    expect(() => readCf(at('b.nc'), ['nox'])).toThrow(
      failure('VARIABLE_MISSING', `${at('b.nc')}: there is no variable nox; it holds a: give another file`),
    );
    expect(() => readCf(at('none.nc'))).toThrow(failure('FILE_MISSING', `${at('none.nc')}: there is no such file: check the path in the case`));
  });
});

describeShared('a real CF file', () => {
  test('TROPESS anthropogenic NOx', () => {
    const file = readCf(sharedFile('china-201701/TROPESS*'));
    expect(file.coordinates.map(({ name }) => name).sort()).toEqual(['lat', 'lon', 'time']);
    const nox = cfVariable(file, 'nox', '');
    expect(nox.dimensions).toEqual(['time', 'lat', 'lon']);
    expect(nox.attributes?.units).toBe('kgN/m2/s');
    const plausible = nox.data.every((value) => Number.isNaN(value) || (value > -1e-9 && value < 1e-6));
    expect(plausible).toBe(true);
    expect(nox.data.some((value) => value > 1e-11)).toBe(true);
  });
});
