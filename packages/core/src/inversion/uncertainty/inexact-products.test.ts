/** Products with the Hessian whose way forward is a difference of two passes in single precision, and so off by some ten-thousandths of what each value changes. */
import { Random } from '../../base/random';
import type { ForwardModel } from '../model/forward-model';
import { GaussNewtonHessian } from '../cost/hessian';
import { gaussianWorld } from '../testing/gaussian-world';
import { lowRank } from './low-rank';
import { LowRankPosterior } from './posterior';

const world = gaussianWorld(40, 11, 0.004);
const { control, model, closed } = world;
/** Of what emits something. */
const places = Array.from({ length: control.size }, (_, i) => i).filter((i) => closed.sa.get(i, i) > 0);
const exact = closed.covariance.diagonal().map((variance) => Math.sqrt(Math.max(0, variance)));

/** Standard deviations of log factors over the exact ones, how much too large a variance may be, and what the species have of each eigenvalue. */
async function found(error: number, rounding: number): Promise<{ ratios: number[]; rankError: number; largest: number; shares: number[] }> {
  const random = new Random(5);
  const inexact = Object.create(model, {
    tangents: {
      value: async (...asked: Parameters<typeof model.tangents>) =>
        (await model.tangents(...asked)).map((values) => {
          const size = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
          return values.map((value) => value + error * (Math.abs(value) + size) * random.normal());
        }),
    },
  }) as ForwardModel;
  const at = control.initial();
  const hessian = new GaussNewtonHessian({ ...world.context, model: inexact }, at);
  const { blocks } = await lowRank(hessian, inexact, control, { rank: 100, species: 2, random: new Random(2), rounding });
  const posterior = new LowRankPosterior(control, at, blocks, 2);
  const sigmas = posterior.logFactorSigma(control);
  return {
    ratios: exact.flatMap((sigma, i) => (sigma > 0 ? sigmas[i] / sigma : [])),
    rankError: posterior.rankError,
    largest: posterior.eigenvalues[0],
    shares: blocks.flatMap(({ values, bySpecies }) => values.map((value, k) => bySpecies[k].reduce((sum, each) => sum + each, 0) / value)),
  };
}

it.each([0, 3e-4])('leave standard deviations what they are, with errors of %f', async (error) => {
  const { ratios, rankError, largest } = await found(error, 2 ** -20);
  expect(largest).toBeGreaterThan(1e6); // so that all else lies within such an error of it
  expect(Math.min(...ratios)).toBeGreaterThan(1 - 1e-3);
  expect(Math.max(...ratios)).toBeLessThan(1.02);
  expect(rankError).toBeLessThan(0.01);
});

it('say how much too large a variance may be where their way back is rounded coarsely', async () => {
  const { ratios, rankError, shares } = await found(0, 2 ** -7);
  const spread = closed.sa.diagonal();
  const excess = ratios.map((ratio, i) => ((ratio ** 2 - 1) * closed.covariance.get(places[i], places[i])) / spread[places[i]]);
  expect(Math.max(...excess)).toBeGreaterThan(1e-3);
  expect(rankError).toBeGreaterThan(Math.max(...excess));
  for (const share of shares) expect(share).toBeCloseTo(1, 9);
});
