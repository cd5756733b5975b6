/**
 * Maximum over 2 x 2 windows. The reverse pass finds the winner again (the first maximum in row-major order, as PyTorch does)
 * rather than store its place: it needs the input, and nothing else.
 */
import type { Graph, Value } from '../graph';
import type { Emitter, Op } from '../op';
import { pixelStride } from '../parts';
import { expectShape } from '../shape';

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

export const maxpool2x2Op: Op<MaxPoolAttributes> = {
  name: 'maxpool2x2',
  spreadInput: () => 'pixels',
  gradient(node, [gradOutput]) {
    const input = node.inputs[0] as Value;
    if (!gradOutput) return [];
    return input.graph.apply(maxpool2x2BackwardOp, [input, gradOutput], node.attributes, [input.shape]);
  },
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

const maxpool2x2BackwardOp: Op<MaxPoolAttributes> = {
  name: 'maxpool2x2Backward',
  accumulates: true,
  spreadInput: (index) => (index === 0 ? 'pixels' : undefined),
  spreadOutput: () => 'pixels',
  lower(node, emitter) {
    const [input, gradOutput] = node.inputs as [Value, Value];
    const [gradInput] = node.outputs;
    const operands = { input: emitter.at(input), gradOutput: emitter.at(gradOutput), gradInput: emitter.at(gradInput) };
    const gradInputStride = pixelStride(emitter.strides(gradInput), gradInput.shape);
    const own = { gradInputStride, accumulate: emitter.accumulate() };
    emitter.emit('maxpool2x2Backward', operands, { ...params(emitter, input, node.attributes.ceil), ...own });
  },
};
