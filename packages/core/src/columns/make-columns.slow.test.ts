import { join } from 'node:path';

import { ncgen } from '../files/testing/cdl';
import { failure, temporaryFolder } from '../files/testing/shared-data';
import { Grid } from '../grid/grid';
import type { ColumnMethod } from './column-operator';
import type { StoredColumns } from './column-store';
import { makeColumns } from './make-columns';
import { forEachColumnField } from './run-columns';
import { RunLayers } from './run-layers';
import { squares, tempoCdl, tempoNo2, tropomiCdl, tropomiNo2 } from './testing/column-cdl';
import { airOf, METEOROLOGY, writeLayers } from './testing/layered-world';

const folder = temporaryFolder();
/** Four cells of a degree about (111° E, 31° N), rows from south to north. */
const grid = new Grid({ name: 'FOUR', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 110, yorig: 30, xcell: 1, ycell: 1, cols: 2, rows: 2 }); // prettier-ignore
const time = { start: new Date('2017-01-11T00:00Z'), stepSeconds: 3600, count: 24 };
const FIRST_HOUR = 3;
const source = { name: 'NO2_column', gas: 'NO2', method: 'apply_ak' as ColumnMethod };
const at = (name: string): string => join(folder.path, name);

/** A scanline of two pixels of a degree, each on a cell of the southern row. */
function orbit(name: string, { hour = 6, day = 11, number = 1, columns = [1e-4, 3e-4], kernels = undefined as number[] | undefined } = {}): string {
  const variables = tropomiNo2({ scanlines: 1, pixels: 2, ...squares(110, 30, 1, 1, 2), qa: [100, 100], columns, kernels });
  variables['PRODUCT/delta_time'].values = [3_600_000 * (hour + 24 * (day - 11))];
  return ncgen(at(name), tropomiCdl(variables, 1, 2, number), 'netCDF-4');
}

/** mol m-2 of layers: of runs that are so many times the prior, the highest layer apart. */
const amountOf = (layer: number, cell: number, run: number): number => 1e-5 * (cell + 1) * [4, 2 * run, 1][layer] * run;

function layersOf(run = 1, hours = { first: 5, count: 4 }): RunLayers {
  const steps = { ...time, start: new Date(time.start.getTime() + hours.first * 3_600_000), count: hours.count };
  const NO2 = ['ppmV', (layer: number, cell: number) => (1e6 * amountOf(layer, cell, run)) / airOf(layer)] as [string, () => number];
  const path = writeLayers(at(`layers-${run}.nc`), grid, steps, { ...METEOROLOGY, NO2 });
  return RunLayers.open([path], { grid, meteorology: [], variables: { NO2: 'NO2' } }, time);
}

function columnsOf(paths: string[], method: ColumnMethod = 'apply_ak', prior = layersOf()): StoredColumns {
  const columns = makeColumns(paths, { ...source, method }, { grid, time, firstHour: FIRST_HOUR }, prior);
  prior.close();
  return columns;
}

function fieldAt(columns: StoredColumns, run: number, hour = 6): ArrayLike<number> {
  using layers = layersOf(run);
  let found: ArrayLike<number> = [];
  forEachColumnField(layers, time, { first: hour, count: 1 }, [{ gas: 'NO2', columns }], (field) => (found = field));
  return found;
}

/** Model's edges, and what of the lowest and the second layer lies below 800 and above 300 hPa: the retrieval's layers end there, with kernels of 1 and 2. */
const [, first, second] = [0, 5000, 10000].map((height) => 1e5 * Math.exp((-height * 9.81) / (287.04 * 260)));
const low = 20000 / (100000 - first);
const part = (first - 30000) / (first - second);
const plainOf = (cell: number, run: number): number => amountOf(0, cell, run) + part * amountOf(1, cell, run);
const slantOf = (cell: number, run: number): number => (low + 2 * (1 - low)) * amountOf(0, cell, run) + 2 * part * amountOf(1, cell, run);

it('by hand: values on the scale of plain columns of the prior', () => {
  const columns = columnsOf([orbit('a.nc')]);
  expect([columns.product, columns.layers, columns.tropopause]).toEqual(['TROPOMI L2 NO2', 3, expect.closeTo(30000, 0)]);
  expect([[...columns.hour], [...columns.cell], [...columns.pixels]]).toEqual([[6, 6], [0, 1], [1, 1]]); // prettier-ignore
  for (const cell of [0, 1]) {
    const factor = plainOf(cell, 1) / slantOf(cell, 1);
    expect(columns.value[cell] / (1e6 * factor * [1e-4, 3e-4][cell])).toBeCloseTo(1, 3);
    expect(columns.error[cell] / (1e6 * factor * 1e-5)).toBeCloseTo(1, 3);
    expect(fieldAt(columns, 1)[cell] / (1e6 * plainOf(cell, 1))).toBeCloseTo(1, 3);
    // A run whose profile is another: its slant column, not its plain one, on that scale.
    expect(fieldAt(columns, 2)[cell] / (1e6 * factor * slantOf(cell, 2))).toBeCloseTo(1, 3);
    expect(Math.abs((factor * slantOf(cell, 2)) / plainOf(cell, 2) - 1)).toBeGreaterThan(0.02);
    expect(fieldAt(columns, 2)[cell + 2] / (1e6 * plainOf(cell + 2, 2))).toBeCloseTo(1, 3);
  }
  expect(columns.counts).toEqual({ pixels: 2, passed: 2, leftOut: {}, overpasses: 1, superObservations: 2, withoutLayers: 0, factorOutside: 0, otherHours: 0 }); // prettier-ignore
});

