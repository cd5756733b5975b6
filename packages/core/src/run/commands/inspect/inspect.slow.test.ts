import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { DuckDBInstance } from '@duckdb/node-api';
import { NetcdfFile } from '@retroplume/native';

import { expandGlob } from '../../../files/glob';
import type { Inspection } from './inspection';
import { writeCf } from '../../../files/netcdf/netcdf-cf';
import { grid, hourly, writeSample } from '../../../files/testing/ioapi-sample';
import { describeShared, sharedData, sharedFile, temporaryFolder } from '../../../files/testing/shared-data';
import { Grid } from '../../../grid/grid';
import { inspectFile } from './inspect';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const write = (name: string, content: string | Buffer): string => {
  writeFileSync(at(name), content);
  return at(name);
};
const odd = ({ odd: found }: Inspection): string[] => found.map(({ code, text }) => `${code}: ${text}`);
const variable = (inspection: Inspection, name: string): Inspection['variables'][number] | undefined =>
  inspection.variables.find((each) => each.name === name);

describe('I/O API files', () => {
  test('grid, times, units and ranges', async () => {
    writeSample(at('emis.nc'));
    const found = await inspectFile(at('emis.nc'));
    expect(found).toMatchObject({
      kind: 'I/O API gridded file, netCDF 64-bit offset',
      facts: { layers: 2 },
      time: { first: '2016-12-31T22:00Z', last: '2017-01-01T01:00Z', steps: 4, stepSeconds: 3600 },
    });
    // 4 steps x 40 values, element i is i
    expect(variable(found, 'NO2')).toEqual({
      name: 'NO2', units: 'moles/s', shape: 'TSTEP 4, LAY 2, ROW 4, COL 5', min: 0, max: 159, mean: 79.5, missing: 0, values: 160,
    }); // prettier-ignore
    expect(odd(found)).toEqual([]);
  });

  test('the corners are those of PROJ', async () => {
    writeSample(at('emis.nc'));
    const [{ corners }] = (await inspectFile(at('emis.nc'))).grids;
    // cs2cs -f %.6f +proj=lcc +lat_1=25 +lat_2=40 +lat_0=34 +lon_0=110 +a=6370000 +b=6370000 +to +proj=longlat +a=6370000 +b=6370000
    const expected = { southWest: PROJ['-50000 -40000'], southEast: PROJ['0 -40000'], northEast: PROJ['0 0'], northWest: PROJ['-50000 0'] };
    for (const key of ['southWest', 'southEast', 'northEast', 'northWest'] as const) {
      expect(corners[key][0]).toBeCloseTo(expected[key][0], 5);
      expect(corners[key][1]).toBeCloseTo(expected[key][1], 5);
    }
  });

  test('hours of zeros of concentrations, but not the first, which a model may start from, nor those of what is none', async () => {
    const variables = ['ppbV', 'ug m-3', 'WATTS/M**2'].map((units, i) => ({ name: ['O3', 'PM25', 'RGRND'][i], units }));
    writeSample(at('aconc.nc'), { variables }, (i) => (i < 40 || (i >= 80 && i < 120) ? 0 : 1));
    expect(odd(await inspectFile(at('aconc.nc')))).toEqual(
      ['O3', 'PM25'].map((name) => `ZERO_STEPS: ${name}: nothing but zeros at 2017-01-01T00:00Z`),
    );
  });

  test('hours of nothing but zeros, negative emissions, missing values, a unit that is not known', async () => {
    // Steps have 40 values: the second is zero, one value of the third is negative, one of the fourth is missing.
    writeSample(at('emis.nc'), { variables: [{ name: 'NO2', units: 'moles/s' }, { name: 'X', units: 'furlong' }] }, (i) => (i >= 40 && i < 80 ? 0 : i === 85 ? -3 : i === 130 ? Number.NaN : 1)); // prettier-ignore
    const found = await inspectFile(at('emis.nc'));
    expect(odd(found)).toEqual([
      'MISSING: NO2: 1 of 160 values are missing',
      'NEGATIVE: NO2: 1 negative emissions',
      'ZERO_STEPS: NO2: nothing but zeros at 2016-12-31T23:00Z',
      'UNIT_UNKNOWN: X: the unit "furlong" is not known',
      'MISSING: X: 1 of 160 values are missing',
    ]);
    expect(variable(found, 'NO2')).toMatchObject({ min: -3, max: 1, missing: 1 });
  });

  test('the 25th hour', async () => {
    writeSample(at('emis.nc'), { time: hourly('2017-01-01T00:00Z', 25) }, () => 1);
    expect(odd(await inspectFile(at('emis.nc')))).toEqual(["HOUR_25: it holds 25 hours: the last is also the first of the next day's file"]);
  });

  test('in-line point sources stand in a column, which is no grid', async () => {
    const column = new Grid({ ...grid.definition, cols: 1, rows: 7 });
    writeSample(at('emis.nc'), { grid: column, variables: [{ name: 'NO', units: 'moles/s' }] }, () => 1);
    const variables = ['ISTACK', 'LATITUDE', 'STKHT'].map((name, i) => ({ name, units: ['none', 'degrees', 'm'][i] }));
    writeSample(at('stacks.nc'), { grid: column, variables }, () => 1);
    const [emissions, stacks] = [await inspectFile(at('emis.nc')), await inspectFile(at('stacks.nc'))];
    expect(emissions).toMatchObject({
      kind: 'I/O API emissions of in-line point sources, netCDF 64-bit offset',
      facts: { sources: 7, grid: 'TEST' },
      grids: [],
    });
    expect(stacks).toMatchObject({ kind: 'I/O API stack groups of in-line point sources, netCDF 64-bit offset', facts: { sources: 7 }, grids: [] });
    expect([...odd(emissions), ...odd(stacks)]).toEqual([]);
  });

  test.each([
    [-3, 'cloud event', 'a file of cloud events'],
    [-2, 'directed graph', 'a directed graph'],
    [-1, 'custom', 'a custom file of no described layout'],
    [0, 'dictionary', 'a dictionary of file descriptions'],
    [2, 'boundary', 'a boundary file, the rim of cells around a grid, as BCON writes it'],
    [3, 'ID-referenced', 'a file of observations with identifiers (ID-data)'],
    [4, 'vertical profile', 'a file of vertical profiles at places'],
    [5, 'nested grid', 'a file of nested grids'],
    [6, 'sparse matrix', 'a sparse matrix, such as a speciation or gridding matrix of SMOKE'],
    [7, 'time series', 'a file of time series'],
    [8, 'pointer-flyer', 'a file of pointer-flyer observations'],
    [9, 'FTYPE 9', 'of a kind that the I/O API does not know'],
  ])('FTYPE %i has one name, and is refused by what it is', async (type, name, what) => {
    writeSample(at('other.nc'), { format: 'netcdf4' });
    const file = NetcdfFile.open(at('other.nc'), 'write');
    file.putAttribute('', 'FTYPE', Int32Array.of(type));
    file.close();
    const found = await inspectFile(at('other.nc'));
    expect(found.kind).toBe(`I/O API ${name} file, netCDF-4`);
    expect(odd(found)[0]).toMatch(
      `IOAPI_HEADER: it is refused as a gridded input: expected a gridded file (FTYPE 1) but it is ${what} (FTYPE ${type})`,
    );
  });

  test('SDATE against TFLAG, a truncated file', async () => {
    writeSample(at('emis.nc'));
    const file = NetcdfFile.open(at('emis.nc'), 'write');
    file.write('TFLAG', [0, 0, 0], [1, 1, 2], Int32Array.of(2017001, 0));
    file.close();
    const [started] = (await inspectFile(at('emis.nc'))).odd;
    expect(started.code).toBe('TFLAG_START');
    expect(started.text).toMatch(/^it is refused as a gridded input: SDATE and STIME say/);
    truncateSync(at('emis.nc'), 1000);
    const cut = await inspectFile(at('emis.nc'));
    expect([cut.kind, cut.odd[0].code]).toEqual(['netCDF file that cannot be read', 'FILE_TRUNCATED']);
  });

  test('a file larger than a slab', async () => {
    const large = new Grid({ ...grid.definition, cols: 200, rows: 200 });
    writeSample(at('emis.nc'), { grid: large, time: hourly('2017-01-01T00:00Z', 26), variables: [{ name: 'NO', units: 'g/s' }] }, (i) => i % 7);
    expect(variable(await inspectFile(at('emis.nc')), 'NO')).toMatchObject({ min: 0, max: 6, values: 2_080_000, missing: 0 });
  });
});

