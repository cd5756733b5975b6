/**
 * Batch norm with the batch's statistics, P-ReLU and dropout as one op of training programs: with x̂ = (x − μ) / √(v + ε), z = scale · x̂ + shift,
 * and k dropout's factor, 0 or 1 / (1 − p),
 *
 *   out = k · (z > 0 ? z : slope · z)
 *   F = k · gradOut · (z > 0 ? 1 : slope),   gradSlope = Σ_{z ≤ 0} k · gradOut · z,   and for F as in batch-norm.ts
 *
 * z and k are made again in the reverse pass: of all that lies between the convolution and the next layer, only the convolution's result is kept.
 */
import { dropoutPlace, type DropoutAttributes, type DropoutOptions } from '../training/dropout';
import { normOver, type BatchNormAttributes, type BatchNormOperands } from './batch-norm';
import type { Graph, Value, Emitter, Op } from '../../definition/graph';
import { pixelStride } from '../shared/memory-layout';
import { channels, expectShape, pixels } from '../../definition/shape';

export interface BatchNormPreluOperands extends BatchNormOperands {
  /** `[C]`, of P-ReLU */
  slope: Value;
}

type Attributes = BatchNormAttributes & DropoutAttributes;

/**
 * `dropout(prelu(batchNorm(input, 'train')))`, without the passes over memory in between.
 *
 * @param input - `[…, C]`
 * @param drop - absent: no dropout
 * @returns shape of `input`
 * @throws {ShapeError} if an operand is not `[C]`
 */
export function batchNormPrelu(
  g: Graph,
  input: Value,
  operands: BatchNormPreluOperands,
  drop?: Omit<DropoutOptions, 'mask'>,
  epsilon = 1e-5,
  momentum = 0.1,
): Value {
  const { scale, shift, slope, runningMean, runningVariance } = operands;
  for (const [label, value] of Object.entries({ scale, shift, slope, runningMean, runningVariance })) {
    expectShape('batchNormPrelu', label, value, [channels(input.shape)]);
  }
  if (drop) expectShape('batchNormPrelu', 'step', drop.step, []);
  const label = scale.name?.replace(/\.scale$/, '') ?? 'batchNormPrelu';
  const attributes = { epsilon, momentum, probability: drop?.probability ?? 0, seed: drop?.seed ?? 0 };
  const inputs = [input, scale, shift, slope, runningMean, runningVariance, drop?.step];
  return g.apply<Attributes>(batchNormPreluOp, inputs, attributes, [input.shape, scale.shape, scale.shape], label)[0];
}

/** @param outer - the output, or its gradient */
function params(emitter: Emitter, outer: Value, attributes: Attributes): Record<string, number> {
  const outputStride = pixelStride(emitter.strides(outer), outer.shape);
  const place = attributes.probability > 0 ? dropoutPlace(emitter.share, outer.shape) : {};
  return { pixels: pixels(outer.shape), channels: channels(outer.shape), outputStride, ...attributes, ...place, ...normOver(emitter.share) };
}

function place(emitter: Emitter, named: Record<string, Value | undefined>): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, value && emitter.at(value)]));
}

const batchNormPreluOp: Op<Attributes> = {
  name: 'batchNormPrelu',
  writes: () => [4, 5],
  scratchOutputs: [0, 1, 2],
  spreadOutput: (index) => (index === 0 ? 'pixels' : undefined),
  gradient(node, [gradOutput]) {
    if (!gradOutput) return [];
    const [input, scale, shift, slope, , , step] = node.inputs as [Value, Value, Value, Value, Value, Value, Value | undefined];
    const [, savedMean, savedInvStd] = node.outputs;
    const inputs = [input, scale, shift, slope, savedMean, savedInvStd, gradOutput, step];
    const shapes = [input.shape, scale.shape, scale.shape, scale.shape];
    return input.graph.apply(batchNormPreluBackwardOp, inputs, node.attributes, shapes, node.label);
  },
  lower(node, emitter) {
    const [input, scale, shift, slope, runningMean, runningVariance, step] = node.inputs as Value[];
    const [output, savedMean, savedInvStd] = node.outputs;
    const named = { input, scale, shift, slope, step, runningMean, runningVariance, output, savedMean, savedInvStd };
    emitter.emit('batchNormPreluForward', place(emitter, named), params(emitter, output, node.attributes));
  },
};

const batchNormPreluBackwardOp: Op<Attributes> = {
  name: 'batchNormPreluBackward',
  inPlace: 6,
  scratchOutputs: [0, 1, 2, 3],
  spreadInput: (index) => (index === 6 ? 'pixels' : undefined),
  lower(node, emitter) {
    const [input, scale, shift, slope, savedMean, savedInvStd, gradOutput, step] = node.inputs as Value[];
    const [gradInput, gradScale, gradShift, gradSlope] = node.outputs;
    const named = { input, scale, shift, slope, step, savedMean, savedInvStd, gradOutput, gradInput, gradScale, gradShift, gradSlope };
    emitter.emit('batchNormPreluBackward', place(emitter, named), params(emitter, gradOutput, node.attributes));
  },
};
