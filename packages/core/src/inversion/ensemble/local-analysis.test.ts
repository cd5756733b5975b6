import { Random } from '../../base/random';
import { cholesky, choleskySolve } from '../control/cholesky';
import { addValue, emptySums, localWeights } from './local-analysis';

const UNKNOWNS = 7;
const VALUES = 40;
const random = new Random(5);
const matrix = (rows: number, cols: number): number[][] => Array.from({ length: rows }, () => Array.from({ length: cols }, () => random.normal()));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** A prior covariance, its square root, and observations of a linear world. */
const root = cholesky(covariance());
const rootRow = (i: number): number[] => [...root.subarray(i * UNKNOWNS, (i + 1) * UNKNOWNS)];
const operator = matrix(VALUES, UNKNOWNS);
const errors = Array.from({ length: VALUES }, () => 0.5 + random.uniform());
const misfits = Array.from({ length: VALUES }, () => random.normal());

function covariance(): Float64Array {
  const a = matrix(UNKNOWNS, UNKNOWNS + 3);
  return Float64Array.from({ length: UNKNOWNS * UNKNOWNS }, (_, k) => dot(a[Math.floor(k / UNKNOWNS)], a[k % UNKNOWNS]));
}

/** B·Hᵀ·(H·B·Hᵀ + R)⁻¹·d, by way of the values: nothing of the members. */
function bestEstimate(): number[] {
  const b = Array.from({ length: UNKNOWNS }, (_, i) => Array.from({ length: UNKNOWNS }, (_, j) => dot(rootRow(i), rootRow(j))));
  const carried = operator.map((h) => b.map((row) => dot(row, h)));
  const sum = Float64Array.from({ length: VALUES * VALUES }, (_, k) => {
    const [i, j] = [Math.floor(k / VALUES), k % VALUES];
    return dot(operator[i], carried[j]) + (i === j ? errors[i] ** 2 : 0);
  });
  const weights = choleskySolve(cholesky(sum), misfits);
  return b.map((_, i) => carried.reduce((total, row, k) => total + row[i] * weights[k], 0));
}

/** With as many members as unknowns, X = √N·B^½, values at two places. */
function analysis(length: [number, number], members = UNKNOWNS): number[] | undefined {
  const x = Array.from({ length: UNKNOWNS }, (_, i) => rootRow(i).map((value) => Math.sqrt(UNKNOWNS) * value));
  const places = [emptySums(0, 0, members), emptySums(30, 40, members)];
  operator.forEach((h, k) => {
    const differences = Array.from({ length: members }, (_, m) => h.reduce((sum, value, i) => sum + value * x[i][m], 0));
    addValue(places[k % 2], differences, misfits[k], errors[k]);
  });
  const w = localWeights(places, { row: 0, col: 0 }, length);
  return w && x.map((row) => dot(row.slice(0, members), w));
}

it('is the best linear estimate where the members have full rank', () => {
  const [best, found] = [bestEstimate(), analysis([Infinity, Infinity])!];
  best.forEach((value, i) => expect(Math.abs(found[i] - value)).toBeLessThan(1e-8));
  expect(Math.hypot(...best)).toBeGreaterThan(0.1);
});

it('is not where they have not', () => {
  const [best, found] = [bestEstimate(), analysis([Infinity, Infinity], 3)!];
  expect(Math.hypot(...best.map((value, i) => found[i] - value))).toBeGreaterThan(1e-2);
});

it('looks at what is near only', () => {
  expect(localWeights([emptySums(30, 40, 3)], { row: 0, col: 0 }, [5, 5])).toBeUndefined();
  const [near, both] = [analysis([5, 5])!, analysis([Infinity, Infinity])!];
  expect(Math.hypot(...near.map((value, i) => both[i] - value))).toBeGreaterThan(1e-2);
  // the far place has no part: as without a taper on its own values alone
  expect(analysis([5, 5])).toEqual(analysis([10, 10]));
});
