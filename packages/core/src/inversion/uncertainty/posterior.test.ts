import { Random } from '../../base/random';
import { GaussNewtonHessian } from '../cost/hessian';
import { Role, type ObservationBatch } from '../cost/cost';
import type { ForwardModel } from '../model/forward-model';
import { invert } from '../solve/invert';
import { controlFor, costFor, completeSettings } from '../solve/inversion-settings';
import { gaussianWorld, type GaussianWorld } from '../testing/gaussian-world';
import { timesCovariance } from '../testing/posterior-covariance';
import { TotalsModel } from '../model/totals-model';
import { dot } from '../../base/vectors';
import { lowRank, type LowRankBlock } from './low-rank';
import { factorSums, LowRankPosterior, priorCovarianceOfSums } from './posterior';

async function posteriorOf(world: GaussianWorld, rank: number, seed = 2, at = world.control.initial()): Promise<LowRankPosterior> {
  const hessian = new GaussNewtonHessian(world.context, at);
  const { blocks } = await lowRank(hessian, world.model, world.control, { rank, species: 2, random: new Random(seed) });
  return new LowRankPosterior(world.control, at, blocks, 2);
}

const diagonal = (matrix: { rows: number; get(i: number, j: number): number }): number[] =>
  Array.from({ length: matrix.rows }, (_, i) => matrix.get(i, i));

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
}

describe.each([0, 0.6])('the posterior of a linear world with normal errors, full rank, slots correlated by %f', (slotCorrelation) => {
  const world = gaussianWorld(9, undefined, undefined, slotCorrelation);
  const connected = slotCorrelation > 0;
  const { closed, control } = world;

  it('the world asks the inversion what the test does', () => {
    expect(costFor(world.model, world.problem, completeSettings(world.settings)).weights).toEqual(world.context.cost.weights);
  });

  it('mean', async () => {
    const { control: found } = await invert(world.model, world.problem, world.settings);
    const z = control.logFactors(found);
    const emitting = control.priorSpread();
    expect(
      largestDifference(
        z.map((value, i) => (emitting[i] > 0 ? value : 0)),
        closed.mean,
      ),
    ).toBeLessThan(1e-6);
  });

  it('covariance, of log factors and of sums', async () => {
    const posterior = await posteriorOf(world, 100);
    expect(posterior.rankError).toBeLessThan(1e-8);
    expect(
      largestDifference(
        posterior.logFactorSigma(control),
        diagonal(closed.covariance).map((v) => Math.sqrt(Math.max(0, v))),
      ),
    ).toBeLessThan(1e-6);
    // At v = 0 a factor's derivative is that of its logarithm.
    const random = new Random(3);
    const sums = [0, 1, 2].map(() => Float64Array.from({ length: control.size }, () => random.normal()));
    const about = factorSums(control.derivativeAt(control.initial()), sums);
    const [cov, prior] = [posterior.covarianceOfSums(control, about), priorCovarianceOfSums(about)];
    for (const [i, a] of sums.entries()) {
      for (const [j, b] of sums.entries()) {
        const product = (matrix: typeof closed.sa): number =>
          dot(
            a,
            matrix.to2DArray().map((row) => dot(row, b)),
          );
        expect(cov[i][j]).toBeCloseTo(product(closed.covariance), 6);
        expect(prior[i][j]).toBeCloseTo(product(closed.sa), 6);
      }
    }
  });

  it('degrees of freedom: all, by group and slot, by species', async () => {
    const posterior = await posteriorOf(world, 100);
    const trace = diagonal(closed.averagingKernel);
    const dofs = posterior.dofs();
    const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
    expect(sum(dofs)).toBeCloseTo(sum(trace), 6);
    expect(sum(posterior.eigenvalues.map((value) => value / (1 + value)))).toBeCloseTo(sum(trace), 6);
    expect(sum(posterior.dofsBySpecies())).toBeCloseTo(sum(trace), 5);
    for (const slot of [0, 1]) {
      for (const group of [0, 1]) {
        // Where the prior connects slots the trace over a part of the control is not that over a part of the log factors.
        if (connected) continue;
        const ofGroup = sum(dofs.subarray((slot * 2 + group) * 12, (slot * 2 + group + 1) * 12));
        expect(ofGroup).toBeCloseTo(sum(trace.filter((_, i) => Math.floor(i / 24) === slot && i % 2 === group)), 6);
      }
    }
    // Of a species: the trace over its values of the influence matrix K·Ŝ·Kᵀ·So⁻¹.
    const { jacobian } = closed;
    const influence = jacobian.mmul(closed.covariance).mmul(jacobian.transpose());
    const kinds = [...world.model.observations(0).species, ...world.model.observations(1).species];
    const expected = [0, 0];
    kinds.forEach((kind, i) => (expected[kind] += (influence.get(i, i) * world.context.cost.weights[kind]) / 0.4 ** 2));
    posterior.dofsBySpecies().forEach((value, s) => expect(value).toBeCloseTo(expected[s], 5));
  });

  it('and estimated from the first vectors alone: right on average over many, or too large where slots are connected', async () => {
    const trace = diagonal(closed.averagingKernel);
    const estimates: number[] = [];
    for (let seed = 0; seed < 60; seed++) {
      const posterior = await posteriorOf(world, 100, seed);
      estimates.push(
        posterior
          .dofsEstimate()
          .subarray(0, connected ? 48 : 12)
          .reduce((a, b) => a + b),
      );
    }
    const exact = trace.reduce((sum, value, i) => sum + (connected || (i < 24 && i % 2 === 0) ? value : 0), 0); // NOx of the first slot
    const mean = estimates.reduce((a, b) => a + b) / estimates.length;
    const spread = Math.sqrt(estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / estimates.length);
    const sampling = (3 * spread) / Math.sqrt(estimates.length);
    expect(mean).toBeGreaterThan(exact - sampling);
    expect(mean).toBeLessThan((connected ? 1.2 * exact : exact) + sampling);
    expect(spread).toBeLessThan(1.5 * Math.sqrt(2 * exact));
  });

  // The model is linear in the log factors: wherever it is linearised, their kernel is the same, though factors are not 1.
  it.each([0, 0.5])('rows of the averaging kernel, about a control %f from the prior', async (far) => {
    const random = new Random(6);
    const posterior = await posteriorOf(
      world,
      100,
      2,
      control.initial().map(() => far * random.normal()),
    );
    const indices = [0, 13, 24, 30]; // 24 is the first of the second slot
    posterior.averagingKernelRows(control, indices).forEach(({ first, row }, r) => {
      expect([first, row.length]).toEqual(connected ? [0, 48] : [indices[r] < 24 ? 0 : 24, 24]);
      const expected = closed.averagingKernel.getRow(indices[r]);
      expect(largestDifference(row, expected.slice(first, first + row.length))).toBeLessThan(1e-6);
      expect(expected.filter((value, i) => (i < first || i >= first + row.length) && value !== 0)).toEqual([]);
    });
  });

  it('both slots from the same products, and the same as one block', async () => {
    const hessian = new GaussNewtonHessian(world.context, control.initial());
    const { blocks, products } = await lowRank(hessian, world.model, control, { rank: 100, species: 2, random: new Random(2) });
    expect(blocks.map(({ values }) => values.length)).toEqual(connected ? [18] : [9, 9]);
    expect(products).toBeLessThanOrEqual(10); // one more than the rank shows that nothing is left
    const whole = Object.create(world.model, { parts: { value: undefined } }) as typeof world.model;
    const { blocks: one } = await lowRank(hessian, whole, control, { rank: 100, species: 2, random: new Random(2) });
    expect(one.map(({ values }) => values.length)).toEqual([18]);
    const [a, b] = [blocks, one].map((each) => new LowRankPosterior(control, control.initial(), each, 2));
    expect(largestDifference(a.eigenvalues, b.eigenvalues)).toBeLessThan(1e-8 * a.eigenvalues[0]);
    expect(largestDifference(a.logFactorSigma(control), b.logFactorSigma(control))).toBeLessThan(1e-8);
    // Of one part with both batches.
    expect(largestDifference(a.dofsBySpecies(), b.dofsBySpecies())).toBeLessThan(1e-6);
  });
});

