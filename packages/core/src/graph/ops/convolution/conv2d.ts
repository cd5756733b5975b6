/**
 * Cross-correlation of gridded fields with a bank of filters. With p = (K−1)/2 and out = φ(s), φ the activation:
 *
 *   s[n,i,j,o]            = bias[o] + Σ_{k,l,c} weight[k,l,c,o] · input[n, i+k−p, j+l−p, c]
 *   gradInput[n,i,j,c]    = Σ_{k,l,o} weight[k,l,c,o] · gradOutput[n, i−k+p, j−l+p, o]
 *   gradWeight[k,l,c,o]   = Σ_{n,i,j} input[n, i+k−p, j+l−p, c] · gradOutput[n,i,j,o]
 *   gradBias[o]           = Σ_{n,i,j} gradOutput[n,i,j,o]
 *
 * Activations and their derivatives are fused by rewrites (rewrites/fuse-activations.ts), after `gradients`.
 */
import { ShapeError } from '../../../base/errors';
import { type Graph, type Node, type Value, type Emitter, type Op, type Spread, type OnnxNodeWriter, GraphError } from '../../definition/graph';
import { imageLayout, pixelStride } from '../shared/memory-layout';
import { expectShape, formatShape } from '../../definition/shape';
import { permute } from '../../definition/onnx-layout';
import { embedChannels, slice, wantedChannels } from '../arrays/copies';
import { ACTIVATION_CODE, withDerivative, type FusedActivation, type InstructionParts } from '../shared/derivative';
import { ofFirst } from '../../tangents';

export interface Conv2dAttributes {
  readonly activation: FusedActivation;
}

/**
 * 2-D cross-correlation, stride 1, zero padding, odd square kernels.
 *
 * @param input - `[N, H, W, C_in]`
 * @param weight - `[K, K, C_in, C_out]`
 * @param bias - `[C_out]`
 * @param label - the layer's name, where its weight has none
 * @returns `[N, H, W, C_out]`
 * @throws {ShapeError} if an operand does not fit or K is even
 * @see Dumoulin & Visin (2016), arXiv:1603.07285
 */
export function conv2d(g: Graph, input: Value, weight: Value, bias?: Value, label = labelOf(weight, 'conv2d')): Value {
  expectShape('conv2d', 'input', input, ['N', 'H', 'W', 'C_in']);
  expectShape('conv2d', 'weight', weight, ['K', 'K', input.shape[3], 'C_out']);
  const [kernel, inputChannels, , outChannels] = weight.shape;
  if (kernel !== inputChannels || kernel % 2 === 0) {
    throw new ShapeError('SHAPE_KERNEL', `conv2d: expected an odd square kernel but received weight ${formatShape(weight.shape)}; use 1, 3, 5, 7 …`);
  }
  if (bias) expectShape('conv2d', 'bias', bias, [outChannels]);
  const outShape = [...input.shape.slice(0, 3), outChannels];
  return g.apply<Conv2dAttributes>(conv2dOp, [input, weight, bias, undefined], { activation: 'none' }, [outShape], label)[0];
}

/** Layers are known by their weight: `unet.down0.conv0.weight` labels `unet.down0.conv0`. */
export function labelOf(weight: Value, fallback: string): string {
  return weight.name?.replace(/\.weight$/, '') ?? fallback;
}

function sizes(image: Value, weight: Value): Record<string, number> {
  const [batch, height, width] = image.shape;
  const [kernel, , inChannels, outChannels] = weight.shape;
  return { batch, height, width, inChannels, outChannels, kernel };
}

/** Kernels of one cell can step over what lies between the cells of the input; wider ones read the channels of neighbours as one row. */
const spreadImage = (index: number, kernel: number): Spread | undefined => (index === 0 && kernel === 1 ? 'pixels' : undefined);

/** Where an image that may be spread out begins, and how far its cells are apart. */
const imageAt = (emitter: Emitter, image: Value): [at: number, stride: number] => [
  emitter.at(image),
  pixelStride(emitter.strides(image), image.shape),
];

export const conv2dOp: Op<Conv2dAttributes> = {
  name: 'conv2d',
  spreadInput: (index, { inputs }) => spreadImage(index, inputs[1]!.shape[0]),
  spreadOutput: () => 'images',
  gradient(node, [gradOutput], wanted, isWanted) {
    if (!gradOutput) return [];
    if (node.attributes.activation !== 'none')
      throw new GraphError('GRAPH_NO_GRADIENT', `gradients: ${node.label} is already fused; call gradients first`);
    const [input, weight, bias] = node.inputs as [Value, Value, Value | undefined];
    const g = input.graph;
    // The weights' gradient comes first, since it is the last to read the input, whose memory that of the input can then have.
    const ofWeights = wanted[1] || wanted[2] ? [weight.shape, ...(bias ? [bias.shape] : [])] : [];
    const [gradWeight, gradBias] = ofWeights.length > 0 ? g.apply(conv2dBackwardWeightOp, [input, gradOutput], {}, ofWeights, node.label) : [];
    return [wanted[0] ? gradientOfInput(node, gradOutput, isWanted) : undefined, gradWeight, gradBias];
  },
  tangent: ofFirst((node, tangent) => {
    if (node.attributes.activation !== 'none')
      throw new GraphError('GRAPH_NO_TANGENT', `tangents: ${node.label} is already fused; call tangents first`);
    return tangent.graph.apply(conv2dOp, [tangent, node.inputs[1], undefined, undefined], node.attributes, [node.outputs[0].shape], node.label)[0];
  }),
  lower(node, emitter) {
    const [input, weight, bias, slope] = node.inputs as [Value, Value, Value | undefined, Value | undefined];
    const [output] = node.outputs;
    const [imageOffset, inputStride] = imageAt(emitter, input);
    emitter.emit(
      'conv2dForward',
      {
        input: imageOffset,
        weight: emitter.at(weight),
        bias: emitter.optional(bias),
        slope: emitter.optional(slope),
        output: emitter.at(output),
      },
      {
        ...sizes(input, weight),
        inputStride,
        ...imageLayout(emitter.strides(output), output.shape),
        activation: ACTIVATION_CODE[node.attributes.activation],
      },
    );
  },
  onnx: writeConv2d,
};

