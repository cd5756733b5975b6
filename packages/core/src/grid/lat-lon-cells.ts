/** The cells of a file's latitudes and longitudes, even or not (Gaussian rows, say), from their edges. */
import type { Grid } from './grid';
import { EARTH_RADIUS } from './projection';

const RADIANS = Math.PI / 180;

/** Cells that are cut into pieces, to tell which cells of a grid they lie in. */
export interface SourceCells {
  readonly rows: number;
  readonly cols: number;
  /** cuts a cell into `points` x `points` pieces, which are numbered row by row */
  cut(cell: number, points: number): CutCell;
}

/** The pieces of a cell. */
export interface CutCell {
  /** The middle of a piece. */
  place(piece: number): { lon: number; lat: number };
  /** Its share of the cell, up to a factor. */
  weight(piece: number): number;
}

/** Cells between parallels and meridians, row after row in the order of the file. */
export class LatLonCells implements SourceCells {
  readonly rows: number;
  readonly cols: number;

  /**
   * @param latEdges - `[rows, 2]`, degrees, in either order
   * @param lonEdges - `[cols, 2]`, degrees east, the second above the first
   */
  constructor(
    private readonly latEdges: ArrayLike<number>,
    private readonly lonEdges: ArrayLike<number>,
  ) {
    this.rows = latEdges.length / 2;
    this.cols = lonEdges.length / 2;
  }

  /** Whether these are the same cells, edge by edge. */
  equals(otherCells: LatLonCells): boolean {
    const sameEdges = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
      a.length === b.length && Array.from(a).every((edge, i) => edge === b[i]);
    return sameEdges(this.latEdges, otherCells.latEdges) && sameEdges(this.lonEdges, otherCells.lonEdges);
  }

  /** m², on the sphere of the I/O API. */
  area(row: number, col: number): number {
    const [a, b] = this.sines(row);
    return EARTH_RADIUS ** 2 * RADIANS * (this.lonEdges[2 * col + 1] - this.lonEdges[2 * col]) * Math.abs(b - a);
  }

  /** Pieces of the same degrees, weighted by their area. */
  cut(cell: number, points: number): CutCell {
    const [row, col] = [Math.floor(cell / this.cols), cell % this.cols];
    const [south, north] = [this.latEdges[2 * row], this.latEdges[2 * row + 1]];
    const [west, east] = [this.lonEdges[2 * col], this.lonEdges[2 * col + 1]];
    const lat = (part: number): number => south + ((north - south) * part) / points;
    const weights = Float64Array.from({ length: points }, (_, i) => Math.abs(Math.sin(lat(i + 1) * RADIANS) - Math.sin(lat(i) * RADIANS)));
    return {
      place: (i) => ({ lon: west + ((east - west) * ((i % points) + 0.5)) / points, lat: lat(Math.floor(i / points) + 0.5) }),
      weight: (i) => weights[Math.floor(i / points)],
    };
  }

  /** The cells that may share a part with a grid, as numbers of this one's: all that meet its span of longitudes and latitudes. */
  cellsAround(grid: Grid): number[] {
    const middle = grid.centre((grid.rows - 1) / 2, (grid.cols - 1) / 2);
    const turn = (lon: number): number => lon - middle.lon - 360 * Math.round((lon - middle.lon) / 360);
    let [west, east, south, north] = [0, 0, middle.lat, middle.lat];
    for (let row = -0.5; row < grid.rows; row += 0.5) {
      for (let col = -0.5; col < grid.cols; col += 0.5) {
        const { lon, lat } = grid.centre(row, col);
        [west, east] = [Math.min(west, turn(lon)), Math.max(east, turn(lon))];
        [south, north] = [Math.min(south, lat), Math.max(north, lat)];
      }
    }
    // A pole may lie between the places that were looked at, and beside the grid's edge within a turn of few of them.
    const poles = [-90, 90].filter((lat) => grid.cellAt(middle.lon, lat));
    [south, north] = [Math.min(south, ...poles), Math.max(north, ...poles)];
    const round = poles.length > 0 || east - west > 300; // about a pole, or the globe
    const margin = 1; // degree, for what bulges between the places that were looked at
    const columns = Array.from({ length: this.cols }, (_, col) => col).filter((col) => {
      const [westEdge, eastEdge] = [this.lonEdges[2 * col], this.lonEdges[2 * col + 1]];
      const start = turn(westEdge);
      const meets = (shift: number): boolean => start + shift <= east + margin && start + shift + (eastEdge - westEdge) >= west - margin;
      return round || meets(0) || meets(360) || meets(-360);
    });
    return Array.from({ length: this.rows }, (_, row) => row)
      .filter((row) => {
        const [a, b] = [this.latEdges[2 * row], this.latEdges[2 * row + 1]];
        return Math.min(a, b) <= north + margin && Math.max(a, b) >= south - margin;
      })
      .flatMap((row) => columns.map((col) => row * this.cols + col));
  }

  private sines(row: number): [number, number] {
    return [Math.sin(this.latEdges[2 * row] * RADIANS), Math.sin(this.latEdges[2 * row + 1] * RADIANS)];
  }
}
