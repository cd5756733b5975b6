/**
 * Transposed convolution that doubles rows and columns, and its transpose, the convolution that halves them (stride 2). Their 2 x 2 windows do not
 * overlap, so each pixel of the finer side has one of the coarser:
 *
 *   out[n, 2i+a, 2j+b, o]  = bias[o] + Σ_c weight[a,b,c,o] · input[n,i,j,c]
 *   gradInput[n,i,j,c]     = Σ_{a,b,o} weight[a,b,c,o] · gradOutput[n, 2i+a, 2j+b, o]
 *   gradWeight[a,b,c,o]    = Σ_{n,i,j} input[n,i,j,c] · gradOutput[n, 2i+a, 2j+b, o]
 */
import { ShapeError } from '../../../base/errors';
import type { Graph, Node, Value, Emitter, Op } from '../../definition/graph';
import { pixelStride } from '../shared/memory-layout';
import { expectShape, formatShape } from '../../definition/shape';
import { labelOf } from './conv2d';
import { withDerivative, type InstructionParts } from '../shared/derivative';
import { permute } from '../../definition/onnx-layout';
import { ofFirst } from '../../tangents';

/**
 * 2 x 2 transposed convolution, stride 2.
 *
 * @param input - `[N, H, W, C_in]`
 * @param weight - `[2, 2, C_in, C_out]`
 * @param bias - `[C_out]`
 * @returns `[N, 2H, 2W, C_out]`
 * @throws {ShapeError} if an operand does not fit
 */
export function upconv2x2(g: Graph, input: Value, weight: Value, bias?: Value): Value {
  expectShape('upconv2x2', 'input', input, ['N', 'H', 'W', 'C_in']);
  expectShape('upconv2x2', 'weight', weight, [2, 2, input.shape[3], 'C_out']);
  const outChannels = weight.shape[3];
  if (bias) expectShape('upconv2x2', 'bias', bias, [outChannels]);
  const [batch, height, width] = input.shape;
  return g.apply(upconv2x2Op, [input, weight, bias], {}, [[batch, 2 * height, 2 * width, outChannels]], labelOf(weight, 'upconv2x2'))[0];
}

/**
 * 2 x 2 convolution with stride 2, linear as it has no bias: the transpose of {@link upconv2x2} with the same weight.
 *
 *   out[n,i,j,c] = Σ_{a,b,o} weight[a,b,c,o] · input[n, 2i+a, 2j+b, o]
 *
 * @param input - `[N, 2H, 2W, C_in]`
 * @param weight - `[2, 2, C_out, C_in]`
 * @returns `[N, H, W, C_out]`
 * @throws {ShapeError} if an operand does not fit, `SHAPE_ODD` if rows or columns are odd
 */
export function downconv2x2(g: Graph, input: Value, weight: Value): Value {
  expectShape('downconv2x2', 'input', input, ['N', 'H', 'W', 'C_in']);
  expectShape('downconv2x2', 'weight', weight, [2, 2, 'C_out', input.shape[3]]);
  const [batch, height, width] = input.shape;
  if (height % 2 !== 0 || width % 2 !== 0) {
    throw new ShapeError('SHAPE_ODD', `downconv2x2: expected input with even rows and columns but received ${formatShape(input.shape)}; pad it`);
  }
  const shape = [batch, height / 2, width / 2, weight.shape[2]];
  return g.apply(upconv2x2BackwardInputOp, [input, weight], {}, [shape], labelOf(weight, 'downconv2x2'))[0];
}

/** @param output - the output, or its gradient */
function sizes(emitter: Emitter, input: Value, weight: Value, output: Value): Record<string, number> {
  const [batch, height, width] = input.shape;
  const outputStride = pixelStride(emitter.strides(output), output.shape);
  return { batch, height, width, inChannels: weight.shape[2], outChannels: weight.shape[3], outputStride };
}

