/** Files of products that nobody knows: the values that were put in come out, whichever variables, dimensions and order the files have. */
import { join } from 'node:path';

import { ncgen } from '../../files/testing/cdl';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { Grid } from '../../grid/grid';
import { superObservations } from '../pixels-to-cells';
import type { Retrieval } from '../retrieval';
import { cdl, squares, type Column, type Columns } from '../testing/column-cdl';
import { ColumnFile } from './column-file';
import { namedProduct, type ColumnVariables } from './named-variables';
import { PixelCounts, readPixels, retrievalOf } from './read-pixels';

const folder = temporaryFolder();
const path = (): string => join(folder.path, 'any.nc');
/** mol m-2 of 1e15 molecules cm-2 */
const E15 = 1e19 / 6.02214076e23;

/** Two scanlines of two pixels with three layers from the ground up. */
const PIXEL = 'y, x';
const field = (values: (number | string)[], units = '1', dimensions = PIXEL): Column => ({ type: 'double', dimensions, units, values });
const four = <T>(value: T): T[] => [value, value, value, value];
const corners = squares(110, 30, 0.1, 2, 2);
const file = (): Columns => ({
  vcd: field([1, 2, 3, '_'], '1e15 molecules/cm2'),
  vcd_error: field(four(10), '%'),
  'details/ak': field(four([0.5, 1, 2]).flat(), '1', `${PIXEL}, z`),
  p: field(four([1000, 800, 300, 1]).flat(), 'hPa', `${PIXEL}, edge`),
  lat4: field(corners.lats, 'degrees_north', `${PIXEL}, corner`),
  lon4: field(corners.lons, 'degrees_east', `${PIXEL}, corner`),
  time: field([0, 60], 'seconds since 2019-07-01 12:00:00', 'y'),
  cloud: field([0, 0.1, 0.3, 0]),
});
const names: ColumnVariables = {
  column: 'vcd',
  error: 'vcd_error',
  averagingKernel: 'details/ak',
  pressureEdges: 'p',
  latitudeBounds: 'lat4',
  longitudeBounds: 'lon4',
  time: 'time',
};

const made = (columns: Columns, dimensions = 'y = 2 ; x = 2 ; z = 3 ; edge = 4 ; corner = 4 ; one = 1 ; both = 2 ;'): string =>
  ncgen(path(), cdl(columns, { '': dimensions }, [':title = "made"'], '_FillValue = -999.'), 'netCDF-4');

interface All {
  retrievals: Retrieval[];
  times: number[];
  corners: number[][];
  leftOut: Record<string, number>;
}

function read(columns: Columns, variables = names): All {
  const opened = ColumnFile.open(made(columns), namedProduct('NH3_column', 'NH3', variables));
  const counts = new PixelCounts();
  const all: All = { retrievals: [], times: [], corners: [], leftOut: {} };
  for (const pixels of readPixels(opened, counts)) {
    for (let i = 0; i < pixels.count; i++) {
      all.retrievals.push(retrievalOf(pixels, i));
      all.times.push(pixels.times[i] - Date.UTC(2019, 6, 1, 12));
      all.corners.push([...pixels.longitudes.subarray(4 * i, 4 * i + 4), ...pixels.latitudes.subarray(4 * i, 4 * i + 4)]);
    }
  }
  opened.close();
  all.leftOut = Object.fromEntries(counts.leftOut);
  return all;
}

const close = (values: ArrayLike<number>, expected: number[]): void => {
  expect(values).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(Math.abs(values[i] - value)).toBeLessThanOrEqual(1e-9 * Math.max(1e-9, Math.abs(value))));
};
const EDGES = [100000, 80000, 30000, 100];

it('a kernel, edges and corners by pixel, a time by scanline, a column in 1e15 molecules/cm2 and its error in %', () => {
  const { retrievals, times, corners: places, leftOut } = read(file(), { ...names, quality: { cloud: '< 0.2' } });
  expect(leftOut).toEqual({ 'not cloud < 0.2': 1, 'a value is missing': 1 });
  close(retrievals.map(({ column }) => column), [E15, 2 * E15]); // prettier-ignore
  close(retrievals.map(({ error }) => error), [0.1 * E15, 0.2 * E15]); // prettier-ignore
  const [first] = retrievals;
  expect(first).toMatchObject({ sensitivity: { kind: 'kernel', given: 'layers' }, airMassFactor: 1, addsApriori: false });
  expect(first.tropopausePressure).toBeUndefined();
  close(first.sensitivity.values, [0.5, 1, 2]);
  close(first.pressureEdges, EDGES);
  expect(times).toEqual([0, 0]);
  expect(read(file()).times).toEqual([0, 0, 60_000]);
  close(places[1], [110.1, 110.2, 110.2, 110.1, 30, 30, 30.1, 30.1]);
});

it('layers from the top, whatever their order in the file', () => {
  const columns = file();
  columns['details/ak'].values = four([2, 1, 0.5]).flat();
  columns.p.values = four([1, 300, 800, 1000]).flat();
  const [first] = read(columns).retrievals;
  close(first.sensitivity.values, [0.5, 1, 2]);
  close(first.pressureEdges, EDGES);
});

