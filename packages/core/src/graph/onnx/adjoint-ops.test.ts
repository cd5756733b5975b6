/** Reverse rules in ONNX Runtime against the native program, op by op, with the batch free. */
import {
  abs,
  add,
  batchNorm,
  channelAffine,
  compile,
  concat,
  conv2d,
  crop,
  downconv2x2,
  exp,
  exportOnnx,
  gradients,
  Graph,
  loss,
  lstm,
  maxpool2x2,
  multiply,
  multiplySteps,
  OnnxModel,
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
  tanh,
  transpose,
  unrollLstm,
  upconv2x2,
  type Field,
  type LossKind,
  type Value,
} from '..';
import { Random } from '../../base/random';
import { size } from '../definition/shape';
import { relativeError } from '../testing/golden';

// Both are float32; sums run over some dozens of terms, in different orders.
const TOLERANCE = 1e-5;
/** The models are built for this batch and run with {@link BATCH}. */
const [BUILT, BATCH] = [1, 3];

type Build = (g: Graph, image: Value, batch: number) => Value;

const vector = (g: Graph, name: string, length: number): Value => g.parameter(name, [length], { init: 'constant', value: 0 });
const weight = (g: Graph, shape: number[], name = 'w'): Value => g.parameter(name, shape, { init: 'constant', value: 0 });
const conv =
  (kernel: number): Build =>
  (g, x) =>
    conv2d(g, x, weight(g, [kernel, kernel, 4, 3]), vector(g, 'b', 3));

function lstmOf(allStates: boolean, learned: boolean): Build {
  return (g, x, batch) => {
    // Steps are joined of a part whose gradient is wanted and one whose is not, as emissions and meteorology are.
    const series = (value: Value): Value => reshape(g, value, [batch, 3, 2, 6, value.shape[3]]);
    const steps = concat(g, [series(x), series(g.input('other', [batch, 6, 6, 2]))]);
    const operands = { weightInput: weight(g, [6, 12], 'wi'), weightHidden: weight(g, [3, 12], 'wh'), bias: vector(g, 'b', 12) };
    const initial = learned ? { initialHidden: vector(g, 'h0', 3), initialCell: vector(g, 'c0', 3) } : {};
    return lstm(g, steps, { ...operands, ...initial }, allStates);
  };
}

/** The misfit of a field whose targets are partly NaN, where their weight is 0. */
const lossOf =
  (kind: LossKind): Build =>
  (g, x) =>
    loss(g, x, g.input('target', x.shape), g.input('weight', x.shape), { kind, delta: 0.7, divisor: 13 });

const cases: Record<string, Build> = {
  'conv2d 1x1': conv(1),
  'conv2d 3x3': conv(3),
  'conv2d 7x7': conv(7),
  upconv2x2: (g, x) => upconv2x2(g, x, weight(g, [2, 2, 4, 3]), vector(g, 'b', 3)),
  downconv2x2: (g, x) => downconv2x2(g, x, weight(g, [2, 2, 3, 4])),
  maxpool2x2: (g, x) => maxpool2x2(g, x),
  'maxpool2x2 of equals': (g, x) => maxpool2x2(g, relu(g, x)),
  'lstm, all states': lstmOf(true, false),
  'lstm, learned initial state, last state': lstmOf(false, true),
  'batchNorm frozen': (g, x) => {
    const operands = {
      scale: vector(g, 's', 4),
      shift: vector(g, 't', 4),
      runningMean: vector(g, 'm', 4),
      runningVariance: vector(g, 'variance', 4),
    };
    return batchNorm(g, x, operands, 'frozen');
  },
  prelu: (g, x) => prelu(g, x, vector(g, 'slope', 4)),
  relu: (g, x) => relu(g, x),
  softplus: (g, x) => softplus(g, x),
  sigmoid: (g, x) => sigmoid(g, x),
  tanh: (g, x) => tanh(g, x),
  exp: (g, x) => exp(g, x),
  abs: (g, x) => abs(g, x),
  square: (g, x) => square(g, x),
  channelAffine: (g, x) => channelAffine(g, x, g.constant([2, -1, 0.5, 3], [4]), g.constant([1, 2, 3, 4], [4])),
  'several users': (g, x) => subtract(g, multiply(g, x, tanh(g, x)), add(g, scale(g, x, 0.5), x)),
  'slices that fill an array': (g, x) => concat(g, [tanh(g, slice(g, x, 3, 2, 4)), square(g, slice(g, x, 3, 0, 2))]),
  'slices that do not': (g, x) => add(g, slice(g, x, 3, 0, 2), slice(g, x, 3, 1, 3)),
  'pad and crop': (g, x) => crop(g, square(g, pad(g, x, 3, 1)), 5, 6),
  transpose: (g, x) => square(g, transpose(g, x, [0, 2, 1, 3])),
  // Two steps with two channels each: the same numbers make the steps and, squared, the factors.
  multiplySteps: (g, x, batch) => multiplySteps(g, transpose(g, reshape(g, x, [batch, 6, 6, 2, 2]), [0, 3, 1, 2, 4]), square(g, x)),
  'loss l1': lossOf('l1'),
  'loss l2': lossOf('l2'),
  'loss huber': lossOf('huber'),
};

