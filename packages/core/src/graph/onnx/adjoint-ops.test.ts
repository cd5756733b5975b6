/** Reverse rules in ONNX Runtime against the native program, op by op, with the batch free. */
import { compile, exportOnnx, gradients, Graph, maxpool2x2, OnnxModel, unrollLstm, type Field, type Value } from '..';
import { Random } from '../../base/random';
import { size } from '../definition/shape';
import { relativeError } from '../testing/golden';
import type { OpCase } from '../ops/shared/op-case';
import { onnxLeaves, opCases } from '../testing/op-cases';

// Both are float32; sums run over some dozens of terms, in different orders.
const TOLERANCE = 1e-5;
/** The models are built for this batch and run with {@link BATCH}. */
const [BUILT, BATCH] = [1, 3];

/** Output and gradient for a seed on the output. */
function build(opCase: OpCase, batch: number): { output: Value; gradient: Value } {
  const g = new Graph();
  const output = opCase.build(onnxLeaves(g, batch));
  const scalar = output.shape.length === 0;
  const [gradient] = gradients(g, output, [g.find('x')], scalar ? {} : { seed: g.input('seed', output.shape) });
  return { output, gradient };
}

/** The same with the LSTM written out, as `adjointOnnx` does it. */
function buildForOnnx(opCase: OpCase): { output: Value; gradient: Value } {
  const g = new Graph();
  const built = opCase.build(onnxLeaves(g, BUILT));
  const unrolled = unrollLstm({ output: built, x: g.find('x') });
  const { output } = unrolled.values;
  const scalar = output.shape.length === 0;
  const [gradient] = gradients(unrolled.graph, output, [unrolled.values.x], scalar ? {} : { seed: unrolled.graph.input('seed', output.shape) });
  return { output, gradient };
}

test.each(opCases().filter(({ onnx }) => onnx))('$name', async (opCase) => {
  const { output, gradient } = build(opCase, BATCH);
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
  const model = await OnnxModel.load(exportOnnx(buildForOnnx(opCase), { parameters }), { threads: 1 });
  const result = await model.run(Object.fromEntries(model.inputNames.map((input) => [input, inputs[input]])));
  expect(result.gradient.shape).toEqual([BATCH, 6, 6, 4]);
  expect(relativeError(result.output.data, program.get('output'))).toBeLessThan(TOLERANCE);
  expect(relativeError(result.gradient.data, program.get('gradient'))).toBeLessThan(TOLERANCE);
  expect(new Set(result.gradient.data).size).toBeGreaterThan(1);
  program.dispose();
  await model.dispose();
});

describe('refusals', () => {
  function exportGradient(build: OpCase['build'], leaf = 'x'): Uint8Array {
    const g = new Graph();
    const output = build(onnxLeaves(g, 1));
    const [gradient] = gradients(g, output, [g.find(leaf)], { seed: g.input('seed', output.shape) });
    const parameters = new Map(g.modelValues().map(({ name, shape }) => [name!, new Float32Array(size(shape))]));
    return exportOnnx({ gradient }, { parameters });
  }
  const buildOf = (name: string): OpCase['build'] => opCases().find((opCase) => opCase.name === name)!.build;

  test('the gradient of an LSTM that was not written out', () => {
    const message = 'exportOnnx: the gradient of lstm has no ONNX form: call unrollLstm before gradients';
    expect(() => exportGradient(buildOf('lstm of joined steps, all states'))).toThrow(message);
  });

  test('gradients of parameters', () => {
    expect(() => exportGradient(buildOf('conv2d 1x1'), 'w')).toThrow(/conv2dBackwardWeight .* has no ONNX form/);
    const message = /a result of preluBackward \(.*\) has no ONNX form; ask for gradients of inputs only/;
    expect(() => exportGradient(buildOf('prelu'), 'slope')).toThrow(message);
  });

  test('the gradient of a max-pool of odd sizes', () => {
    const message = /maxpool2x2 of \[1, 5, 6, 4\] has no ONNX form: pad rows and columns to even numbers/;
    expect(() => exportGradient(({ g }) => maxpool2x2(g, g.input('x', [1, 5, 6, 4])))).toThrow(message);
  });
});
