import { add, compile, concat, gradients, Graph, slice, square, sum, tanh, type Value } from '..';
import { Random } from '../../base/random';
import { fill } from '../testing/finite-differences';
import { schedule } from '../program/schedule';
import { joinBoxes } from './export-onnx';

type Build = (g: Graph, x: Value) => Value;

const opsOf = (value: Value): string[] => schedule({ run: { values: [value] } })[1].nodes.map((node) => node.op.name);

function gradientOf(build: Build): Value {
  const g = new Graph();
  const x = g.input('x', [2, 3, 4, 6]);
  const out = build(g, x);
  return gradients(g, out, [x], { seed: g.input('seed', out.shape) })[0];
}

function evaluate(value: Value): Float64Array {
  const program = compile(value.graph, { outputs: { value }, dtype: 'float64' });
  fill(program, new Random(3));
  program.runSync();
  const result = program.get('value');
  program.dispose();
  return result;
}

test('gradients of slices that fill an array are joined in the order in which they lie', () => {
  const gradient = gradientOf((g, x) => concat(g, [tanh(g, slice(g, x, 3, 4, 6)), square(g, slice(g, x, 3, 0, 3)), slice(g, x, 3, 3, 4)]));
  const joined = joinBoxes({ gradient }).values.gradient;
  expect(opsOf(joined)).not.toContain('pad');
  expect(evaluate(joined)).toEqual(evaluate(gradient));
});

test.each<[string, Build]>([
  ['overlap', (g, x) => add(g, slice(g, x, 3, 0, 4), slice(g, x, 3, 2, 6))],
  ['leave a part out', (g, x) => add(g, slice(g, x, 3, 0, 2), slice(g, x, 3, 4, 6))],
  ['lie along two axes', (g, x) => concat(g, [slice(g, slice(g, x, 3, 0, 3), 2, 0, 2), slice(g, slice(g, x, 3, 0, 3), 2, 2, 4)], 2)],
  ['are added to the whole', (g, x) => sum(g, [x, concat(g, [tanh(g, slice(g, x, 3, 0, 3)), slice(g, x, 3, 3, 6)])])],
])('slices that %s', (_, build) => {
  const gradient = gradientOf(build);
  const joined = joinBoxes({ gradient }).values.gradient;
  expect(opsOf(joined)).toContain('pad');
  expect(evaluate(joined)).toEqual(evaluate(gradient));
});
