import { batchNorm, compile, conv2d, foldBatchNorm, gradients, Graph, planProgram, prelu, type Value } from '..';
import { Random } from '../../base/random';
import { fill } from '../testing/finite-differences';
import { relativeError } from '../testing/golden';

/** conv → frozen batch norm → P-ReLU, twice; the second convolution has no bias. */
function net(): { g: Graph; x: Value; out: Value } {
  const g = new Graph();
  const x = g.input('x', [1, 6, 7, 3]);
  const vector = (name: string): Value => g.parameter(name, [3], { init: 'constant', value: 1 });
  const layer = (input: Value, name: string, bias?: Value): Value => {
    const convolved = conv2d(g, input, g.parameter(`${name}.weight`, [3, 3, 3, 3], { init: 'he', fanIn: 27 }), bias);
    const buffer = (what: string): Value => g.buffer(`${name}.${what}`, [3], { init: 'constant', value: 1 });
    const operands = {
      scale: vector(`${name}.scale`),
      shift: vector(`${name}.shift`),
      runningMean: buffer('mean'),
      runningVariance: buffer('variance'),
    };
    return prelu(g, batchNorm(g, convolved, operands, 'frozen'), vector(`${name}.slope`));
  };
  return { g, x, out: layer(layer(x, 'a', vector('a.bias')), 'b') };
}

function evaluate(g: Graph, out: Value, gradient: Value): { out: Float64Array; gradient: Float64Array } {
  const program = compile(g, { outputs: { out, gradient }, dtype: 'float64' });
  fill(program, new Random(4), { 'a.variance': [0.5, 1, 2], 'b.variance': [3, 0.7, 1] });
  program.runSync();
  const result = { out: program.get('out'), gradient: program.get('gradient') };
  program.dispose();
  return result;
}

const withGradient = (g: Graph, x: Value, out: Value): Value => gradients(g, out, [x], { seed: g.input('seed', out.shape) })[0];

test('folding changes neither the result nor its gradient, and leaves no batch norm in the run', () => {
  const plain = net();
  const folded = foldBatchNorm({ x: plain.x, out: plain.out });
  const layout = planProgram(folded.graph, { outputs: { out: folded.values.out } });
  const [begin, end] = layout.spec.phases.run;
  expect(layout.spec.instructions.slice(begin, end).map(({ op }) => op)).toEqual(['conv2dForward', 'conv2dForward']); // P-ReLU is fused too
  const [a, b] = [
    evaluate(plain.g, plain.out, withGradient(plain.g, plain.x, plain.out)),
    evaluate(folded.graph, folded.values.out, withGradient(folded.graph, folded.values.x, folded.values.out)),
  ];
  expect(relativeError(b.out, a.out)).toBeLessThan(1e-12);
  expect(relativeError(b.gradient, a.gradient)).toBeLessThan(1e-12);
});

test('a convolution that something else reads too is left alone', () => {
  const g = new Graph();
  const convolved = conv2d(g, g.input('x', [1, 4, 4, 1]), g.parameter('w', [1, 1, 1, 1], { init: 'he', fanIn: 1 }));
  const vector = (name: string): Value => g.buffer(name, [1], { init: 'constant', value: 1 });
  const normalized = batchNorm(
    g,
    convolved,
    { scale: vector('s'), shift: vector('t'), runningMean: vector('m'), runningVariance: vector('v') },
    'frozen',
  );
  const { graph, values } = foldBatchNorm({ convolved, normalized });
  expect(planProgram(graph, { outputs: values }).spec.instructions.map(({ op }) => op)).toEqual(['conv2dForward', 'batchNormEvalForward']);
});
