/**
 * Wind between speed and direction and components along the grid.
 *
 * A direction is that from which the wind comes, clockwise from *true* north. (MCIP's WDIR10 is so only in part: weather/mcip-wind.ts.) With γ the
 * direction of true north, clockwise from the grid's y axis, at the cell:
 *
 *   D_grid = D + γ        u = −S·sin(D_grid)        v = −S·cos(D_grid)
 *
 * γ is 0 on the central meridian; at the northern corners of the paper's grid it is 23°.
 */
import type { Grid } from './grid';

const RADIANS = Math.PI / 180;

/** How the directions of a file become directions against its grid. */
export interface WindDirection {
  /** degrees that are added in each cell, `[rows, cols]`; undefined where they cannot be known */
  turn?: Float64Array;
  /** which angle is taken, or why none is known */
  description: string;
  /** where none is known: what the user can do */
  remedy?: string;
}

/** γ of every cell, degrees, `[rows, cols]`. */
export function gridConvergence(grid: Grid): Float64Array {
  const angles = new Float64Array(grid.rows * grid.cols);
  const step = 1e-3; // degrees: far below a cell, far above rounding
  for (let row = 0; row < grid.rows; row++) {
    for (let col = 0; col < grid.cols; col++) {
      const { lon, lat } = grid.centre(row, col);
      const [x0, y0] = grid.toXY(lon, lat - step / 2);
      const [x1, y1] = grid.toXY(lon, lat + step / 2);
      angles[row * grid.cols + col] = Math.atan2(x1 - x0, y1 - y0) / RADIANS;
    }
  }
  return angles;
}

/**
 * @param speed - m s-1, `[…, rows, cols]`
 * @param direction - degrees, from where, clockwise from true north
 * @param convergence - of {@link gridConvergence}, or the `turn` of a {@link WindDirection}
 * @returns components along the grid's x and y, m s-1
 */
export function windToGrid(speed: Float32Array, direction: Float32Array, convergence: Float64Array): { u: Float32Array; v: Float32Array } {
  const [u, v] = [new Float32Array(speed.length), new Float32Array(speed.length)];
  for (let i = 0; i < speed.length; i++) {
    const angle = (direction[i] + convergence[i % convergence.length]) * RADIANS;
    u[i] = -speed[i] * Math.sin(angle);
    v[i] = -speed[i] * Math.cos(angle);
  }
  return { u, v };
}

/**
 * Turns the wind from the earth's directions to the grid's.
 *
 *   u = E·cos γ + N·sin γ        v = N·cos γ − E·sin γ
 *
 * @param eastward - m s-1, `[…, rows, cols]`; northward alike
 * @param convergence - of {@link gridConvergence}
 * @returns components along the grid's x and y, m s-1
 */
export function earthToGrid(eastward: Float32Array, northward: Float32Array, convergence: Float64Array): { u: Float32Array; v: Float32Array } {
  const [u, v] = [new Float32Array(eastward.length), new Float32Array(eastward.length)];
  for (let i = 0; i < eastward.length; i++) {
    const angle = convergence[i % convergence.length] * RADIANS;
    u[i] = eastward[i] * Math.cos(angle) + northward[i] * Math.sin(angle);
    v[i] = northward[i] * Math.cos(angle) - eastward[i] * Math.sin(angle);
  }
  return { u, v };
}

/** The inverse of {@link windToGrid}; direction in [0, 360). */
export function windFromGrid(u: Float32Array, v: Float32Array, convergence: Float64Array): { speed: Float32Array; direction: Float32Array } {
  const [speed, direction] = [new Float32Array(u.length), new Float32Array(u.length)];
  for (let i = 0; i < u.length; i++) {
    speed[i] = Math.hypot(u[i], v[i]);
    const onGrid = Math.atan2(-u[i], -v[i]) / RADIANS;
    direction[i] = (((onGrid - convergence[i % convergence.length]) % 360) + 360) % 360;
  }
  return { speed, direction };
}
