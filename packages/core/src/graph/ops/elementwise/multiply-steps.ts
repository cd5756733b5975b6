/**
 * The product of an array with an axis of steps and factors that have the steps among their channels, both read where they lie:
 *
 *   out[n, i, j, t·C + c] = input[n, t, i, j, c] · factors[n, i, j, t·C + c]
 *
 * It is `multiply` of the transposed input, without the copy, and without memory for it until the reverse pass.
 */
import type { Graph, Value, Emitter, Op, OnnxNodeWriter } from '../../definition/graph';
import { pixelStride } from '../shared/memory-layout';
import { expectShape } from '../../definition/shape';
import { sumOf } from './arithmetic';

/**
 * Steps as channels, multiplied.
 *
 * @param input - `[N, T, H, W, C]`
 * @param factors - `[N, H, W, T·C]`, the channels of a step together
 * @returns `[N, H, W, T·C]`
 * @throws {ShapeError} if the two do not belong together
 */
export function multiplySteps(g: Graph, input: Value, factors: Value): Value {
  expectShape('multiplySteps', 'input', input, ['N', 'T', 'H', 'W', 'C']);
  const [batch, steps, height, width, channels] = input.shape;
  expectShape('multiplySteps', 'factors', factors, [batch, height, width, steps * channels]);
  return g.apply(multiplyStepsOp, [input, factors], {}, [factors.shape])[0];
}

function params(emitter: Emitter, input: Value): Record<string, number> {
  const [batch, steps, height, width, channels] = input.shape;
  return { batch, steps, pixels: height * width, channels, inputStride: pixelStride(emitter.strides(input), input.shape) };
}

/** Steps as channels; ONNX has images last. @returns the name of `[N, T·C, H, W]` */
function joinSteps(writer: OnnxNodeWriter, input: Value): string {
  const [last, joined, first] = [writer.temporary(), writer.temporary(), writer.temporary()];
  const [, steps, , , channels] = input.shape;
  // 0 keeps an extent, whatever its size: batch, rows, columns.
  writer.node('Transpose', [writer.nameOf(input)], [last], { perm: [0, 3, 4, 1, 2] });
  writer.node('Reshape', [last, writer.integers([0, 0, 0, steps * channels])], [joined]);
  writer.node('Transpose', [joined], [first], { perm: [0, 3, 1, 2] });
  return first;
}

/** The reverse of {@link joinSteps}. @param like - `[N, T, H, W, C]`, as the result is here */
function partSteps(writer: OnnxNodeWriter, name: string, like: Value, output: string): void {
  const [last, parted] = [writer.temporary(), writer.temporary()];
  const [, steps, , , channels] = like.shape;
  writer.node('Transpose', [name], [last], { perm: [0, 2, 3, 1] });
  writer.node('Reshape', [last, writer.integers([0, 0, 0, steps, channels])], [parted]);
  writer.node('Transpose', [parted], [output], { perm: [0, 3, 4, 1, 2] });
}

const multiplyStepsOp: Op = {
  name: 'multiplySteps',
  inPlace: 1,
  spreadInput: (index) => (index === 0 ? 'pixels' : undefined),
  gradient(node, [gradOutput], wanted) {
    const [input, factors] = node.inputs as [Value, Value];
    if (!gradOutput) return [];
    const shapes = [factors.shape, input.shape];
    const [gradFactors, gradInput] = input.graph.apply(multiplyStepsBackwardOp, [input, factors, gradOutput], {}, shapes, node.label);
    return [wanted[0] ? gradInput : undefined, wanted[1] ? gradFactors : undefined];
  },
  tangent(node, [ofInput, ofFactors]) {
    const [input, factors] = node.inputs as [Value, Value];
    const g = input.graph;
    return sumOf([ofInput && multiplySteps(g, ofInput, factors), ofFactors && multiplySteps(g, input, ofFactors)]);
  },
  lower(node, emitter) {
    const [input, factors] = node.inputs as [Value, Value];
    const operands = { input: emitter.at(input), factors: emitter.at(factors), output: emitter.at(node.outputs[0]) };
    emitter.emit('multiplyStepsForward', operands, params(emitter, input));
  },
  onnx(node, writer) {
    const [input, factors] = node.inputs as [Value, Value];
    writer.node('Mul', [joinSteps(writer, input), writer.nameOf(factors)], [writer.nameOf(node.outputs[0])]);
  },
};

/** Outputs: the gradient of the factors, which may lie over that of the output, and of the input. */
const multiplyStepsBackwardOp: Op = {
  name: 'multiplyStepsBackward',
  inPlace: 2,
  spreadInput: (index) => (index === 0 ? 'pixels' : undefined),
  lower(node, emitter) {
    const [input, factors, gradOutput] = node.inputs as [Value, Value, Value];
    const [gradFactors, gradInput] = node.outputs.map((output) => emitter.optional(output));
    const operands = {
      input: gradFactors === undefined ? undefined : emitter.at(input),
      factors: gradInput === undefined ? undefined : emitter.at(factors),
      gradOutput: emitter.at(gradOutput),
      gradFactors,
      gradInput,
    };
    emitter.emit('multiplyStepsBackward', operands, params(emitter, input));
  },
  onnx(node, writer) {
    const [input, factors, gradOutput] = node.inputs as [Value, Value, Value];
    const [gradFactors, gradInput] = node.outputs;
    const product = writer.temporary();
    writer.node('Mul', [writer.nameOf(gradOutput), joinSteps(writer, input)], [writer.nameOf(gradFactors)]);
    writer.node('Mul', [writer.nameOf(gradOutput), writer.nameOf(factors)], [product]);
    partSteps(writer, product, input, writer.nameOf(gradInput));
  },
};
