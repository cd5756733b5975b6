import { join } from 'node:path';
import { GROUPS } from '../base/species';
import { writeCf } from '../files/netcdf/netcdf-cf';
import { CELLS, GRID, temporaryFolder } from '../transport/testing/small-case';
import { readTruthFactors, writeTruthFactors } from './truth-factors';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const path = join(folder.path, 'truth.nc');
const factors = Float32Array.from({ length: 5 * CELLS }, (_, i) => 0.5 + i / 400);
const read = (): Float32Array => readTruthFactors(path, GRID, 'winter', GROUPS);

function writeAs(dimensions: string[], data: Float32Array, groups = 'NOx NH3 SO2 VOC PM2.5'): void {
  writeCf(path, {
    dimensions: { group: 5, y: GRID.rows, x: GRID.cols },
    variables: [{ name: 'factor_winter', dimensions, data }],
    attributes: { groups },
  });
}

it('reads what was written', () => {
  writeTruthFactors(path, GRID, new Map([['winter', factors]]), GROUPS);
  expect(read()).toEqual(factors);
  expect(() => readTruthFactors(path, GRID, 'summer', GROUPS)).toThrow(
    expect.objectContaining({
      code: 'DATA_TRUTH_PERIOD',
      message: expect.stringContaining('truth.nc: no variable factor_summer: write one') as string,
    }) as Error,
  );
});

const changed = (at: number, value: number): Float32Array => factors.map((factor, i) => (i === at ? value : factor));

it.each<[string, string, RegExp, () => void]>([
  [
    'factors of an inversion, whose groups come last',
    'DATA_TRUTH_SHAPE',
    /factor_winter is of \(y, x, group\), 8 x 10 x 5, but \(group, y, x\), 5 x 8 x 10 on the grid SMALL, is needed: .*ncpdq -a group,y,x/,
    () => writeAs(['y', 'x', 'group'], factors),
  ],
  ['columns before rows', 'DATA_TRUTH_SHAPE', /is of \(group, x, y\), 5 x 10 x 8/, () => writeAs(['group', 'x', 'y'], factors)],
  [
    'groups in another order',
    'DATA_TRUTH_GROUPS',
    /its groups are NOx SO2 NH3 VOC PM2.5, but NOx NH3 SO2 VOC PM2.5 are needed/,
    () => writeAs(['group', 'y', 'x'], factors, 'NOx SO2 NH3 VOC PM2.5'),
  ],
  [
    'a factor that is missing',
    'DATA_TRUTH_VALUE',
    /factor_winter of NH3 at row 2, column 3 is NaN: factors are finite and 0 or more/,
    () => writeAs(['group', 'y', 'x'], changed(CELLS + 23, NaN)),
  ],
  [
    'a negative one',
    'DATA_TRUTH_VALUE',
    /factor_winter of PM2.5 at row 7, column 9 is -1/,
    () => writeAs(['group', 'y', 'x'], changed(5 * CELLS - 1, -1)),
  ],
])('refuses %s', (_, code, message, write) => {
  write();
  expect(read).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error);
});
