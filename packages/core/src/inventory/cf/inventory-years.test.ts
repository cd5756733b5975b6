/** Which step of an inventory an hour takes: of months of several years, of whole years, of no step at all. */
import { join } from 'node:path';
import { NetcdfFile } from '@retroplume/native';
import { Grid } from '../../grid/grid';
import { readCfInventory } from './cf-inventory';
import { writeInventoryEmissions } from './inventory-emissions';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { failure, temporaryFolder } from '../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const grid = new Grid({
  name: 'g',
  gdtyp: 1,
  pAlp: 0,
  pBet: 0,
  pGam: 0,
  xcent: 0,
  ycent: 0,
  xorig: 0,
  yorig: 0,
  xcell: 1,
  ycell: 1,
  cols: 2,
  rows: 2,
});
const days = (date: string): number => (Date.parse(`${date}Z`) - Date.UTC(2017, 0)) / 86400e3;
const months = (year: number, count: number): [string, string][] => Array.from({ length: count }, (_, i) => [iso(year, i), iso(year, i + 1)]);
const iso = (year: number, month: number): string => new Date(Date.UTC(year, month)).toISOString().slice(0, 10);

/** Step i emits 1 + i everywhere. */
function inventory(spans: [string, string][]): string {
  const file = NetcdfFile.create(at('inventory.nc'), 'netcdf4');
  file.defineDimension('time', 'unlimited');
  for (const [name, length] of Object.entries({ lat: 2, lon: 2, two: 2 })) file.defineDimension(name, length);
  for (const [name, units] of Object.entries({ time: 'days since 2017-01-01', lat: 'degrees_north', lon: 'degrees_east' })) {
    file.defineVariable(name, 'double', [name]);
    file.putAttribute(name, 'units', units);
  }
  file.putAttribute('time', 'bounds', 'time_bnds');
  file.defineVariable('time_bnds', 'double', ['time', 'two']);
  file.defineVariable('e', 'double', ['time', 'lat', 'lon']);
  file.putAttribute('e', 'units', 'kg m-2 s-1');
  file.endDefine();
  for (const name of ['lat', 'lon']) file.write(name, [0], [2], Float64Array.of(0.5, 1.5));
  spans.forEach(([from, to], i) => {
    file.write('time', [i], [1], Float64Array.of(days(from)));
    file.write('time_bnds', [i, 0], [1, 2], Float64Array.of(days(from), days(to)));
    file.write('e', [i, 0, 0], [1, 2, 2], new Float64Array(4).fill(1 + i));
  });
  file.close();
  return at('inventory.nc');
}

/** The step that was taken for an hour. */
function stepAt(spans: [string, string][], hour: string, anyYear = true): number {
  const source = { path: inventory(spans), variable: 'e', species: 'SO2', speciesUnits: 'g/s' as const, anyYear };
  writeInventoryEmissions(at('OUT.nc'), grid, { start: new Date(`${hour}Z`), stepSeconds: 3600, count: 1 }, [source]);
  const file = IoapiFile.open(at('OUT.nc'));
  const [value] = file.read('SO2');
  file.close();
  const { cells } = readCfInventory(source.path, 'e');
  return Math.round(value / (1000 * cells.area(0, 0))) - 1;
}

test.each([
  ['2018-06-01T00:00', 17],
  ['2017-06-30T23:00', 5],
  ['2020-06-01T00:00', 17],
  ['2010-06-01T00:00', 5],
  ['2016-02-29T12:00', 1],
])('months of 2017 and 2018 for any year: %s is step %d', (hour, step) => {
  expect(stepAt(months(2017, 24), hour)).toBe(step);
});

test('years for any year hold for all months, the nearest first', () => {
  const years: [string, string][] = [['2015-01-01', '2016-01-01'], ['2016-01-01', '2017-01-01']]; // prettier-ignore
  const steps = ['2015-12-31T23:00', '2016-01-01T00:00', '2020-01-01T00:00', '2003-11-30T00:00'].map((hour) => stepAt(years, hour));
  expect(steps).toEqual([0, 1, 1, 0]);
});

test('a year that ends at the beginning of its last day is the whole year', () => {
  expect(stepAt([['2017-01-01', '2017-12-31']], '2017-12-31T05:00', false)).toBe(0);
  expect(readCfInventory(at('inventory.nc'), 'e').spans).toEqual([{ from: new Date('2017-01-01'), to: new Date('2018-01-01') }]);
});

test.each([
  ['a month that ends at the beginning of its last day', '2017-01-01', '2017-01-31', '2017-02-01'],
  ['a month that ends where it does', '2017-01-01', '2017-02-01', '2017-02-01'],
  ['days from the middle of a month', '2017-01-15', '2017-01-31', '2017-01-31'],
  ['a month from noon', '2017-01-01T12:00', '2017-01-31', '2017-01-31'],
  ['most of a month', '2017-01-01', '2017-01-30', '2017-01-30'],
])('bounds: %s', (_, from, to, end) => {
  const path = inventory([[from, to]]);
  expect(readCfInventory(path, 'e').spans).toEqual([{ from: new Date(from.length > 10 ? `${from}Z` : from), to: new Date(end) }]);
});

test('days stand for those of another year', () => {
  const january = Array.from({ length: 31 }, (_, i): [string, string] => [iso(2017, 0).slice(0, 8) + String(i + 1).padStart(2, '0'), new Date(Date.UTC(2017, 0, i + 2)).toISOString().slice(0, 10)]); // prettier-ignore
  expect(stepAt(january, '2019-01-20T07:00')).toBe(19);
});

test('a month that is not there, and no step at all, are refused', () => {
  expect(() => stepAt(months(2017, 2), '2020-03-01T00:00')).toThrow(
    failure('PERIOD_NOT_COVERED', `${at('inventory.nc')}: e at 2020-03-01T00:00Z was asked for but the inventory holds 2017-01-01T00:00Z to 2017-03-01T00:00Z: give one that covers it in some year`),
  ); // prettier-ignore
  expect(() => stepAt([], '2017-01-01T00:00')).toThrow(
    failure('CF_TIME', `${at('inventory.nc')}: time has no step: make the file again, or give another`),
  );
});
