/** ERA5-like files made by ncgen: packed, from north to south, 0 … 360 °E, hours since 1900. */
import { join } from 'node:path';

import { Grid } from '../../grid/grid';
import { CHANNELS, readMeteorology } from '../meteorology';
import { ncgen } from '../../files/testing/cdl';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { parseCfTimes } from './cf-time';
import { CfReader } from './cf-reader';
import { openWeather } from '../open-weather';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const grid = new Grid({
  name: 'cn', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: 1000000, yorig: 400000, xcell: 27000, ycell: 27000, cols: 3, rows: 2,
}); // prettier-ignore
const LONS = Array.from({ length: 9 }, (_, i) => 120.5 + 0.5 * i);
const LATS = Array.from({ length: 9 }, (_, i) => 39.5 - 0.5 * i);
type Field = { units: string; value: (hour: number, lon: number, lat: number) => number; pack?: [scale: number, offset: number] };

interface Era {
  fields: Record<string, Field>;
  hours?: number[];
  time?: [name: string, type: string, units: string];
  /** further dimensions before latitude, such as `number` */
  between?: string;
  header?: string;
}

function era({
  fields,
  hours = [1025616, 1025617],
  time = ['time', 'int', 'hours since 1900-01-01 00:00:00.0'],
  between = '',
  header = '',
}: Era): string {
  const values = ({ value, pack }: Field): string =>
    hours.flatMap((_, hour) => LATS.flatMap((lat) => LONS.map((lon) => (pack ? Math.round((value(hour, lon, lat) - pack[1]) / pack[0]) : value(hour, lon, lat))))).join(', '); // prettier-ignore
  const [timeName, timeType, timeUnits] = time;
  return `netcdf era5 {
dimensions: ${timeName} = ${hours.length} ; latitude = 9 ; longitude = 9 ; number = 1 ; expver = 2 ;
variables:
  float longitude(longitude) ; longitude:units = "degrees_east" ; float latitude(latitude) ; latitude:units = "degrees_north" ;
  ${timeType} ${timeName}(${timeName}) ; ${timeName}:units = "${timeUnits}" ; ${header}
${Object.entries(fields).map(([name, { units, pack }]) => `  ${pack ? 'short' : 'float'} ${name}(${timeName}, ${between}latitude, longitude) ; ${name}:units = "${units}" ;${pack ? ` ${name}:scale_factor = ${pack[0]} ; ${name}:add_offset = ${pack[1]} ; ${name}:_FillValue = -32767s ;` : ''}`).join('\n')}
data:
  longitude = ${LONS.join(', ')} ; latitude = ${LATS.join(', ')} ; ${timeName} = ${hours.join(', ')} ;
${Object.entries(fields).map(([name, field]) => `  ${name} = ${values(field)} ;`).join('\n')}
}
`; // prettier-ignore
}
const write = (name: string, content: Era): string => ncgen(at(name), era(content), 'netCDF-4');
const flat = (units: string, value: number, pack?: Field['pack']): Field => ({ units, value: () => value, ...(pack ? { pack } : {}) });

