import { join } from 'node:path';

import { Grid, type TimeAxis, dotGrid } from '../../grid/grid';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { readMeteorology } from '../meteorology';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { McipReader } from './mcip-reader';
import { openWeather } from '../open-weather';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const grid = new Grid({
  name: 'inner', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: 10000, yorig: 20000, xcell: 10000, ycell: 10000, cols: 2, rows: 2,
}); // prettier-ignore
/** One cell more on every side. */
const parent = new Grid({ ...grid.definition, name: 'parent', xorig: 0, yorig: 10000, cols: 4, rows: 4 });
const axis: TimeAxis = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 3 };
type Value = (step: number, layer: number, row: number, col: number) => number;

function write(name: string, on: Grid, layers: number, variables: Record<string, [string, Value]>, time = axis): string {
  const writer = IoapiWriter.create(at(name), {
    grid: on,
    time,
    layers,
    variables: Object.entries(variables).map(([key, [units]]) => ({ name: key, units })),
    attributes: { VGTYP: Int32Array.of(7), VGLVLS: Float32Array.from([1, 0.99, 0.96, 0.9].slice(0, layers + 1)) },
  });
  const { rows, cols } = on;
  for (const [key, [, value]] of Object.entries(variables)) {
    const place = (i: number): [number, number, number, number] => [Math.floor(i / (layers * rows * cols)), Math.floor(i / (rows * cols)) % layers, Math.floor(i / cols) % rows, i % cols]; // prettier-ignore
    writer.write(
      key,
      0,
      Float32Array.from({ length: time.count * layers * rows * cols }, (_, i) => value(...place(i))),
    );
  }
  writer.close();
  return at(name);
}

test('METCRO2D, METCRO3D and METDOT3D of a larger grid as one: layers, corners, faces', () => {
  const paths = [
    write('METDOT3D.nc', dotGrid(parent), 3, {
      UWIND: ['M/S', (step, layer, row, col) => 100 * step + 10 * layer + col],
      VWIND: ['M/S', (_, layer, row) => 10 * layer + row],
      UWINDC: ['M/S', (_s, _l, row, col) => 10 * row + col],
      VWINDC: ['M/S', (_s, _l, row, col) => row + 10 * col],
    }),
    write('METCRO3D.nc', parent, 3, { TA: ['K', (_, layer, row, col) => 280 - layer + row + col] }),
    write('METCRO2D.nc', parent, 1, { PBL: ['M', (_s, _l, row, col) => 100 * row + col] }),
  ];
  const reader = McipReader.open(paths, { grid });
  expect(reader.path).toBe(at('METCRO2D.nc'));
  expect(reader.grid.definition).toEqual(grid.definition);
  expect(reader.variables.map(({ name }) => name)).toEqual(['PBL', 'TA', 'UWIND', 'VWIND', 'UWINDC', 'VWINDC']);
  expect([...reader.read('PBL', 0, 1)]).toEqual([101, 102, 201, 202]);
  expect([...reader.read('TA', 0, 1)]).toEqual([282, 283, 283, 284]);
  // corners of the case's cell (0, 0) are the parent's dots at rows 1, 2 and columns 1, 2
  expect([...reader.read('UWIND', 1, 1)]).toEqual([101.5, 102.5, 101.5, 102.5]);
  expect([...reader.read('VWIND', 1, 1)]).toEqual([1.5, 1.5, 2.5, 2.5]);
  // faces: row 1 itself, between columns 1 and 2
  expect([...reader.read('UWINDC', 0, 1)]).toEqual([11.5, 12.5, 21.5, 22.5]);
  expect([...reader.read('VWINDC', 0, 1)]).toEqual([11.5, 21.5, 12.5, 22.5]);
  reader.close();
  // 0.25 of layer 0 and 0.75 of layer 1
  const mean = McipReader.open(paths, { grid, layers: 2 });
  expect([...mean.read('UWIND', 1, 1)].map((value) => Number(value.toFixed(4)))).toEqual([109, 110, 109, 110]);
  expect(mean.read('TA', 0, 1)[0]).toBeCloseTo(281.25, 4);
  mean.close();
  expect(() => McipReader.open(paths, { grid, layers: 4 })).toThrow(
    failure('LAYER_OUTSIDE', `${at('METCRO3D.nc')}: the lowest 4 layers were asked for but it has 3: ask for fewer`),
  );
});

test('the wind channels: 10 m where the files hold it, else that of the lowest layers', () => {
  const dots = write('METDOT3D.nc', dotGrid(grid), 1, { UWIND: ['M/S', () => 3], VWIND: ['M/S', () => -4] });
  const without = write('METCRO2D.nc', grid, 1, { PBL: ['M', () => 500] });
  const layer = openWeather([without, dots], { grid });
  expect([...readMeteorology(layer, { ...axis, count: 1 }, ['u', 'v', 'UWIND']).slice(0, 3)]).toEqual([3, -4, 3]);
  layer.close();
  const withWind = write('METCRO2D_10m.nc', grid, 1, { WSPD10: ['M/S', () => 5], WDIR10: ['DEGREES', () => 270] });
  const ten = openWeather([withWind, dots], { grid });
  const [u, v] = readMeteorology(ten, { ...axis, count: 1 }, ['u', 'v']);
  expect(u).toBeCloseTo(5, 3);
  expect(Math.abs(v)).toBeLessThan(0.02);
  ten.close();
  expect(() => openWeather([withWind], { grid, names: { TEMP2: 'tas' } })).toThrow(
    failure('NAMES_UNUSED', `meteorology.names: names are those of CF files, but ${withWind} is one of MCIP: leave them out`, 2),
  );
});

test('files of other hours are refused by name', () => {
  const flat = write('METCRO2D.nc', grid, 1, { PBL: ['M', () => 500] });
  const dots = write('METDOT3D.nc', dotGrid(grid), 1, { UWIND: ['M/S', () => 3], VWIND: ['M/S', () => -4] }, { ...axis, count: 2 });
  const reader = McipReader.open([flat, dots], { grid });
  expect([...reader.read('UWIND', 0, 2)]).toEqual(new Array(8).fill(3));
  expect(() => reader.read('UWIND', 1, 2)).toThrow(
    failure(
      'PERIOD_NOT_COVERED',
      `${dots}: it holds 2 steps of 3600 s from 2017-01-01T00:00Z, not the 2 of 3600 s from 2017-01-01T01:00Z that the other files hold: give files of the same hours`,
    ),
  );
  expect(() => reader.read('TA')).toThrow(expect.objectContaining({ code: 'VARIABLE_MISSING' }) as Error);
  reader.close();
});

test('geography of GRIDCRO2D and LUFRAC_CRO, categories as layers', () => {
  const still: TimeAxis = { start: axis.start, stepSeconds: 0, count: 1 };
  const paths = [
    write('LUFRAC_CRO.nc', parent, 3, { LUFRAC: ['FRACTION', (_, layer, row, col) => layer + 0.1 * row + 0.01 * col] }, still),
    write('GRIDCRO2D.nc', parent, 1, { HT: ['M', (_s, _l, row, col) => 10 * row + col] }, still),
  ];
  const reader = openWeather(paths, { grid });
  expect(reader.variables.map(({ name }) => name)).toEqual(['HT', 'LUFRAC_01', 'LUFRAC_02', 'LUFRAC_03']);
  expect([...reader.read('HT')]).toEqual([11, 12, 21, 22]);
  expect([...reader.read('LUFRAC_03')]).toEqual([2.11, 2.12, 2.21, 2.22].map(Math.fround));
  reader.close();
});
