import { Random } from '../../base/random';
import { changeFits, exchangedRuns, turnedFit, turnedRound } from './emission-agreement';

const SIZE = { rows: 12, cols: 10 };
const CELLS = Array.from({ length: SIZE.rows * SIZE.cols }, (_, cell) => cell);

/** Cities in one corner. */
const field = CELLS.map((cell) => Math.exp(-(Math.floor(cell / SIZE.cols) + (cell % SIZE.cols)) / 4));
const rowsTurned = CELLS.map((cell) => field[(SIZE.rows - 1 - Math.floor(cell / SIZE.cols)) * SIZE.cols + (cell % SIZE.cols)]);
const columnsTurned = CELLS.map((cell) => field[Math.floor(cell / SIZE.cols) * SIZE.cols + SIZE.cols - 1 - (cell % SIZE.cols)]);

test.each([
  ['as it lies', field, undefined],
  ['with its rows turned round', rowsTurned, 'rows'],
  ['with its columns turned round', columnsTurned, 'columns'],
])('a field %s', (_, given, way) => {
  expect(turnedRound([turnedFit(given, SIZE, CELLS, field)])).toBe(way);
});

test('a field that is the same everywhere tells nothing', () => {
  expect(
    turnedRound([
      turnedFit(
        CELLS.map(() => 1),
        SIZE,
        CELLS,
        field,
      ),
    ]),
  ).toBeUndefined();
});

function runs(order: readonly number[], unrelated?: number): ReturnType<typeof exchangedRuns> {
  const random = new Random(7);
  const noise = (): Float64Array => Float64Array.from({ length: 400 }, () => random.normal());
  const emissions = order.map(noise);
  const changes = order.map((from, run) => {
    const error = noise();
    const of = run === unrelated ? noise() : emissions[from];
    return { emissions: [emissions[run]], concentrations: [of.map((value, i) => (i === 0 ? NaN : 0.7 * value + 0.5 * error[i]))] };
  });
  return exchangedRuns(changeFits(changes));
}

test('runs on their own emissions, exchanged ones, and one on others', () => {
  expect(runs([0, 1, 2, 3])).toEqual({ exchanged: [], unrelated: [] });
  expect(runs([0, 3, 2, 1])).toEqual({ exchanged: [[1, 3]], unrelated: [] });
  expect(runs([0, 1, 2, 3], 2)).toEqual({ exchanged: [], unrelated: [2] });
});