/** From cs2cs 9, see the test. */
const PROJ: Record<string, [lon: number, lat: number]> = {
  '-50000 -40000': [109.4552509, 33.6360284],
  '0 -40000': [110.0, 33.6371902],
  '0 0': [110.0, 34.0],
  '-50000 0': [109.453009, 33.9988336],
};

describe('other netCDF files', () => {
  test('CF: axes, time, fill values', async () => {
    writeCf(at('cf.nc'), {
      dimensions: { time: 3, lat: 2, lon: 4 },
      coordinates: [
        { name: 'time', dimensions: ['time'], data: Float64Array.of(0, 6, 12), attributes: { units: 'hours since 2020-02-28 18:00:00' } },
        { name: 'lat', dimensions: ['lat'], data: Float64Array.of(40, 39), attributes: { units: 'degrees_north' } },
        { name: 'lon', dimensions: ['lon'], data: Float64Array.of(0, 90, 180, 270), attributes: { units: 'degrees_east' } },
      ],
      variables: [{ name: 'no', dimensions: ['time', 'lat', 'lon'], data: Float32Array.from({ length: 24 }, (_, i) => (i === 3 ? NaN : i)), attributes: { units: 'kg m-2 s-1' } }],
      attributes: { Conventions: 'CF-1.10', title: 'made up' },
    }); // prettier-ignore
    const found = await inspectFile(at('cf.nc'));
    expect(found).toMatchObject({
      kind: 'CF-1.10 file, netCDF-4',
      facts: { title: 'made up', longitudes: '4 from 0 to 270, every 90', latitudes: '2 from 40 to 39, every 1' },
      time: { first: '2020-02-28T18:00Z', last: '2020-02-29T06:00Z', steps: 3, stepSeconds: 21600 },
    });
    expect(variable(found, 'no')).toMatchObject({ min: 0, max: 23, mean: (276 - 3) / 23, missing: 1 });
    expect(odd(found)).toEqual([
      'LONGITUDE_360: longitudes go beyond 180 °E, up to 360',
      'NORTH_FIRST: latitudes go from north to south; rows of a grid here go from south to north',
      'MISSING: no: 1 of 24 values are missing',
    ]);
  });

  test('WRF', async () => {
    const file = NetcdfFile.create(at('wrfout'), 'classic');
    for (const [name, length] of Object.entries({ Time: 4, DateStrLen: 19, south_north: 2, west_east: 3 })) file.defineDimension(name, length);
    file.defineVariable('Times', 'char', ['Time', 'DateStrLen']);
    for (const name of ['XLAT', 'XLONG', 'RAINNC']) file.defineVariable(name, 'float', ['Time', 'south_north', 'west_east']);
    for (const [name, value] of Object.entries({ MAP_PROJ: 1, DX: 27000, DY: 27000, TRUELAT1: 25, TRUELAT2: 40, STAND_LON: 110 }))
      file.putAttribute('', name, Float32Array.of(value));
    file.putAttribute('RAINNC', 'units', 'mm');
    file.endDefine();
    const hours = ['00', '01', '03', '04'];
    file.write('Times', [0, 0], [4, 19], Buffer.from(hours.map((hour) => `2017-01-01_${hour}:00:00`).join('')));
    for (const [i, name] of ['XLAT', 'XLONG', 'RAINNC'].entries())
      file.write(
        name,
        [0, 0, 0],
        [4, 2, 3],
        Float32Array.from({ length: 24 }, (_, j) => 30 * i + (j % 12)),
      );
    file.close();
    const found = await inspectFile(at('wrfout'));
    expect(found).toMatchObject({
      kind: 'WRF file, netCDF classic',
      facts: { grid: 'Lambert conformal, TRUELAT1 25, TRUELAT2 40, STAND_LON 110, cells of 27000 x 27000 m', longitudes: '30.000 to 41.000' },
    });
    expect(found.time).toEqual({ first: '2017-01-01T00:00:00Z', last: '2017-01-01T04:00:00Z', steps: 4 });
    expect(odd(found)).toEqual([
      'ACCUMULATED: RAINNC is summed since the run began, not per hour',
      'STEPS_ABSENT: times are 3600 s apart, but none lies between 2017-01-01T01:00Z and 2017-01-01T03:00Z',
    ]);
  });
});

