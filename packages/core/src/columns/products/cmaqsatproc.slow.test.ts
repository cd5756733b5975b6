/** Level 3 as cmaqsatproc writes it: a value of a cell is a super-observation of that cell, at the time when the satellite passed. */
import { join } from 'node:path';

import { ncgen } from '../../files/testing/cdl';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { Grid } from '../../grid/grid';
import { PIXEL_CORRELATION, superObservations, type Overpass } from '../pixels-to-cells';
import type { Columns } from '../testing/column-cdl';
import { LEVEL3_GRID, tempoLevel3, tempoLevel3Cdl, tropomiLevel3, tropomiLevel3Cdl } from '../testing/level3-cdl';
import { ColumnFile } from './column-file';
import { PixelCounts } from './read-pixels';

const folder = temporaryFolder();
const path = (): string => join(folder.path, 'l3.nc');
const made = (text: string): string => ncgen(path(), text, 'netCDF-4');
const grid = new Grid(LEVEL3_GRID);
const near = (values: ArrayLike<number>, expected: number[]): void => {
  expect(values).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(Math.abs(values[i] - value)).toBeLessThanOrEqual(1e-6 * Math.max(1e-9, Math.abs(value))));
};

function observed(text: string, on = grid): { overpasses: Overpass[]; counts: PixelCounts } {
  const counts = new PixelCounts();
  return { overpasses: [...superObservations([made(text)], on, counts)], counts };
}

it('TROPOMI on the grid of the case: a super-observation for each cell, and none beside it', () => {
  const { overpasses, counts } = observed(tropomiLevel3Cdl(tropomiLevel3()));
  expect([overpasses.length, overpasses[0].name, overpasses[0].species]).toEqual([1, 'TROPOMI L3 NO2', 'NO2']);
  const { observations } = overpasses[0];
  expect(observations.map(({ cell, pixels }) => [cell, pixels])).toEqual([[0, 4], [1, 1], [2, 1], [3, 1], [4, 1]]); // prettier-ignore
  near(observations.map(({ column }) => column), [1e-5, 2e-5, 3e-5, 4e-5, 5e-5]); // prettier-ignore
  near(observations.map(({ coverage }) => coverage), [1, 1, 1, 1, 1]); // prettier-ignore
  // a mean of four pixels, and one pixel
  near([observations[0].error, observations[1].error], [1e-5 * Math.sqrt((1 - PIXEL_CORRELATION) / 4 + PIXEL_CORRELATION), 1e-5]);
  // kernel · M / M_trop up to the second layer, which a mean index of 1.6 reaches
  near(observations[0].sensitivity.values, [1, 2, 0]);
  near(observations[0].pressureEdges, [100000, 80000, 30000, 0]);
  expect(observations[0].tropopausePressure).toBeCloseTo(30000, 1);
  // 13:30 solar time at 97° W is 19:58 UTC, within the second granule
  expect(Math.abs(observations[1].time.getTime() - Date.UTC(2019, 6, 24, 19, 58))).toBeLessThan(60_000);
  expect(Object.fromEntries(counts.leftOut)).toEqual({ 'count is missing': 1 });
});

it('on another grid each cell counts with its part', () => {
  const { overpasses } = observed(
    tropomiLevel3Cdl(tropomiLevel3()),
    new Grid({ ...LEVEL3_GRID, name: 'ONE', xcell: 24000, ycell: 24000, cols: 1, rows: 1 }),
  );
  const [only] = overpasses[0].observations;
  expect([only.cell, only.pixels]).toEqual([0, 7]);
  near([only.column, only.coverage], [(1e-5 + 2e-5 + 4e-5 + 5e-5) / 4, 1]);
});