/** Of an input that was joined from parts, with zeros where no gradient is asked for. */
function gradientOfInput(node: Node, gradOutput: Value, isWanted: (value: Value) => boolean): Value {
  const [input, weight] = node.inputs as [Value, Value];
  const g = input.graph;
  const [begin, end] = wantedChannels(input, isWanted);
  const shape = [...input.shape.slice(0, -1), end - begin];
  const [part] = g.apply(conv2dBackwardInputOp, [gradOutput, slice(g, weight, 2, begin, end)], {}, [shape], node.label);
  return embedChannels(g, part, begin, input.shape[3]);
}

/** ONNX's filters are `[C_out, C_in, K, K]`. */
function writeConv2d(node: Node<Conv2dAttributes>, writer: OnnxNodeWriter): void {
  const [input, weight, bias, slope] = node.inputs as [Value, Value, Value | undefined, Value | undefined];
  const [kernel, , inChannels, outChannels] = weight.shape;
  const filters = writer.floats(permute(writer.dataOf(weight), weight.shape, [3, 2, 0, 1]), [outChannels, inChannels, kernel, kernel]);
  const operands = [writer.nameOf(input), filters, ...(bias ? [writer.floats(writer.dataOf(bias), bias.shape)] : [])];
  const output = writer.nameOf(node.outputs[0]);
  const { activation } = node.attributes;
  const plain = activation === 'none' ? output : writer.temporary();
  const padding = (kernel - 1) / 2;
  writer.node('Conv', operands, [plain], { kernel_shape: [kernel, kernel], pads: [padding, padding, padding, padding] });
  if (activation === 'relu') writer.node('Relu', [plain], [output]);
  if (slope) writer.node('PRelu', [plain, writer.floats(writer.dataOf(slope), [outChannels, 1, 1])], [output]);
}

/** With odd kernels and as much padding as they are wide, the gradient is a convolution too: channels exchanged, the kernel turned by 180 degrees. */
function writeConv2dBackwardInput(node: Node, writer: OnnxNodeWriter): void {
  const [gradOutput, weight] = node.inputs as [Value, Value];
  const [kernel, , inChannels, outChannels] = weight.shape;
  const data = writer.dataOf(weight);
  const turned = data.map((_, index) => {
    const rest = index % (inChannels * outChannels);
    const tap = (index - rest) / (inChannels * outChannels);
    return data[(kernel * kernel - 1 - tap) * inChannels * outChannels + rest];
  });
  const filters = writer.floats(permute(turned, weight.shape, [2, 3, 0, 1]), [inChannels, outChannels, kernel, kernel]);
  const padding = (kernel - 1) / 2;
  const attributes = { kernel_shape: [kernel, kernel], pads: [padding, padding, padding, padding] };
  writer.node('Conv', [writer.nameOf(gradOutput), filters], [writer.nameOf(node.outputs[0])], attributes);
}

export const conv2dBackwardInputOp: Op = {
  name: 'conv2dBackwardInput',
  accumulates: true,
  spreadOutput: () => 'pixels',
  lower(node, emitter) {
    const { kernel, operands, params } = backwardInputCall(node, emitter);
    emitter.emit(kernel, operands, { ...params, accumulate: emitter.accumulate() });
  },
  onnx: writeConv2dBackwardInput,
};

export const conv2dBackwardInputWithDerivativeOp = withDerivative(conv2dBackwardInputOp, backwardInputCall);

function backwardInputCall(node: Node, emitter: Emitter): InstructionParts {
  const [gradOutput, weight] = node.inputs as [Value, Value];
  const [gradInput, gradInputStride] = imageAt(emitter, node.outputs[0]);
  const operands = { gradOutput: emitter.at(gradOutput), weight: emitter.at(weight), gradInput };
  return { kernel: 'conv2dBackwardInput', operands, params: { ...sizes(gradOutput, weight), gradInputStride } };
}

const conv2dBackwardWeightOp: Op = {
  name: 'conv2dBackwardWeight',
  accumulates: true,
  scratchOutputs: [0],
  spreadInput: (index, { outputs }) => spreadImage(index, outputs[0].shape[0]),
  lower(node: Node, emitter: Emitter) {
    const [input, gradOutput] = node.inputs as [Value, Value];
    const [gradWeight, gradBias] = node.outputs;
    const [imageOffset, inputStride] = imageAt(emitter, input);
    const operands = {
      input: imageOffset,
      gradOutput: emitter.at(gradOutput),
      gradWeight: emitter.at(gradWeight),
      gradBias: emitter.optional(gradBias),
    };
    emitter.emit('conv2dBackwardWeight', operands, { ...sizes(input, gradWeight), inputStride, accumulate: emitter.accumulate() });
  },
};
