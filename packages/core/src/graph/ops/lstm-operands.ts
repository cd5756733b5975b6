/** What the LSTM's forward and reverse pass share. */
import type { Value } from '../graph';
import type { Emitter } from '../op';
import { fits } from '../parts';

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

/** Samples that one instruction takes. */
export interface Piece {
  readonly batch: number;
  /** Where a value's first sample of the piece lies; undefined where the value has no memory. */
  readonly of: (value: Value) => number | undefined;
}

/** All samples as one piece where `spread`, which may lie apart, do not; else a piece for each sample. */
export function pieces(emitter: Emitter, batch: number, spread: readonly Value[]): Piece[] {
  if (spread.every((value) => fits(emitter.strides(value), value.shape, undefined))) return [{ batch, of: (value) => emitter.optional(value) }];
  return samples(emitter, batch);
}

/** A piece for each sample. */
export function samples(emitter: Emitter, batch: number): Piece[] {
  return Array.from({ length: batch }, (_, n) => ({
    batch: 1,
    of: (value) => {
      const at = emitter.optional(value);
      return at === undefined ? undefined : at + n * emitter.strides(value)[0];
    },
  }));
}