it('with the model in place of the a priori the values are the same, and runs count by their plain columns', () => {
  const [columns, other] = [columnsOf([orbit('a.nc')]), columnsOf([orbit('a.nc')], 'replace_apriori')];
  expect(other.method).toBe('replace_apriori');
  for (const cell of [0, 1]) {
    expect(other.value[cell] / columns.value[cell]).toBeCloseTo(1, 5);
    expect(other.error[cell] / columns.error[cell]).toBeCloseTo(1, 5);
    for (const run of [1, 2]) expect(fieldAt(other, run)[cell] / (1e6 * plainOf(cell, run))).toBeCloseTo(1, 3);
  }
});

it('two overpasses of a cell and hour become one, weighted by the squares of their errors', () => {
  const late = orbit('late.nc', { number: 2, hour: 6.5, columns: [3e-4, 3e-4], kernels: [0.25, 0.5, 1, 0.5, 1, 2] });
  const [one, other, both] = [[orbit('a.nc')], [late], [late, orbit('a.nc')]].map((paths) => columnsOf(paths));
  expect([both.hour.length, both.counts.overpasses, both.counts.superObservations]).toEqual([2, 2, 4]);
  expect([...both.pixels]).toEqual([2, 2]);
  for (const cell of [0, 1]) {
    const [a, b] = [one, other].map(({ error }) => 1 / error[cell] ** 2);
    expect(both.value[cell] / ((a * one.value[cell] + b * other.value[cell]) / (a + b))).toBeCloseTo(1, 5);
    expect(both.error[cell] * Math.sqrt(a + b)).toBeCloseTo(1, 5);
    // of the prior both are its plain column, and so is their mean
    expect(fieldAt(both, 1)[cell] / fieldAt(one, 1)[cell]).toBeCloseTo(1, 4);
  }
  expect(other.error[0] / one.error[0]).toBeCloseTo(2, 3); // half the kernel, twice f
});

it('what is left out is counted: other hours and days, hours without layers, kernels that see nothing', () => {
  const across = tropomiNo2({ scanlines: 2, pixels: 2, ...squares(110, 30, 1, 2, 2), qa: [9, 100, 100, 100], columns: [1, 1, 1, 1] });
  across['PRODUCT/delta_time'].values = [2.9 * 3_600_000, 3.1 * 3_600_000];
  const columns = columnsOf([
    orbit('spin-up.nc', { hour: 3 - 1 / 60, number: 1 }),
    ncgen(at('across.nc'), tropomiCdl(across, 2, 2, 9), 'netCDF-4'), // the end of the spin-up
    orbit('early.nc', { hour: 4 - 1 / 60, number: 2 }), // the prior's first instant is 5 o'clock
    orbit('blind.nc', { hour: 6, number: 3, kernels: [0.01, 0.01, 0.01, 0.5, 1, 2] }),
    orbit('last.nc', { hour: 8.9, number: 4 }), // 8 o'clock is the last
    orbit('other-day.nc', { day: 12, number: 5 }),
  ]);
  expect(columns.counts).toMatchObject({
    pixels: 10,
    passed: 9,
    leftOut: { 'not qa_value > 0.75': 1 },
    overpasses: 4,
    superObservations: 3,
    factorOutside: 1,
    withoutLayers: 4,
    otherHours: 1,
  });
  expect([[...columns.hour], [...columns.cell]]).toEqual([[6, 8, 8], [1, 0, 1]]); // prettier-ignore
  expect([...columns.instants].map((value, hour) => [hour, value]).filter(([, value]) => value > 0)).toEqual([[4, 2], [5, 3], [6, 3], [7, 3], [8, 1]]); // prettier-ignore
});

it.each<[string, () => string[], typeof source, string, string]>([
  [
    'a product of another gas',
    () => [orbit('a.nc')],
    { ...source, name: 'HCHO_column', gas: 'HCHO' },
    'COLUMN_GAS',
    'a.nc: expected columns of HCHO for columns.HCHO_column but received TROPOMI L2 NO2: give its files to a column whose name begins with NO2_column',
  ],
  [
    'two products',
    () => [orbit('a.nc'), ncgen(at('tempo.nc'), tempoCdl(tempoNo2()), 'netCDF-4')],
    source,
    'COLUMN_PRODUCTS',
    'tempo.nc: expected TROPOMI L2 NO2, as in FOLDER/a.nc, but received TEMPO L2 NO2: give each product a column of its own, such as NO2_column_b',
  ],
])('%s', (_, paths, of, code, message) => {
  const given = paths();
  using prior = layersOf();
  expect(() => makeColumns(given, of, { grid, time, firstHour: 0 }, prior)).toThrow(failure(code, at(message).replace('FOLDER', folder.path)));
});
