/**
 * Batch normalisation per channel (Ioffe & Szegedy 2015, arXiv:1502.03167): out = scale · (input − μ) / √(v + ε) + shift.
 *
 * train: μ, v are the batch's mean and biased variance over N, H, W, and the running statistics move towards the batch
 * (running ← 0.9 running + 0.1 batch, with the unbiased variance, as PyTorch does); frozen: μ, v are the running statistics.
 * Backward in train mode, with x̂ the normalised input and means over N, H, W:
 *   gradInput = scale / √(v + ε) · (gradOutput − mean(gradOutput) − x̂ · mean(gradOutput · x̂)).
 */
import type { BatchShare, Graph, Value, Op } from '../../definition/graph';
import { channels, expectShape, pixels } from '../../definition/shape';
import { perChannel } from '../../definition/onnx-layout';
import { elementwise } from '../../tangents';

export interface BatchNormOperands {
  /** `[C]` */
  scale: Value;
  /** `[C]` */
  shift: Value;
  /** `[C]` buffer; written in train mode */
  runningMean: Value;
  /** `[C]` buffer; written in train mode */
  runningVariance: Value;
}

export interface BatchNormAttributes {
  readonly epsilon: number;
  readonly momentum: number;
}

export type Mode = 'train' | 'frozen';

/**
 * Batch normalisation.
 *
 * @param input - `[…, C]`
 * @param mode - `train` uses the batch's statistics and updates the running ones, `frozen` uses the running ones
 * @returns shape of `input`
 * @throws {ShapeError} if an operand is not `[C]`
 */
export function batchNorm(g: Graph, input: Value, operands: BatchNormOperands, mode: Mode, epsilon = 1e-5, momentum = 0.1): Value {
  const { scale, shift, runningMean, runningVariance } = operands;
  for (const [label, value] of Object.entries({ scale, shift, runningMean, runningVariance })) {
    expectShape('batchNorm', label, value, [channels(input.shape)]);
  }
  const label = scale.name?.replace(/\.scale$/, '') ?? 'batchNorm';
  const inputs = [input, scale, shift, runningMean, runningVariance];
  const attributes = { epsilon, momentum };
  if (mode === 'frozen') return g.apply(batchNormFrozenOp, inputs, attributes, [input.shape], label)[0];
  return g.apply(batchNormTrainOp, inputs, attributes, [input.shape, scale.shape, scale.shape], label)[0];
}

function params(input: Value, { epsilon, momentum }: BatchNormAttributes): Record<string, number> {
  return { pixels: pixels(input.shape), channels: channels(input.shape), epsilon, momentum };
}

type Inputs = [Value, Value, Value, Value, Value];

const batchNormTrainOp: Op<BatchNormAttributes> = {
  name: 'batchNormTrain',
  writes: () => [3, 4],
  gradient(node, [gradOutput]) {
    if (!gradOutput) return [];
    const [input, scale] = node.inputs as Inputs;
    const [, savedMean, savedInvStd] = node.outputs;
    const inputs = [input, scale, savedMean, savedInvStd, gradOutput];
    return input.graph.apply(batchNormTrainBackwardOp, inputs, node.attributes, [input.shape, scale.shape, scale.shape], node.label);
  },
  scratchOutputs: [1, 2],
  lower(node, emitter) {
    const [input, scale, shift, runningMean, runningVariance] = node.inputs as Inputs;
    const [output, savedMean, savedInvStd] = node.outputs;
    const named = { input, scale, shift, runningMean, runningVariance, output, savedMean, savedInvStd };
    emitter.emit('batchNormTrainForward', place(emitter, named), { ...params(input, node.attributes), ...normOver(emitter.share) });
  },
};

const batchNormTrainBackwardOp: Op<BatchNormAttributes> = {
  name: 'batchNormTrainBackward',
  scratchOutputs: [0, 1, 2],
  lower(node, emitter) {
    const [input, scale, savedMean, savedInvStd, gradOutput] = node.inputs as Inputs;
    const [gradInput, gradScale, gradShift] = node.outputs;
    const named = { input, scale, savedMean, savedInvStd, gradOutput, gradInput, gradScale, gradShift };
    emitter.emit('batchNormTrainBackward', place(emitter, named), { ...params(input, node.attributes), ...normOver(emitter.share) });
  },
};

export const batchNormFrozenOp: Op<BatchNormAttributes> = {
  name: 'batchNormFrozen',
  gradient(node, [gradOutput]) {
    if (!gradOutput) return [];
    const [input, scale, , runningMean, runningVariance] = node.inputs as Inputs;
    const inputs = [input, scale, runningMean, runningVariance, gradOutput];
    return input.graph.apply(batchNormFrozenBackwardOp, inputs, node.attributes, [input.shape, scale.shape, scale.shape], node.label);
  },
  tangent: elementwise,
  lower(node, emitter) {
    const [input, scale, shift, runningMean, runningVariance] = node.inputs as Inputs;
    const named = { input, scale, shift, runningMean, runningVariance, output: node.outputs[0] };
    emitter.emit('batchNormEvalForward', place(emitter, named), params(input, node.attributes));
  },
  onnx(node, writer) {
    const [input, ...operands] = node.inputs as Inputs;
    const fixed = operands.map((value) => writer.floats(writer.dataOf(value), value.shape));
    const attributes = { epsilon: { float: node.attributes.epsilon } };
    writer.node('BatchNormalization', [writer.nameOf(input), ...fixed], [writer.nameOf(node.outputs[0])], attributes);
  },
};

const batchNormFrozenBackwardOp: Op<BatchNormAttributes> = {
  name: 'batchNormFrozenBackward',
  scratchOutputs: [0],
  lower(node, emitter) {
    const [input, scale, runningMean, runningVariance, gradOutput] = node.inputs as Inputs;
    const [gradInput, gradScale, gradShift] = node.outputs;
    const named = { input, scale, runningMean, runningVariance, gradOutput, gradInput };
    const optional = { gradScale: emitter.optional(gradScale), gradShift: emitter.optional(gradShift) };
    emitter.emit('batchNormEvalBackward', { ...place(emitter, named), ...optional }, params(input, node.attributes));
  },
  onnx(node, writer) {
    const [, scale, , runningVariance, gradOutput] = node.inputs as Inputs;
    const variance = writer.dataOf(runningVariance);
    const factors = writer.dataOf(scale).map((value, c) => value / Math.sqrt(variance[c] + node.attributes.epsilon));
    const factor = writer.floats(factors, perChannel(scale, gradOutput));
    writer.node('Mul', [writer.nameOf(gradOutput), factor], [writer.nameOf(node.outputs[0])]);
  },
};

function place(emitter: { at(value: Value): number }, named: Record<string, Value>): Record<string, number> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, emitter.at(value)]));
}

/** Parameters of batch norm's instructions. */
export function normOver(share: BatchShare | undefined): Record<string, number> {
  return share?.synchronisedBatchNorm ? { synchronised: 1 } : {};
}
