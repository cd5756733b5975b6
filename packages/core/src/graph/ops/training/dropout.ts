/**
 * Inverted dropout (Srivastava et al. 2014): out = input · keep / (1 − p). What is kept follows from (seed, step, element) by a
 * counter-based generator, so the reverse pass makes the mask again and a resumed run drops the same units.
 */
import { expectOptions, type OptionNames } from '../../../base/errors';
import type { BatchShare, Graph, Value, Emitter, Op } from '../../definition/graph';
import { expectShape, size, type Shape } from '../../definition/shape';

export interface DropoutOptions {
  /** Chance that an element is dropped, in [0, 1). */
  probability: number;
  /** Distinguishes the dropout layers of a model. */
  seed: number;
  /** Scalar that the host raises at every training step. */
  step: Value;
  /** `shape of input`, 1 keep, 0 drop: instead of the generator (tests). */
  mask?: Value;
}

const OPTIONS: OptionNames<DropoutOptions> = { probability: true, seed: true, step: true, mask: true };

export interface DropoutAttributes {
  readonly probability: number;
  readonly seed: number;
}

/** Inverted dropout. @returns shape of `input`; `input` itself where the probability is 0 @throws {ShapeError} if `step` is no scalar or the mask does not fit */
export function dropout(g: Graph, input: Value, options: DropoutOptions): Value {
  expectOptions(options, 'dropout', OPTIONS);
  const { probability, seed, step, mask } = options;
  if (probability === 0) return input;
  expectShape('dropout', 'step', step, []);
  if (mask) expectShape('dropout', 'mask', mask, input.shape);
  return g.apply(dropoutOp, [input, step, mask], { probability, seed }, [input.shape])[0];
}

/** Parameters of dropout's instructions: where the elements of an array `[N, …]` of the rank stand in that of the whole batch. */
export function dropoutPlace(share: BatchShare | undefined, [samples, ...rest]: Shape): Record<string, number> {
  if (!share) return {};
  const block = rest.reduce((product, length) => product * length, samples / share.stretches);
  return { first: share.rank * block, block, stride: share.ranks * block };
}

function params({ share }: Emitter, value: Value, { probability, seed }: DropoutAttributes): Record<string, number> {
  return { elements: size(value.shape), probability, seed, ...dropoutPlace(share, value.shape) };
}

const dropoutOp: Op<DropoutAttributes> = {
  name: 'dropout',
  inPlace: 0,
  gradient(node, [gradOutput]) {
    if (!gradOutput) return [];
    const [input, step, mask] = node.inputs as [Value, Value, Value | undefined];
    return input.graph.apply(dropoutBackwardOp, [gradOutput, step, mask], node.attributes, [input.shape], node.label);
  },
  lower(node, emitter) {
    const [input, step, mask] = node.inputs as [Value, Value, Value | undefined];
    const operands = { input: emitter.at(input), step: emitter.at(step), mask: emitter.optional(mask), output: emitter.at(node.outputs[0]) };
    emitter.emit('dropoutForward', operands, params(emitter, input, node.attributes));
  },
};

const dropoutBackwardOp: Op<DropoutAttributes> = {
  name: 'dropoutBackward',
  inPlace: 0,
  lower(node, emitter) {
    const [gradOutput, step, mask] = node.inputs as [Value, Value, Value | undefined];
    const gradInput = emitter.at(node.outputs[0]);
    const operands = { gradOutput: emitter.at(gradOutput), step: emitter.at(step), mask: emitter.optional(mask), gradInput };
    emitter.emit('dropoutBackward', operands, params(emitter, gradOutput, node.attributes));
  },
};
