/** Made files of IASI and CrIS: the values that were put in come out, and what is compared is what the products' papers say. */
import { join } from 'node:path';

import { ncgen } from '../../files/testing/cdl';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { Grid } from '../../grid/grid';
import { applyKernel, replaceApriori } from '../column-operator';
import type { ModelLayers } from '../model-layers';
import { superObservations } from '../pixels-to-cells';
import type { Retrieval } from '../retrieval';
import { cris, crisCdl, crisCovariances, CRIS, CRIS_KERNEL, iasi, iasiCdl } from '../testing/ammonia-cdl';
import type { Columns } from '../testing/column-cdl';
import { ColumnFile } from './column-file';
import { linearProfile } from './pixel-layers';
import { PixelCounts, readPixels, retrievalOf } from './read-pixels';

const folder = temporaryFolder();
const path = (): string => join(folder.path, 'nh3.nc');
const made = (text: string): string => ncgen(path(), text, 'netCDF-4');
const grid = new Grid({ name: 'ONE', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 109, yorig: 29, xcell: 2, ycell: 2, cols: 1, rows: 1 }); // prettier-ignore
const modelOf = (edges: ArrayLike<number>): ModelLayers => ({
  ...{
    grid,
    layers: edges.length - 1,
    pressureEdges: Float64Array.from(edges),
    air: new Float64Array(edges.length - 1),
    path: '',
    time: new Date(0),
  },
});
const CELL = [{ cell: 0, share: 1 }];
const near = (values: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6): void => {
  expect(values).toHaveLength(expected.length);
  Array.from(expected).forEach((value, i) => expect(Math.abs(values[i] - value)).toBeLessThanOrEqual(tolerance * Math.max(1e-12, Math.abs(value))));
};

function readAll(text: string): { retrievals: Retrieval[]; times: string[]; leftOut: Record<string, number>; pass: string } {
  const file = ColumnFile.open(made(text));
  const counts = new PixelCounts();
  const slabs = [...readPixels(file, counts)];
  file.close();
  return {
    retrievals: slabs.flatMap((pixels) => Array.from({ length: pixels.count }, (_, i) => retrievalOf(pixels, i))),
    times: slabs.flatMap(({ times }) => Array.from(times, (time) => new Date(time).toISOString())),
    leftOut: Object.fromEntries(counts.leftOut),
    pass: file.pass,
  };
}

describe('IASI', () => {
  it('values as they were put in, and the rules of its readers', () => {
    const { retrievals, times, leftOut, pass } = readAll(iasiCdl(iasi()));
    expect(leftOut).toEqual({ 'not AMPM = 0': 1, 'not prefilter = 1': 1, 'not postfilter = 1': 1 });
    expect([pass, times]).toEqual(['IASI L2 NH3', ['2019-07-01T09:30:00.000Z']]);
    const [only] = retrievals;
    near([only.column, only.error, only.airMassFactor], [2e-4, 5e-5, 1]);
    expect(only).toMatchObject({ sensitivity: { kind: 'kernel', given: 'layers' }, addsApriori: false });
    near(only.sensitivity.values, [0.5, 2, 4]); // 2e-4 / (0.5 · 8e-4) …
    near(only.pressureEdges, [101325, 89874.6, 70108.5, 26436.3], 1e-5);
  });

  it('is compared as its paper has it: Σ A M, and X · M / Σ A M with the profile of the model', () => {
    const [retrieval] = readAll(iasiCdl(iasi())).retrievals;
    const model = modelOf(retrieval.pressureEdges);
    const partial = Float64Array.of(1.2e-4, 5e-5, 1e-5);
    const total = partial.reduce((sum, amount) => sum + amount);
    const [Z, N, X] = [[8e-4, 2e-4, 1e-4], 0.5, 2e-4];
    const slant = partial.reduce((sum, amount, z) => sum + (X / (N * Z[z])) * amount, 0);
    const row = applyKernel(retrieval, model, CELL);
    near([row.weights.reduce((sum, weight, k) => sum + weight * partial[k], row.offset)], [slant]);
    near([replaceApriori(retrieval, model, CELL, partial).column], [X / (slant / total)]);
  });

  it('super-observations over a cell', () => {
    const counts = new PixelCounts();
    const [{ species, observations }] = [...superObservations([made(iasiCdl(iasi()))], grid, counts)];
    expect([species, observations.length, observations[0].cell, observations[0].pixels, counts.passed]).toEqual(['NH3', 1, 0, 1, 1]);
  });

  it('versions without kernels are told', () => {
    const { nh3_Zcolumn: kernel, ...rest } = iasi();
    expect(kernel.values).toHaveLength(12);
    const file = made(iasiCdl(rest));
    expect(() => ColumnFile.open(file)).toThrow(
      failure('COLUMN_KERNEL', `${path()}: there is no nh3_Zcolumn, without which a model's profile cannot be compared with the columns of IASI L2 NH3: take the whole file (subsets often leave it out)`),
    ); // prettier-ignore
  });
});