it('a group that is not inverted stays as it is, and has no spread', async () => {
  const { model, problem, settings } = gaussianWorld(9);
  const only = { ...settings, groups: ['NOx'] };
  const { factors } = await invert(model, problem, only);
  const spread = controlFor(model, problem, completeSettings(only)).logFactorMaps!(new Float64Array(48))[0].priorSpread();
  factors.forEach((factor, i) => {
    if (i % 2 === 1) expect([factor, spread[i]]).toEqual([1, 0]);
  });
  expect(factors.filter((factor) => factor !== 1)).toHaveLength(23); // NOx of 24 cells, one of which emits nothing
});

it.each([0, 0.6])('a slot that nobody observes tells nothing; slots correlated by %f', async (slotCorrelation) => {
  const { model, control, context } = gaussianWorld(9, undefined, undefined, slotCorrelation);
  const at = control.initial();
  const posteriorFor = async (batches: number[]): Promise<LowRankPosterior> => {
    const observations = (batch: number): ObservationBatch => {
      const given = model.observations(batch);
      return batches.includes(batch) ? given : { ...given, withheld: given.withheld.map(() => Role.withheld) };
    };
    const seen = Object.create(model, { observations: { value: observations } }) as typeof model;
    const hessian = new GaussNewtonHessian({ ...context, model: seen }, at);
    const { blocks } = await lowRank(hessian, seen, control, { rank: 50, species: 2, random: new Random(8) });
    return new LowRankPosterior(control, at, blocks, 2);
  };
  const [first, none] = [await posteriorFor([0]), await posteriorFor([])];
  expect([...none.logFactorSigma(control)]).toEqual([...control.priorSpread()]);
  expect(none.eigenvalues).toEqual([]);
  expect(first.eigenvalues).toHaveLength(9);
  const [sigma, spread] = [first.logFactorSigma(control), control.priorSpread()];
  expect(sigma[0]).toBeLessThan(0.95 * spread[0]);
  if (slotCorrelation > 0) expect(sigma[24]).toBeLessThan(0.99 * spread[24]);
  else expect(sigma[24]).toBe(spread[24]);
});

