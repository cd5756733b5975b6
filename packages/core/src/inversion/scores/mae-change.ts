/** By how much the mean absolute error changed from prior to updated emissions, and how sure that is. */
import { blockIntervals, FEWEST_BLOCKS, type Interval } from '../../base/block-bootstrap';

export interface MaeChange {
  /** updated MAE / prior MAE − 1; NaN where the prior run has no error */
  relative: number;
  /** 90 %, of `relative`; none with too few blocks */
  interval?: Interval;
  /** spatial blocks with a pair, from which the interval is drawn */
  blocks: number;
  /** why there is no interval */
  noInterval?: string;
}

/** Sums of |simulated − observed| of one block over the same pairs. */
export type BlockErrors = [prior: number, updated: number];

/**
 * Monitors near each other err together, so whole spatial blocks are drawn anew. Reproducible, whatever the order of the blocks.
 *
 * @param blocks - sums of absolute errors by the name of the block
 */
export function maeChange(blocks: ReadonlyMap<string, BlockErrors>): MaeChange {
  const sums = [...blocks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, errors]) => errors);
  const change = ([prior, updated]: BlockErrors | Float64Array): number => (prior > 0 ? updated / prior - 1 : NaN);
  const total = sums.reduce<BlockErrors>((sum, errors) => [sum[0] + errors[0], sum[1] + errors[1]], [0, 0]);
  const summary = { relative: change(total), blocks: sums.length };
  if (sums.length > 0 && total[0] === 0) return { ...summary, noInterval: 'the prior run has no error' };
  const intervals = blockIntervals(sums, (drawn) => [change(drawn)]);
  return intervals
    ? { ...summary, interval: intervals[0] }
    : { ...summary, noInterval: `blocks: ${sums.length}; an interval needs ${FEWEST_BLOCKS}` };
}
