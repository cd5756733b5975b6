/** What the LSTM keeps for its reverse pass, and computes in it of what is asked for; the kernels' numbers: native/src/ops/lstm/lstm.slow.test.ts. */
import { compile, concat, gradients, Graph, lstm, multiply, planProgram, type Value } from '../..';
import { relativeError } from '../../testing/golden';
import { kernelsOf, normals, ones } from '../../testing/program-parts';

test('the LSTM’s reverse pass gives the same whether gates are kept, computed again or partly both, also with several users of its weights', () => {
  const run = (keptCells: number): Float64Array => {
    const g = new Graph();
    const operands = { weightInput: g.input('wi', [2, 12]), weightHidden: g.input('wh', [3, 12]), bias: g.input('b', [12]) };
    const states = ['x', 'y'].map((name) => lstm(g, g.input(name, [3, 4, 2, 2, 2]), operands, true, keptCells));
    const out = multiply(g, states[0], states[1]);
    const [gradient] = gradients(g, out, [operands.weightInput], { seed: ones(g, out.shape) });
    const layout = planProgram(g, { outputs: { gradient } });
    const kept = layout.spec.instructions.filter(({ op, operands }) => op === 'lstmForward' && 'gates' in operands);
    expect(kept).toHaveLength(keptCells === 0 ? 0 : 2);
    const program = compile(g, { outputs: { gradient }, dtype: 'float64' });
    program.names('input').forEach((name) => program.set(name, normals(program.get(name).length, name.length + name.charCodeAt(0))));
    program.runSync();
    const result = program.get('gradient');
    program.dispose();
    return result;
  };
  const all = run(4);
  for (const keptCells of [0, 1, 3]) expect(relativeError(run(keptCells), all)).toBeLessThan(1e-14);
});

// 64 · 2^20 numbers whatever they save, beyond that 3 · 2^20 for each of 64 or more inputs and hidden units; 5 numbers a unit, units in sixteens.
test.each([
  ['all of a small batch of a narrow one', { cells: 52_428, channels: 13, hidden: 16 }, 52_428],
  ['none of a larger one', { cells: 52_429, channels: 13, hidden: 16 }, 0],
  ['none where few units take the room of many', { cells: 52_429, channels: 13, hidden: 3 }, 0],
  ['the first cells of a wide one', { cells: 200_000, channels: 48, hidden: 16 }, 157_286],
  ['all of a wide one with room', { cells: 100_000, channels: 48, hidden: 16 }, 100_000],
  ['what a GPU has room for of a narrow one', { cells: 60_000, channels: 13, hidden: 16, room: 1280 * 1000 + 1279 }, 1000],
  ['and beyond what is worth it anywhere of a wide one', { cells: 200_000, channels: 48, hidden: 16, room: 1280 * 1000 }, 158_286],
  ['no more than there is', { cells: 60_000, channels: 13, hidden: 16, room: 1e9 }, 60_000],
])(
  'of the LSTM’s gates keeps %s',
  (_, { cells, channels, hidden, room = 0 }: Record<'cells' | 'channels' | 'hidden', number> & { room?: number }, kept) => {
    const g = new Graph(room);
    const weights = [channels, hidden].map((rows, i) => g.input(`w${i}`, [rows, 4 * hidden]));
    const operands = { weightInput: weights[0], weightHidden: weights[1], bias: g.input('b', [4 * hidden]) };
    const out = lstm(g, g.input('x', [1, 16, 1, cells, channels]), operands, true);
    const [gradient] = gradients(g, out, [operands.weightInput], { seed: ones(g, out.shape) });
    const { instructions } = planProgram(g, { outputs: { gradient } }).spec;
    expect(instructions.find(({ op }) => op === 'lstmBackward')!.params.keptCells).toBe(kept);
  },
);

test('LSTMs of one graph share its room', () => {
  const g = new Graph(1280 * 1000);
  const operands = { weightInput: g.input('wi', [13, 64]), weightHidden: g.input('wh', [16, 64]), bias: g.input('b', [64]) };
  const outs = ['x', 'y'].map((name) => lstm(g, g.input(name, [1, 16, 1, 60_000, 13]), operands, true));
  expect(outs.map(({ node }) => (node!.attributes as { keptCells: number }).keptCells)).toEqual([1000, 0]);
});

test('of the LSTM’s joined inputs, only those that are asked for get a gradient', () => {
  const parts = (all: boolean): Record<string, Float64Array> => {
    const g = new Graph();
    const operands = { weightInput: g.input('wi', [6, 12]), weightHidden: g.input('wh', [3, 12]), bias: g.input('bias', [12]) };
    const [a, b, c] = [3, 2, 1].map((channels, i) => g.input('abc'[i], [2, 4, 2, 2, channels]));
    const out = lstm(g, concat(g, [a, b, c]), operands, true);
    const wanted: Value[] = all ? [a, b, c] : [b];
    const names = all ? ['gradA', 'gradB', 'gradC'] : ['gradB'];
    const found = gradients(g, out, wanted, { seed: ones(g, out.shape) });
    const outputs = Object.fromEntries(names.map((name, i) => [name, found[i]]));
    const layout = planProgram(g, { outputs });
    const { params } = layout.spec.instructions.find(({ op }) => op === 'lstmBackward')!;
    expect([params.gradBegin, params.gradChannels]).toEqual(all ? [0, 6] : [3, 2]);
    // Without the others, the gradient is written where it is read: nothing is cut out of it.
    expect(kernelsOf(layout).filter((op) => op === 'stridedCopy' || op === 'fill')).toHaveLength(all ? 3 + 3 : 3);
    const program = compile(g, { outputs, dtype: 'float64' });
    program.names('input').forEach((name) => program.set(name, normals(program.get(name).length, name.length + name.charCodeAt(0))));
    program.runSync();
    const result = Object.fromEntries(names.map((name) => [name, program.get(name)]));
    program.dispose();
    return result;
  };
  expect(relativeError(parts(false).gradB, parts(true).gradB)).toBeLessThan(1e-14);
});
