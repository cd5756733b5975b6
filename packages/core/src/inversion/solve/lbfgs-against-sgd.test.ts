/** How many gradients the paper's descent needs for the observation term that L-BFGS has after few: the paper's cost, control and bounds for both. */
import { invert } from './invert';
import type { InversionSettings } from './inversion-problem';
import { plumeTwin, twinProblem, twinSettings } from '../testing/plume-twin';

it('L-BFGS needs at most a tenth of the gradients of gradient descent, whatever its rate', async () => {
  const { model, prior } = plumeTwin(1);
  const paper: InversionSettings = {
    ...twinSettings,
    mode: 'paper',
    loss: 'l1',
    learningRateDecay: 1,
    stopOnWithheld: false,
    tolerance: 0,
    batch: 0,
  };
  const observationTerms = async (over: Partial<InversionSettings>): Promise<number[]> => {
    const { history } = await invert(model, twinProblem(prior, 0), { ...paper, ...over });
    return history.map(({ observation }) => observation);
  };
  const descents: number[][] = [];
  for (const learningRate of [0.1, 1, 10, 100]) descents.push(await observationTerms({ optimiser: 'sgd', learningRate, iterations: 400 }));
  const lowest = Math.min(...descents.flat());
  const needed = Math.min(...descents.map((terms) => terms.indexOf(lowest)).filter((at) => at >= 0));
  const lbfgs = await observationTerms({ optimiser: 'lbfgs', learningRate: 1, iterations: 60 });
  const few = lbfgs.findIndex((term) => term <= lowest);
  expect(few).toBeGreaterThan(0);
  expect(few).toBeLessThanOrEqual(needed / 10);
});