describe('WRF', () => {
  /** A file of one record at a time, with these coordinates. */
  function wrf(time: string, places: string[]): void {
    const file = NetcdfFile.create(at('wrf'), 'classic');
    for (const [name, length] of Object.entries({ Time: 1, DateStrLen: 19, south_north: 2, west_east: 3 })) file.defineDimension(name, length);
    file.defineVariable('Times', 'char', ['Time', 'DateStrLen']);
    for (const name of [...places, 'HGT_M']) file.defineVariable(name, 'float', ['Time', 'south_north', 'west_east']);
    for (const [name, value] of Object.entries({ MAP_PROJ: 1, DX: 27000 })) file.putAttribute('', name, Float32Array.of(value));
    file.endDefine();
    file.write('Times', [0, 0], [1, 19], Buffer.from(time));
    for (const name of [...places, 'HGT_M']) file.write(name, [0, 0, 0], [1, 2, 3], new Float32Array(6).fill(30));
    file.close();
  }

  test('geo_em has no time', async () => {
    wrf('0000-00-00_00:00:00', ['XLAT_M', 'XLONG_M']);
    const found = await inspectFile(at('wrf'));
    expect(found.time).toBeUndefined();
    expect(found.facts.time).toBe('independent of time (Times of the year 0, as in geo_em)');
    expect(odd(found)).toEqual([]);
  });

  test('without XLAT, and with a time that is none', async () => {
    wrf('2017-13-01_00:00:00', ['XLONG']);
    expect(odd(await inspectFile(at('wrf')))).toEqual([
      "WRF_GRID: it is refused as a gridded input: there is no XLAT and XLONG on south_north and west_east: give WRF's own output, with all its coordinates, or add them from wrfinput or geo_em (ncks -A -v XLAT,XLONG)",
      'WRF_TIME: it is refused as a gridded input: Times holds "2017-13-01_00:00:00", which is no date such as 2017-01-01_00:00:00: make the file again',
    ]);
  });
});