test('all fields of the default channels, each in its unit', () => {
  const path = write('era5.nc', {
    fields: {
      u10: flat('m s**-1', 10), v10: flat('m s**-1', 0), d2m: flat('K', 283.15), blh: flat('m', 800),
      t2m: { units: 'K', value: (hour, lon, lat) => 280 + hour + lon - 2 * lat, pack: [0.001, 300] },
      ssrd: flat('J m**-2', 1.8e6), tp: flat('m', 0.002), sp: flat('Pa', 1e5), zust: flat('m s**-1', 0.3),
    },
  }); // prettier-ignore
  const reader = openWeather([path], { grid });
  expect(reader.time).toEqual({ start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 2 });
  const names = ['u', 'v', 'TEMP2', 'PBL', 'inversePbl', 'RGRND', 'Q2', 'RN', 'hourSin', 'hourCos', 'USTAR', 'PRSFC'];
  expect(names.every((name) => CHANNELS[name] !== undefined)).toBe(true);
  const values = readMeteorology(reader, reader.time, names);
  const channel = (name: string): number[] => [...values].filter((_, i) => i % names.length === names.indexOf(name));
  // A wind from the west lies on the grid as the cone's constant says: γ = n (110 − λ)
  const radians = Math.PI / 180;
  const n = Math.log(Math.cos(25 * radians) / Math.cos(40 * radians)) / Math.log(Math.tan(65 * radians) / Math.tan(57.5 * radians));
  for (let cell = 0; cell < 6; cell++) {
    const { lon, lat } = grid.centre(Math.floor(cell / 3), cell % 3);
    const gamma = n * (110 - lon) * radians;
    expect(channel('u')[cell]).toBeCloseTo(10 * Math.cos(gamma), 3);
    expect(channel('v')[cell]).toBeCloseTo(-10 * Math.sin(gamma), 3);
    expect(channel('TEMP2')[6 + cell]).toBeCloseTo(281 + lon - 2 * lat, 2); // packed to a thousandth
  }
  expect(channel('v')[0]).toBeGreaterThan(1); // east of the meridian the grid's x axis dips below the parallel
  const every = (name: string, value: number, digits = 6): void => channel(name).forEach((each) => expect(each).toBeCloseTo(value, digits));
  every('PBL', 800);
  every('inversePbl', 1 / 800, 8);
  every('RGRND', 500, 3);
  every('RN', 0.2);
  every('USTAR', 0.3);
  // Bolton at 10 °C: 12.27 hPa; 0.622 · 12.27 / (1000 − 12.27)
  every('Q2', 0.00773, 5);
  reader.close();
});

test('other names and units, files per variable, valid_time in seconds, a dimension of one', () => {
  const time: Era['time'] = ['valid_time', 'int64', 'seconds since 1970-01-01'];
  const seconds = [Date.UTC(2020, 1, 28, 23) / 1000, Date.UTC(2020, 1, 29, 0) / 1000];
  const paths = [
    write('rain.nc', { fields: { pr: flat('kg m-2 s-1', 0.001), rsds: flat('W m-2', 321) }, hours: seconds, time, between: 'number, ' }),
    write('heat.nc', { fields: { tas: flat('degC', 7), qq: flat('kg kg-1', 0.004) }, hours: seconds, time }),
  ];
  const reader = CfReader.open(paths, grid, { RN: 'pr', RGRND: 'rsds', TEMP2: 'tas', Q2: 'qq' });
  expect(reader.time.start).toEqual(new Date('2020-02-28T23:00Z'));
  const values = readMeteorology(reader, reader.time, ['RN', 'RGRND', 'TEMP2', 'Q2']);
  expect([...values.slice(0, 4)].map((value) => Number(value.toFixed(4)))).toEqual([0.36, 321, 280.15, 0.004]);
  reader.close();
});

test('a specific humidity, by its standard name, becomes a mixing ratio', () => {
  const header = 'huss:standard_name = "specific_humidity" ;';
  const path = write('huss.nc', { fields: { huss: flat('g kg-1', 20) } });
  const named = ncgen(at('named.nc'), era({ fields: { huss: flat('g kg-1', 20) } }).replace('data:', `  ${header}\ndata:`), 'netCDF-4');
  for (const [file, expected] of [
    [path, 0.02],
    [named, 0.02 / 0.98],
  ] as const) {
    const reader = CfReader.open([file], grid, { Q2: 'huss' });
    expect(readMeteorology(reader, reader.time, ['Q2'])[0]).toBeCloseTo(expected, 7);
    reader.close();
  }
});

