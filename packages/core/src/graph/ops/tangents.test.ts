/** Every op's forward rule against central differences on the float64 program, and against its reverse rule: ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩. */
import {
  abs,
  add,
  batchNorm,
  batchNormPrelu,
  channelAffine,
  compile,
  concat,
  conv2d,
  crop,
  downconv2x2,
  dropout,
  exp,
  gradients,
  Graph,
  loss,
  lstm,
  maxpool2x2,
  multiply,
  multiplySteps,
  pad,
  prelu,
  relu,
  reshape,
  scale,
  sigmoid,
  slice,
  softplus,
  square,
  subtract,
  sum,
  tangents,
  tanh,
  transpose,
  unrollLstm,
  upconv2x2,
  type Program,
  type Value,
} from '..';
import { Random } from '../../base/random';
import { dot } from '../../base/vectors';
import { fill } from '../testing/finite-differences';
import { relativeError } from '../testing/golden';

// Differences with steps of 1e-5 carry rounding of about 1e-11 / 1e-5 and truncation of 1e-10: 1e-7 leaves room and fails on any wrong term.
const [STEP, TOLERANCE] = [1e-5, 1e-7];
/** Of two sums of some hundred products in double. */
const ROUNDING = 1e-12;

/** What changes, and what follows from it. */
interface Built {
  changing: readonly Value[];
  output: Value;
}

const image = (g: Graph, name = 'x', channels = 3): Value => g.input(name, [2, 5, 6, channels]);
const vector = (g: Graph, name: string, length = 3): Value => g.buffer(name, [length], { init: 'constant', value: 0 });
const ofOne =
  (op: (g: Graph, x: Value) => Value) =>
  (g: Graph): Built => {
    const x = image(g);
    return { changing: [x], output: op(g, x) };
  };
/** @param which - the operands that change; default: both */
const ofTwo =
  (op: (g: Graph, a: Value, b: Value) => Value, which: ('a' | 'b')[] = ['a', 'b']) =>
  (g: Graph): Built => {
    const [a, b] = [image(g, 'a'), image(g, 'b')];
    return { changing: which.map((name) => ({ a, b })[name]), output: op(g, a, b) };
  };
const conv = (kernel: number): ((g: Graph) => Built) => ofOne((g, x) => conv2d(g, x, g.input('w', [kernel, kernel, 3, 4]), g.input('b', [4])));

const stepsProduct =
  (which: ('x' | 'factors')[]) =>
  (g: Graph): Built => {
    const [x, factors] = [g.input('x', [2, 3, 4, 5, 2]), g.input('factors', [2, 4, 5, 6])];
    return { changing: which.map((name) => ({ x, factors })[name]), output: multiplySteps(g, x, factors) };
  };

/** Written out, over emissions that change and meteorology that does not. */
function unrolled(allStates: boolean, learned: boolean): Built {
  const g = new Graph();
  const emissions = g.input('emissions', [2, 4, 3, 5, 2]);
  const steps = concat(g, [emissions, g.input('meteorology', [2, 4, 3, 5, 3])]);
  const operands = { weightInput: g.input('wi', [5, 24]), weightHidden: g.input('wh', [6, 24]), bias: g.input('b', [24]) };
  const initial = learned ? { initialHidden: g.input('h0', [6]), initialCell: g.input('c0', [6]) } : {};
  const { values } = unrollLstm({ emissions, output: lstm(g, steps, { ...operands, ...initial }, allStates) });
  return { changing: [values.emissions], output: values.output };
}