describe('tables', () => {
  test('observations in a row for each station and time', async () => {
    write('obs.csv.gz', gzipSync('station,time,no2\nA,2017-01-01T00:00,5\nA,2017-01-01T01:00,-999\nA,2017-01-01T01:00,n.d.\nB,2017-01-01T04:00,\n'));
    const found = await inspectFile(at('obs.csv.gz'));
    expect(found).toMatchObject({
      kind: 'observations, a row for each station and time',
      facts: { rows: 4, columns: 3, stations: '2 (column station)', time: 'column time' },
      time: { first: '2017-01-01T00:00', last: '2017-01-01T04:00', steps: 3 },
    });
    expect(variable(found, 'no2')).toMatchObject({ min: 5, max: 5, mean: 5, missing: 3, values: 4 });
    expect(odd(found)).toEqual([
      'MISSING_CODE: no2: -999 is taken as a code for missing',
      'NOT_A_NUMBER: no2: texts among the numbers: n.d.',
      'ROWS_TWICE: 1 station and time stand there more than once',
      'STEPS_ABSENT: 2 times between the first and the last are absent',
    ]);
  });

  test('NaN and codes for missing are no values, infinity is no number, and a longitude may be -99', async () => {
    write('obs.csv', 'station,time,no2,o3,so2\nA,2017-01-01T00:00,5,-999,inf\nA,2017-01-01T01:00,NaN,-999,7\nA,2017-01-01T02:00,7,-999,9\n');
    const found = await inspectFile(at('obs.csv'));
    expect(variable(found, 'no2')).toMatchObject({ min: 5, max: 7, mean: 6, missing: 1, values: 3 });
    expect(variable(found, 'o3')).toEqual({ name: 'o3', units: '', shape: '3', missing: 3, values: 3 });
    expect(variable(found, 'so2')).toMatchObject({ min: 7, max: 9, mean: 8, missing: 1, values: 3 });
    expect(odd(found)).toEqual(['MISSING_CODE: o3: -999 is taken as a code for missing', 'NOT_A_NUMBER: so2: texts among the numbers: inf']);
    write('stations.csv', 'id,lon,lat\nA,-99,19\n');
    const stations = await inspectFile(at('stations.csv'));
    expect(variable(stations, 'lon')).toMatchObject({ min: -99, max: -99, missing: 0 });
    expect(odd(stations)).toEqual(['COORDINATES_DOUBTFUL: 1 stations stand where a code for missing would put them: A: longitude -99']);
  });

  test('numbers with a decimal comma are told, words with one are not', async () => {
    write(
      'obs.csv',
      'station;time;no2;o3;note\nA;2017-01-01T00:00;12,5;7;1,5\nA;2017-01-01T01:00;13,5;7,5;see 3,4\nA;2017-01-01T02:00;;8;none,here\n',
    );
    expect(odd(await inspectFile(at('obs.csv')))).toEqual([
      expect.stringMatching(/^DECIMAL_COMMA: no2: numbers with a comma, which are not read as such: 1[23],5, 1[23],5$/),
      'DECIMAL_COMMA: o3: numbers with a comma, which are not read as such: 7,5',
    ]);
  });

  test('the wide layout, with a station that sends nothing', async () => {
    write('wide.csv', 'date,hour,type,1001A,1002A\n20190101,0,NO2,12,\n20190101,1,NO2,14,\n20190101,1,NO2,14,\n');
    const found = await inspectFile(at('wide.csv'));
    expect(found).toMatchObject({ kind: 'observations, layout cnemc-wide', facts: { rows: 3, stations: 2 }, time: { steps: 2, stepSeconds: 3600 } });
    expect(variable(found, 'NO2')).toMatchObject({ min: 12, max: 14, missing: 3, values: 6 });
    expect(odd(found)).toEqual(['OBSERVATIONS_TWICE: 1 hours and types stand there more than once', 'STATIONS_SILENT: 1 stations have no value']);
  });

  test.each([
    ['airnow', '07/01/22|00:00|060010007|Livermore|-8|OZONE|PPB|31|Bay Area AQMD\n07/01/22|00:00|060010007|Livermore|-8|TEMP|C|21|x\n'],
    ['aqs', 'State Code,County Code,Site Num,Date GMT,Time GMT,Sample Measurement\n01,073,0023,2019-01-01,06:00,0.03\n'],
    ['eea', 'Samplingpoint,Pollutant,Start,Value,Validity\nAT/1,8,2023-01-01 00:00:00,20,1\n'],
    ['openaq', 'location_id,sensors_id,datetime,parameter,units,value\n1,2,2022-05-03T01:00:00-06:00,pm25,µg/m³,6\n'],
  ])('the layout %s is known', async (layout, content) => {
    write('network.csv', content);
    const found = await inspectFile(at('network.csv'));
    expect(found.kind).toBe(`observations, layout ${layout}`);
    expect(found.facts.rows).toBe(content.trimEnd().split('\n').length - (layout === 'airnow' ? 0 : 1));
  });

  test('AQS: hours in GMT, days, and the list of sites', async () => {
    const site = 'State Code,County Code';
    write('hourly.csv', `${site},Site Num,Date Local,Time Local,Date GMT,Time GMT,Sample Measurement\n01,073,0023,2018-12-31,23:00,2019-01-01,05:00,0.03\n01,073,0023,2019-01-01,00:00,2019-01-01,06:00,0.02\n`); // prettier-ignore
    write(
      'daily.csv',
      `${site},Site Num,Sample Duration,Date Local,Arithmetic Mean\n01,073,0023,24 HOUR,2019-01-01,8\n01,074,0023,24 HOUR,2019-01-02,9\n`,
    );
    write('aqs_sites.csv', `${site},Site Number,Latitude,Longitude,Site Established Date\n01,073,0023,33.5,-86.8,1980-01-01\n`);
    const hourly = await inspectFile(at('hourly.csv'));
    expect(hourly).toMatchObject({
      kind: 'observations, layout aqs',
      facts: { stations: '1 (columns State Code, County Code, Site Num)', time: 'columns Date GMT, Time GMT' },
      time: { first: '2019-01-01T05:00', last: '2019-01-01T06:00', steps: 2, stepSeconds: 3600 },
    });
    expect(odd(hourly)).toEqual([]);
    expect(await inspectFile(at('daily.csv'))).toMatchObject({
      kind: 'observations, layout aqs, resolution daily',
      facts: { stations: '2 (columns State Code, County Code, Site Num)', time: 'column Date Local' },
      time: { steps: 2, stepSeconds: 86400 },
    });
    const sites = await inspectFile(at('aqs_sites.csv'));
    expect([sites.kind, sites.facts.stations, sites.time]).toEqual([
      'list of stations',
      '1 (columns State Code, County Code, Site Number)',
      undefined,
    ]);
  });

  test('stations, also in Parquet', async () => {
    write('stations.csv', 'id;lon;lat\nA;116;39\nA;116;39\nB;;\n');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`COPY (FROM read_csv('${at('stations.csv')}', delim = ';')) TO '${at('stations.parquet')}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
    for (const name of ['stations.csv', 'stations.parquet']) {
      const found = await inspectFile(at(name));
      expect(found).toMatchObject({ kind: 'list of stations', facts: { rows: 3, stations: '2 (column id)' } });
      expect(odd(found)).toEqual(['ROWS_TWICE: 1 id stand there more than once', 'NO_COORDINATES: 1 stations have no coordinates, or none on earth']);
    }
  });
});

describe('other files', () => {
  test.each([
    [
      'array.npy',
      Buffer.from("\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (641, 561), }\n", 'latin1'),
      'NumPy array',
      'NOT_READ',
    ],
    ['regions.geojson', '{"type": "FeatureCollection", "features": []}', 'GeoJSON file', 'NOT_READ'],
    ['broken.json', '{"type": ', 'JSON file', 'JSON_SYNTAX'],
    ['empty', '', 'an empty file', 'FILE_EMPTY'],
    ['noise', Buffer.from([7, 0, 9, 0]), 'a file that Retroplume does not know', 'FILE_UNKNOWN'],
    ['utf16.csv', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'table that cannot be read', 'FILE_ENCODING'],
    ['mac.csv', 'a,b\r1,2\r', 'table that cannot be read', 'FILE_ENCODING'],
    ['cut.csv.gz', gzipSync('a,b\n1,2\n').subarray(0, 15), 'table that cannot be read', 'FILE_TRUNCATED'],
    ['GRIDDESC', "' '\n'A'\n 2 25 40 110 110 34\n' '\n'G'\n", 'GRIDDESC that cannot be read', 'GRIDDESC_SYNTAX'],
    ['case.yaml', 'name: x\n', 'case file (retroplume check looks at its files, too)', 'CASE_INVALID'],
  ])('%s', async (name, content, kind, code) => {
    write(name, content);
    const found = await inspectFile(at(name));
    expect([found.kind, found.odd[0].code]).toEqual([kind, code]);
  });
});

describeShared('real files', () => {
  test('every one is known, and nothing throws', async () => {
    const files = expandGlob(join(sharedData, '*/*')).filter((path) => !/china_sites_201901(0[2-9]|[123])|README\.md$|\.py$/.test(path));
    const kinds = new Map<string, string>();
    for (const path of files) kinds.set(path.slice(sharedData.length + 1), (await inspectFile(path)).kind);
    expect(kinds.size).toBeGreaterThan(18);
    expect([...kinds].filter(([, kind]) => /cannot be read|does not know|^table$/.test(kind))).toEqual([
      // Its one pixel is a fill value throughout.
      ['satellite/TEMPO_NO2_L2_V03_20240328T154353Z_S008G01.nc4', 'TEMPO L2 NO2 columns that cannot be read, netCDF-4'],
    ]);
    expect(kinds.get('cnemc-2019-01/stations.csv')).toBe('list of stations');
    expect(kinds.get('mcip-au/METCRO2D_au-test_v1')).toBe('I/O API gridded file, netCDF-4');
  });

  test('how the wind directions of MCIP V4.2 were turned, which its files do not say', async () => {
    const { facts } = await inspectFile(sharedFile('mcip-au/METCRO2D*'));
    expect(facts['wind direction']).toMatch(/^WDIR10 of MCIP V4\.2 cannot be turned to the grid: .*: set meteorology\.cenLon, or give METDOT3D/);
    expect((await inspectFile(sharedFile('wrf-mcip/*T0000Z.nc'))).facts['grid']).toMatch(/, CEN_LON 148\.6399\d*, cells of 10000 x 10000 m$/);
    expect((await inspectFile(sharedFile('cmaq55-toy/METCRO2D_20170110.nc'))).facts['wind direction']).toBe(
      'WDIR10 is taken against true north: by its header the file is not of MCIP',
    );
  });

  test('ranges are those of the numbers that ncdump prints', async () => {
    const path = sharedFile('ioapi/cmaq_ready*');
    const text = execFileSync('ncdump', ['-v', 'CO', '-p', '9', path], { encoding: 'utf8', maxBuffer: 1e9 });
    const numbers = /\n CO =([^;]+);/.exec(text)![1].split(',').map(Number);
    const found = await inspectFile(path);
    const { min, max, mean, values } = variable(found, 'CO')!;
    expect(values).toBe(numbers.length);
    expect(min).toBeCloseTo(
      numbers.reduce((a, b) => Math.min(a, b)),
      6,
    );
    expect(max).toBeCloseTo(
      numbers.reduce((a, b) => Math.max(a, b)),
      3,
    );
    expect(mean).toBeCloseTo(numbers.reduce((a, b) => a + b) / numbers.length, 5);
    expect(odd(found).join('\n')).toMatch(/NUL_PADDING: .*HISTORY[^]*HOUR_25/);
    expect(found.time).toEqual({ first: '2010-01-21T00:00Z', last: '2010-01-22T00:00Z', steps: 25, stepSeconds: 3600 });
  });

  test('a real file whose bytes are cut short', async () => {
    copyFileSync(sharedFile('mcip-au/METCRO2D*'), at('METCRO2D'));
    writeFileSync(at('METCRO2D'), readFileSync(sharedFile('mcip-au/METCRO2D*')).subarray(0, 100_000));
    expect((await inspectFile(at('METCRO2D'))).odd[0].code).toBe('FILE_TRUNCATED');
  });
});
