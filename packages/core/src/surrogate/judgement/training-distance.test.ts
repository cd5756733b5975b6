import { sourceOf } from '../../fields/training-period';
import { Random } from '../../base/random';
import { BEYOND, distanceFigures, largestDistance, LEAST_SPREAD, MemberSpread, trainingDistance } from './training-distance';
import { CELLS, tinyPeriod, WORLD } from '../testing/tiny-world';

const period = tinyPeriod('winter', 1);
const source = sourceOf(period);
/** 5 m/s to the east, a mixed layer of 500 m. */
const windy = { ...period, meteorology: Float32Array.from({ length: period.meteorology.length }, (_, i) => [5, 0, 1 / 500][i % 3]) };
const FIELD = CELLS * 5;
const TRACERS = [{ lifetime: 3 }, { lifetime: 40 }];

describe('spread of the members', () => {
  it('is the root mean square of their log factors, of those that change the group in the cell', () => {
    const [spread, prior] = [new MemberSpread(5), [1, 2, 4, 0, 1]];
    spread.add(prior, [Math.E, 2, 4, 0, 1]);
    spread.add(prior, [Math.exp(-2), 2 * Math.exp(0.5), 4, 1, 1]);
    const [both, one, none, notEmitted, rounding] = spread.spread();
    expect(both).toBeCloseTo(Math.sqrt((1 + 4) / 2), 6);
    expect(one).toBeCloseTo(0.5, 6);
    expect([none, notEmitted, rounding].every((s) => s === Math.fround(LEAST_SPREAD))).toBe(true);
  });

  it('takes a member without emissions for one with very little', () => {
    const spread = new MemberSpread(5);
    spread.add([1, 1, 1, 1, 1], [0, 1, 1, 1, 1]);
    expect(spread.spread()[0]).toBeCloseTo(Math.log(1000), 4);
  });
});

describe.each([
  ['emissions alone', []],
  ['with tracers', TRACERS],
])('distance, %s', (_, kinds) => {
  const spread = new Float32Array(FIELD).fill(0.2);

  it('is |ln f| / s everywhere, if both are the same everywhere', () => {
    const factors = Float32Array.from({ length: FIELD }, (__, i) => Math.exp([0.5, -0.2, 0, 0.1, -0.8][i % 5]));
    const distance = trainingDistance(source, kinds, { data: factors }, spread);
    // 1e-4: undershoots of the tracers' scheme cancel in the ratio, float32 sums over 72 hours do not
    distance.forEach((d, i) => expect(Math.abs(d - [2.5, 1, 0, 0.5, 4][i % 5])).toBeLessThan(1e-4));
  });

  it('of hourly factors is that of their mean, weighted with the emissions', () => {
    const data = Float32Array.from({ length: 2 + WORLD.hours * FIELD }, (__, i) =>
      i < 2 ? NaN : Math.exp((i - 2) % (2 * FIELD) < FIELD ? 0.9 : -0.5),
    );
    const distance = trainingDistance(source, kinds, { data, offset: 2, hourly: true }, spread);
    const { emissions } = period.runs.get('prior')!;
    const cell = 3 * 5 + 1;
    let [sum, total] = [0, 0];
    for (let hour = 0; hour < WORLD.hours; hour++) {
      const e = emissions[hour * FIELD + cell];
      sum += e * (hour % 2 === 0 ? 0.9 : -0.5);
      total += e;
    }
    if (kinds.length === 0) expect(distance[cell]).toBeCloseTo(Math.abs(sum) / (0.2 * total), 4);
    expect(distance[cell]).toBeGreaterThan(0.5);
    expect(distance[cell]).toBeLessThan(2);
  });

  it('is nowhere beyond a limit that the log factors keep in units of the spread', () => {
    const random = new Random(8);
    const varied = Float32Array.from({ length: FIELD }, () => 0.1 + random.uniform());
    // the sign changes once, in the middle of the domain
    const factors = Float32Array.from(varied, (s, i) => Math.exp(1.5 * s * (Math.floor(i / 5) % WORLD.cols < 4 ? 1 : -1)));
    const distance = trainingDistance(sourceOf(windy), kinds, { data: factors }, varied);
    expect(Math.max(...distance)).toBeLessThanOrEqual(1.5 + 1e-4);
    expect(Math.max(...distance)).toBeGreaterThan(1);
  });
});

it('a plume carries the distance of its source to cells that emit nothing themselves', () => {
  const { rows, cols } = WORLD;
  const at = (row: number, col: number): number => row * cols + col;
  const emissions = new Float32Array(WORLD.hours * FIELD);
  for (let hour = 0; hour < WORLD.hours; hour++) emissions[hour * FIELD + at(4, 2) * 5] = 1e-9;
  const wind = sourceOf(windy, emissions);
  const factors = new Float32Array(FIELD).fill(1);
  factors[at(4, 2) * 5] = Math.exp(0.6);
  const spread = new Float32Array(FIELD).fill(0.3);
  const distance = trainingDistance(wind, [{ lifetime: 40 }], { data: factors }, spread);
  for (let col = 2; col < cols; col++) expect(distance[at(4, col) * 5]).toBeCloseTo(2, 3);
  expect(distance[at(4, 1) * 5]).toBeNaN(); // upwind
  expect(distance[at(rows - 1, 2) * 5]).toBeNaN();
  expect(distance[at(4, 4) * 5 + 1]).toBeNaN(); // no NH3 anywhere
});

it('figures are weighted with the emissions', () => {
  // two cells: three quarters of NOx lie at 1, one at 3; of NH3 nothing is emitted; SO2 at its limit is not beyond it
  const distance = [1, 5, BEYOND, 1, 1, 3, 5, BEYOND, 1, NaN];
  const emissions = [3, 0, 1, 1, 1, 1, 0, 1, 1, 1];
  expect(distanceFigures(distance, emissions, 0, 5)).toEqual({ median: 1, p95: 3, beyond: 0.25 });
  expect(distanceFigures(distance, emissions, 1, 5)).toBeUndefined();
  expect(distanceFigures(distance, emissions, 2, 5)).toEqual({ median: BEYOND, p95: BEYOND, beyond: 0 });
  expect(distanceFigures(distance, emissions, 4, 5)).toEqual({ median: 1, p95: 1, beyond: 0 });
  expect([...largestDistance([...distance, NaN, NaN, NaN, NaN, NaN], 5)]).toEqual([5, 5, NaN]);
  const farAt = [0, 1, 2, 3, 4].flatMap((far) => [0, 1, 2, 3, 4].map((g) => (g === far ? 7 + far : g === (far + 1) % 5 ? NaN : g)));
  expect([...largestDistance(farAt, 5)]).toEqual([7, 8, 9, 10, 11]);
});
