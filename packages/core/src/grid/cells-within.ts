import type { Grid } from './grid';

/**
 * Cells whose centre lies within a distance of the centre of a marked cell, the marked ones included.
 *
 * @param marked - `[rows, cols]`, any value above 0
 * @param km - on a lat-lon grid measured at the latitude of the middle row, as {@link Grid.lengthInCells} does
 * @returns `[rows, cols]`, 1 or 0
 */
export function cellsWithin(grid: Grid, marked: ArrayLike<number>, km: number): Uint8Array {
  const { rows, cols } = grid;
  const [alongRows, alongCols] = grid.lengthInCells(km);
  const inside = new Uint8Array(rows * cols);
  const reach = Math.floor(alongRows);
  for (let cell = 0; cell < marked.length; cell++) {
    if (!(marked[cell] > 0)) continue;
    const [row, col] = [Math.floor(cell / cols), cell % cols];
    for (let r = Math.max(0, row - reach); r <= Math.min(rows - 1, row + reach); r++) {
      const half = Math.floor(alongCols * Math.sqrt(Math.max(0, 1 - (alongRows > 0 ? (r - row) / alongRows : 0) ** 2)));
      inside.fill(1, r * cols + Math.max(0, col - half), r * cols + Math.min(cols - 1, col + half) + 1);
    }
  }
  return inside;
}
