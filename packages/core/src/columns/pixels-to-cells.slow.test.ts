import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ncgen } from '../files/testing/cdl';
import { describeShared, failure, sharedData, temporaryFolder } from '../files/testing/shared-data';
import { Grid } from '../grid/grid';
import { readGriddesc } from '../grid/griddesc';
import { superObservations, type Overpass } from './pixels-to-cells';
import { PixelCounts } from './products/read-pixels';
import { squares, tropomiCdl, tropomiNo2 } from './testing/column-cdl';

const folder = temporaryFolder();
/** Four cells of a degree about (111° E, 31° N), rows from south to north. */
const grid = new Grid({ name: 'FOUR', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 110, yorig: 30, xcell: 1, ycell: 1, cols: 2, rows: 2 }); // prettier-ignore

interface Made {
  columns?: (number | string)[];
  qa?: (number | string)[];
  lon?: number;
  lat?: number;
  orbit?: number;
  hour?: number;
  kernels?: number[];
  tropopause?: number[];
}

/** A scanline of two pixels of a degree: by default the western one lies to a quarter in each cell, the eastern one beside the grid's eastern half. */
function made(
  name: string,
  { columns = [1e-4, 3e-4], qa = [100, 100], lon = 110.5, lat = 30.5, orbit = 1, hour = 6, kernels, tropopause }: Made = {},
): string {
  const variables = tropomiNo2({ scanlines: 1, pixels: 2, ...squares(lon, lat, 1, 1, 2), qa, columns, kernels, tropopause });
  variables['PRODUCT/delta_time'].values = [3_600_000 * hour];
  return ncgen(join(folder.path, name), tropomiCdl(variables, 1, 2, orbit), 'netCDF-4');
}

function observed(paths: string[], correlation?: number): { overpasses: Overpass[]; counts: PixelCounts } {
  const counts = new PixelCounts();
  return { overpasses: [...superObservations(paths, grid, counts, { correlation })], counts };
}

it('weights pixels with their areas in a cell: columns, kernels and pressures', () => {
  // The second pixel lies over the eastern cells with half its width: a quarter of a cell, as the first.
  const { overpasses, counts } = observed([made('a.nc', { kernels: [0.5, 1, 2, 1, 2, 4] })]);
  const [{ name, species, begin, observations }] = overpasses;
  expect([overpasses.length, name, species, begin.toISOString()]).toEqual([1, 'TROPOMI L2 NO2, orbit 1', 'NO2', '2017-01-11T06:00:00.000Z']);
  expect(observations.map(({ cell, pixels }) => [cell, pixels])).toEqual([[0, 1], [1, 2], [2, 1], [3, 2]]); // prettier-ignore
  const [west, east] = observations;
  expect([west.coverage, east.coverage]).toEqual([expect.closeTo(0.25, 5), expect.closeTo(0.5, 5)]);
  expect([west.column * 1e4, east.column * 1e4]).toEqual([expect.closeTo(1, 4), expect.closeTo(2, 4)]);
  // kernel · M / M_trop, M 3 and M_trop 1.5; nothing above the tropopause, at 300 hPa
  expect(Array.from(west.sensitivity.values)).toEqual([1, 2, 0].map((value) => expect.closeTo(value, 5) as number));
  expect(Array.from(east.sensitivity.values)).toEqual([1.5, 3, 0].map((value) => expect.closeTo(value, 4) as number));
  expect(Array.from(east.pressureEdges)).toEqual([100000, 80000, 30000, 0].map((value) => expect.closeTo(value, 1) as number));
  expect(east.tropopausePressure).toBeCloseTo(30000, 1);
  expect(counts).toMatchObject({ pixels: 2, passed: 2 });
});

it('the error falls more slowly than with the number of pixels', () => {
  const path = made('a.nc');
  const errorOf = (correlation?: number): number => observed([path], correlation).overpasses[0].observations[1].error * 1e5;
  // two like pixels of 1e-5: σ² ((1 − c)/2 + c)
  expect(errorOf()).toBeCloseTo(Math.sqrt(0.85 / 2 + 0.15), 5);
  expect(errorOf(0)).toBeCloseTo(Math.SQRT1_2, 5);
  expect(errorOf(1)).toBeCloseTo(1, 5);
});

it('files of one pass are one overpass; another orbit, and the same number hours later, another', () => {
  const paths = [made('a.nc'), made('b.nc', { columns: [3e-4, 3e-4] }), made('c.nc', { hour: 8 }), made('d.nc', { hour: 8, orbit: 2 })];
  const { overpasses } = observed(paths);
  expect(overpasses.map(({ name, observations }) => [name, observations[0].pixels])).toEqual([
    ['TROPOMI L2 NO2, orbit 1', 2],
    ['TROPOMI L2 NO2, orbit 1', 1],
    ['TROPOMI L2 NO2, orbit 2', 1],
  ]);
  expect(overpasses[0].observations[0].column * 1e4).toBeCloseTo(2, 4);
});

