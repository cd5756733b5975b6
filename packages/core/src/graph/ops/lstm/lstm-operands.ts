/** What the LSTM's forward and reverse pass share. */
import type { Value, Emitter } from '../../definition/graph';
import { channels } from '../../definition/shape';

export interface LstmAttributes {
  readonly allStates: boolean;
  /** Cells of each sample of which the forward pass keeps gates and cell states for the reverse pass. */
  readonly keptCells: number;
  /** Gates and cell states have room for sixteen bits of each number (`packTraces`). */
  readonly packed?: boolean;
}

/** input, weightInput, weightHidden, bias, initialHidden, initialCell */
export type LstmInputs = [Value, Value, Value, Value, Value | undefined, Value | undefined];

/** Cells of a sample's grid. */
export const cellsOf = ({ shape: [, , height, width] }: Value): number => height * width;

export function params([input, , weightHidden]: LstmInputs, { allStates, keptCells, packed }: LstmAttributes): Record<string, number> {
  const [batch, steps] = input.shape;
  return {
    batch,
    steps,
    cells: cellsOf(input),
    inChannels: channels(input.shape),
    hidden: weightHidden.shape[0],
    allStates: allStates ? 1 : 0,
    keptCells,
    ...(packed && { packed: 1 }),
  };
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