/** Output and gradient for a seed on the output. */
function build(name: string, batch: number): { output: Value; gradient: Value } {
  const g = new Graph();
  const x = g.input('x', [batch, 6, 6, 4]);
  const output = cases[name](g, x, batch);
  const scalar = output.shape.length === 0;
  const [gradient] = gradients(g, output, [x], scalar ? {} : { seed: g.input('seed', output.shape) });
  return { output, gradient };
}

/** The same with the LSTM written out, as `adjointOnnx` does it. */
function buildForOnnx(name: string): { output: Value; gradient: Value } {
  const g = new Graph();
  const x = g.input('x', [BUILT, 6, 6, 4]);
  const unrolled = unrollLstm({ output: cases[name](g, x, BUILT), x });
  const { output } = unrolled.values;
  const scalar = output.shape.length === 0;
  const [gradient] = gradients(unrolled.graph, output, [unrolled.values.x], scalar ? {} : { seed: unrolled.graph.input('seed', output.shape) });
  return { output, gradient };
}

test.each(Object.keys(cases))('%s', async (name) => {
  const { output, gradient } = build(name, BATCH);
  const program = compile(output.graph, { outputs: { output, gradient } });
  const random = new Random(5);
  const parameters = new Map(
    [...program.names('parameter'), ...program.names('buffer')].map((parameter) => {
      const draw = (): number => (parameter === 'variance' ? 0.5 + random.uniform() : random.normal());
      return [parameter, Float32Array.from({ length: size(program.shapeOf(parameter)) }, draw)];
    }),
  );
  const inputs: Record<string, Field> = {};
  for (const input of program.names('input')) {
    const shape = program.shapeOf(input);
    const draw = (i: number): number => (input === 'weight' ? i % 3 : input === 'target' && i % 3 === 0 ? NaN : random.normal());
    inputs[input] = { shape, data: Float32Array.from({ length: size(shape) }, (_, i) => draw(i)) };
    program.set(input, inputs[input].data);
  }
  program.setParameters(parameters);
  await program.run();
  const model = await OnnxModel.load(exportOnnx(buildForOnnx(name), { parameters }), { threads: 1 });
  const result = await model.run(Object.fromEntries(model.inputNames.map((input) => [input, inputs[input]])));
  expect(result.gradient.shape).toEqual([BATCH, 6, 6, 4]);
  expect(relativeError(result.output.data, program.get('output'))).toBeLessThan(TOLERANCE);
  expect(relativeError(result.gradient.data, program.get('gradient'))).toBeLessThan(TOLERANCE);
  expect(new Set(result.gradient.data).size).toBeGreaterThan(1);
  program.dispose();
  await model.dispose();
});

describe('refusals', () => {
  function exportGradient(make: (g: Graph, x: Value) => Value, rows = 6, of = 'x'): Uint8Array {
    const g = new Graph();
    const output = make(g, g.input('x', [1, rows, 6, 4]));
    const [gradient] = gradients(g, output, [g.find(of)], { seed: g.input('seed', output.shape) });
    const parameters = new Map(g.modelValues().map(({ name, shape }) => [name!, new Float32Array(size(shape))]));
    return exportOnnx({ gradient }, { parameters });
  }

  test('the gradient of an LSTM that was not written out', () => {
    const message = 'exportOnnx: the gradient of lstm has no ONNX form: call unrollLstm before gradients';
    expect(() => exportGradient((g, x) => lstmOf(true, false)(g, x, 1))).toThrow(message);
  });

  test('gradients of parameters', () => {
    const slope = (g: Graph, x: Value): Value => prelu(g, x, vector(g, 'slope', 4));
    expect(() => exportGradient((g, x) => conv(1)(g, x, 1), 6, 'w')).toThrow(/conv2dBackwardWeight .* has no ONNX form/);
    expect(() => exportGradient(slope, 6, 'slope')).toThrow(/a result of preluBackward \(.*\) has no ONNX form; ask for gradients of inputs only/);
  });

  test('the gradient of a max-pool of odd sizes', () => {
    const message = /maxpool2x2 of \[1, 5, 6, 4\] has no ONNX form: pad rows and columns to even numbers/;
    expect(() => exportGradient((g, x) => maxpool2x2(g, x), 5)).toThrow(message);
  });
});
