/** Cross-validation of a linear twin whose prior spread is known: it must find that among spreads that are too small and too large. */
import { Random } from '../../base/random';
import { coordinateSearch } from './coordinate-search';
import { candidateScore, type FoldResult } from './fold-scores';
import { blockFolds } from './folds';
import { Role } from '../cost/cost';
import { invert } from '../solve/invert';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';

const CELLS = 40;
const STATIONS = 60;
const SPREAD = 0.3;
const NOISE = 0.3;

/** y = K·x + ε with x ~ N(0, SPREAD²) in log factors, as the inversion's prior has it, each station seeing five cells. */
function twin(seed: number): { matrix: number[][]; values: number[] } {
  const random = new Random(seed);
  const x = Array.from({ length: CELLS }, () => SPREAD * random.normal());
  const matrix = Array.from({ length: STATIONS }, () => {
    const row = new Array<number>(CELLS).fill(0);
    for (const cell of random.permutation(CELLS).subarray(0, 5)) row[cell] = 1;
    return row;
  });
  return { matrix, values: matrix.map((row) => row.reduce((sum, k, j) => sum + k * x[j], 0) + NOISE * random.normal()) };
}

async function scoreOf({ matrix, values }: ReturnType<typeof twin>, spread: number): Promise<number> {
  const stations = new Map(values.map((_, i) => [String(i), String(Math.floor(i / 3))]));
  const results: FoldResult[] = [];
  for (const { name, leftOut } of blockFolds(stations, 5, 2)) {
    const role = values.map((_, i) => (leftOut.has(String(i)) ? Role.watched : Role.used));
    const model = new MatrixModel({ slots: 1, rows: 1, cols: CELLS, groups: 1 }, [matrix], [observationBatch(values, NOISE, { role })], true);
    const problem = { groups: ['NOx'], species: ['NO2'], priorEmissions: new Float32Array(CELLS).fill(1), lengthCells: 0 };
    const { history, keptIteration, iterations, status, emissionPrior } = await invert(model, problem, {
      ...twinSettings,
      loss: 'l2',
      stopOnWithheld: false,
      optimiser: 'lbfgs',
      learningRate: 1,
      iterations: 25,
      bound: 1e4, // far enough for the control to be linear
      priorSpread: { NOx: spread },
    });
    const kept = history.find(({ iteration }) => iteration === keptIteration)!;
    const errors = [{ species: 'NO2', n: leftOut.size, priorMae: history[0].watchedMae[0]!, updatedMae: kept.watchedMae[0]! }];
    results.push({
      fold: name,
      errors,
      observationCost: kept.observation,
      priorCost: kept.prior,
      emissionPriorCost: emissionPrior,
      iterations,
      status,
    });
  }
  return candidateScore(results).mean;
}

it('finds the spread that the truth was drawn with', async () => {
  // One draw of 60 values may by chance be predicted better by another spread; four draws are not.
  const draws = Array.from({ length: 4 }, (_, i) => twin(i + 1));
  const tried = await coordinateSearch(
    { spread: SPREAD / 8 },
    [{ key: 'spread', values: [SPREAD / 3, SPREAD, 3 * SPREAD, 8 * SPREAD] }],
    1,
    async ({ spread }) => {
      let sum = 0;
      for (const draw of draws) sum += await scoreOf(draw, spread);
      return sum / draws.length;
    },
  );
  const scores = new Map(tried.map(({ candidate, score }) => [candidate.spread, score]));
  const best = Math.min(...scores.values());
  expect(scores.get(SPREAD)).toBe(best);
  expect(best).toBeLessThan(0.95); // it predicts what it did not see, and the wrong ones do so less
  expect(scores.get(8 * SPREAD)).toBeGreaterThan(best + 0.02);
});
