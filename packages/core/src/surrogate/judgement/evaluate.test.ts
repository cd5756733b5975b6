import { concentrationErrors, ErrorSums, sampledHours } from './evaluate';
import { tinyPeriod } from '../testing/tiny-world';

/** Two hours of one cell with four species; the first species carries the numbers, the others differ. */
const hour = (first: number): number[] => [first, 10 * first, 1, 2 + first];

describe('errors of concentrations', () => {
  it('are mean absolute error, normalised bias and error, and correlation by hand', () => {
    const simulated = Float32Array.from([...hour(1), ...hour(3), ...hour(5)]);
    const run = Float32Array.from([...hour(99), ...hour(2), ...hour(99), ...hour(3), ...hour(7)]);
    const { mae, nmb, nme, r } = concentrationErrors(simulated, run, [1, 3, 4], 4);
    // species 0: S = 1 3 5, C = 2 3 7: |S−C| = 1 0 2
    expect(mae[0]).toBeCloseTo(1, 12);
    expect(nmb[0]).toBeCloseTo((9 - 12) / 12, 12);
    expect(nme[0]).toBeCloseTo(3 / 12, 12);
    // cov = Σ(S−3)(C−4) = 4 + 0 + 6 = 10; var S = 8; var C = 4 + 1 + 9 = 14
    expect(r[0]).toBeCloseTo(10 / Math.sqrt(8 * 14), 12);
    expect(mae[1]).toBeCloseTo(10, 12);
    expect(nme[2]).toBe(0);
  });

  it('of runs one after the other are those of one long run', () => {
    const [a, b] = [Float32Array.from([...hour(1), ...hour(3)]), Float32Array.from([...hour(5), ...hour(2)])];
    const [c, d] = [Float32Array.from([...hour(2), ...hour(9), ...hour(3)]), Float32Array.from([...hour(7), ...hour(9), ...hour(4)])];
    const sums = new ErrorSums(4).add(a, c, [0, 2]).add(b, d, [0, 2]);
    expect(sums.errors()).toEqual(concentrationErrors(Float32Array.from([...a, ...b]), Float32Array.from([...c, ...d]), [0, 2, 3, 5], 4));
  });
});

it('sampled hours begin with the first and stay in the period', () => {
  const period = tinyPeriod('winter', 1, { hours: 30 });
  expect(sampledHours(period, 20, 3)).toEqual([20, 23, 26, 29]);
  expect(sampledHours(period, 21, 3)).toEqual([21, 24, 27]);
});

it('a gap of columns is left out', () => {
  const [simulated, run] = [Float32Array.of(1, 5, 3, 5, 5, 5), Float32Array.of(2, 6, NaN, 6, 7, 6)];
  const { mae, nmb } = concentrationErrors(simulated, run, [0, 1, 2], 2);
  expect(mae).toEqual([1.5, 1]);
  expect(nmb[0]).toBeCloseTo((6 - 9) / 9, 12);
});
