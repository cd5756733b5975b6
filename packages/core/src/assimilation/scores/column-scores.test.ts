import { Role } from '../../inversion/cost/cost';
import type { ScoreRow } from '../../inversion/scores/score-rows';
import type { ObservedColumns } from '../observed/observed-columns';
import { columnRows, columnsCsv, columnsWarning, compareColumns, type ColumnRow } from './column-scores';

const SPECIES = ['NO2', 'NO2_column'];
const CELLS = 4;
/** At hours 1 and 2, cells 0, 1 and 3. */
const hour = [1, 1, 1, 2, 2];
const cell = [0, 1, 3, 0, 3];
const columns = {
  species: 'NO2_column',
  hour,
  cell,
  value: Float32Array.of(10, 20, 30, 40, 50),
  error: new Float32Array(5).fill(1),
  role: Uint8Array.of(Role.used, Role.withheld, Role.watched, Role.used, Role.withheld),
  block: new Map([0, 1, 3].map((index) => [index, `block ${index}`])),
  stored: { product: 'TROPOMI L2 NO2', counts: {} },
} as unknown as ObservedColumns;

/** Surface values of 1000, columns that miss those observed by some part, NaN elsewhere. */
function run(factor: number): Float32Array {
  const fields = new Float32Array(3 * CELLS * 2).fill(NaN);
  for (let i = 0; i < 3 * CELLS; i++) fields[2 * i] = 1000;
  hour.forEach((h, i) => (fields[(h * CELLS + cell[i]) * 2 + 1] = factor * columns.value[i]));
  return fields;
}

function rowsOf(used = SPECIES, bias?: number): ColumnRow[] {
  const runs = { period: 'july', species: SPECIES, cells: CELLS, prior: run(0.5), updated: run(0.75) };
  return columnRows(compareColumns([columns], runs, { used, biasOf: () => bias }), [{ name: 'south', mask: [1, 1, 0, 0] }]);
}

it('scores both runs at the columns that were used and at those that were not', () => {
  const rows = rowsOf();
  expect(rows.map(({ side, region, cells, hours, prior }) => [side, region, cells, hours, prior.n])).toEqual([
    ['withheld', undefined, 2, 2, 2],
    ['withheld', 'south', 1, 1, 1],
    ['used', undefined, 2, 2, 3],
    ['used', 'south', 1, 2, 2],
  ]);
  const [{ prior, updated, change }] = rows;
  expect([prior.mae, updated.mae, change.relative]).toEqual([17.5, 8.75, -0.5]);
  expect(rows[2].prior.bias).toBeCloseTo(-(10 + 30 + 40) / 6, 12);
});

it('counts all as withheld of a species that the inversion did not take', () => {
  expect(rowsOf(['NO2']).map(({ side, prior }) => [side, prior.n])).toEqual([
    ['withheld', 5],
    ['withheld', 3],
  ]);
});

it('has the bias that was found as a part of the prior run', () => {
  const [{ found }] = rowsOf(SPECIES, 0.5); // 0.75 + 0.5 · 0.5
  expect(found!.scores.mae).toBe(0);
  expect(found!.bias).toBeCloseTo(1 / 3, 6); // 0.25 of 0.75
  expect(found!.change.relative).toBe(-1);
  expect(columnsCsv(rowsOf(SPECIES, 0.5), { NO2_column: 'umol m-2' } as never).split('\n')[3]).toMatch(
    /^NO2_column,withheld,,,updated-and-found,umol m-2,2,2,2,35,35,0,0,/,
  );
});

describe('the warning', () => {
  const monitors = (relative: number, stations = 'withheld'): ScoreRow[] => [
    { species: 'O3', stations, change: { relative, blocks: 9 } } as ScoreRow,
  ];

  it('tells of columns that gain while withheld monitors lose', () => {
    const warning = columnsWarning(rowsOf(), monitors(0.2))!;
    expect(warning.code).toBe('COLUMNS_BETTER_MONITORS_WORSE');
    expect(warning.message).toContain('suit the columns (NO2_column) and raise the mean error at withheld monitors (O3 +20 %)');
  });

  it('is silent where monitors gain, too, or no column does', () => {
    expect(columnsWarning(rowsOf(), monitors(-0.2))).toBeUndefined();
    expect(columnsWarning(rowsOf(), monitors(0.2, 'used'))).toBeUndefined();
    const turned = rowsOf().map((row) => ({ ...row, change: { ...row.change, relative: 0.3 } }));
    expect(columnsWarning(turned, monitors(0.2))).toBeUndefined();
  });
});
