/**
 * Maximum over 2 x 2 windows. The reverse pass finds the winner again (the first maximum in row-major order, as PyTorch does)
 * rather than store its place: it needs the input, and nothing else.
 */
import { type Graph, type Node, type Value, type OnnxNodeWriter, type Emitter, type Op, GraphError } from '../../definition/graph';
import { pixelStride } from '../shared/memory-layout';
import { channels, expectShape, formatShape } from '../../definition/shape';
import { multiply, scale, subtract } from '../elementwise/arithmetic';
import { channelAffine } from '../elementwise/channel-affine';
import { ACTIVATION_CODE, ADDED_INPUT, DERIVATIVE_INPUTS, type DerivativeAttributes, type InstructionParts } from '../shared/derivative';
import { ofFirst } from '../../tangents';
import { relu } from '../elementwise/unary';

export interface MaxPoolAttributes {
  /** Odd sizes: true lets the last row or column form a smaller window, false drops it. */
  readonly ceil: boolean;
}

/**
 * 2 x 2 max-pool, stride 2.
 *
 * @param input - `[N, H, W, C]`
 * @param ceil - for odd sizes: keep the last row and column as a smaller window
 * @returns `[N, H/2, W/2, C]`, halves rounded down, or up with `ceil`
 * @throws {ShapeError} if input is not of rank 4
 */
export function maxpool2x2(g: Graph, input: Value, ceil = false): Value {
  expectShape('maxpool2x2', 'input', input, ['N', 'H', 'W', 'C']);
  const [batch, height, width, channels] = input.shape;
  const half = (n: number): number => (ceil ? Math.ceil(n / 2) : Math.floor(n / 2));
  return g.apply(maxpool2x2Op, [input], { ceil }, [[batch, half(height), half(width), channels]])[0];
}

function params(emitter: Emitter, input: Value, ceil: boolean): Record<string, number> {
  const [batch, height, width, channels] = input.shape;
  return { batch, height, width, channels, inputStride: pixelStride(emitter.strides(input), input.shape), ceil: ceil ? 1 : 0 };
}

const maxpool2x2Op: Op<MaxPoolAttributes> = {
  name: 'maxpool2x2',
  spreadInput: () => 'pixels',
  gradient(node, [gradOutput]) {
    const input = node.inputs[0] as Value;
    if (!gradOutput) return [];
    return input.graph.apply(maxpool2x2BackwardOp, [input, gradOutput], node.attributes, [input.shape]);
  },
  tangent: ofFirst(maxpool2x2Tangent),
  lower(node, emitter) {
    const input = node.inputs[0] as Value;
    emitter.emit(
      'maxpool2x2Forward',
      { input: emitter.at(input), output: emitter.at(node.outputs[0]) },
      params(emitter, input, node.attributes.ceil),
    );
  },
  onnx(node, writer) {
    const attributes = { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: node.attributes.ceil ? 1 : 0 };
    writer.node('MaxPool', [writer.nameOf(node.inputs[0]!)], [writer.nameOf(node.outputs[0])], attributes);
  },
};

/**
 * The reverse rule marks each window's maximum with 1, so that one element of a window of the product is the tangent, and the others are 0: positive,
 * it is the maximum of the window; negative, that of the window's negative.
 */
function maxpool2x2Tangent(node: Node<MaxPoolAttributes>, tangent: Value): Value {
  const [input, output] = [node.inputs[0]!, node.outputs[0]];
  const g = input.graph;
  const perChannel = (value: number): Value => g.constant(new Float64Array(channels(output.shape)).fill(value), [channels(output.shape)]);
  const unchanged = channelAffine(g, output, perChannel(0), perChannel(1));
  const [maxima] = g.apply(maxpool2x2BackwardOp, [input, unchanged], node.attributes, [input.shape]);
  const marked = multiply(g, maxima, tangent);
  // At odd sizes a window may have no other element than the maximum, hence the rectifiers.
  const positive = (value: Value): Value => relu(g, maxpool2x2(g, value, node.attributes.ceil));
  return subtract(g, positive(marked), positive(scale(g, marked, -1)));
}

/**
 * Of the four pixels of a window, laid side by side as channels by SpaceToDepth, the gradient goes to the better row, the upper one of equals, and in it
 * to the better pixel, the left one of equals: to the first maximum, as in native, and without MaxUnpool, which few runtimes have.
 */