describe('each file counts in its own unit', () => {
  const [early, late] = [[1025616, 1025617], [1025618, 1025619]]; // prettier-ignore
  const read = (paths: string[], names: string[]): number[] => {
    const reader = CfReader.open(paths, grid);
    try {
      return [...readMeteorology(reader, reader.time, names)].filter((_, i) => Math.floor(i / names.length) % 6 === 0).map((value) => Number(value.toFixed(3)));
    } finally {
      reader.close();
    }
  }; // prettier-ignore

  test('state, rain and radiation of the second file are brought to that of the first', () => {
    const first = write('a.nc', { hours: early, fields: { t2m: flat('K', 280), tp: flat('m', 0.002), ssrd: flat('J m-2', 3.6e6) } });
    const second = write('b.nc', { hours: late, fields: { t2m: flat('degC', 8), tp: flat('mm', 3), ssrd: flat('kJ m-2', 5.4e3) } });
    expect(read([first, second], ['TEMP2', 'RN', 'RGRND'])).toEqual([280, 0.2, 1000, 280, 0.2, 1000, 281.15, 0.3, 1500, 281.15, 0.3, 1500]);
  });

  test('both parts of the wind are brought to one before they are turned', () => {
    const metres = write('c.nc', { hours: early, fields: { u10: flat('m s-1', 5), v10: flat('km h-1', 18) } });
    const kilometres = write('d.nc', { hours: late, fields: { u10: flat('km h-1', 18), v10: flat('m s-1', 5) } });
    const wind = read([metres, kilometres], ['u', 'v']);
    expect(wind.map((_, i) => Number(Math.hypot(wind[i - (i % 2)], wind[i - (i % 2) + 1]).toFixed(2)))).toEqual(Array(8).fill(7.07));
  });

  test('hours that are read twice are the same, whatever was done to them meanwhile', () => {
    const path = write('e.nc', { hours: early, fields: { u10: flat('km h-1', 18), v10: flat('km h-1', 36) } });
    const reader = CfReader.open([path], grid);
    const [first, second] = [0, 1].map(() => readMeteorology(reader, reader.time, ['u', 'v']));
    expect(Math.hypot(first[0], first[1])).toBeCloseTo(Math.hypot(5, 10), 5);
    expect([...second]).toEqual([...first]);
    reader.close();
  });

  test('a unit of another kind is refused', () => {
    const first = write('a.nc', { hours: early, fields: { ssrd: flat('J m-2', 3.6e6) } });
    const second = write('b.nc', { hours: late, fields: { ssrd: flat('W m-2', 1000) } });
    expect(() => read([first, second], ['RGRND'])).toThrow(
      failure('UNIT_MISMATCH', `${second}: ssrd: it is in "W m-2" but "J m-2" was asked for: one cannot become the other: set the unit that the values are really in`),
    ); // prettier-ignore
  });
});

