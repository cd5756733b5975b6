/** What the surrogate's program does besides the network. */
import { foldBatchNorm, gradients, Graph, planProgram } from '../../graph';
import { buildSurrogate, sourcesOf } from './model';
import { normalisationOf } from './normalisation';
import { METEOROLOGY, tinyPeriod, tinySurrogate, WORLD } from '../testing/tiny-world';

const normalisation = normalisationOf([tinyPeriod('winter', 1)], [WORLD.spinUpHours]);
const sizes = { batch: 2, steps: 4, rows: 6, cols: 7, meteorology: METEOROLOGY.length, geography: 1 };

/** The frozen program and its adjoint, without what is made once of the parameters. */
function frozenInstructions(): { op: string; label?: string }[] {
  const settings = tinySurrogate();
  const built = buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
  const sources = Object.fromEntries(sourcesOf(built, settings).map((value) => [value.name!, value]));
  const { graph, values } = foldBatchNorm<string>({ ...sources, concentrations: built.concentrations });
  const wanted = Object.keys(sources).map((name) => values[name]);
  const grads = gradients(graph, values.concentrations, wanted, { seed: graph.input('seed', [2, 6, 7, 4]) });
  const outputs = Object.fromEntries(grads.map((each, i) => [`gradient ${i}`, each]));
  const { spec } = planProgram(graph, { outputs, phases: { forward: [values.concentrations], backward: grads } });
  return spec.instructions.slice(spec.phases.forward[0]);
}

const instructions = frozenInstructions();

test('what enters is scaled where the LSTM reads it, and gradients are scaled where it leaves them: nothing is copied', () => {
  const kernels = instructions.map(({ op }) => op);
  expect(kernels.slice(0, kernels.indexOf('lstmForward'))).toEqual([
    'channelAffineForward',
    'channelAffineForward',
    'channelAffineForward',
    'channelAffineForward',
  ]);
  expect(kernels.slice(kernels.indexOf('lstmBackward') + 1)).toEqual(['channelAffineBackward', 'channelAffineBackward']);
});

test('the carrier takes the steps as channels without an array of them: nothing is transposed', () => {
  expect(instructions.filter(({ op, label }) => op === 'stridedCopy' && label === 'transpose')).toEqual([]);
});
