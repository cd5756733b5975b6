/**
 * Activations that a convolution applies to its result, and data gradients that are multiplied by the derivative of the activation that made their
 * input: one pass over memory instead of two. Both are put in by rewrites (fuse-activations.ts), after `gradients`.
 *
 * A P-ReLU that is fused marks its result: the lowest bit is set where its input was positive and cleared elsewhere. The sign of the result does not
 * say that where a slope is negative, and a reverse pass would need the input, which fusing hides. Without a reverse pass it is marked, too, so that a
 * program gives the same bits either way.
 */
import type { Node, Value, Emitter, Op } from '../../definition/graph';
import { pixelStride, copyBox, located } from './memory-layout';

export type FusedActivation = 'none' | 'relu' | 'prelu';
export const ACTIVATION_CODE: Record<FusedActivation, number> = { none: 0, relu: 1, prelu: 2 };

export interface DerivativeAttributes {
  /** Of which activation. */
  readonly derivative: 'relu' | 'prelu';
}

/** Where the inputs of an op with a derivative begin that the op without it has not: the activation's result, its slopes, and what is added before. */
export const DERIVATIVE_INPUTS = 2;
const ACTIVATED_INPUT = DERIVATIVE_INPUTS;
export const ADDED_INPUT = DERIVATIVE_INPUTS + 2;

/** An instruction without what the derivative adds to it. */
export interface InstructionParts {
  readonly kernel: string;
  readonly operands: Record<string, number | undefined>;
  readonly params: Record<string, number>;
}

/** The op that multiplies the first output of `plain`, added to another value where one is given, by a derivative. */
export function withDerivative(plain: Op, call: (node: Node, emitter: Emitter) => InstructionParts): Op<DerivativeAttributes> {
  return {
    name: plain.name,
    inPlace: ADDED_INPUT,
    spreadInput: (index, node) => (index === ACTIVATED_INPUT ? 'pixels' : index === ADDED_INPUT ? 'box' : plain.spreadInput?.(index, node)),
    lower(node, emitter) {
      const [activated, slope, added] = node.inputs.slice(DERIVATIVE_INPUTS) as [Value, Value | undefined, Value | undefined];
      const { kernel, operands, params } = call(node, emitter);
      const [output] = node.outputs;
      if (added) copyBox(emitter, located(emitter, added), located(emitter, output), output.shape);
      const derivativeParams = {
        derivative: ACTIVATION_CODE[node.attributes.derivative],
        activatedStride: pixelStride(emitter.strides(activated), activated.shape),
        accumulate: added ? 1 : 0,
      };
      emitter.emit(kernel, { ...operands, activated: emitter.at(activated), slope: emitter.optional(slope) }, { ...params, ...derivativeParams });
    },
  };
}