describe('CrIS', () => {
  const expected = linearProfile(CRIS.pressure.map((p) => 100 * p), CRIS.xa.map((x) => 1e-6 * x), (m, n) => CRIS_KERNEL[m][n]); // prettier-ignore

  it('values as they were put in, the kernel made one of the column, and the rules of its readers', () => {
    const { retrievals, times, leftOut } = readAll(crisCdl(cris()));
    expect(leftOut).toEqual({ 'not Day_Night_Flag = 1': 1, 'not Quality_Flag >= 5': 1, 'not Cloud_Flag = 0, 2, 3': 1 });
    expect(times).toEqual(['2019-07-01T06:00:00.000Z']);
    const [only] = retrievals;
    near([only.column, only.error], [1e-4, 1e-5]);
    expect(only).toMatchObject({ sensitivity: { kind: 'kernel', given: 'layers' }, airMassFactor: 1, addsApriori: true });
    // The level below the ground: the lowest layer in two halves.
    const { edges, kernel, apriori } = expected;
    near(only.pressureEdges, [edges[0], (edges[0] + edges[1]) / 2, ...edges.subarray(1)]);
    near(only.sensitivity.values, [kernel[0], ...kernel]);
    near(only.apriori!, [apriori[0] / 2, apriori[0] / 2, ...apriori.subarray(1)]);
  });

  it('the lowest layer in parts compares a model as the layer itself does', () => {
    const [only] = readAll(crisCdl(cris())).retrievals;
    const whole: Retrieval = { ...only, pressureEdges: expected.edges, sensitivity: { kind: 'kernel', given: 'layers', values: expected.kernel }, apriori: expected.apriori };
    const model = modelOf([95000, 94000, 85000, 60000, 20000, 5000]);
    const [inParts, atOnce] = [only, whole].map((retrieval) => applyKernel(retrieval, model, CELL));
    near(inParts.weights, atOnce.weights);
    near([inParts.offset], [atOnce.offset]);
    expect(() => replaceApriori(only, model, CELL, new Float64Array(5).fill(1e-5))).toThrow(expect.objectContaining({ code: 'RETRIEVAL_METHOD' }) as Error);
  }); // prettier-ignore

  it('levels from the top are the same', () => {
    const columns = cris();
    const turned = (values: (number | string)[]): (number | string)[] =>
      [0, 1, 2, 3].flatMap((pixel) => values.slice(5 * pixel, 5 * pixel + 5).reverse());
    columns.pressure.values = turned(columns.pressure.values);
    columns.xa.values = turned(columns.xa.values);
    const kernel = columns.avg_kernel.values;
    columns.avg_kernel.values = [0, 1, 2, 3].flatMap((pixel) => kernel.slice(25 * pixel, 25 * pixel + 25).reverse()); // both indices
    const [first] = readAll(crisCdl(columns)).retrievals;
    near(first.sensitivity.values, [expected.kernel[0], ...expected.kernel]);
  });

  it('a kernel with the true level first, which the covariances tell, is turned; else it is taken as it stands', () => {
    const turned = cris();
    const kernel = turned.avg_kernel.values;
    turned.avg_kernel.values = kernel.map((_, i) => kernel[25 * Math.floor(i / 25) + 5 * (i % 5) + (Math.floor(i / 5) % 5)]);
    const kernelOf = (columns: Columns): ArrayLike<number> => readAll(crisCdl(columns)).retrievals[0].sensitivity.values;
    near(kernelOf({ ...turned, ...crisCovariances() }), [expected.kernel[0], ...expected.kernel]);
    near(kernelOf({ ...cris(), ...crisCovariances() }), [expected.kernel[0], ...expected.kernel]);
    expect(Math.abs(kernelOf(turned)[0] / expected.kernel[0] - 1)).toBeGreaterThan(0.05);
  });

  it('pixels without an a priori or a column are left out, and all flagged is told', () => {
    const columns = cris();
    columns.xa.values.fill(-999.5, 0, 5);
    expect(readAll(crisCdl(columns)).leftOut).toMatchObject({ 'a value is missing': 1 });
    const fill: Columns = { ...cris(), tot_col: { dimensions: 'n', values: [-999.5, -999.5, -999.5, -999.5] } };
    expect(readAll(crisCdl(fill)).leftOut).toMatchObject({ 'a value is missing': 1 });
    const file = made(crisCdl(fill));
    expect(() => [...superObservations([file], grid)]).toThrow(expect.objectContaining({ code: 'COLUMN_ALL_FLAGGED' }) as Error);
  });

  it('files without the kernel, as the small ones, are told', () => {
    const { avg_kernel: kernel, ...rest } = cris();
    expect(kernel.values).toHaveLength(100);
    const file = made(crisCdl(rest));
    expect(() => ColumnFile.open(file)).toThrow(expect.objectContaining({ code: 'COLUMN_KERNEL' }) as Error);
  });
});
