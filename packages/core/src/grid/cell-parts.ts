/** Which part of a source cell lies in which target cell: for cell-overlaps.ts. */
import type { Grid } from './grid';
import type { CutCell, SourceCells } from './lat-lon-cells';

/** By target cells that the source cell meets, the part of it in each; their sum is what of it lies on the target grid. */
type Parts = Map<number, number>;

/** Pieces along the edge of a source cell, at least, and of a target cell. */
const PIECES = 4;
/** Along the edge of a source cell, at most: a million pieces take a second. */
const MOST_PIECES = 1024;
/** Pieces that follow each other are as far apart as others of the cell, but for this part, where the target's lines are nearly straight in it. */
const STRAIGHT = 0.05;
/** Of a cell's edge: what is less comes of rounding. */
const ROUNDING = 1e-6;

/**
 * Each piece is taken for a rectangle along the target's rows and columns, of its extent across them, and divided among the cells that it meets.
 *
 * @returns undefined where those are not nearly straight in the source cell: about a pole, over the end of a turn, or in a cell of many degrees
 */
export function partsByAreas(sourceCells: SourceCells, target: Grid, source: number): Parts | undefined {
  const { xorig, yorig, xcell, ycell, cols, rows } = target.definition;
  const inCells = ({ lon, lat }: { lon: number; lat: number }): Vector => {
    const [x, y] = target.toXY(lon, lat);
    return [(x - xorig) / xcell, (y - yorig) / ycell];
  };
  const coarse = sourceCells.cut(source, PIECES);
  const evenAlong = (step: number): Vector | undefined => evenStep(Array.from({ length: PIECES }, (_, i) => inCells(coarse.place(i * step))));
  const [east, north] = [evenAlong(1), evenAlong(PIECES)];
  if (!east || !north) return undefined;
  const extent = [0, 1].map((axis) => PIECES * Math.hypot(east[axis], north[axis]));
  const n = Math.min(MOST_PIECES, Math.max(PIECES, Math.ceil(PIECES * Math.max(...extent) - ROUNDING)));
  const [width, height] = extent.map((length) => length / n);
  const turn = (target.turn ?? Infinity) / xcell;
  const cut = sourceCells.cut(source, n);
  const parts: Parts = new Map();
  let total = 0;
  for (let piece = 0; piece < n * n; piece++) {
    const [x, y] = inCells(cut.place(piece));
    const weight = cut.weight(piece);
    total += weight;
    forEachPart(y, height, (row, ofRow) => {
      if (row < 0 || row >= rows) return;
      forEachPart(x, width, (column, ofColumn) => {
        const col = column < 0 ? column + turn : column >= cols ? column - turn : column;
        if (col < 0 || col >= cols) return;
        const cell = row * cols + Math.round(col);
        parts.set(cell, (parts.get(cell) ?? 0) + weight * ofRow * ofColumn);
      });
    });
  }
  for (const [cell, weight] of parts) parts.set(cell, weight / total);
  return parts;
}

type Vector = [x: number, y: number];

/** From each place to the next, where that is always about the same. */
function evenStep(places: readonly Vector[]): Vector | undefined {
  const steps = places.slice(1).map(([x, y], i): Vector => [x - places[i][0], y - places[i][1]]);
  const [first] = steps;
  const bound = STRAIGHT * Math.hypot(...first);
  return steps.every(([x, y]) => Math.hypot(x - first[0], y - first[1]) <= bound) ? first : undefined;
}

/** Numbers of the cells that a stretch about `middle` meets, and the part of it in each; the parts add up to 1. */
function forEachPart(middle: number, length: number, body: (cell: number, part: number) => void): void {
  const [begin, end] = [middle - length / 2, middle + length / 2];
  const first = Math.floor(begin + ROUNDING);
  const last = Math.max(first, Math.ceil(end - ROUNDING) - 1);
  if (first === last) return body(first, 1);
  const [start, stop] = [Math.max(begin, first), Math.min(end, last + 1)];
  for (let cell = first; cell <= last; cell++) body(cell, (Math.min(stop, cell + 1) - Math.max(start, cell)) / (stop - start));
}

/** Each piece goes whole to the target cell that holds its middle. */
export function partsByMiddles(sourceCells: SourceCells, target: Grid, source: number, points: number): Parts {
  const cut = sourceCells.cut(source, points);
  const targets = targetsOf(cut, target, points);
  if (typeof targets === 'number') return new Map([[targets, 1]]);
  const parts: Parts = new Map();
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
function targetsOf(cut: CutCell, target: Grid, points: number): Int32Array | number {
  const targets = new Int32Array(points * points).fill(UNKNOWN);
  const targetOf = (i: number): number => {
    if (targets[i] !== UNKNOWN) return targets[i];
    const { lon, lat } = cut.place(i);
    const cell = target.cellAt(lon, lat);
    return (targets[i] = cell ? cell.row * target.cols + cell.col : OUTSIDE);
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
