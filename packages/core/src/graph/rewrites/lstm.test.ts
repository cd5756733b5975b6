import { compile, concat, gradients, Graph, lstm, planProgram, unrollLstm, type Value } from '..';
import { Random } from '../../base/random';
import { fill } from '../testing/finite-differences';
import { relativeError } from '../testing/golden';
import { ones } from '../testing/program-parts';

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

const KEPT = 12;
const planned = (kept: number, packTraces: boolean, wanted = true): ReturnType<typeof planProgram> => {
  const g = new Graph();
  const operands = { weightInput: g.input('wi', [2, 12]), weightHidden: g.input('wh', [3, 12]), bias: g.input('b', [12]) };
  const out = lstm(g, g.input('x', [2, 5, 3, 4, 2]), operands, true, kept);
  const outputs: Record<string, Value> = wanted ? { gradient: gradients(g, out, [operands.weightInput], { seed: ones(g, out.shape) })[0] } : { out };
  return planProgram(g, { outputs, packTraces });
};
const lstmsOf = ({ spec }: ReturnType<typeof planProgram>): (typeof spec.instructions)[number][] =>
  spec.instructions.filter(({ op }) => op.startsWith('lstm'));

test('packed gates and cell states take half the memory, and both passes are told', () => {
  const [plain, packed] = [false, true].map((pack) => planned(KEPT, pack));
  // 2 samples, 5 steps, 12 cells, 4 gates and a cell state of 16 units: half of it
  expect(plain.spec.arenaElements - packed.spec.arenaElements).toBe((2 * 5 * 12 * 5 * 16) / 2);
  expect(lstmsOf(plain).map(({ params }) => params.packed)).toEqual([undefined, undefined]);
  expect(lstmsOf(packed).map(({ params }) => params.packed)).toEqual([1, 1]);
  // With the bias they can be computed again by kernels that keep no packed ones.
  expect(lstmsOf(plain)[1].operands).not.toHaveProperty('bias');
  expect(lstmsOf(packed)[1].operands).toHaveProperty('bias');
});

test('where nothing is kept nothing is packed', () => {
  expect(planned(0, true).spec).toEqual(planned(0, false).spec);
});
