import { Decorrelation } from '../cost/correlated-errors';
import { Role } from '../cost/cost';
import { invert } from '../solve/invert';
import type { InversionProblem } from '../solve/inversion-problem';
import { gaussianWorld } from '../testing/gaussian-world';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { EnsemblePosterior, randomisedMember } from './randomised';
import { factorSums } from './posterior';

describe('the randomised ensemble', () => {
  const world = gaussianWorld(9);
  const { model, control, closed, problem } = world;
  const settings = { ...world.settings, iterations: 12, tolerance: 1e-9 };
  const MEMBERS = 400;
  let start: Float64Array;
  let members: Float64Array[];
  beforeAll(async () => {
    start = (await invert(model, problem, settings)).control;
    members = [];
    for (let member = 0; member < MEMBERS; member++) members.push(await randomisedMember(model, problem, settings, { member, seed: 5, start }));
  });

  it('has mean and spread of the closed form, within sampling error', () => {
    const sigma = new EnsemblePosterior(members).logFactorSigma(control);
    const spread = control.priorSpread();
    const mean = control.logFactors(start).map(() => 0);
    for (const member of members) control.logFactors(member).forEach((z, i) => (mean[i] += z / MEMBERS));
    let [largest, sumOfSquares, n] = [0, 0, 0];
    for (let i = 0; i < control.size; i++) {
      if (spread[i] === 0) {
        expect(sigma[i]).toBe(0);
        continue;
      }
      const expected = Math.sqrt(closed.covariance.get(i, i));
      // A mean of n draws is known to σ/√n; of 46 of them none should be beyond 4.5 of that.
      expect(Math.abs(mean[i] - closed.mean[i])).toBeLessThan((4.5 * expected) / Math.sqrt(MEMBERS));
      // A standard deviation is known to σ/√(2(n − 1)), here 3.5 %.
      const wrong = (sigma[i] / expected - 1) * Math.sqrt(2 * (MEMBERS - 1));
      largest = Math.max(largest, Math.abs(wrong));
      sumOfSquares += wrong * wrong;
      n++;
    }
    expect(largest).toBeLessThan(4.5);
    // And they miss by as much as they should, on average: a spread that is made up would not.
    expect(Math.sqrt(sumOfSquares / n)).toBeGreaterThan(0.5);
    expect(Math.sqrt(sumOfSquares / n)).toBeLessThan(1.5);
  });

  it('has the covariance of sums', () => {
    const sums = [0, 1].map((group) => Float64Array.from({ length: control.size }, (_, i) => (i % 2 === group ? 0.05 : 0)));
    // The factors of the ensemble are exponentials: to compare with the closed form, draw them about 1 with a small spread.
    const small = members.map((member) => member.map((value, i) => 1e-3 * (value - start[i])));
    const found = new EnsemblePosterior(small).covarianceOfSums(control, factorSums(control.derivativeAt(start), sums));
    for (const [i, a] of sums.entries()) {
      for (const [j, b] of sums.entries()) {
        const exact = (u: Float64Array, v: Float64Array): number =>
          u.reduce((sum, w, p) => sum + w * v.reduce((inner, x, q) => inner + closed.covariance.get(p, q) * x, 0), 0);
        const size = Math.sqrt(exact(a, a) * exact(b, b));
        // A correlation is known to 1/√n; four and a half of it.
        expect(Math.abs(1e6 * found[i][j] - exact(a, b))).toBeLessThan((4.5 * Math.SQRT2 * size) / Math.sqrt(MEMBERS));
      }
    }
  });

  it('gives a member again for the same seed, another one for another', async () => {
    expect(await randomisedMember(model, problem, settings, { member: 3, seed: 5, start })).toEqual(members[3]);
    expect(await randomisedMember(model, problem, settings, { member: 3, seed: 6, start })).not.toEqual(members[3]);
    expect(members[4]).not.toEqual(members[3]);
  });
});

it('draws errors that are alike as such, and goes to the minimum whatever watched monitors say', async () => {
  // One log factor, seen by three values whose errors have a correlation of 0.8; a fourth, watched only, says that it is best where it starts.
  const { settings } = gaussianWorld(9);
  const [prior, sigma, correlation] = [0.5, 0.4, 0.8];
  const problem: InversionProblem = { groups: ['NOx'], species: ['NO2'], priorEmissions: [1], lengthCells: 0 };
  const shape = { slots: 1, rows: 1, cols: 1, groups: 1 };
  const roles = [Role.used, Role.used, Role.used, Role.watched];
  const batch = {
    ...observationBatch([0.3, 0.3, 0.3, 0], sigma, { role: roles }),
    decorrelation: Decorrelation.fromGroups(4, [[0, 1, 2]], () => correlation),
  };
  const model = new MatrixModel(shape, [[[1], [1], [1], [1]]], [batch], true);
  const MEMBERS = 600;
  const members: Float64Array[] = [];
  for (let member = 0; member < MEMBERS; member++) {
    const own = { ...settings, iterations: 12, tolerance: 1e-9, priorSpread: { NOx: prior }, stopOnWithheld: true };
    members.push(await randomisedMember(model, problem, own, { member, seed: 5, start: Float64Array.of(0) }));
  }
  // The mean of n values that are alike is known to σ²·(1 + (n − 1)·r)/n.
  const variance = 1 / (1 / prior ** 2 + 3 / (sigma ** 2 * (1 + 2 * correlation)));
  const mean = members.reduce((sum, [v]) => sum + (v * prior) / MEMBERS, 0);
  const found = members.reduce((sum, [v]) => sum + (v * prior - mean) ** 2 / (MEMBERS - 1), 0);
  const wanted = (variance * 0.3 * 3) / (sigma ** 2 * (1 + 2 * correlation));
  expect(Math.abs(mean - wanted)).toBeLessThan(4.5 * Math.sqrt(variance / MEMBERS));
  // Independent draws would make it a fifth smaller.
  expect(Math.abs(Math.sqrt(found / variance) - 1)).toBeLessThan(4.5 / Math.sqrt(2 * (MEMBERS - 1)));
});
