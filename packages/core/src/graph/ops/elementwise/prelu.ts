/** P-ReLU (He et al. 2015, arXiv:1502.01852): out = x > 0 ? x : slope_c · x, one slope a channel; at x = 0 the derivative is the slope, as in PyTorch. */
import type { Graph, Value, Emitter, Op } from '../../definition/graph';
import { imageLayout, pixelStride } from '../shared/memory-layout';
import { channels, expectShape, pixels } from '../../definition/shape';
import { perChannel } from '../../definition/onnx-layout';
import { elementwise } from '../../tangents';

/**
 * Parametric rectifier.
 *
 * @param input - `[…, C]`
 * @param slope - `[C]`
 * @returns shape of `input`
 * @throws {ShapeError} if slope is not `[C]`
 */
export function prelu(g: Graph, input: Value, slope: Value): Value {
  expectShape('prelu', 'slope', slope, [channels(input.shape)]);
  return g.apply(preluOp, [input, slope], {}, [input.shape], slope.name?.replace(/\.slope$/, ''))[0];
}

/** @param outer - the output, or its gradient */
function params(emitter: Emitter, outer: Value): Record<string, number> {
  const layout = imageLayout(emitter.strides(outer), outer.shape);
  return {
    pixels: pixels(outer.shape),
    channels: channels(outer.shape),
    ...layout,
    ...('outputImageStride' in layout && { images: outer.shape[0] }),
  };
}

export const preluOp: Op = {
  name: 'prelu',
  inPlace: 0,
  spreadOutput: () => 'images',
  gradient(node, [gradOutput]) {
    if (!gradOutput) return [];
    const [input, slope] = node.inputs as [Value, Value];
    return input.graph.apply(preluBackwardOp, [input, slope, gradOutput], {}, [input.shape, slope.shape], node.label);
  },
  tangent: elementwise,
  lower(node, emitter) {
    const [input, slope] = node.inputs as [Value, Value];
    const [output] = node.outputs;
    emitter.emit('preluForward', { input: emitter.at(input), slope: emitter.at(slope), output: emitter.at(output) }, params(emitter, output));
  },
  onnx(node, writer) {
    const [input, slope] = node.inputs as [Value, Value];
    const slopes = writer.floats(writer.dataOf(slope), perChannel(slope, input));
    writer.node('PRelu', [writer.nameOf(input), slopes], [writer.nameOf(node.outputs[0])]);
  },
};

export const preluBackwardOp: Op = {
  name: 'preluBackward',
  inPlace: 2,
  spreadInput: (index) => (index === 2 ? 'images' : undefined),
  scratchOutputs: [0],
  lower(node, emitter) {
    const [input, slope, gradOutput] = node.inputs as [Value, Value, Value];
    const [gradInput, gradSlope] = node.outputs;
    const operands = {
      input: emitter.at(input),
      slope: emitter.at(slope),
      gradOutput: emitter.at(gradOutput),
      gradInput: emitter.at(gradInput),
      gradSlope: emitter.optional(gradSlope),
    };
    emitter.emit('preluBackward', operands, params(emitter, gradOutput));
  },
  onnx(node, writer) {
    const [input, slope, gradOutput] = node.inputs as [Value, Value, Value];
    const [positive, scaled, gradient] = [writer.temporary(), writer.temporary(), writer.nameOf(gradOutput)];
    writer.node('Greater', [writer.nameOf(input), writer.floats([0], [])], [positive]);
    writer.node('Mul', [gradient, writer.floats(writer.dataOf(slope), perChannel(slope, input))], [scaled]);
    writer.node('Where', [positive, gradient, scaled], [writer.nameOf(node.outputs[0])]);
  },
};

/** Inputs: the result of a P-ReLU that a convolution has applied and marked (derivative.ts), the slopes, the gradient of the result. */
export const markedPreluBackwardOp: Op = {
  name: 'preluBackward',
  inPlace: 2,
  spreadInput: (index) => (['pixels', undefined, 'images'] as const)[index],
  lower(node, emitter) {
    const [activated, slope, gradOutput] = node.inputs as [Value, Value, Value];
    const operands = {
      input: emitter.at(activated),
      slope: emitter.at(slope),
      gradOutput: emitter.at(gradOutput),
      gradInput: emitter.at(node.outputs[0]),
    };
    const inputStride = pixelStride(emitter.strides(activated), activated.shape);
    emitter.emit('preluBackward', operands, { ...params(emitter, gradOutput), inputStride, marked: 1 });
  },
};
