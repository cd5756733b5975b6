/**
 * Fields on a regular grid of longitudes and latitudes brought to the cells of the case's grid.
 *
 *   bilinear   at the cell's centre, from the four points around it: state (temperature, wind, pressure)
 *   mean       over the cell, of the source cells by the part of it that lies in them: fluxes (radiation, rain). An amount per area is
 *              conserved: what a source cell gives to all targets adds up to its value times the area they cover of it.
 *
 * Only the rows and columns that are needed are asked for.
 */
import { GridError } from '../../base/errors';
import { CellOverlaps } from '../../grid/cell-overlaps';
import { Grid } from '../../grid/grid';

/** Points along each axis, in the order of the file. */
export interface LatLonAxes {
  /** degrees, rising, evenly spaced; may pass 180 or 360 */
  lons: Float64Array;
  /** degrees, rising or falling, evenly spaced */
  lats: Float64Array;
}

/** A rectangle of the file's points. */
export interface Rectangle {
  row: number;
  col: number;
  rows: number;
  cols: number;
}

/** Points of the file and their weights for every cell of the target: entries of cell i are `first[i]` … `first[i + 1] − 1`. */
interface Weights {
  first: Int32Array;
  point: Int32Array;
  weight: Float64Array;
}

/** Cuts of a target cell along each side for its parts in the source's cells. */
const CUTS = 8;
/** Degrees by which a place may lie outside the outermost points: rounding of the file's coordinates. */
const EDGE = 1e-4;

export class Regridder {
  private readonly bilinearWeights: Weights;
  private meanWeights: Weights | undefined;
  private readonly source: Grid;
  private readonly falling: boolean;

  /** @throws {GridError} `GRID_MISMATCH` if the points do not surround every cell of the grid */
  constructor(
    private readonly axes: LatLonAxes,
    private readonly target: Grid,
    private readonly path: string,
  ) {
    const { lons, lats } = axes;
    const [xcell, ycell] = [(lons[lons.length - 1] - lons[0]) / (lons.length - 1), Math.abs(lats[lats.length - 1] - lats[0]) / (lats.length - 1)];
    this.falling = lats[lats.length - 1] < lats[0];
    const south = Math.min(lats[0], lats[lats.length - 1]);
    this.source = new Grid({
      name: path, gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0,
      xorig: lons[0] - xcell / 2, yorig: south - ycell / 2, xcell, ycell, cols: lons.length, rows: lats.length,
    }); // prettier-ignore
    this.bilinearWeights = this.aroundCentres();
  }

  /** What has to be read for {@link bilinear}. */
  get pointsAround(): Rectangle {
    return this.rectangleOf(this.bilinearWeights);
  }

  /** What has to be read for {@link mean}. */
  get cellsUnder(): Rectangle {
    return this.rectangleOf((this.meanWeights ??= this.overlaps()));
  }

  /** @param values - `[steps, …pointsAround]` @returns `[steps, rows, cols]` of the target */
  bilinear(values: ArrayLike<number>): Float32Array {
    return this.apply(this.bilinearWeights, this.pointsAround, values);
  }

  /** @param values - `[steps, …cellsUnder]` @returns `[steps, rows, cols]` of the target */
  mean(values: ArrayLike<number>): Float32Array {
    return this.apply((this.meanWeights ??= this.overlaps()), this.cellsUnder, values);
  }

  private apply({ first, point, weight }: Weights, { row, col, rows, cols }: Rectangle, values: ArrayLike<number>): Float32Array {
    const cells = this.target.rows * this.target.cols;
    const steps = values.length / (rows * cols);
    const out = new Float32Array(steps * cells);
    const width = this.axes.lons.length;
    for (let step = 0; step < steps; step++) {
      for (let cell = 0; cell < cells; cell++) {
        let sum = 0;
        for (let k = first[cell]; k < first[cell + 1]; k++) {
          const [r, c] = [Math.floor(point[k] / width) - row, (point[k] % width) - col];
          sum += weight[k] * values[(step * rows + r) * cols + c];
        }
        out[step * cells + cell] = sum;
      }
    }
    return out;
  }

