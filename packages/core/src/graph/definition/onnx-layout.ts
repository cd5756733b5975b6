/**
 * Channels-last here, channels-first in ONNX: an array with four or more axes `[…, H, W, C]` is `[…, C, H, W]` there. For each axis of
 * the ONNX array, {@link toOnnxOrder} names the axis it is here.
 *
 * Rows and columns may be free, as the batch is. The graph is built for one size ({@link FreeGrid}); in the file stand expressions of the size of the input
 * wherever that size is written: where a U-Net pads rows and columns to a multiple of its pooling blocks, and where it cuts that off again.
 */
import { type Shape, type Shaped, stridesOf } from './shape';

/** True where the two layouts differ. */
export function hasImageAxes(rank: number): boolean {
  return rank >= 4;
}

/** The order in which our axes appear in ONNX. */
export function toOnnxOrder(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return hasImageAxes(rank) ? [...axes.slice(0, rank - 3), rank - 1, rank - 3, rank - 2] : axes;
}

/** The order in which ONNX's axes appear here. */
export function fromOnnxOrder(rank: number): number[] {
  const order = toOnnxOrder(rank);
  return order.map((_, axis) => order.indexOf(axis));
}

/** Where an axis of ours lies in ONNX. */
export function toOnnxAxis(axis: number, rank: number): number {
  return toOnnxOrder(rank).indexOf(axis);
}

/** A shape of ours in ONNX's order (also for lists such as paddings: one number an axis). */
export function toOnnxShape(shape: Shape): number[] {
  return toOnnxOrder(shape.length).map((axis) => shape[axis]);
}

/** Shape under which one number a channel spreads over `input`. */
export function perChannel(perChannelValue: Shaped, input: Shaped): number[] {
  return hasImageAxes(input.shape.length) ? [perChannelValue.shape[0], 1, 1] : [...perChannelValue.shape];
}

/** Copies an array with its axes in another order: axis a of the result is axis `order[a]` of `data`. */
export function permute<T extends Float32Array | Float64Array>(data: T, shape: Shape, order: readonly number[]): T {
  const strides = stridesOf(shape);
  const [extents, steps]: [number[], number[]] = [[1], [0]];
  for (const axis of order) {
    // Axes that stay side by side are one: the innermost loop, which is the only quick one, gets longer.
    const last = extents.length - 1;
    if (steps[last] === strides[axis] * shape[axis]) [extents[last], steps[last]] = [extents[last] * shape[axis], strides[axis]];
    else [extents[last + 1], steps[last + 1]] = [shape[axis], strides[axis]];
  }
  const [length, step] = [extents.pop()!, steps.pop()!];
  const out = data.slice() as T;
  const index = new Array<number>(extents.length).fill(0);
  let offset = 0;
  for (let target = 0; target < out.length; target += length) {
    for (let k = 0; k < length; k++) out[target + k] = data[offset + k * step];
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      offset += steps[axis];
      if (++index[axis] < extents[axis]) break;
      offset -= steps[axis] * extents[axis];
      index[axis] = 0;
    }
  }
  return out;
}

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
export function paddingOf(grid: FreeGrid | undefined, rank: number, axis: number, extent: number, paddedExtent: number): number | FreeExtent {
  const name = gridAxis(rank, axis);
  const isPadding = grid && name && extent === grid[name] && paddedExtent === Math.ceil(extent / grid.block) * grid.block;
  return isPadding && paddedExtent > extent ? (name === 'rows' ? 'missingRows' : 'missingCols') : paddedExtent - extent;
}
