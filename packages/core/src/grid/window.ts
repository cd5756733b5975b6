/**
 * A grid inside a larger one: files on a parent domain are read where the case's cells are.
 *
 * Dot points are the corners of cells: a dot grid (METDOT, GRIDDOT2D) has one row and one column more, and its outer corner lies half a
 * cell to the south-west of that of the cells (cross points).
 */
import { GridError } from '../base/errors';
import { Grid } from './grid';

export type Stagger = 'cross' | 'dot';

/** Where a grid lies in its parent: the parent's cell (or dot point) that is its first. */
export interface GridWindow {
  row: number;
  col: number;
  stagger: Stagger;
}

/** Cells whose edges are apart by less than this part of a cell are one; GRIDDESC holds three decimals. */
const ALIGNED = 1e-3;

/** The grid whose cells are centred on the corners of a grid's cells. */
export function dotGrid(grid: Grid): Grid {
  const { xorig, yorig, xcell, ycell, cols, rows } = grid.definition;
  return new Grid({ ...grid.definition, xorig: xorig - xcell / 2, yorig: yorig - ycell / 2, cols: cols + 1, rows: rows + 1 });
}

/**
 * Finds a grid, or with `allowDots` its dot points, in the grid of a file.
 *
 * @throws {GridError} `GRID_MISMATCH` for another projection or cell size, for cells that are not aligned to a thousandth of a cell, and where
 *   the file's grid does not hold all of the grid; each with the numbers
 */
export function windowIn(parent: Grid, grid: Grid, fileName: string, allowDots = false): GridWindow {
  const { cols, rows, xorig, yorig } = parent.definition;
  grid.assertSame(new Grid({ ...parent.definition, cols: grid.cols, rows: grid.rows, xorig: grid.definition.xorig, yorig: grid.definition.yorig }), fileName); // prettier-ignore
  const from = { col: (grid.definition.xorig - xorig) / grid.definition.xcell, row: (grid.definition.yorig - yorig) / grid.definition.ycell };
  const halves = [from.col, from.row].every((offset) => Math.abs(offset - Math.floor(offset) - 0.5) <= ALIGNED);
  const stagger = allowDots && halves ? 'dot' : 'cross';
  const shift = stagger === 'dot' ? 0.5 : 0;
  const [col, row] = [Math.round(from.col - shift), Math.round(from.row - shift)];
  const remedy = cols === 1 && rows > 1 && grid.cols > 1 ? POINTS : "give files on the case's grid, or on one that holds it cell for cell";
  const refuse = (what: string): GridError =>
    new GridError(
      'GRID_MISMATCH',
      `${fileName}: the case's grid ${grid.name} (XORIG ${grid.definition.xorig}, YORIG ${grid.definition.yorig}) ${what} ${parent.name || 'grid'} (XORIG ${xorig}, YORIG ${yorig}, ${cols} x ${rows}): ${remedy}`,
    );
  if (Math.abs(from.col - shift - col) > ALIGNED || Math.abs(from.row - shift - row) > ALIGNED) {
    throw refuse(`begins ${places(from.col)} columns and ${places(from.row)} rows, no whole number, from the corner of the file's`);
  }
  const needed = { cols: grid.cols + 2 * shift, rows: grid.rows + 2 * shift };
  if (col < 0 || row < 0 || col + needed.cols > cols || row + needed.rows > rows) {
    throw refuse(`needs columns ${col} to ${col + needed.cols - 1} and rows ${row} to ${row + needed.rows - 1}, not all of which are in the file's`);
  }
  return { row, col, stagger };
}

/** SMOKE writes sources one below the other, on the grid's own corner: nothing else in the header tells them from fields. */
const POINTS = 'in-line point sources lie so: if the file is one of them, give it as a sector with stackGroups';

const places = (offset: number): string => String(Number(offset.toFixed(4)));
