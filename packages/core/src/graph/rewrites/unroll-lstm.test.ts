import { compile, concat, gradients, Graph, lstm, planProgram, unrollLstm, type Value } from '..';
import { Random } from '../../base/random';
import { fill } from '../testing/finite-differences';
import { relativeError } from '../testing/golden';

/** An LSTM over emissions and meteorology, with a learned initial state or none. */
function net(allStates: boolean, learned: boolean): { g: Graph; emissions: Value; out: Value } {
  const g = new Graph();
  const emissions = g.input('emissions', [2, 4, 3, 5, 2]);
  const steps = concat(g, [emissions, g.input('meteorology', [2, 4, 3, 5, 3])]);
  const parameter = (name: string, ...shape: number[]): Value => g.parameter(name, shape, { init: 'constant', value: 0 });
  const operands = { weightInput: parameter('wi', 5, 24), weightHidden: parameter('wh', 6, 24), bias: parameter('b', 24) };
  const initial = learned ? { initialHidden: parameter('h0', 6), initialCell: parameter('c0', 6) } : {};
  return { g, emissions, out: lstm(g, steps, { ...operands, ...initial }, allStates) };
}

function evaluate(out: Value, emissions: Value): { out: Float64Array; gradient: Float64Array } {
  const g = out.graph;
  const [gradient] = gradients(g, out, [emissions], { seed: g.input('seed', out.shape) });
  const program = compile(g, { outputs: { out, gradient }, dtype: 'float64' });
  fill(program, new Random(4));
  program.runSync();
  const result = { out: program.get('out'), gradient: program.get('gradient') };
  program.dispose();
  return result;
}

test.each([
  ['all states', true, false],
  ['the last state', false, false],
  ['all states, learned initial state', true, true],
  ['the last state, learned initial state', false, true],
])('%s: written out it gives what the op gives, and its gradient', (_, allStates, learned) => {
  const { emissions, out } = net(allStates, learned);
  const { values } = unrollLstm({ emissions, out });
  const [written, op] = [evaluate(values.out, values.emissions), evaluate(out, emissions)];
  // Double, sums of at most a dozen terms a step.
  expect(relativeError(written.out, op.out)).toBeLessThan(1e-13);
  expect(relativeError(written.gradient, op.gradient)).toBeLessThan(1e-13);
});

test('no gradient of the meteorology is computed', () => {
  const { emissions, out } = net(true, false);
  const { graph, values } = unrollLstm({ emissions, out });
  const [gradient] = gradients(graph, values.out, [values.emissions], { seed: graph.input('seed', values.out.shape) });
  const products = planProgram(graph, { outputs: { gradient } }).spec.instructions.filter(({ op }) => op === 'conv2dBackwardInput');
  // Four gates of three steps to emissions and to the state before; of the first step three to emissions: there is nothing to forget.
  expect(products.map(({ params }) => params.inChannels).sort()).toEqual([...new Array<number>(15).fill(2), ...new Array<number>(12).fill(6)]);
});