describe('refused', () => {
  const fails = (open: () => unknown, code: string, said: string | RegExp): void =>
    expect(open).toThrow(expect.objectContaining({ code, exitCode: 3, message: typeof said === 'string' ? said : (expect.stringMatching(said) as string) }) as Error); // prettier-ignore
  const t2m = { t2m: flat('K', 280) };

  test('a variable that is not there, an unknown unit of rain, two experiment versions', () => {
    const path = write('a.nc', { fields: { ...t2m, tp: flat('K', 1) } });
    const reader = CfReader.open([path], grid);
    fails(() => reader.read('PBL'), 'VARIABLE_MISSING', `${path}: there is no variable blh; the files hold t2m, tp: give files that hold it`);
    fails(() => reader.read('RN'), 'UNIT_MISMATCH', `${path}: tp: it is in "K", which is no rain: name another variable in meteorology.names of the case`); // prettier-ignore
    reader.close();
    const doubled = ncgen(at('b.nc'), era({ fields: t2m, between: 'expver, ' }).replace(/t2m = (.*) ;/, 't2m = $1, $1 ;'), 'netCDF-4');
    const versions = CfReader.open([doubled], grid);
    fails(() => versions.read('TEMP2'), 'CF_AXES', `${doubled}: expected numbers in t2m on time, latitude and longitude in this order but received time (2), expver (2), latitude (9), longitude (9): bring it to that shape first (ncks -d to take one of a dimension, ncpdq to order them)`); // prettier-ignore
    versions.close();
  });

  test('a channel that cannot be read is told by the name that its variable has, or should have, in the files', () => {
    const path = write('a.nc', { fields: { ...t2m, sp: flat('Pa', 1e5) } });
    const reader = CfReader.open([path], grid, { RN: 'tpp' });
    const readFor = (channel: string, neededBy?: string) => (): unknown => readMeteorology(reader, reader.time, [channel], { neededBy });
    fails(
      readFor('RN'),
      'VARIABLE_MISSING',
      `${path}: there is no variable tpp, which the channel RN needs: name theirs in meteorology.names, leave RN out of meteorology.variables or give files that hold it`,
    );
    fails(readFor('v'), 'VARIABLE_MISSING', /there is no variable u10, which the channel v needs: /);
    fails(
      readFor('Q2', 'the reference model'),
      'VARIABLE_MISSING',
      `${path}: there is no variable q2, nor d2m with sp to make it from, which the channel Q2 of the reference model needs: name theirs in meteorology.names or give files that hold it`,
    );
    reader.close();
  });

  test('uneven points, a calendar of 360 days, no coordinates, too small a region', () => {
    const uneven = ncgen(at('a.nc'), era({ fields: t2m }).replace('latitude = 39.5, 39', 'latitude = 39.5, 39.1'));
    fails(() => CfReader.open([uneven], grid), 'CF_UNEVEN', /a\.nc: latitude: expected evenly spaced points but point 1 is at 39\.0999\d*: bring the file to a regular grid first \(cdo remapbil\)$/); // prettier-ignore
    const calendar = write('b.nc', { fields: t2m, header: 'time:calendar = "360_day" ;' });
    fails(() => CfReader.open([calendar], grid), 'CF_TIME', `${calendar}: time: the calendar 360_day has other days than the observations: give files of the standard calendar`); // prettier-ignore
    const none = ncgen(at('c.nc'), 'netcdf c { dimensions: x = 1 ; variables: float x(x) ; data: x = 1 ; }');
    fails(() => openWeather([none], { grid }), 'FORMAT_UNKNOWN', `${none}: it is neither an I/O API file (no FTYPE), nor WRF's (no dimension south_north), nor on longitudes and latitudes: check the path in the case, or set meteorology.format`); // prettier-ignore
    fails(() => CfReader.open([none], grid), 'CF_AXES', `${none}: there is no coordinate of time that is a dimension of its own: give files on a regular grid of longitudes and latitudes, with times`); // prettier-ignore
    const path = write('d.nc', { fields: t2m });
    const wide = new Grid({ ...grid.definition, cols: 30 });
    fails(() => CfReader.open([path], wide), 'GRID_MISMATCH', /d\.nc: it reaches from 120\.5 to 124\.5 °E and from 35\.5 to 39\.5 °N, but the case's grid cn has a cell at/); // prettier-ignore
    expect(() => openWeather([path], { grid, layers: 2 })).toThrow(
      failure('LAYERS_UNUSED', "meteorology.layers: layers are averaged in MCIP's files only, not in CF: leave it out", 2),
    );
    expect(() => openWeather([path], { grid, cenLon: 110 })).toThrow(
      failure('CEN_LON_UNUSED', `meteorology.cenLon: it is for WDIR10 of MCIP's files, and ${path} is one of CF: leave it out`, 2),
    );
  });

  test('a missing value inside the region is named when it is read for a model', () => {
    const path = write('a.nc', { fields: { t2m: { units: 'K', value: (hour) => (hour === 1 ? 250 - 32.767 : 250), pack: [0.001, 250] } } });
    const reader = CfReader.open([path], grid);
    fails(() => readMeteorology(reader, reader.time, ['TEMP2']), 'NOT_FINITE', `${path}: TEMP2 is missing or not a number at row 0, column 0, 2017-01-01T01:00Z: fill the gap in the file`); // prettier-ignore
    reader.close();
  });
});

test('times of CF', () => {
  const iso = (values: number[], units: string): string[] => parseCfTimes(values, units, undefined, 'f').map((time) => new Date(time).toISOString());
  expect(iso([1025616], 'hours since 1900-01-01 00:00:0.0')).toEqual(['2017-01-01T00:00:00.000Z']);
  expect(iso([0.041666666], 'days since 2017-1-1')).toEqual(['2017-01-01T01:00:00.000Z']);
  expect(iso([1440], 'minutes since 2016-02-28T00:00:00Z')).toEqual(['2016-02-29T00:00:00.000Z']);
  expect(iso([4399], 'Days since 2005-01-01')).toEqual(['2017-01-17T00:00:00.000Z']);
  for (const units of ['hours', 'months since 2000-01-01', 'hours since 2000-01-01 00:00:00 +8:00', 'hours since yesterday']) {
    expect(() => parseCfTimes([0], units, undefined, 'f.nc: time')).toThrow(
      failure('CF_TIME', `f.nc: time: "${units}" is no time that is read: write it as in "hours since 1900-01-01 00:00:00", in UTC`),
    );
  }
  expect(() => parseCfTimes([NaN], 'hours since 1900-01-01', undefined, 'f')).toThrow(
    failure('CF_TIME', 'f: a time is missing: make the file again'),
  );
});
