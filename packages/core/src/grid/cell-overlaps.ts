import { expectArgument, expectObject } from '../base/errors';
import { partsByAreas, partsByMiddles } from './cell-parts';
import { Grid } from './grid';
import { LatLonCells, type CutCell, type SourceCells } from './lat-lon-cells';

/**
 * Which part of each source cell lies in which target cell, for conservative regridding between any two grids.
 *
 * Each source cell is cut into pieces, and what they weigh divided among target cells (cell-parts.ts). What lies on the target grid is
 * conserved to rounding, however few pieces there are.
 *
 * @see Jones (1999), doi:10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2, first-order conservative remapping
 *
 * @example
 * const overlaps = new CellOverlaps(readGriddesc('GRIDDESC', 'coarse'), readGriddesc('GRIDDESC', 'fine'));
 * const onFine = overlaps.regrid(kgPerCell); // Float64Array [rows, cols] of the fine grid
 */
export class CellOverlaps {
  /** Row pointers: the entries of source cell s are `first[s]` … `first[s + 1] − 1`. */
  readonly first: Int32Array;
  /** Target cell of each entry. */
  readonly target: Int32Array;
  /** Share of the source cell, 0 … 1; the shares of a cell sum to the part of it that lies on the target grid. */
  readonly share: Float64Array;

  /**
   * @param points - pieces along the edge of a source cell that go whole to where their middles are
   * @param divided - whether pieces are rather divided among the target cells that they meet, and as many as those ask for, where they can be
   */
  constructor(
    readonly sourceCells: Grid | SourceCells,
    readonly targetGrid: Grid,
    points = 16,
    divided = true,
  ) {
    expectObject(sourceCells, 'new CellOverlaps: from', 'a Grid, or other cells');
    expectArgument(targetGrid instanceof Grid, 'new CellOverlaps: to', 'a Grid', targetGrid);
    const first = new Int32Array(sourceCells.rows * sourceCells.cols + 1);
    const target: number[] = [];
    const share: number[] = [];
    const near = sourceCells instanceof LatLonCells ? new Set(sourceCells.cellsAround(targetGrid)) : undefined;
    const cells: SourceCells =
      sourceCells instanceof Grid ? { rows: sourceCells.rows, cols: sourceCells.cols, cut: (cell, n) => cutOf(sourceCells, cell, n) } : sourceCells;
    for (let source = 0; source < sourceCells.rows * sourceCells.cols; source++) {
      if (near?.has(source) ?? true) {
        const parts = (divided ? partsByAreas(cells, targetGrid, source) : undefined) ?? partsByMiddles(cells, targetGrid, source, points);
        for (const [cell, part] of parts) {
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
    const out = new Float64Array(this.targetGrid.rows * this.targetGrid.cols);
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
function cutOf(sourceGrid: Grid, source: number, points: number): CutCell {
  const { xorig, yorig, xcell, ycell, gdtyp } = sourceGrid.definition;
  const [col, row] = [source % sourceGrid.cols, Math.floor(source / sourceGrid.cols)];
  const y = (i: number): number => yorig + (row + (Math.floor(i / points) + 0.5) / points) * ycell;
  const x = (i: number): number => xorig + (col + ((i % points) + 0.5) / points) * xcell;
  return {
    place: (i) => {
      const [lon, lat] = sourceGrid.toLonLat(x(i), y(i));
      return { lon, lat };
    },
    weight: (i) => (gdtyp === 1 ? Math.max(0, Math.cos((y(i) * Math.PI) / 180)) : 1),
  };
}