it('layers before pixels, pixels before scanlines, and two edges a layer', () => {
  const columns = file();
  const byPixel = (pixel: number): number[] => [0.5, 1, 2].map((value) => value + 10 * pixel);
  columns['details/ak'] = field(
    [0, 1, 2].flatMap((layer) => [0, 2, 1, 3].map((pixel) => byPixel(pixel)[layer])),
    '1',
    'z, x, y',
  );
  columns.p = field(four([800, 1000, 300, 800, 1, 300]).flat(), 'hPa', `${PIXEL}, z, both`);
  const { retrievals } = read(columns);
  retrievals.forEach(({ sensitivity, pressureEdges }, pixel) => {
    close(sensitivity.values, byPixel(pixel));
    close(pressureEdges, EDGES);
  });
});

it('middles of layers that all pixels share, over the ground of each', () => {
  const columns = file();
  columns.p = field([900, 500, 100], 'hPa', 'z');
  columns.ps = field([1000, 1010, 1000, 1000], 'hPa');
  const { retrievals } = read(columns, { ...names, pressureEdges: undefined, pressures: 'p', surfacePressure: 'ps' });
  close(retrievals[0].pressureEdges, [100000, 70000, 30000, 0]);
  close(retrievals[1].pressureEdges, [101000, 70000, 30000, 0]);
  const withoutGround = read(columns, { ...names, pressureEdges: undefined, pressures: 'p' }).retrievals[0];
  close(withoutGround.pressureEdges, [110000, 70000, 30000, 0]);
});

it('hybrid layers at edges, in hPa, from the top', () => {
  const columns = file();
  columns['details/ak'].values = four([2, 1, 0.5]).flat();
  columns.a = field([1, 100, 200, 0], 'hPa', 'edge');
  columns.b = field([0, 0.2, 0.6, 1], '1', 'edge');
  columns.ps = field(four(100000), 'Pa');
  const [first] = read(columns, { ...names, pressureEdges: undefined, hybridA: 'a', hybridB: 'b', surfacePressure: 'ps' }).retrievals;
  close(first.pressureEdges, EDGES);
  close(first.sensitivity.values, [0.5, 1, 2]);
});

it('scattering weights with their air mass factor, a tropopause and an a priori', () => {
  const columns = {
    ...file(),
    amf: field([1.6, 0, 1.6, 1]),
    trop: field(four(200), 'hPa'),
    xa: field(four([3, 2, 1]).flat(), '1e15 molecules/cm2', `${PIXEL}, z`),
  };
  const { averagingKernel: weights, ...rest } = names;
  const { retrievals, leftOut } = read(columns, {
    ...rest,
    scatteringWeights: weights,
    airMassFactor: 'amf',
    tropopausePressure: 'trop',
    apriori: 'xa',
  });
  expect(leftOut).toEqual({ 'the air mass factor is not above 0': 1, 'a value is missing': 1 });
  const [first] = retrievals;
  expect(first).toMatchObject({ sensitivity: { kind: 'scattering weights' }, airMassFactor: 1.6, tropopausePressure: 20000, addsApriori: true });
  close(first.apriori!, [3 * E15, 2 * E15, E15]);
});

it('a list of pixels with their middles: a square of the area of the circle', () => {
  const list = (values: (number | string)[], units = '1', dimensions = 'time'): Column => field(values, units, dimensions);
  const columns: Columns = {
    vcd: list([1, 2, 3], 'molec cm-2'),
    vcd_error: list([0.1, 0.1, 0.1], 'molec cm-2'),
    'details/ak': list([0.5, 1, 2, 0.5, 1, 2, 0.5, 1, 2], '1', 'time, z'),
    p: list([1000, 800, 300, 1], 'hPa', 'edge'),
    lat: list([30, 31, '_'], 'degrees_north'),
    lon: list([110, 110, 110], 'degrees_east'),
    time: list([0, 3, 6], 'hours since 2019-07-01 12:00:00'),
  };
  const variables = { ...names, latitudeBounds: undefined, longitudeBounds: undefined, latitude: 'lat', longitude: 'lon', pixelSize: 12 };
  const file3 = ncgen(path(), cdl(columns, { '': 'time = 3 ; z = 3 ; edge = 4 ;' }, [], '_FillValue = -999.'), 'netCDF-4');
  const product = namedProduct('NH3_column', 'NH3', variables);
  const opened = ColumnFile.open(file3, product);
  const counts = new PixelCounts();
  const [pixels] = [...readPixels(opened, counts)];
  opened.close();
  expect(Object.fromEntries(counts.leftOut)).toEqual({ 'a corner is missing': 1 });
  const [west, east] = [Math.min(...pixels.longitudes.subarray(0, 4)), Math.max(...pixels.longitudes.subarray(0, 4))];
  const [south, north] = [Math.min(...pixels.latitudes.subarray(0, 4)), Math.max(...pixels.latitudes.subarray(0, 4))];
  const DEGREE = (6371 * Math.PI) / 180;
  expect((east - west) * DEGREE * Math.cos(Math.PI / 6) * (north - south) * DEGREE).toBeCloseTo(Math.PI * 36, 6);
  expect([(east + west) / 2, (south + north) / 2]).toEqual([expect.closeTo(110, 9), expect.closeTo(30, 9)]);

  // three hours apart: two overpasses of one file
  const grid = new Grid({ name: 'TWO', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 109, yorig: 29, xcell: 1.5, ycell: 3, cols: 2, rows: 1 }); // prettier-ignore
  const overpasses = [...superObservations([file3], grid, new PixelCounts(), { product })];
  expect(overpasses.map(({ name, begin, observations }) => [name, begin.toISOString(), observations.map(({ cell }) => cell)])).toEqual([
    ['NH3_column', '2019-07-01T12:00:00.000Z', [0]],
    ['NH3_column', '2019-07-01T15:00:00.000Z', [0]],
  ]);
});

