import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Grid } from '../../../grid/grid';
import { cfGrid, CRS, ON_GRID } from '../../../files/netcdf/cf-grid';
import { writeCf } from '../../../files/netcdf/netcdf-cf';
import { summariseGrid, type Inspection } from './inspection';
import { inspectNetcdf } from './netcdf';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'retroplume-inspect-cf-'))));
afterEach(() => rmSync(dir, { recursive: true }));

/** Of a file with a time axis and nothing else. */
function timesOf(values: number[], attributes: Record<string, string>): Pick<Inspection, 'time' | 'odd'> {
  const path = join(dir, 'times.nc');
  writeCf(path, {
    dimensions: { time: values.length },
    coordinates: [{ name: 'time', dimensions: ['time'], data: Float64Array.from(values), attributes }],
    variables: [],
    attributes: { Conventions: 'CF-1.10' },
  });
  const { time, odd } = inspectNetcdf(path);
  return { time, odd };
}

it.each([
  // The Julian calendar, which the standard one is before 15 October 1582, began two days earlier than the Gregorian one would have.
  ['days since 0001-01-01', 'standard', [736331, 736332], '2017-01-01T00:00Z', 86400],
  ['days since 0001-01-01', 'proleptic_gregorian', [736329, 736330], '2017-01-01T00:00Z', 86400],
  ['hours since 1900-01-01 00:00:0.0', 'gregorian', [1025640, 1025641], '2017-01-02T00:00Z', 3600], // as ERA5 has them
  ['days since 2015-01-01', 'noleap', [424, 425], '2016-03-01T00:00Z', 86400],
])('reads times as inputs are read: %s, %s', (units, calendar, values, first, stepSeconds) => {
  expect(timesOf(values, { units, calendar })).toMatchObject({ time: { first, steps: 2, stepSeconds }, odd: [] });
});

const HOURS = 'hours since 2017-01-01';
it.each([
  [HOURS, 'standard', [0, 1, 2, 4, 5, 6], ['STEPS_ABSENT: times are 3600 s apart, but none lies between 2017-01-01T02:00Z and 2017-01-01T04:00Z']],
  [
    HOURS,
    'standard',
    [0, 1, 3, 4, 7],
    ['STEPS_ABSENT: times are 3600 s apart, but none lies between 2017-01-01T01:00Z and 2017-01-01T03:00Z, 2017-01-01T04:00Z and 2017-01-01T07:00Z'],
  ],
  ['days since 2017-01-01', 'standard', [0, 31, 59, 90, 120], []], // months
  ['days since 2016-02-27', 'noleap', [0, 1, 2, 3], []],
  [HOURS, 'standard', [0, 1, 1, 3], ['TIME_ORDER: time does not rise']],
])('tells where steps are absent: %s, %s, %j', (units, calendar, values, expected) => {
  const { time, odd } = timesOf(values, { units, calendar });
  expect(time).not.toHaveProperty('stepSeconds');
  expect(odd.map(({ code, text }) => `${code}: ${text}`)).toEqual(expected);
});

it('says which times are not understood', () => {
  const text = (of: Pick<Inspection, 'time' | 'odd'>): unknown[] => [of.time, ...of.odd.map((each) => `${each.code}: ${each.text}`)];
  expect(text(timesOf([0, 1], { units: 'hours since 2017-01-01 00:00:00 +08:00' }))).toEqual([
    undefined,
    'TIME_UNKNOWN: time: the time "hours since 2017-01-01 00:00:00 +08:00" is not understood',
  ]);
  expect(text(timesOf([0, 1], { units: 'days since 2017-01-01', calendar: '360_day' }))).toEqual([
    undefined,
    'TIME_UNKNOWN: time: the time "days since 2017-01-01" (360_day) is not understood',
  ]);
});

describe('on a projection', () => {
  const lambert = new Grid({ name: 'cn27', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34, xorig: 0, yorig: 0, xcell: 27000, ycell: 27000, cols: 3, rows: 2 }); // prettier-ignore
  const on = cfGrid(lambert);
  const field = { name: 'NO2', dimensions: ['y', 'x'], data: new Float32Array(6), attributes: { units: 'ppb', ...ON_GRID } };

  it('a file of ours has its grid', () => {
    writeCf(join(dir, 'own.nc'), { ...on, variables: [...on.variables, field] });
    const { grids, odd } = inspectNetcdf(join(dir, 'own.nc'));
    expect(grids).toEqual([summariseGrid(lambert.definition)]);
    expect(odd).toEqual([]);
  });

  it('of others the projection and its axes are told, and that it is refused', () => {
    const crs = { name: CRS, dimensions: [], data: new Int32Array(1), attributes: { grid_mapping_name: 'lambert_conformal_conic' } };
    writeCf(join(dir, 'other.nc'), { ...on, variables: [crs, { ...field, attributes: { units: 'ppb', grid_mapping: CRS } }] });
    const { grids, facts, odd } = inspectNetcdf(join(dir, 'other.nc'));
    expect([grids, odd.map(({ code }) => code)]).toEqual([[], ['PROJECTED']]);
    expect(facts).toMatchObject({ projection: 'lambert_conformal_conic', x: '3 from 13500 to 67500, every 27000 (m)', y: '2 from 13500 to 40500, every 27000 (m)' }); // prettier-ignore
  });
});
