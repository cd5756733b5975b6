/**
 * Patches of cells whose emissions are changed to see how far a response reaches, and the cells around them by distance.
 *
 * All patches of a group are changed in one run, and the two models' changes are compared as whole fields: both see the same emissions, so nothing has
 * to be assumed about patches not seeing each other. The distance of a cell is that to the nearest patch.
 */
import type { Grid } from '../../grid/grid';
import { EARTH_RADIUS, LATLON } from '../../grid/projection';
import { Random } from '../../base/random';

/** South-western cell of a square of `side` cells. */
export interface Patch {
  row: number;
  col: number;
  side: number;
}

/** Cells at a distance from the nearest patch: above `fromKm`, up to `toKm`; the patches themselves are 0 to 0, the last ring has no end. */
export interface Ring {
  fromKm: number;
  toKm?: number;
}

/** Ends of the rings in cells: what turbulence and an hour's wind reach, and what some hours' wind does. */
const RING_ENDS = [3, 8];

/**
 * Draws places for patches with a probability in proportion to their emission, at least so far apart that `count` patches spread over the domain.
 *
 * @param emission - of the group, `[H, W]`, at least 0
 * @returns fewer than `count` where no more fit, none where nothing is emitted
 */
export function choosePatches(
  emission: ArrayLike<number>,
  grid: Pick<Grid, 'rows' | 'cols'>,
  options: { count: number; cells: number; seed: number },
): Patch[] {
  const side = Math.min(options.cells, grid.rows, grid.cols);
  const apart = Math.max(side, Math.sqrt((grid.rows * grid.cols) / (4 * Math.max(1, options.count))));
  const random = new Random(options.seed).fork('patches');
  const places: { patch: Patch; key: number }[] = [];
  for (let row = 0; row + side <= grid.rows; row++) {
    for (let col = 0; col + side <= grid.cols; col++) {
      const weight = emissionOf(emission, grid, { row, col, side });
      // Weighted sampling without replacement: the largest u^(1/w) first (Efraimidis & Spirakis 2006, doi:10.1016/j.ipl.2005.11.003).
      const key = Math.log(1 - random.uniform()) / weight;
      if (weight > 0) places.push({ patch: { row, col, side }, key });
    }
  }
  places.sort((a, b) => b.key - a.key);
  const chosen: Patch[] = [];
  for (const { patch } of places) {
    if (chosen.length === options.count) break;
    if (chosen.every((chosenPatch) => Math.max(Math.abs(chosenPatch.row - patch.row), Math.abs(chosenPatch.col - patch.col)) >= apart))
      chosen.push(patch);
  }
  return chosen;
}

function emissionOf(emission: ArrayLike<number>, grid: Pick<Grid, 'cols'>, patch: Patch): number {
  return cellsOf(patch, grid).reduce((sum, cell) => sum + emission[cell], 0);
}

/** Positions of a patch's cells in a field `[H, W]`. */
export function cellsOf({ row, col, side }: Patch, { cols }: Pick<Grid, 'cols'>): number[] {
  return Array.from({ length: side * side }, (_, i) => (row + Math.floor(i / side)) * cols + col + (i % side));
}

/** The ring of each cell, `[H, W]`, and the rings, nearest first; rings that hold no cell are left out. */
export function distanceRings(grid: Grid, patches: readonly Patch[]): { ringOf: Int32Array; rings: Ring[] } {
  const cellKm = Math.sqrt(grid.cellAreaM2) / 1000;
  const ends = [0, ...RING_ENDS.map((cells) => cells * cellKm), Infinity];
  const sources = patches.flatMap((patch) => cellsOf(patch, grid).map((cell) => placeOf(grid, cell)));
  const ringOfCell = Int32Array.from({ length: grid.rows * grid.cols }, (_, cell) => {
    const distance = distanceKm(placeOf(grid, cell), sources);
    return ends.findIndex((end) => distance <= end * (1 + 1e-9));
  });
  const ringsPresent = ends.map((_, ring) => ring).filter((ring) => ringOfCell.includes(ring));
  return {
    ringOf: ringOfCell.map((ring) => ringsPresent.indexOf(ring)),
    rings: ringsPresent.map((ring) => ({ fromKm: ring === 0 ? 0 : ends[ring - 1], ...(Number.isFinite(ends[ring]) ? { toKm: ends[ring] } : {}) })),
  };
}

type Place = readonly [number, number, number];

/** Where a cell's centre is, in km: on the map, as everywhere on projected grids, or on the sphere. */
function placeOf(grid: Grid, cell: number): Place {
  const { gdtyp, xcell, ycell } = grid.definition;
  const [row, col] = [Math.floor(cell / grid.cols), cell % grid.cols];
  if (gdtyp !== LATLON) return [(col * xcell) / 1000, (row * ycell) / 1000, 0];
  const { lon, lat } = grid.centre(row, col);
  const [a, b] = [(lon * Math.PI) / 180, (lat * Math.PI) / 180];
  const radius = EARTH_RADIUS / 1000;
  return [radius * Math.cos(b) * Math.cos(a), radius * Math.cos(b) * Math.sin(a), radius * Math.sin(b)];
}

/** To the nearest source in a straight line, on the sphere 1 % short of the great circle at 3000 km. */
function distanceKm(place: Place, sources: readonly Place[]): number {
  let smallest = Infinity;
  for (const source of sources)
    smallest = Math.min(smallest, (place[0] - source[0]) ** 2 + (place[1] - source[1]) ** 2 + (place[2] - source[2]) ** 2);
  return Math.sqrt(smallest);
}
