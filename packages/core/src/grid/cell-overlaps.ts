import { Grid } from './grid';
import { LatLonCells, type CutCell, type SourceCells } from './lat-lon-cells';

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
    const cells: SourceCells = from instanceof Grid ? { rows: from.rows, cols: from.cols, cut: (cell, n) => cutOf(from, cell, n) } : from;
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
function cutOf(from: Grid, source: number, points: number): CutCell {
  const { xorig, yorig, xcell, ycell, gdtyp } = from.definition;
  const [col, row] = [source % from.cols, Math.floor(source / from.cols)];
  const y = (i: number): number => yorig + (row + (Math.floor(i / points) + 0.5) / points) * ycell;
  const x = (i: number): number => xorig + (col + ((i % points) + 0.5) / points) * xcell;
  return {
    place: (i) => {
      const [lon, lat] = from.toLonLat(x(i), y(i));
      return { lon, lat };
    },
    weight: (i) => (gdtyp === 1 ? Math.max(0, Math.cos((y(i) * Math.PI) / 180)) : 1),
  };
}

function overlapsOfCell(from: SourceCells, to: Grid, source: number, points: number): Map<number, number> {
  const cut = from.cut(source, points);
  const targets = targetsOf(cut, to, points);
  if (typeof targets === 'number') return new Map([[targets, 1]]);
  const parts = new Map<number, number>();
  let total = 0;
  targets.forEach((cell, i) => {
    const weight = cut.weight(i);
    total += weight;
    if (cell !== OUTSIDE) parts.set(cell, (parts.get(cell) ?? 0) + weight);
  });
  for (const [cell, weight] of parts) parts.set(cell, weight / total);
  return parts;
}

const [UNKNOWN, OUTSIDE] = [-2, -1];
/** Pieces along the edge of a block. */
const BLOCK = 6;
/** Degrees within which the edges of a target cell are nearly straight, and how far from the equator. */
const [SMALL, POLAR] = [10, 80];

/**
 * The target cell of each piece, or of all. Pieces between four of one cell are of that cell, too, and are not looked for: of a source cell that is smaller
 * than those of the target only the pieces about their edges are.
 */
function targetsOf(cut: CutCell, to: Grid, points: number): Int32Array | number {
  const targets = new Int32Array(points * points).fill(UNKNOWN);
  const targetOf = (i: number): number => {
    if (targets[i] !== UNKNOWN) return targets[i];
    const { lon, lat } = cut.place(i);
    const cell = to.cellAt(lon, lat);
    return (targets[i] = cell ? cell.row * to.cols + cell.col : OUTSIDE);
  };
  const last = points - 1;
  const isStraight = isSmall([0, last, last * points, last * points + last].map((i) => cut.place(i)));
  /** Whether the corners of a block, which has its last row and column, are of one cell: the pieces between them are, then. */
  const isOneCell = (south: number, north: number, west: number, east: number): boolean => {
    const first = targetOf(south * points + west);
    // What lies between four places outside need not.
    const isOne =
      isStraight &&
      first !== OUTSIDE &&
      first === targetOf(south * points + east) &&
      first === targetOf(north * points + west) &&
      first === targetOf(north * points + east);
    if (isOne) for (let row = south; row <= north; row++) targets.fill(first, row * points + west, row * points + east + 1);
    return isOne;
  };
  if (isOneCell(0, last, 0, last)) return targets[0];
  for (let south = 0; south < points; south += BLOCK) {
    for (let west = 0; west < points; west += BLOCK) {
      const [north, east] = [Math.min(south + BLOCK, points) - 1, Math.min(west + BLOCK, points) - 1];
      if (isOneCell(south, north, west, east)) continue;
      for (let row = south; row <= north; row++) for (let col = west; col <= east; col++) targetOf(row * points + col);
    }
  }
  return targets;
}

function isSmall(places: readonly { lon: number; lat: number }[]): boolean {
  const extent = (values: number[]): number => Math.max(...values) - Math.min(...values);
  const [lons, lats] = [places.map(({ lon }) => lon), places.map(({ lat }) => lat)];
  return extent(lons) < SMALL && extent(lats) < SMALL && lats.every((lat) => Math.abs(lat) < POLAR);
}