const cases: Record<string, (g: Graph) => Built> = {
  'conv2d 1x1': conv(1),
  'conv2d 3x3': conv(3),
  'conv2d 7x7': conv(7),
  upconv2x2: ofOne((g, x) => upconv2x2(g, x, g.input('w', [2, 2, 3, 4]), g.input('b', [4]))),
  downconv2x2(g) {
    const x = g.input('x', [2, 4, 6, 3]);
    return { changing: [x], output: downconv2x2(g, x, g.input('w', [2, 2, 4, 3])) };
  },
  'maxpool2x2 floor': ofOne((g, x) => maxpool2x2(g, x)),
  'maxpool2x2 ceil': ofOne((g, x) => maxpool2x2(g, x, true)),
  'lstm written out, all states': () => unrolled(true, false),
  'lstm written out, learned initial state, last': () => unrolled(false, true),
  'batchNorm frozen': ofOne((g, x) => {
    const [scaling, shift, runningMean] = ['scale', 'shift', 'mean'].map((name) => vector(g, name));
    return batchNorm(g, x, { scale: scaling, shift, runningMean, runningVariance: square(g, vector(g, 'deviation')) }, 'frozen');
  }),
  prelu: ofOne((g, x) => prelu(g, x, g.input('slope', [3]))),
  relu: ofOne(relu),
  softplus: ofOne(softplus),
  sigmoid: ofOne(sigmoid),
  tanh: ofOne(tanh),
  exp: ofOne(exp),
  abs: ofOne(abs),
  square: ofOne(square),
  channelAffine: ofOne((g, x) => channelAffine(g, x, g.constant([2, -1, 0.5], [3]), g.constant([1, 2, 3], [3]))),
  add: ofTwo(add),
  'add, the second changes': ofTwo(add, ['b']),
  subtract: ofTwo(subtract),
  'subtract, the first changes': ofTwo(subtract, ['a']),
  'subtract, the second changes': ofTwo(subtract, ['b']),
  multiply: ofTwo(multiply),
  'multiply, the first changes': ofTwo(multiply, ['a']),
  'multiply, the second changes': ofTwo(multiply, ['b']),
  multiplySteps: stepsProduct(['x', 'factors']),
  'multiplySteps, the first changes': stepsProduct(['x']),
  'multiplySteps, the second changes': stepsProduct(['factors']),
  scale: ofOne((g, x) => scale(g, x, -2.5)),
  sum: ofTwo((g, a, b) => sum(g, [a, b, a]), ['a']),
  'concat channels': ofTwo((g, a, b) => concat(g, [a, b])),
  'concat, the last changes': ofTwo((g, a, b) => concat(g, [a, b]), ['b']),
  'concat, the first and the third change': ofTwo((g, a, b) => concat(g, [square(g, a), b, a], 0), ['a']),
  'slice channels': ofOne((g, x) => slice(g, x, 3, 1, 3)),
  'slice rows': ofOne((g, x) => slice(g, x, 1, 2, 4)),
  pad: ofOne((g, x) => pad(g, x, 3, 1)),
  crop: ofOne((g, x) => crop(g, x, 3, 4)),
  transpose: ofOne((g, x) => transpose(g, x, [2, 0, 3, 1])),
  reshape: ofOne((g, x) => square(g, reshape(g, x, [60, 3]))),
  'several users': ofOne((g, x) => {
    const a = conv2d(g, x, g.input('w', [3, 3, 3, 3]));
    const b = add(g, x, tanh(g, a));
    return subtract(g, multiply(g, b, a), scale(g, x, 0.5));
  }),
};

/** Output, J·v and Jᵀ·u, with v and u drawn. */
function programOf({ changing, output }: Built): Program<Float64Array> {
  const g = output.graph;
  const directions = changing.map((value): [Value, Value] => [value, g.input(`v ${value.name}`, value.shape)]);
  const [tangent] = tangents(g, [output], new Map(directions));
  const grads = gradients(g, output, changing, { seed: g.input('u', output.shape) });
  const named = Object.fromEntries(grads.map((gradient, i) => [`gradient ${changing[i].name}`, gradient]));
  const program = compile(g, { outputs: { output, tangent, ...named }, phases: { forward: [output], rest: [tangent, ...grads] }, dtype: 'float64' });
  fill(program, new Random(7));
  return program;
}

