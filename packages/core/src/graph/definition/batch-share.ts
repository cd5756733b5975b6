/**
 * A batch that several ranks compute together. Each rank's program is that of its own samples; of the whole batch it needs to know where those stand (for
 * the masks of dropout) and what is made over all of it (moments of batch norm, gradients of parameters): then N ranks compute what one would.
 */
import type { Shape } from './shape';

/** Which samples of a batch the program of one rank holds. */
export interface BatchShare {
  readonly rank: number;
  readonly ranks: number;
  /** equal stretches of the batch, each of which the ranks divide among them; 2 where samples come in pairs, one in each half */
  readonly stretches: number;
  /** whether batch norm takes its moments over the whole batch, or over the rank's own samples */
  readonly synchronisedBatchNorm: boolean;
}

/** Parameters of dropout's instructions: where the elements of an array `[N, …]` of the rank stand in that of the whole batch. */
export function dropoutPlace(share: BatchShare | undefined, [samples, ...rest]: Shape): Record<string, number> {
  if (!share) return {};
  const block = rest.reduce((product, length) => product * length, samples / share.stretches);
  return { first: share.rank * block, block, stride: share.ranks * block };
}

/** Parameters of batch norm's instructions. */
export function normOver(share: BatchShare | undefined): Record<string, number> {
  return share?.synchronisedBatchNorm ? { synchronised: 1 } : {};
}
