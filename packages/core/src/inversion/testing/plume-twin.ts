/** The twin experiment of the tests: a smooth planted error on a rough prior, seen through the plume model. */
import { smoothRandomField } from '../../grid/correlation';
import { Random } from '../../base/random';
import type { InversionProblem, InversionSettings } from '../solve/inversion-problem';
import { PlumeModel, type PlumeTwin } from './linear-models';

export function plumeTwin(seed: number, delayMs = 0): PlumeTwin {
  const [rows, cols] = [12, 16];
  const random = new Random(seed);
  const sources = random.fork('prior');
  // A tenth of the cells emits nothing.
  const prior = Float32Array.from({ length: rows * cols }, () => (sources.uniform() < 0.1 ? 0 : Math.exp(0.5 * sources.normal())));
  const truth = smoothRandomField(rows, cols, 2.5, random.fork('truth')).map((x, p) => (prior[p] > 0 ? Math.exp(0.35 * x) : 1));
  const cells = [
    ...random
      .fork('monitors')
      .permutation(rows * cols)
      .subarray(0, 24),
  ];
  const model = new PlumeModel({ rows, cols, hours: 24, batchHours: 4, prior, cells, delayMs });
  model.observe(truth, 0.5, random.fork('noise'), 6);
  return { model, prior, truth };
}

export const twinSettings: InversionSettings = {
  mode: 'default',
  iterations: 120,
  learningRate: 0.1,
  loss: 'huber',
  lossDivisor: 'observations',
  bound: 3,
  batch: 0,
  priorSpread: { NOx: 0.5 },
  stopOnWithheld: true,
  seed: 4,
};

export function twinProblem(prior: Float32Array, lengthCells: number): InversionProblem {
  return { groups: ['NOx'], species: ['NO2'], priorEmissions: prior, lengthCells };
}

/** Relative error of the inventory: √(Σ(f − truth)²·e² / Σ(truth·e)²). */
export function inventoryError(factors: ArrayLike<number>, { prior, truth }: PlumeTwin): number {
  let [error, size] = [0, 0];
  for (let p = 0; p < prior.length; p++) {
    error += ((factors[p] - truth[p]) * prior[p]) ** 2;
    size += (truth[p] * prior[p]) ** 2;
  }
  return Math.sqrt(error / size);
}
