import type { Loss } from './cost';
import { evaluate, type EvaluationContext } from './evaluation';
import { completeSettings, controlFor, costFor } from '../solve/inversion-settings';
import { plumeTwin, twinProblem, twinSettings } from '../testing/plume-twin';
import { normals } from '../testing/small-world';
import { dot } from '../../base/vectors';

function context(loss: Loss): EvaluationContext {
  const { model, prior } = plumeTwin(5);
  const problem = twinProblem(prior, 2);
  const settings = completeSettings({ ...twinSettings, loss });
  return { model, control: controlFor(model, problem, settings), cost: costFor(model, problem, settings), species: ['NO2'], groups: ['NOx'] };
}

const drawn = (seed: number): Float64Array => normals(12 * 16, seed);

const all = [0, 1, 2, 3, 4, 5];

describe('evaluate', () => {
  it.each(['l2', 'huber', 'student'] as const)('has a gradient whose Taylor remainder falls at rate 2: %s', async (loss) => {
    const run = context(loss);
    const [at, direction] = [drawn(1), drawn(2)];
    const { total, gradient } = await evaluate(run, at, all, 0, true);
    const slope = dot(gradient!, direction);
    const remainder = async (h: number): Promise<number> => {
      const moved = await evaluate(
        run,
        at.map((v, i) => v + h * direction[i]),
        all,
        0,
        false,
      );
      return Math.abs(moved.total - total - h * slope);
    };
    // Not smaller steps: factors and simulated values are float32.
    const [coarse, fine] = [await remainder(0.04), await remainder(0.01)];
    expect(Math.log2(coarse / fine) / 2).toBeGreaterThan(1.8);
    expect(Math.log2(coarse / fine) / 2).toBeLessThan(2.2);
  });

  it('sums batches to the whole: a gradient over all is the mean of scaled gradients over each', async () => {
    const run = context('huber');
    const at = drawn(3);
    const whole = await evaluate(run, at, all, 0, true);
    const mean = new Float64Array(at.length);
    for (const batch of all) {
      const { gradient } = await evaluate(run, at, [batch], 0, true);
      gradient!.forEach((g, i) => (mean[i] += g / all.length));
    }
    const size = Math.sqrt(dot(mean, mean));
    mean.forEach((g, i) => expect(Math.abs(g - whole.gradient![i])).toBeLessThan(1e-6 * size));
    expect(whole.total).toBeCloseTo(whole.observation + whole.prior, 10);
    expect(whole.prior).toBeCloseTo(dot(at, at) / 2, 10);
  });

  it('reports the error at used and at watched monitors', async () => {
    const { usedMae, watchedMae, bySpecies, observation } = await evaluate(context('l1'), drawn(4), all, 0, false);
    expect(usedMae[0]).toBeGreaterThan(0);
    expect(watchedMae[0]).toBeGreaterThan(0);
    expect(bySpecies).toEqual([observation]);
  });
});
