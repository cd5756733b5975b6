/** The forward model of the paper's mode on what stands for a GPU in the tests. */
import { sourceOf } from '../../fields/training-period';
import { randomFloats } from '../../inversion/testing/small-world';
import { randomSurrogate } from '../../surrogate/testing/random-surrogate';
import { tinyPeriod, tinySurrogate, WORLD } from '../../surrogate/testing/tiny-world';
import { expectClose } from '../testing/tiny-forward-model';
import { problemOf } from '../testing/tiny-problem';
import { SurrogateForwardModel } from './surrogate-forward-model';

jest.mock('@retroplume/native', () =>
  jest.requireActual<typeof import('../../graph/testing/emulated-native')>('../../graph/testing/emulated-native').emulatedNative(
    () => 'retroplume_emulated',
    () => 4e7,
  ),
);

const HOURS = 24;
const period = tinyPeriod('winter', 1, { hours: HOURS });
const surrogate = randomSurrogate(
  tinySurrogate({ network: 'resnet', residualBlocks: 1, tracers: [], initialConcentrations: 'prior' }),
  [period],
  true,
);

/** What the only batch simulates, and its gradient. @param first - hour that is compared */
async function passes(
  device: 'cpu' | 'cuda',
  first: number,
): Promise<{ stretch: readonly number[]; simulated: Float32Array; gradient: Float32Array }> {
  const program = surrogate.program(2, WORLD.rows, WORLD.cols, { threads: 1, device }, { adjoint: true });
  const problem = problemOf(sourceOf(period), 'hourly', { spinUpHours: first, hoursPerDay: 24 });
  const model = new SurrogateForwardModel(surrogate, program, [problem], { anchored: false, factors: 'hour', threads: 1, hours: HOURS });
  try {
    const stretch = model.local!.stretchOf(0);
    const factors = randomFloats(stretch[1] - stretch[0], 4).map((z) => 1 + 0.2 * Math.tanh(z));
    const simulated = Float32Array.from(await model.local!.forward(factors, 0));
    return { stretch, simulated, gradient: Float32Array.from(await model.local!.adjoint(randomFloats(simulated.length, 6), 0)) };
  } finally {
    model.dispose();
    program.dispose();
  }
}

test.each([
  ['all hours but the first', 9, 1],
  ['the whole period', 8, 0],
])('a batch whose windows see %s has the gradient of the CPU', async (_, first, begin) => {
  const [expected, actual] = [await passes('cpu', first), await passes('cuda', first)];
  const field = WORLD.rows * WORLD.cols * 5;
  for (const { stretch } of [expected, actual]) expect(stretch).toEqual([begin * field, HOURS * field]);
  expectClose(actual.simulated, expected.simulated);
  expectClose(actual.gradient, expected.gradient);
});
