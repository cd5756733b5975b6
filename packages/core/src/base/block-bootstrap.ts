/**
 * How sure a statistic of dependent data is: values near each other in space or time go together, so whole blocks are drawn anew with replacement,
 * never single values. Each block is known by sums that add up over blocks, and the statistic is a function of the sums.
 * @see Künsch (1989), Ann. Stat. 17, 1217–1241, doi:10.1214/aos/1176347265: the bootstrap for dependent data
 */
import { quantile } from './vectors';
import { Random } from './random';

export interface Interval {
  /** 5th and 95th percentile */
  low: number;
  high: number;
}

const DRAWS = 1000;
/** Fewer blocks say nothing about the spread between them. */
export const FEWEST_BLOCKS = 5;

/** Which blocks each draw takes, one draw after the other. Kept for the last numbers of blocks: a report asks for hundreds of intervals of few. */
const blocksByShape = new Map<number, Int32Array>();

function drawnBlocks(count: number): Int32Array {
  const cached = blocksByShape.get(count);
  if (cached) return cached;
  const random = new Random(1);
  const order = Int32Array.from({ length: DRAWS * count }, () => random.integer(count));
  if (blocksByShape.size === 8) blocksByShape.delete(blocksByShape.keys().next().value!);
  blocksByShape.set(count, order);
  return order;
}

/**
 * 90 % intervals of statistics of summed blocks; undefined with fewer than five blocks. Reproducible: one fixed seed.
 *
 * @param blocks - sums of each block, all of one length
 * @param statistics - of the sums over the drawn blocks, in an array that the next draw overwrites
 */
export function blockIntervals(blocks: readonly ArrayLike<number>[], statistics: (sums: Float64Array) => number[]): Interval[] | undefined {
  if (blocks.length < FEWEST_BLOCKS) return undefined;
  const order = drawnBlocks(blocks.length);
  const sums = new Float64Array(blocks[0].length);
  const drawn = Array.from({ length: DRAWS }, (_, draw) => {
    sums.fill(0);
    for (let k = draw * blocks.length; k < (draw + 1) * blocks.length; k++) {
      const block = blocks[order[k]];
      for (let i = 0; i < sums.length; i++) sums[i] += block[i];
    }
    return statistics(sums);
  });
  return drawn[0].map((_, s) => {
    const values = drawn.map((bootstrapDraw) => bootstrapDraw[s]);
    return { low: quantile(values, 0.05), high: quantile(values, 0.95) };
  });
}
