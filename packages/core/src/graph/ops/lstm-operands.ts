/** What the LSTM's forward and reverse pass share. */
import type { Value } from '../graph';
import type { Emitter } from '../op';

export interface LstmAttributes {
  readonly allStates: boolean;
  /** The reverse pass computes gates and cell states again instead of keeping them; absent: if they are large. */
  readonly recompute?: boolean;
}

/** input, weightInput, weightHidden, bias, initialHidden, initialCell */
export type LstmInputs = [Value, Value, Value, Value, Value | undefined, Value | undefined];

export function params([input, , weightHidden]: LstmInputs, { allStates }: LstmAttributes): Record<string, number> {
  const [batch, steps, height, width, inChannels] = input.shape;
  return { batch, steps, cells: height * width, inChannels, hidden: weightHidden.shape[0], allStates: allStates ? 1 : 0 };
}

export function weightOperands(emitter: Emitter, inputs: LstmInputs): Record<string, number | undefined> {
  const [, weightInput, weightHidden, bias, initialHidden, initialCell] = inputs;
  return {
    weightInput: emitter.at(weightInput),
    weightHidden: emitter.at(weightHidden),
    bias: emitter.at(bias),
    initialHidden: emitter.optional(initialHidden),
    initialCell: emitter.optional(initialCell),
  };
}