it('without its coefficients TROPOMI has TM5’s 34 layers, and no others', () => {
  const { tm5_constant_a: a, tm5_constant_b: b, ...rest } = tropomiLevel3();
  expect([a.values.length, b.values.length]).toEqual([6, 6]);
  const wrong = made(tropomiLevel3Cdl(rest));
  expect(() => ColumnFile.open(wrong)).toThrow(
    failure('COLUMN_LAYERS', `${path()}: expected 4 values of tm5_constant_a for the 3 layers of the kernel but received 35: take the file as the agency wrote it`),
  ); // prettier-ignore
  const widened: Columns = Object.fromEntries(
    Object.entries(rest).map(([name, column]) =>
      column.dimensions.endsWith('layer') ? [name, { ...column, values: column.values.filter((_, i) => i % 3 === 0).flatMap((value) => Array.from({ length: 34 }, () => value)) }] : [name, column],
    ),
  );
  const { overpasses } = observed(tropomiLevel3Cdl(widened).replace('layer = 3', 'layer = 34'));
  const { pressureEdges, tropopausePressure } = overpasses[0].observations[0];
  expect(pressureEdges).toHaveLength(35);
  near([pressureEdges[0], pressureEdges[1], pressureEdges[34], tropopausePressure!], [100000, 99221.236, 0, 97375.714]);
}); // prettier-ignore

it('TEMPO: layers over the ground, and the time of its scan', () => {
  const { overpasses, counts } = observed(tempoLevel3Cdl(tempoLevel3()));
  const [first] = overpasses[0].observations;
  near([first.column, first.tropopausePressure!], [1e-4, 1]); // the upper edge of the layer that 200 hPa cuts, whose kernel counts in part
  near(first.pressureEdges, [100000, 80000, 30000, 1]);
  near(first.sensitivity.values, [0.5 / 0.8, 1 / 0.8, (2 / 0.8) * (10000 / 29999)]);
  expect(first.time.toISOString()).toBe('2024-03-28T15:47:11.500Z');
  expect(counts.passed).toBe(5);
});

describe('what is wrong is told in one sentence', () => {
  const opening = (text: string): (() => unknown) => {
    const wrong = made(text);
    return () => ColumnFile.open(wrong);
  };
  const without = (name: string): Columns => Object.fromEntries(Object.entries(tropomiLevel3()).filter(([key]) => key !== name));

  it('no error, and no kernel: how to have them written', () => {
    const error = 'nitrogendioxide_tropospheric_column_precision';
    expect(opening(tropomiLevel3Cdl(without(error)))).toThrow(
      failure('COLUMN_PRODUCT', `${path()}: expected TROPOMI L3 NO2 but there is no ${error}, as in a subset or another version: make the file again, with all that is read among cmaqsatproc's varkeys`),
    ); // prettier-ignore
    expect(opening(tropomiLevel3Cdl(without('averaging_kernel')))).toThrow(expect.objectContaining({ code: 'COLUMN_KERNEL' }) as Error);
  });

  it('granules that say nothing of the time, or of several days', () => {
    expect(opening(tropomiLevel3Cdl(tropomiLevel3(), ['no2.nc']))).toThrow(
      failure('COLUMN_OVERPASS', `${path()}: expected granules of one day in the attribute description, which tell when the satellite passed, but received none: make a file for each day, and keep its attributes`),
    ); // prettier-ignore
    const month = ['01', '31'].map((day) => `S5P_OFFL_L2__NO2____201907${day}T164530_201907${day}T182700_09210_01_010302_20190730T185712.nc`);
    expect(opening(tropomiLevel3Cdl(tropomiLevel3(), month))).toThrow('but received 2 from 2019-07-01T16:45:30.000Z to 2019-07-31T16:45:30.000Z');
    const scans = ['15', '17'].map((hour) => `TEMPO_NO2_L2_V03_20240328T${hour}4353Z_S008G01.nc`);
    expect(opening(tempoLevel3Cdl(tempoLevel3(), scans))).toThrow('expected granules of one scan');
  });

  it('a grid that the file does not tell', () => {
    for (const crs of ['', 'EPSG:4326', '+proj=lonlat +lat_0=0 +lon_0=0 +R=6370000.0 +no_defs', '+proj=lcc +lat_0=40.0 +lon_0=-97.0 +lat_1=33.0 +lat_2=45.0 +x_0=24000.0 +y_0=12000.0 +R=6371229.0 +to_meter=12000.0']) {
      expect(opening(tropomiLevel3Cdl(tropomiLevel3(), undefined, crs))).toThrow(expect.objectContaining({ code: 'COLUMN_GRID' }) as Error);
    }
    const wide = tropomiLevel3();
    wide.COL.values = [0.5, 2.5, 4.5];
    expect(opening(tropomiLevel3Cdl(wide))).toThrow(expect.objectContaining({ code: 'COLUMN_GRID' }) as Error);
  }); // prettier-ignore
});
