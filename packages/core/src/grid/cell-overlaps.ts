import { Grid } from './grid';
import { LatLonCells, type SourceCells } from './lat-lon-cells';

/**
 * Which part of each source cell lies in which target cell, for conservative regridding between any two grids.
 *
 * Each source cell is cut into `points` x `points` pieces (equal in the projection; on a lat-lon grid weighted by cos φ), and each
 * piece goes whole to the target cell that holds its middle. What lies on the target grid is conserved to rounding whatever `points`
 * is; the share of a single target cell is exact to about 1/points of its edge.
 *
 * @see Jones (1999), doi:10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2, first-order conservative remapping
 */
export class CellOverlaps {
  /** Row pointers: the entries of source cell s are `first[s]` … `first[s + 1] − 1`. */
  readonly first: Int32Array;
  /** Target cell of each entry. */
  readonly target: Int32Array;
  /** Share of the source cell, 0 … 1; the shares of a cell sum to the part of it that lies on the target grid. */
  readonly share: Float64Array;

  constructor(
    readonly from: Grid | SourceCells,
    readonly to: Grid,
    points = 16,
  ) {
    const first = new Int32Array(from.rows * from.cols + 1);
    const target: number[] = [];
    const share: number[] = [];
    const near = from instanceof LatLonCells ? new Set(from.about(to)) : undefined;
    const cells: SourceCells = from instanceof Grid ? { rows: from.rows, cols: from.cols, pieces: (cell, n) => piecesOf(from, cell, n) } : from;
    for (let source = 0; source < from.rows * from.cols; source++) {
      if (near?.has(source) ?? true) {
        for (const [cell, part] of overlapsOfCell(cells, to, source, points)) {
          target.push(cell);
          share.push(part);
        }
      }
      first[source + 1] = target.length;
    }
    this.first = first;
    this.target = Int32Array.from(target);
    this.share = Float64Array.from(share);
  }

  /**
   * Moves an amount per cell (kg, mol s-1: anything that adds up over cells).
   *
   * @param amount - `[rows, cols]` on the source grid
   * @param pattern - `[rows, cols]` on the target grid, not negative: within a source cell the amount follows it (downscaling);
   *   where it is zero throughout, or without it, the amount is even
   * @returns `[rows, cols]` on the target grid
   */
  regrid(amount: ArrayLike<number>, pattern?: ArrayLike<number>): Float64Array {
    const out = new Float64Array(this.to.rows * this.to.cols);
    for (let source = 0; source < amount.length; source++) {
      const [begin, end] = [this.first[source], this.first[source + 1]];
      let even = 0;
      let weighted = 0;
      for (let k = begin; k < end; k++) {
        even += this.share[k];
        weighted += this.share[k] * (pattern ? pattern[this.target[k]] : 1);
      }
      // the part that lies on the target grid stays on it, distributed by share x pattern
      const usePattern = pattern !== undefined && weighted > 0;
      for (let k = begin; k < end; k++) {
        const weight = usePattern ? (this.share[k] * pattern[this.target[k]] * even) / weighted : this.share[k];
        out[this.target[k]] += amount[source] * weight;
      }
    }
    return out;
  }
}

/** Pieces of a cell of a grid: equal in its projection; on a lat-lon grid weighted by cos φ. */
function piecesOf(from: Grid, source: number, points: number): { lon: number; lat: number; weight: number }[] {
  const { xorig, yorig, xcell, ycell, gdtyp } = from.definition;
  const col = source % from.cols;
  const row = Math.floor(source / from.cols);
  return Array.from({ length: points * points }, (_, i) => {
    const y = yorig + (row + (Math.floor(i / points) + 0.5) / points) * ycell;
    const x = xorig + (col + ((i % points) + 0.5) / points) * xcell;
    const [lon, lat] = from.toLonLat(x, y);
    return { lon, lat, weight: gdtyp === 1 ? Math.max(0, Math.cos((y * Math.PI) / 180)) : 1 };
  });
}

function overlapsOfCell(from: SourceCells, to: Grid, source: number, points: number): Map<number, number> {
  const parts = new Map<number, number>();
  let total = 0;
  for (const { lon, lat, weight } of from.pieces(source, points)) {
    total += weight;
    const cell = to.cellAt(lon, lat);
    if (!cell) continue;
    const index = cell.row * to.cols + cell.col;
    parts.set(index, (parts.get(index) ?? 0) + weight);
  }
  for (const [cell, weight] of parts) parts.set(cell, weight / total);
  return parts;
}
