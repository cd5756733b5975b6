import { concentrationErrors, ErrorSums, responses, sampledHours } from './evaluate';
import { tinyPeriod } from './testing/tiny-world';

/** Two hours of one cell with four species; the first species carries the numbers, the others differ. */
const hour = (first: number): number[] => [first, 10 * first, 1, 2 + first];

describe('errors of concentrations', () => {
  it('are mean absolute error, normalised error and correlation by hand', () => {
    const simulated = Float32Array.from([...hour(1), ...hour(3), ...hour(5)]);
    const run = Float32Array.from([...hour(99), ...hour(2), ...hour(99), ...hour(3), ...hour(7)]);
    const { mae, nme, r } = concentrationErrors(simulated, run, [1, 3, 4]);
    // species 0: S = 1 3 5, C = 2 3 7: |S−C| = 1 0 2
    expect(mae[0]).toBeCloseTo(1, 12);
    expect(nme[0]).toBeCloseTo(3 / 12, 12);
    // cov = Σ(S−3)(C−4) = 4 + 0 + 6 = 10; var S = 8; var C = 4 + 1 + 9 = 14
    expect(r[0]).toBeCloseTo(10 / Math.sqrt(8 * 14), 12);
    expect(mae[1]).toBeCloseTo(10, 12);
    expect(nme[2]).toBe(0);
  });

  it('of runs one after the other are those of one long run', () => {
    const [a, b] = [Float32Array.from([...hour(1), ...hour(3)]), Float32Array.from([...hour(5), ...hour(2)])];
    const [c, d] = [Float32Array.from([...hour(2), ...hour(9), ...hour(3)]), Float32Array.from([...hour(7), ...hour(9), ...hour(4)])];
    const sums = new ErrorSums().add(a, c, [0, 2]).add(b, d, [0, 2]);
    expect(sums.errors()).toEqual(concentrationErrors(Float32Array.from([...a, ...b]), Float32Array.from([...c, ...d]), [0, 2, 3, 5]));
  });
});

describe('responses', () => {
  it("are the slope through the origin and the correlation of the surrogate's change on the transport model's", () => {
    const zero = new Float32Array(8);
    const surrogate = { prior: Float32Array.from([1, 1, 1, 1, 1, 1, 1, 1]), changed: Float32Array.from([2, 1, 0, 3, 4, 1, 1, 5]) };
    const ctm = { prior: new Float32Array(12), changed: Float32Array.from([...zero.subarray(0, 4), 2, 1, -1, 4, 4, 1, 2, 8]) };
    const [a, b, c, d] = responses(surrogate, ctm, [1, 2]);
    // species 0: ΔS = 1 3, ΔC = 2 4: Σ ΔSΔC = 14, Σ ΔC² = 20, Σ ΔS² = 10
    expect(a.slope).toBeCloseTo(0.7, 12);
    expect(a.r).toBeCloseTo(14 / Math.sqrt(200), 12);
    expect([a.surrogateChange, a.ctmChange]).toEqual([2, 3]);
    // species 1: the surrogate does not move
    expect(b.slope).toBe(0);
    expect(b.r).toBeNaN();
    // species 2: ΔS = −1 0, ΔC = −1 2: 1 / 5
    expect(c.slope).toBeCloseTo(0.2, 12);
    // species 3: ΔS is half of ΔC everywhere
    expect([d.slope, d.r]).toEqual([0.5, 1]);
  });
});

it('sampled hours begin with the first and stay in the period', () => {
  const period = tinyPeriod('winter', 1, { hours: 30 });
  expect(sampledHours(period, 20, 3)).toEqual([20, 23, 26, 29]);
  expect(sampledHours(period, 21, 3)).toEqual([21, 24, 27]);
});