function writeMaxpool2x2Backward(node: Node<MaxPoolAttributes>, writer: OnnxNodeWriter): void {
  const [input, gradOutput] = node.inputs as [Value, Value];
  if (input.shape[1] % 2 !== 0 || input.shape[2] % 2 !== 0) {
    const message = `exportOnnx: the gradient of maxpool2x2 of ${formatShape(input.shape)} has no ONNX form: pad rows and columns to even numbers`;
    throw new GraphError('GRAPH_NO_ONNX', message);
  }
  const zero = writer.floats([0], []);
  const [pixels, joined] = [writer.temporary(), writer.temporary()];
  const [a, b, c, d] = Array.from({ length: 4 }, () => writer.temporary()); // upper left, upper right, lower left, lower right
  writer.node('SpaceToDepth', [writer.nameOf(input)], [pixels], { blocksize: 2 });
  writer.node('Split', [pixels], [a, b, c, d], { axis: 1 });
  /** The parts of a gradient that go to the first and the second of two rivals. */
  const divide = (gradient: string, first: string, second: string): [string, string] => {
    const [wins, toFirst, toSecond] = [writer.temporary(), writer.temporary(), writer.temporary()];
    writer.node('GreaterOrEqual', [first, second], [wins]);
    writer.node('Where', [wins, gradient, zero], [toFirst]);
    writer.node('Where', [wins, zero, gradient], [toSecond]);
    return [toFirst, toSecond];
  };
  const larger = (first: string, second: string): string => {
    const maximum = writer.temporary();
    writer.node('Max', [first, second], [maximum]);
    return maximum;
  };
  const [toUpper, toLower] = divide(writer.nameOf(gradOutput), larger(a, b), larger(c, d));
  writer.node('Concat', [...divide(toUpper, a, b), ...divide(toLower, c, d)], [joined], { axis: 1 });
  writer.node('DepthToSpace', [joined], [writer.nameOf(node.outputs[0])], { blocksize: 2, mode: 'DCR' });
}

export const maxpool2x2BackwardOp: Op<MaxPoolAttributes> = {
  name: 'maxpool2x2Backward',
  accumulates: true,
  spreadInput: (index) => (index === 0 ? 'pixels' : undefined),
  spreadOutput: () => 'pixels',
  lower(node, emitter) {
    const { operands, params } = backwardCall(node, emitter);
    const added = emitter.accumulate() ? { added: operands.gradInput } : {};
    emitter.emit('maxpool2x2Backward', { ...operands, ...added }, { ...params, addedStride: params.gradInputStride });
  },
  onnx: writeMaxpool2x2Backward,
};

/** The pool's input is the activation's result, so that only slopes and what is added before are further inputs. */
export const maxpool2x2BackwardWithDerivativeOp: Op<MaxPoolAttributes & DerivativeAttributes> = {
  name: 'maxpool2x2Backward',
  inPlace: ADDED_INPUT,
  spreadInput: (index) => (index === 0 || index >= DERIVATIVE_INPUTS ? 'pixels' : undefined),
  spreadOutput: () => 'pixels',
  lower(node, emitter) {
    const { operands, params } = backwardCall(node, emitter);
    const [, slope, added] = node.inputs.slice(DERIVATIVE_INPUTS);
    const further = { slope: emitter.optional(slope), added: emitter.optional(added) };
    const derivativeParams = {
      derivative: ACTIVATION_CODE[node.attributes.derivative],
      ...(added && { addedStride: pixelStride(emitter.strides(added), added.shape) }),
    };
    emitter.emit('maxpool2x2Backward', { ...operands, ...further }, { ...params, ...derivativeParams });
  },
};

function backwardCall(node: Node<MaxPoolAttributes>, emitter: Emitter): InstructionParts {
  const [input, gradOutput] = node.inputs as [Value, Value];
  const [gradInput] = node.outputs;
  const operands = { input: emitter.at(input), gradOutput: emitter.at(gradOutput), gradInput: emitter.at(gradInput) };
  const gradInputStride = pixelStride(emitter.strides(gradInput), gradInput.shape);
  return { kernel: 'maxpool2x2Backward', operands, params: { ...params(emitter, input, node.attributes.ceil), gradInputStride } };
}