it('above the tropopause of one of two pixels, the kernel is half that of the other', () => {
  const [{ observations }] = observed([made('a.nc', { tropopause: [0, 2] })]).overpasses;
  const [west, east] = observations;
  expect(Array.from(west.sensitivity.values)).toEqual([1, 0, 0].map((value) => expect.closeTo(value, 5) as number));
  expect(Array.from(east.sensitivity.values)).toEqual([1, 1, 2].map((value) => expect.closeTo(value, 4) as number));
  expect([west.tropopausePressure, east.tropopausePressure]).toEqual([expect.closeTo(80000, 1), 0]);
});

it('files of one overpass with other layers are refused', () => {
  const columns = tropomiNo2({
    scanlines: 1,
    pixels: 2,
    ...squares(110.5, 30.5, 1, 1, 2),
    qa: [100, 100],
    columns: [1e-4, 1e-4],
    kernels: [1, 1, 1, 1],
  });
  const [a, b] = ['a', 'b'].map((name) => `PRODUCT/tm5_constant_${name}`);
  columns[a].values = [0, 20000, 20000, 0];
  columns[b].values = [1, 0.6, 0.6, 0];
  columns['PRODUCT/delta_time'].values = [6 * 3_600_000];
  const other = ncgen(join(folder.path, 'other.nc'), tropomiCdl(columns, 1, 2, 1, 2), 'netCDF-4');
  expect(() => observed([made('a.nc'), other])).toThrow(
    failure(
      'COLUMN_LAYERS',
      `${other}: expected 3 layers, as in the file before it of TROPOMI L2 NO2, orbit 1, but received 2: give files of one version of the product`,
    ),
  );
});

it('tells where no pixel lies on the grid, and where none of those on it passes', () => {
  const far = made('far.nc', { lon: 20 });
  expect(() => observed([far])).toThrow(
    failure('COLUMN_NO_OVERLAP', `${far}: none of the 2 pixels lies on the grid FOUR: give orbits that pass over it, or look at the grid`),
  );
  const besides = made('near.nc', { lon: 112.5 }); // within a degree of the grid, not on it
  expect(() => observed([besides])).toThrow(expect.objectContaining({ code: 'COLUMN_NO_OVERLAP' }) as Error);
  const flagged = made('flagged.nc', { qa: [75, '_'] });
  expect(() => observed([far, flagged])).toThrow(
    failure(
      'COLUMN_ALL_FLAGGED',
      `${far} and 1 more: none of the 2 pixels near the grid FOUR passes (1 qa_value is missing, 1 not qa_value > 0.75): give other days`,
    ),
  );
});

// Numbers of a Python program with another algorithm of areas (integrals over strips), its own Lambert projection and its own reading of the groups.
describeShared('pixels of CMAQ’s made-up world onto its cells', () => {
  const toy = join(sharedData, 'cmaq55-toy');
  const files = (species: string): string[] =>
    readdirSync(join(toy, 'columns')).filter((name) => name.includes(`__${species}_`)).sort().map((name) => join(toy, 'columns', name)); // prettier-ignore

  it.each([
    ['NO2', 11162, [529, 480, 576, 576], 12, [1, 3.735602513346395e-5, 6.757403708769064e-6], [0.6285760983504921, 1.8510722303861897, 2.0807698185455856, 0], 101300],
    ['HCHO', 11143, [520, 480, 576, 576], 11, [0.8589542192415548, 4.2826084330043816e-5, 2.7441582492742436e-5], [0.5424576339958352, 1.5474134227865046, 1.7365259542031, 0], 101300],
  ])('%s', (species, passed, cells, pixels, [coverage, column, error], kernel, ground) => {
    const counts = new PixelCounts();
    const overpasses = [...superObservations(files(species), readGriddesc(join(toy, 'GRIDDESC'), 'TOY12'), counts)];
    expect([counts.pixels, counts.passed, overpasses.map(({ observations }) => observations.length)]).toEqual([19968, passed, cells]);
    const observation = overpasses[1].observations.find(({ cell }) => cell === 300)!;
    expect(observation.pixels).toBe(pixels);
    const relative = (value: number, expected: number): void => expect(Math.abs(value / expected - 1)).toBeLessThan(1e-9);
    relative(observation.coverage, coverage);
    relative(observation.column, column);
    relative(observation.error, error);
    [0, 10, 20, 33].forEach((layer, i) => expect(observation.sensitivity.values[layer]).toBeCloseTo(kernel[i], 9));
    relative(observation.pressureEdges[0], ground);
    relative(observation.pressureEdges[17], 31183.257998466488);
  }); // prettier-ignore
});
