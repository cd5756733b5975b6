/** Every op's forward rule against central differences on the float64 program, and against its reverse rule: ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩. */
import {
  add,
  batchNormPrelu,
  compile,
  conv2d,
  dropout,
  exp,
  gradients,
  Graph,
  loss,
  lstm,
  reshape,
  square,
  tangents,
  tanh,
  unrollLstm,
  type Program,
  type Value,
} from '..';
import { Random } from '../../base/random';
import { dot } from '../../base/vectors';
import { fill } from '../testing/finite-differences';
import { relativeError } from '../testing/golden';
import type { OpCase } from './shared/op-case';
import { doubleLeaves, opCases, STATISTICS } from '../testing/op-cases';

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

/** A case in a graph of its own, an LSTM written out. */
function buildCase(opCase: OpCase, names: readonly string[]): Built {
  const g = new Graph();
  const output = opCase.build(doubleLeaves(g));
  const changing = names.map((name) => g.find(name));
  if (!g.nodes.some(({ op }) => op.name === 'lstm')) return { changing, output };
  const { graph, values } = unrollLstm({ output });
  return { changing: names.map((name) => graph.find(name)), output: values.output };
}

const cases = opCases().flatMap((opCase) =>
  (opCase.tangent ?? []).map((names) => ({ name: opCase.name, along: names.join(' and '), opCase, names })),
);

/** Output, J·v and Jᵀ·u, with v and u drawn. */
function programOf({ changing, output }: Built): Program<Float64Array> {
  const g = output.graph;
  const directions = changing.map((value): [Value, Value] => [value, g.input(`v ${value.name}`, value.shape)]);
  const [tangent] = tangents(g, [output], new Map(directions));
  const grads = gradients(g, output, changing, { seed: g.input('u', output.shape) });
  const named = Object.fromEntries(grads.map((gradient, i) => [`gradient ${changing[i].name}`, gradient]));
  const program = compile(g, { outputs: { output, tangent, ...named }, phases: { forward: [output], rest: [tangent, ...grads] }, dtype: 'float64' });
  fill(program, new Random(7), STATISTICS);
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

test.each(cases)('$name along $along', ({ opCase, names }) => {
  const built = buildCase(opCase, names);
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
