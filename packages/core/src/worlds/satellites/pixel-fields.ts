/** Smooth random fields over a grid, as pixels see them, and the cells that lie in a pixel. */
import type { Random } from '../../base/random';
import { smoothRandomField } from '../../grid/correlation';
import type { Grid } from '../../grid/grid';
import type { OverpassPixels } from './overpass';

/** Parts of a pixel along each side, of which each lies in one cell. */
const PARTS = 6;

/** Where the pixels of an overpass lie on the grid. */
export class PixelPlaces {
  /** In cells from the grid's south-western corner, of the middles. */
  private readonly east: Float64Array;
  private readonly north: Float64Array;
  /** The same of the corners, `[pixels, 4]`. */
  private readonly corners: { east: Float64Array; north: Float64Array };

  constructor(
    private readonly grid: Grid,
    readonly pixels: OverpassPixels,
  ) {
    const place = (lons: Float32Array, lats: Float32Array): { east: Float64Array; north: Float64Array } => {
      const { xorig, yorig, xcell, ycell } = grid.definition;
      const [east, north] = [new Float64Array(lons.length), new Float64Array(lons.length)];
      lons.forEach((lon, i) => {
        const [x, y] = grid.toXY(lon, lats[i]);
        east[i] = (x - xorig) / xcell;
        north[i] = (y - yorig) / ycell;
      });
      return { east, north };
    };
    ({ east: this.east, north: this.north } = place(pixels.centreLongitudes, pixels.centreLatitudes));
    this.corners = place(pixels.longitudes, pixels.latitudes);
  }

  /** Whether all of a pixel lies on the grid: of others the model knows a part alone. */
  isInside(pixel: number): boolean {
    const { rows, cols } = this.grid;
    const { east, north } = this.corners;
    for (let i = 4 * pixel; i < 4 * pixel + 4; i++) if (!(east[i] >= 0 && east[i] <= cols && north[i] >= 0 && north[i] <= rows)) return false;
    return true;
  }

  /**
   * The parts of a pixel that is inside, by cell; they sum to 1. The pixel is cut into small ones, each of which counts for the cell that its middle is in.
   *
   * @param isRound - whether the pixel is the circle in the square
   */
  sharesOf(pixel: number, isRound: boolean): Map<number, number> {
    const { rows, cols } = this.grid;
    const { east, north } = this.corners;
    const shares = new Map<number, number>();
    const wholeCell = this.cellAround(pixel);
    if (wholeCell !== undefined) return shares.set(wholeCell, 1);
    let total = 0;
    for (let j = 0; j < PARTS; j++) {
      for (let i = 0; i < PARTS; i++) {
        const [u, v] = [(i + 0.5) / PARTS, (j + 0.5) / PARTS];
        if (isRound && (u - 0.5) ** 2 + (v - 0.5) ** 2 > 0.25) continue;
        const position = (corner: Float64Array): number => {
          const [a, b, c, d] = [corner[4 * pixel], corner[4 * pixel + 1], corner[4 * pixel + 2], corner[4 * pixel + 3]];
          return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * d + u * c);
        };
        const [col, row] = [Math.min(cols - 1, Math.floor(position(east))), Math.min(rows - 1, Math.floor(position(north)))];
        const cell = row * cols + col;
        shares.set(cell, (shares.get(cell) ?? 0) + 1);
        total++;
      }
    }
    for (const [cell, share] of shares) shares.set(cell, share / total);
    return shares;
  }

  /** The cell that all corners of a pixel are in. */
  private cellAround(pixel: number): number | undefined {
    const { east, north } = this.corners;
    const [col, row] = [Math.floor(east[4 * pixel]), Math.floor(north[4 * pixel])];
    for (let i = 4 * pixel + 1; i < 4 * pixel + 4; i++) if (Math.floor(east[i]) !== col || Math.floor(north[i]) !== row) return undefined;
    return row * this.grid.cols + col;
  }

  /** A field of cells at the middles of pixels, linear between the cells' centres. @param field - `[rows, cols]` */
  at(field: ArrayLike<number>): Float64Array {
    const { rows, cols } = this.grid;
    const neighbours = (position: number, count: number): [number, number, number] => {
      const low = Math.max(0, Math.min(count - 1, Math.floor(position - 0.5)));
      return [low, Math.min(count - 1, low + 1), Math.max(0, Math.min(1, position - 0.5 - low))];
    };
    return this.east.map((east, pixel) => {
      const [left, right, u] = neighbours(east, cols);
      const [lower, upper, v] = neighbours(this.north[pixel], rows);
      const row = (r: number): number => (1 - u) * field[r * cols + left] + u * field[r * cols + right];
      return (1 - v) * row(lower) + v * row(upper);
    });
  }
}

/** A random field of mean 0 and variance 1, smooth over `km`, `[rows, cols]`. */
export function smoothField(grid: Grid, km: number, random: Random): Float64Array {
  const lengths = grid.lengthInCells(km).map((cells) => Math.max(0.5, cells));
  return smoothRandomField(grid.rows, grid.cols, [lengths[0], lengths[1]], random);
}

/** From 0 to 1: of a normal number nearly uniform. */
export function evenly(normal: number): number {
  return 1 / (1 + Math.exp(-1.702 * normal));
}

/**
 * A cloud field of a day, above 0 where it is cloudy: large systems with smaller gaps, over a third to a half of the grid.
 *
 * @returns `[rows, cols]`
 */
export function cloudField(grid: Grid, random: Random): Float64Array {
  const [systems, gaps] = [smoothField(grid, 180, random.fork('systems')), smoothField(grid, 45, random.fork('gaps'))];
  const field = systems.map((value, i) => 0.85 * value + 0.53 * gaps[i]);
  const cloudyPart = (1 + random.fork('cover').uniform() / 2) / 3;
  const sorted = field.slice().sort();
  const clearBelow = sorted[Math.min(sorted.length - 1, Math.floor((1 - cloudyPart) * sorted.length))];
  return field.map((value) => value - clearBelow);
}