/** At `factor` times the directions from where the program's values are. */
function outputAt(program: Program<Float64Array>, changing: readonly Value[], factor: number): Float64Array {
  const base = changing.map(({ name }) => program.get(name!));
  changing.forEach(({ name }, i) => {
    const v = program.get(`v ${name}`);
    program.set(
      name!,
      base[i].map((x, k) => x + factor * v[k]),
    );
  });
  program.runSync('forward');
  changing.forEach(({ name }, i) => program.set(name!, base[i]));
  return program.get('output');
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

test.each(Object.keys(cases))('%s', (name) => {
  const built = cases[name](new Graph());
  const program = programOf(built);
  const [ahead, behind] = [STEP, -STEP].map((factor) => outputAt(program, built.changing, factor));
  program.runSync('forward');
  program.runSync('rest');
  const [tangent, u] = [program.get('tangent'), program.get('u')];
  const differences = ahead.map((value, i) => (value - behind[i]) / (2 * STEP));
  expect(norm(differences)).toBeGreaterThan(0.1);
  expect(relativeError(tangent, differences)).toBeLessThan(TOLERANCE);
  const carriedBack = built.changing.reduce((total, value) => total + dot(program.get(`gradient ${value.name}`), program.get(`v ${value.name}`)), 0);
  expect(Math.abs(dot(u, tangent) - carriedBack)).toBeLessThan(ROUNDING * norm(u) * norm(tangent));
  program.dispose();
});

describe('refusals', () => {
  const g = new Graph();
  const [x, v, w] = [image(g), image(g, 'v'), g.input('w', [3, 3, 3, 4])];
  const along = (output: Value, changing: Value = x): (() => Value[]) => {
    const direction = changing === x ? v : g.input(`v ${changing.name}`, changing.shape);
    return () => tangents(g, [output], new Map([[changing, direction]]));
  };

  test('weights, whose op has a rule for its input only', () => {
    expect(along(conv2d(g, x, w), w)).toThrow('tangents: conv2d (w) has a forward rule for its input only, not for its weights');
  });

  test('ops that have no rule, and what to do', () => {
    const operands = { weightInput: g.input('wi', [3, 8]), weightHidden: g.input('wh', [2, 8]), bias: g.input('b', [8]) };
    const series = lstm(g, reshape(g, x, [2, 1, 5, 6, 3]), operands, true);
    expect(along(series)).toThrow('tangents: lstm has no forward rule: call unrollLstm before tangents');
    expect(along(loss(g, x, image(g, 'target'), image(g, 'weight'), { kind: 'l2', divisor: 1 }))).toThrow(/ask for the tangent of the prediction/);
    const statistics = { runningMean: vector(g, 'm'), runningVariance: vector(g, 'var') };
    const norms = { scale: vector(g, 's'), shift: vector(g, 't'), slope: vector(g, 'slope'), ...statistics };
    expect(along(batchNormPrelu(g, x, norms))).toThrow('tangents: batchNormPrelu (s) has no forward rule');
    expect(along(dropout(g, x, { probability: 0.5, seed: 1, step: g.scalar('step') }))).toThrow('tangents: dropout (dropout) has no forward rule');
  });

  test('what does not depend on the direction, and directions of another shape', () => {
    expect(along(square(g, image(g, 'other')))).toThrow('tangents: value');
    const narrow = new Map([[x, image(g, 'narrow', 2)]]);
    expect(() => tangents(g, [square(g, x)], narrow)).toThrow('tangents: expected direction [2, 5, 6, 3] but received [2, 5, 6, 2]');
  });
});

test('what does not change costs nothing: no node is made for it', () => {
  const g = new Graph();
  const [x, other] = [image(g), image(g, 'other')];
  const output = add(g, square(g, x), exp(g, tanh(g, other)));
  const before = g.nodes.length;
  tangents(g, [output], new Map([[x, image(g, 'v')]]));
  expect(g.nodes.length - before).toBe(1);
});
