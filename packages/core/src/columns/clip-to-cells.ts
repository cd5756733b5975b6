/** A pixel's area in the cells of a grid: its corners are projected, joined by straight lines, and clipped at the lines between cells. */
import type { Grid } from '../grid/grid';

/** A convex polygon, x and y in turn, in cells from the grid's corner. */
type Polygon = number[];

/**
 * Corners in the grid's own coordinates, counted in cells from its south-western corner.
 *
 * @returns undefined for corners that make no convex quadrilateral, in whichever direction they go round
 */
export function pixelInCells(grid: Grid, longitudes: ArrayLike<number>, latitudes: ArrayLike<number>): Polygon | undefined {
  const { xorig, yorig, xcell, ycell } = grid.definition;
  const polygon: Polygon = [];
  const turn = (grid.turn ?? Infinity) / xcell;
  for (let corner = 0; corner < 4; corner++) {
    const [x, y] = grid.toXY(longitudes[corner], latitudes[corner]);
    const column = (x - xorig) / xcell;
    // A grid that goes round the earth ends where it begins: the corners of a pixel there are brought together.
    const turns = corner === 0 || turn === Infinity ? 0 : Math.round((column - polygon[0]) / turn);
    polygon.push(turns === 0 ? column : column - turns * turn, (y - yorig) / ycell);
  }
  return isConvex(polygon) ? polygon : undefined;
}

function isConvex(polygon: Polygon): boolean {
  let [left, right] = [0, 0];
  for (let i = 0; i < 4; i++) {
    const [x0, y0, x1, y1, x2, y2] = [0, 1, 2].flatMap((k) => [polygon[2 * ((i + k) % 4)], polygon[2 * ((i + k) % 4) + 1]]);
    const cross = (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1);
    if (!Number.isFinite(cross)) return false;
    if (cross > 0) left++;
    if (cross < 0) right++;
  }
  return (left === 0) !== (right === 0);
}

/**
 * Calls `body` with the number of each cell of the grid that a polygon meets and the area of it there, in areas of a cell. Parts beside the grid are left out.
 *
 * @see Sutherland and Hodgman (1974), doi:10.1145/360767.360802
 */
export function forEachCellPart({ rows, cols }: { rows: number; cols: number }, polygon: Polygon, body: (cell: number, area: number) => void): void {
  const [firstRow, lastRow] = range(polygon, 1, rows);
  for (let row = firstRow; row <= lastRow; row++) {
    const strip = stripOf(polygon, 1, row);
    if (strip.length < 6) continue;
    const [firstCol, lastCol] = range(strip, 0, cols);
    for (let col = firstCol; col <= lastCol; col++) {
      const area = areaOf(stripOf(strip, 0, col));
      if (area > 0) body(row * cols + col, area);
    }
  }
}

/** First and last cell along an axis that a polygon may meet; none where first > last. */
function range(polygon: Polygon, axis: 0 | 1, cells: number): [first: number, last: number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = axis; i < polygon.length; i += 2) {
    low = Math.min(low, polygon[i]);
    high = Math.max(high, polygon[i]);
  }
  return [Math.max(0, Math.floor(low)), Math.min(cells - 1, Math.ceil(high) - 1)];
}

/** The part of a polygon between the lines `cell` and `cell + 1` of an axis. */
function stripOf(polygon: Polygon, axis: 0 | 1, cell: number): Polygon {
  return half(half(polygon, axis, cell, 1), axis, cell + 1, -1);
}

/** The part of a polygon on one side of a line. @param side - 1 above it, −1 below it */
function half(polygon: Polygon, axis: 0 | 1, line: number, side: 1 | -1): Polygon {
  const out: Polygon = [];
  const n = polygon.length;
  for (let i = 0; i < n; i += 2) {
    const j = (i + 2) % n;
    const [first, second] = [side * (polygon[i + axis] - line), side * (polygon[j + axis] - line)];
    if (first >= 0) out.push(polygon[i], polygon[i + 1]);
    if (first * second >= 0) continue;
    const part = first / (first - second);
    out.push(polygon[i] + part * (polygon[j] - polygon[i]), polygon[i + 1] + part * (polygon[j + 1] - polygon[i + 1]));
  }
  return out;
}

function areaOf(polygon: Polygon): number {
  let twice = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const j = (i + 2) % polygon.length;
    twice += polygon[i] * polygon[j + 1] - polygon[j] * polygon[i + 1];
  }
  return Math.abs(twice) / 2;
}
