import { add, compile, concat, conv2d, gradients, Graph, maxpool2x2, planProgram, prelu, relu, upconv2x2, type Value } from '..';
import { Random } from '../../base/random';
import { relativeError } from '../testing/golden';
import { fill } from '../testing/finite-differences';
import { kernelsOf } from '../testing/program-parts';

/** A network of an input; its weights are inputs, too, so that nobody asks for their gradients. */
type Build = (layers: Layers, x: Value) => Value;

interface Layers {
  /** 3x3 to as many channels, then P-ReLU, whose slopes are of both signs */
  conv: (x: Value) => Value;
  relu: (x: Value) => Value;
  up: (x: Value) => Value;
  g: Graph;
}

/** The kernels of a program for the gradient to x, and that gradient. `plain`: the convolutions' own results are outputs, so that nothing is fused. */
function build(network: Build, plain: boolean): { kernels: string[]; gradient: Float64Array } {
  const g = new Graph();
  const x = g.input('x', [2, 6, 8, 5]);
  const hidden: Value[] = [];
  const convolve = (value: Value): Value => {
    const [n, channels] = [hidden.length, value.shape[3]];
    hidden.push(conv2d(g, value, g.input(`w${n}`, [3, 3, channels, channels]), g.input(`b${n}`, [channels])));
    return hidden[n];
  };
  const layers: Layers = {
    g,
    conv: (value) => prelu(g, convolve(value), g.input(`slope${hidden.length}`, [value.shape[3]])),
    relu: (value) => relu(g, convolve(value)),
    up: (value) => upconv2x2(g, value, g.input('up', [2, 2, value.shape[3], value.shape[3]])),
  };
  const out = network(layers, x);
  const [gradient] = gradients(g, out, [x], { seed: g.input('seed', out.shape) });
  const outputs = { out, gradient, ...(plain && Object.fromEntries(hidden.map((value, i) => [`hidden${i}`, value]))) };
  const kernels = kernelsOf(planProgram(g, { outputs }));
  const program = compile(g, { outputs, dtype: 'float64' });
  fill(program, new Random(3));
  program.runSync();
  const result = program.get('gradient');
  program.dispose();
  return { kernels, gradient: result };
}

const reversePasses = (kernels: readonly string[]): number => kernels.filter((kernel) => /^(prelu|unary)Backward$/.test(kernel)).length;

test.each<[string, Build, number]>([
  ['a convolution', ({ conv, g }, x) => conv2d(g, conv(x), g.input('w', [1, 1, 5, 3])), 0],
  ['a convolution, of a ReLU', ({ conv, ...layers }, x) => conv2d(layers.g, conv(layers.relu(conv(x))), layers.g.input('w', [1, 1, 5, 3])), 0],
  ['an up-convolution', ({ conv, up }, x) => up(conv(x)), 0],
  ['a pool', ({ conv, g }, x) => maxpool2x2(g, conv(x)), 0],
  ['two convolutions, added up', ({ conv, g }, x) => twice(g, conv(x)), 0],
  ['a pool and a convolution of a concatenation', ({ conv, up, g }, x) => skip(g, conv(x), up), 0],
  ['a slice: no kernel that multiplies', ({ conv, g }, x) => concat(g, [conv(x), x]), 1],
])('a reverse pass after %s', (_, network, left) => {
  const [fused, plain] = [build(network, false), build(network, true)];
  expect(reversePasses(fused.kernels)).toBe(left);
  expect(fused.kernels.length).toBeLessThan(plain.kernels.length);
  expect(fused.gradient.some((value) => value !== 0)).toBe(true);
  expect(relativeError(fused.gradient, plain.gradient)).toBeLessThan(1e-14);
});

function twice(g: Graph, x: Value): Value {
  return add(g, conv2d(g, x, g.input('first', [3, 3, 5, 4])), conv2d(g, x, g.input('second', [1, 1, 5, 4])));
}

/** A level of a U-Net. */
function skip(g: Graph, x: Value, up: (x: Value) => Value): Value {
  return conv2d(g, concat(g, [up(maxpool2x2(g, x)), x]), g.input('joined', [3, 3, 10, 4]));
}
