/** What an inventory of many variables costs: those that no source asks for are not read, and of each a step at a time; cells are cut once for all sources. */
import { join } from 'node:path';
import { NetcdfFile } from '@retroplume/native';
import { Grid } from '../../grid/grid';
import { writeInventoryEmissions } from './inventory-emissions';
import { writeCf, type CfVariable } from '../../files/netcdf/netcdf-cf';
import { temporaryFolder } from '../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const CELLS = 4;
const MONTHS = 3;
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

function inventory(name: string, lon = [0.5, 1.5]): string {
  const axis = (of: string, values: number[], units: string): CfVariable => ({
    name: of,
    dimensions: [of],
    data: Float64Array.from(values),
    attributes: { units },
  });
  const sector = (of: string): CfVariable => ({
    name: of,
    dimensions: ['time', 'lat', 'lon'],
    data: new Float32Array(MONTHS * CELLS).fill(1),
    attributes: { units: 'kg m-2 s-1' },
  });
  writeCf(at(name), {
    dimensions: { time: MONTHS, lat: 2, lon: 2 },
    coordinates: [axis('time', [0, 31, 59], 'days since 2017-01-01'), axis('lat', [0.5, 1.5], 'degrees_north'), axis('lon', lon, 'degrees_east')],
    variables: ['energy', 'ships', 'fires'].map(sector),
  });
  return at(name);
}

const write = (sources: [path: string, variable: string][]): unknown =>
  writeInventoryEmissions(
    at('OUT.nc'),
    grid,
    { start: new Date('2017-02-01T00:00Z'), stepSeconds: 3600, count: 2 },
    sources.map(([path, variable]) => ({ path, variable, species: 'SO2', speciesUnits: 'g/s' })),
  );

afterEach(() => jest.restoreAllMocks());

test('variables that are not asked for are left where they are, and fields are read a step at a time', () => {
  const path = inventory('a.nc');
  const read = jest.spyOn(NetcdfFile.prototype, 'read');
  write([[path, 'ships']]);
  expect(new Set(read.mock.calls.map(([name]) => name))).toEqual(new Set(['time', 'lat', 'lon', 'ships']));
  const largest = read.mock.results.reduce((most, { value }) => Math.max(most, (value as Float32Array).length), 0);
  expect(largest).toBe(CELLS);
});

test('the parts of cells are found once for all sources with the same cells', () => {
  const [path, other] = [inventory('a.nc'), inventory('b.nc', [0.4, 1.4])];
  const placed = jest.spyOn(Grid.prototype, 'cellAt');
  const callsOf = (sources: Parameters<typeof write>[0]): number => {
    placed.mockClear();
    write(sources);
    return placed.mock.calls.length;
  };
  const once = callsOf([[path, 'ships']]);
  expect(once).toBeGreaterThan(0);
  expect(callsOf([[path, 'ships'], [path, 'fires'], [path, 'energy']])).toBe(once); // prettier-ignore
  expect(callsOf([[path, 'ships'], [other, 'ships']])).toBe(once + callsOf([[other, 'ships']])); // prettier-ignore
});
