/**
 * Models whose rows and columns are free, as their batch is. The graph is built for one size; in the file stand expressions of the size of the input
 * wherever that size is written: where a U-Net pads rows and columns to a multiple of its pooling blocks, and where it cuts that off again.
 */
import { hasImageAxes } from './onnx-layout';

/** The size that a graph was built for. None of the two is a multiple of the block, unless that is 1, so that what pads is there to be written. */
export interface FreeGrid {
  readonly rows: number;
  readonly cols: number;
  /** rows and columns are padded to a multiple of it */
  readonly block: number;
}

/** A size that is known only when the model runs: of its grid, or what that lacks to a multiple of the block. */
export type FreeExtent = 'rows' | 'cols' | 'missingRows' | 'missingCols';

/** A grid to build a graph on that is exported for all sizes. */
export function freeGrid(block: number): FreeGrid {
  return { rows: block + 1, cols: block + 1, block };
}

/** What an axis of a field is. */
export function gridAxis(rank: number, axis: number): 'rows' | 'cols' | undefined {
  if (!hasImageAxes(rank)) return undefined;
  return axis === rank - 3 ? 'rows' : axis === rank - 2 ? 'cols' : undefined;
}

/** An extent of an axis of a field, as it is to be written. */
export function extentOf(grid: FreeGrid | undefined, rank: number, axis: number, extent: number): number | FreeExtent {
  const name = gridAxis(rank, axis);
  return grid && name && extent === grid[name] ? name : extent;
}

/** How much is added to an axis of a field behind its last entry, as it is to be written. */
export function paddingOf(grid: FreeGrid | undefined, rank: number, axis: number, from: number, to: number): number | FreeExtent {
  const name = gridAxis(rank, axis);
  const isPadding = grid && name && from === grid[name] && to === Math.ceil(from / grid.block) * grid.block;
  return isPadding && to > from ? (name === 'rows' ? 'missingRows' : 'missingCols') : to - from;
}