  /** The smallest rectangle that holds every point; all columns where they go round the earth. */
  private rectangleOf({ point }: Weights): Rectangle {
    const width = this.axes.lons.length;
    let [south, north, west, east] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const component of point) {
      const [row, col] = [Math.floor(component / width), component % width];
      [south, north, west, east] = [Math.min(south, row), Math.max(north, row), Math.min(west, col), Math.max(east, col)];
    }
    return { row: south, col: west, rows: north - south + 1, cols: east - west + 1 };
  }

  private aroundCentres(): Weights {
    const { cols, rows } = this.target;
    const { xorig, yorig, xcell, ycell, cols: width, rows: height } = this.source.definition;
    const round = Math.abs(width * xcell - 360) < xcell / 2;
    const [first, point, weight] = [new Int32Array(rows * cols + 1), new Int32Array(4 * rows * cols), new Float64Array(4 * rows * cols)];
    for (let cell = 0; cell < rows * cols; cell++) {
      const { lon, lat } = this.target.centre(Math.floor(cell / cols), cell % cols);
      const [x, y] = this.source.toXY(lon, lat);
      const col = (x - xorig) / xcell - 0.5;
      const row = (y - yorig) / ycell - 0.5;
      // Between the last row of a global grid and the pole there is nothing to interpolate with: the row itself.
      const reachesPole = yorig <= -90 + ycell / 2 + EDGE ? row < 0 : false;
      const reachesNorth = yorig + height * ycell >= 90 - ycell / 2 - EDGE ? row > height - 1 : false;
      const outside = (position: number, last: number, cellSize: number): boolean =>
        position * cellSize < -EDGE || (position - last) * cellSize > EDGE;
      if ((!round && outside(col, width - 1, xcell)) || (!reachesPole && !reachesNorth && outside(row, height - 1, ycell)))
        throw this.outside(lon, lat);
      const [west, south] = [round ? Math.floor(col) : Math.min(Math.max(Math.floor(col), 0), Math.max(width - 2, 0)), Math.min(Math.max(Math.floor(row), 0), Math.max(height - 2, 0))]; // prettier-ignore
      const [fx, fy] = [round ? col - west : Math.min(Math.max(col - west, 0), 1), Math.min(Math.max(row - south, 0), 1)];
      for (let k = 0; k < 4; k++) {
        const [up, right] = [k >> 1, k & 1];
        const column = round ? (west + right + width) % width : Math.min(west + right, width - 1);
        point[4 * cell + k] = this.pointAt(Math.min(south + up, height - 1), column);
        weight[4 * cell + k] = (up ? fy : 1 - fy) * (right ? fx : 1 - fx);
      }
      first[cell + 1] = 4 * cell + 4;
    }
    return { first, point, weight };
  }

  private overlaps(): Weights {
    const { first, target, share } = new CellOverlaps(this.target, this.source, CUTS, false);
    const weight = new Float64Array(share.length);
    for (let cell = 0; cell < this.target.rows * this.target.cols; cell++) {
      let sum = 0;
      for (let k = first[cell]; k < first[cell + 1]; k++) sum += share[k];
      if (sum < 1 - 1e-9) {
        const { lon, lat } = this.target.centre(Math.floor(cell / this.target.cols), cell % this.target.cols);
        throw this.outside(lon, lat);
      }
      for (let k = first[cell]; k < first[cell + 1]; k++) weight[k] = share[k] / sum;
    }
    const width = this.source.cols;
    return { first, point: target.map((cell) => this.pointAt(Math.floor(cell / width), cell % width)), weight };
  }

  /** Index of a point in the file, whose rows may go from north to south. */
  private pointAt(rowFromSouth: number, col: number): number {
    return (this.falling ? this.source.rows - 1 - rowFromSouth : rowFromSouth) * this.source.cols + col;
  }

  private outside(lon: number, lat: number): GridError {
    const { lons, lats } = this.axes;
    const [south, north] = [lats[0], lats[lats.length - 1]].sort((a, b) => a - b);
    return new GridError(
      'GRID_MISMATCH',
      `${this.path}: it reaches from ${lons[0]} to ${lons[lons.length - 1]} °E and from ${south} to ${north} °N, but the case's grid ${this.target.name} has a cell at ${lon.toFixed(3)} °E, ${lat.toFixed(3)} °N: give a file that surrounds the grid`,
    );
  }
}