it('a known total of all slots connects them, though the prior does not', async () => {
  const { model, control, context } = gaussianWorld(9);
  const at = control.initial();
  const all = Int32Array.from({ length: 48 }, (_, i) => i);
  const told = new TotalsModel(model, [{ index: all, weight: new Float64Array(48).fill(1), value: 1, spread: 0.01 }], 2);
  const posteriorOn = async (seen: ForwardModel): Promise<LowRankPosterior> => {
    const hessian = new GaussNewtonHessian({ ...context, model: seen, cost: { ...context.cost, weights: [...context.cost.weights, 1] } }, at);
    const { blocks } = await lowRank(hessian, seen, control, { rank: 100, species: 2, random: new Random(2) });
    return new LowRankPosterior(control, at, blocks, 2);
  };
  const parts = await posteriorOn(told);
  const whole = await posteriorOn(Object.create(told, { parts: { value: undefined } }) as ForwardModel);
  expect(parts.eigenvalues).toHaveLength(19); // 9 values of each slot, and the total
  // What the total tells is no species': it is all but known by itself, and so one degree of freedom less than there are.
  const dofs = whole.eigenvalues.reduce((sum, value) => sum + value / (1 + value), 0);
  for (const posterior of [parts, whole]) {
    const ofSpecies = posterior.dofsBySpecies().reduce((sum, value) => sum + value, 0);
    expect(dofs - ofSpecies).toBeGreaterThan(0.9);
    expect(dofs - ofSpecies).toBeLessThan(1);
  }
  expect(largestDifference(parts.eigenvalues, whole.eigenvalues)).toBeLessThan(1e-8 * whole.eigenvalues[0]);
  const slots = [0, 1].map((slot) => Float64Array.from(all, (i) => (Math.floor(i / 24) === slot ? 1 : 0)));
  const sums = factorSums(control.derivativeAt(at), slots);
  const [found, expected] = [parts, whole].map((each) => each.covarianceOfSums(control, sums));
  found.forEach((row, i) => expect(largestDifference(row, expected[i])).toBeLessThan(1e-8));
  expect(Math.sqrt(found[0][0] + 2 * found[0][1] + found[1][1])).toBeLessThan(0.01 * 48); // 48 factors whose mean is known to 0.01
  expect(found[0][1] / Math.sqrt(found[0][0] * found[1][1])).toBeLessThan(-0.8);
});

describe('fewer products than the rank', () => {
  const cases = [4, 8, 12, 20].flatMap((rank) => [0, 0.6].map((slotCorrelation) => ({ rank, slotCorrelation })));
  it.each(cases)(
    '$rank, slots correlated by $slotCorrelation: no variance is too small, nor too large by more than is said',
    async ({ rank, slotCorrelation }) => {
      const world = gaussianWorld(24, 11, undefined, slotCorrelation);
      const posterior = await posteriorOf(world, rank);
      const { closed, control } = world;
      expect(posterior.rankError).toBeGreaterThan(1e-3);
      const spread = control.priorSpread();
      const sigma = posterior.logFactorSigma(control);
      const wrong = diagonal(closed.covariance).map((variance, i) => (spread[i] > 0 ? (sigma[i] ** 2 - variance) / spread[i] ** 2 : 0));
      expect(Math.min(...wrong)).toBeGreaterThan(-1e-9);
      expect(Math.max(...wrong)).toBeLessThanOrEqual(posterior.rankError);
      // The bound holds for any direction of the control: that of the largest error, by the power method on the difference, included.
      const exact = await posteriorOf(world, 100);
      const random = new Random(5);
      let v = Float64Array.from({ length: control.size }, () => random.normal());
      let norm = 0;
      for (let step = 0; step < 200; step++) {
        const [a, b] = [timesCovariance(posterior, v), timesCovariance(exact, v)];
        const difference = a.map((value, i) => value - b[i]);
        norm = Math.sqrt(dot(difference, difference));
        v = difference.map((value) => value / norm);
      }
      expect(norm).toBeLessThanOrEqual(posterior.rankError);
    },
  );
});

it('the error of the rank is that of the part that is told worst, and eigenvalues of all parts are in one order', () => {
  const { control } = gaussianWorld(9);
  const block = (rankError: number, values: number[]): LowRankBlock => ({ rankError, values }) as unknown as LowRankBlock;
  const posterior = new LowRankPosterior(control, control.initial(), [block(0.1, [7, 2]), block(0.4, [5, 3])], 2);
  expect([posterior.rankError, posterior.eigenvalues]).toEqual([0.4, [7, 5, 3, 2]]);
});