const upconv2x2Op: Op = {
  name: 'upconv2x2',
  accumulates: true,
  spreadOutput: () => 'pixels',
  gradient(node, [gradOutput], wanted) {
    if (!gradOutput) return [];
    const [input, weight, bias] = node.inputs as [Value, Value, Value | undefined];
    const g = input.graph;
    const gradInput = wanted[0] ? g.apply(upconv2x2BackwardInputOp, [gradOutput, weight], {}, [input.shape], node.label)[0] : undefined;
    if (!wanted[1] && !wanted[2]) return [gradInput];
    const biasShape = bias ? [bias.shape] : [];
    const [gradWeight, gradBias] = g.apply(upconv2x2BackwardWeightOp, [input, gradOutput], {}, [weight.shape, ...biasShape], node.label);
    return [gradInput, gradWeight, gradBias];
  },
  tangent: ofFirst(
    (node, tangent) => tangent.graph.apply(upconv2x2Op, [tangent, node.inputs[1], undefined], {}, [node.outputs[0].shape], node.label)[0],
  ),
  lower(node, emitter) {
    const [input, weight, bias] = node.inputs as [Value, Value, Value | undefined];
    const operands = { input: emitter.at(input), weight: emitter.at(weight), bias: emitter.optional(bias), output: emitter.at(node.outputs[0]) };
    emitter.emit('upconv2x2Forward', operands, { ...sizes(emitter, input, weight, node.outputs[0]), accumulate: emitter.accumulate() });
  },
  onnx(node, writer) {
    const [input, weight, bias] = node.inputs as [Value, Value, Value | undefined];
    const [, , inChannels, outChannels] = weight.shape;
    const filters = writer.floats(permute(writer.dataOf(weight), weight.shape, [2, 3, 0, 1]), [inChannels, outChannels, 2, 2]);
    const operands = [writer.nameOf(input), filters, ...(bias ? [writer.floats(writer.dataOf(bias), bias.shape)] : [])];
    writer.node('ConvTranspose', operands, [writer.nameOf(node.outputs[0])], { kernel_shape: [2, 2], strides: [2, 2] });
  },
};

export const upconv2x2BackwardInputOp: Op = {
  name: 'upconv2x2BackwardInput',
  accumulates: true,
  spreadInput: (index) => (index === 0 ? 'pixels' : undefined),
  tangent: ofFirst(
    (node, tangent) => tangent.graph.apply(upconv2x2BackwardInputOp, [tangent, node.inputs[1]], {}, [node.outputs[0].shape], node.label)[0],
  ),
  gradient(node, [gradOutput], wanted) {
    if (!gradOutput) return [];
    const [input, weight] = node.inputs as [Value, Value];
    const g = input.graph;
    const gradInput = wanted[0] ? g.apply(upconv2x2Op, [gradOutput, weight, undefined], {}, [input.shape], node.label)[0] : undefined;
    const gradWeight = wanted[1] ? g.apply(upconv2x2BackwardWeightOp, [gradOutput, input], {}, [weight.shape], node.label)[0] : undefined;
    return [gradInput, gradWeight];
  },
  lower(node, emitter) {
    const { kernel, operands, params } = backwardInputCall(node, emitter);
    emitter.emit(kernel, operands, { ...params, accumulate: emitter.accumulate() });
  },
  onnx(node, writer) {
    const [gradOutput, weight] = node.inputs as [Value, Value];
    const [, , inChannels, outChannels] = weight.shape;
    const filters = writer.floats(permute(writer.dataOf(weight), weight.shape, [2, 3, 0, 1]), [inChannels, outChannels, 2, 2]);
    writer.node('Conv', [writer.nameOf(gradOutput), filters], [writer.nameOf(node.outputs[0])], { kernel_shape: [2, 2], strides: [2, 2] });
  },
};

export const upconv2x2BackwardInputWithDerivativeOp = withDerivative(upconv2x2BackwardInputOp, backwardInputCall);

function backwardInputCall(node: Node, emitter: Emitter): InstructionParts {
  const [gradOutput, weight] = node.inputs as [Value, Value];
  const [gradInput] = node.outputs;
  const operands = { gradOutput: emitter.at(gradOutput), weight: emitter.at(weight), gradInput: emitter.at(gradInput) };
  return { kernel: 'upconv2x2BackwardInput', operands, params: sizes(emitter, gradInput, weight, gradOutput) };
}

const upconv2x2BackwardWeightOp: Op = {
  name: 'upconv2x2BackwardWeight',
  accumulates: true,
  scratchOutputs: [0],
  spreadInput: (index) => (index === 1 ? 'pixels' : undefined),
  lower(node, emitter) {
    const [input, gradOutput] = node.inputs as [Value, Value];
    const [gradWeight, gradBias] = node.outputs;
    const operands = {
      input: emitter.at(input),
      gradOutput: emitter.at(gradOutput),
      gradWeight: emitter.at(gradWeight),
      gradBias: emitter.optional(gradBias),
    };
    emitter.emit('upconv2x2BackwardWeight', operands, { ...sizes(emitter, input, gradWeight, gradOutput), accumulate: emitter.accumulate() });
  },
};
