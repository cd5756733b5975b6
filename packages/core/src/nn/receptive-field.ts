/**
 * How far in space an output looks. Through pooling and up-convolution this depends on where the output cell lies in the pooling
 * blocks, so the field has a smallest and a largest extent; their mean is what a layer-by-layer count gives (38 for the paper's U-Net).
 */
import type { BranchSettings, NetworkSettings } from './settings';

/** Extents in cells, along rows or columns, of the steps that one output cell depends on. */
export interface ReceptiveField {
  readonly smallest: number;
  readonly largest: number;
  readonly mean: number;
}

/** First and last index, inclusive, in the coordinates of a level. */
export type Interval = readonly [number, number];

const union = (a: Interval, b: Interval): Interval => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
const widened = ([first, last]: Interval, radius: number): Interval => [first - radius, last + radius];

/** Computed from the structure; branches for y and geography do not count. */
export function receptiveField(settings: NetworkSettings): ReceptiveField {
  const period = poolingBlock(settings);
  const extents = Array.from({ length: period }, (_, at) => {
    const [first, last] = footprint(settings, at);
    return last - first + 1;
  });
  return { smallest: Math.min(...extents), largest: Math.max(...extents), mean: extents.reduce((total, n) => total + n, 0) / period };
}

/** The steps' rows (or columns) that the output at row `at` depends on, in an unbounded field. */
export function footprint(settings: NetworkSettings, at: number): Interval {
  if (settings.network === 'resnet') return widened([at, at], 1 + 2 * settings.blocks);
  const { encoderConvs, decoderConvs } = settings;
  const depth = settings.widths.length - 1;
  const throughLevel = (wanted: Interval, level: number): Interval => {
    if (level === depth) return widened(wanted, encoderConvs);
    const decoded = widened(wanted, decoderConvs);
    const below = throughLevel([Math.floor(decoded[0] / 2), Math.floor(decoded[1] / 2)], level + 1);
    const pooled: Interval = [2 * below[0], 2 * below[1] + 1];
    return widened(union(decoded, pooled), encoderConvs);
  };
  return throughLevel([at, at], 0);
}

/** Cells of the deepest level's pooling blocks: a part of a domain that begins at a multiple of it is pooled as the domain is. */
export function poolingBlock(settings: NetworkSettings): number {
  return settings.network === 'resnet' ? 1 : 2 ** (settings.widths.length - 1);
}

/** The rows (or columns) of all inputs that the output at row `at` depends on, in an unbounded field: {@link footprint} and the branches. */
export function dependence(settings: NetworkSettings, at: number): Interval {
  const radius = ({ layers }: BranchSettings): number => layers.reduce((sum, { kernel }) => sum + (kernel - 1) / 2, 0);
  const branches = Math.max(radius(settings.yBranch), radius(settings.geographyBranch));
  return union(footprint(settings, at), widened([at, at], branches));
}