it('the mean of columns that hold an a priori: what it adds is the mean of what it adds to each', () => {
  const columns: Columns = { ...file(), xa: field([3, 2, 1, 6, 5, 4, 1, 1, 1, 1, 1, 1], '1e15 molecules/cm2', `${PIXEL}, z`) };
  columns['details/ak'].values = [0.5, 1, 2, 0.4, 0.8, 1, 1, 1, 1, 1, 1, 1];
  const grid = new Grid({ name: 'ONE', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 110, yorig: 30, xcell: 0.2, ycell: 0.1, cols: 1, rows: 1 }); // prettier-ignore
  const product = namedProduct('NH3_column', 'NH3', { ...names, apriori: 'xa' });
  const [{ observations }] = [...superObservations([made(columns)], grid, new PixelCounts(), { product })];
  const [mean] = observations;
  expect([mean.pixels, mean.addsApriori]).toEqual([2, true]);
  // Σ (1 − A) xa: 0.5 · 3 − 1 = 0.5 and 0.6 · 6 + 0.2 · 5 = 4.6
  expect(mean.aprioriTerm! / E15).toBeCloseTo((0.5 + 4.6) / 2, 6);
  expect(Array.from(mean.apriori!, (amount) => amount / E15)).toEqual([4.5, 3.5, 2.5].map((value) => expect.closeTo(value, 6) as number));
});

describe('what is wrong is told in one sentence', () => {
  const product = namedProduct('NH3_column', 'NH3', names);
  const opening = (columns: Columns): (() => unknown) => {
    const wrong = made(columns);
    return () => ColumnFile.open(wrong, product);
  };

  it('a variable that is not there', () => {
    const { p, ...rest } = file();
    expect(opening(rest)).toThrow(
      failure('COLUMN_PRODUCT', `${path()}: there is no p, which the case names for NH3_column; the file holds vcd, vcd_error, lat4, lon4, time, cloud, details/ak: name one of these (columns.….variables)`),
    ); // prettier-ignore
    const without = Object.fromEntries(Object.entries({ ...file(), p }).filter(([name]) => name !== 'details/ak'));
    expect(opening(without)).toThrow(expect.objectContaining({ code: 'COLUMN_KERNEL' }) as Error);
  });

  it('another unit, or none', () => {
    expect(opening({ ...file(), vcd: field(four(1), 'DU') })).toThrow(
      failure('COLUMN_UNIT', `${path()}: expected vcd in mol m-2 or molecules/cm^2 but received "DU": mend the attribute units (ncatted), or convert the values`),
    ); // prettier-ignore
    expect(opening({ ...file(), p: { ...file().p, units: undefined } })).toThrow(expect.objectContaining({ code: 'COLUMN_UNIT' }) as Error);
  });

  it('other layers than the kernel has, and variables that have not a value for each pixel', () => {
    expect(opening({ ...file(), p: field(four([1000, 300, 1]).flat(), 'hPa', `${PIXEL}, z`) })).toThrow(
      failure('COLUMN_LAYERS', `${path()}: expected 4 or 6 values of p for the 3 layers of details/ak but received 3: take the file as the agency wrote it`),
    ); // prettier-ignore
    expect(opening({ ...file(), vcd_error: field([1, 1], '%', 'y') })).toThrow(
      failure('COLUMN_SHAPE', `${path()}: expected vcd_error to have 4 values for the 2 x 2 pixels of vcd but received 2: take the file as the agency wrote it`),
    ); // prettier-ignore
  });

  it('pressures of a pixel that do not fall are counted', () => {
    const columns = file();
    columns.p.values = [1000, 800, 300, 1, 1000, 300, 800, 1, ...four(0), ...four(0)];
    expect(read(columns).leftOut).toEqual({ 'its pressures do not fall from the ground': 2, 'a value is missing': 1 });
  });

  it('a time without a unit', () => {
    const wrong = made({ ...file(), time: { ...file().time, units: undefined } });
    const opened = ColumnFile.open(wrong, product);
    expect(() => opened.timeRange()).toThrow(expect.objectContaining({ code: 'CF_TIME' }) as Error);
    opened.close();
  });
});
