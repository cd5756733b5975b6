/** out[…, c] = scale[c] · input[…, c] + shift[c]: normalisation with fixed numbers. Scale and shift are not learned: they have no gradient. */
import { type Graph, type Value, type Emitter, type Op, GraphError } from '../../definition/graph';
import { pixelStride } from '../shared/memory-layout';
import { channels, expectShape, pixels } from '../../definition/shape';
import { perChannel } from '../../definition/onnx-layout';
import { elementwise } from '../../tangents';

/**
 * Scale and shift per channel.
 *
 * @param input - `[…, C]`
 * @param scale - `[C]`
 * @param shift - `[C]`
 * @returns shape of `input`
 * @throws {ShapeError} if scale or shift is not `[C]`
 */
export function channelAffine(g: Graph, input: Value, scale: Value, shift: Value): Value {
  expectShape('channelAffine', 'scale', scale, [channels(input.shape)]);
  expectShape('channelAffine', 'shift', shift, [channels(input.shape)]);
  return g.apply(channelAffineOp, [input, scale, shift], {}, [input.shape])[0];
}

/** @param outer - the output, or its gradient */
function params(emitter: Emitter, outer: Value): Record<string, number> {
  return { pixels: pixels(outer.shape), channels: channels(outer.shape), outputStride: pixelStride(emitter.strides(outer), outer.shape) };
}

const channelAffineOp: Op = {
  name: 'channelAffine',
  inPlace: 0,
  spreadOutput: () => 'pixels',
  gradient(node, [gradOutput], wanted) {
    const [input, scale] = node.inputs as [Value, Value];
    if (!gradOutput) return [];
    if (wanted[1] || wanted[2])
      throw new GraphError('GRAPH_NO_GRADIENT', `gradients: channelAffine (${node.label}) has none for its scale and shift; use batchNorm`);
    return input.graph.apply(channelAffineBackwardOp, [scale, gradOutput], {}, [input.shape], node.label);
  },
  tangent: elementwise,
  lower(node, emitter) {
    const [input, scale, shift] = node.inputs as [Value, Value, Value];
    const [output] = node.outputs;
    const operands = { input: emitter.at(input), scale: emitter.at(scale), shift: emitter.at(shift), output: emitter.at(output) };
    emitter.emit('channelAffineForward', operands, params(emitter, output));
  },
  onnx(node, writer) {
    const [input, scale, shift] = node.inputs as [Value, Value, Value];
    const fixed = (value: Value): string => writer.floats(writer.dataOf(value), perChannel(value, input));
    const scaled = writer.temporary();
    writer.node('Mul', [writer.nameOf(input), fixed(scale)], [scaled]);
    writer.node('Add', [scaled, fixed(shift)], [writer.nameOf(node.outputs[0])]);
  },
};

const channelAffineBackwardOp: Op = {
  name: 'channelAffineBackward',
  inPlace: 1,
  spreadInput: (index) => (index === 1 ? 'pixels' : undefined),
  lower(node, emitter) {
    const [scale, gradOutput] = node.inputs as [Value, Value];
    const operands = { scale: emitter.at(scale), gradOutput: emitter.at(gradOutput), gradInput: emitter.at(node.outputs[0]) };
    emitter.emit('channelAffineBackward', operands, params(emitter, gradOutput));
  },
  onnx(node, writer) {
    const [scale, gradOutput] = node.inputs as [Value, Value];
    const factors = writer.floats(writer.dataOf(scale), perChannel(scale, gradOutput));
    writer.node('Mul', [writer.nameOf(gradOutput), factors], [writer.nameOf(node.outputs[0])]);
  },
};
