/**
 * Whether a run of a transport model was made with a weather: where it was, its concentrations change as its winds carry them,
 *
 *   ∂c/∂t ≈ −u·∇c
 *
 * over a grid at one hour, and do so better with the winds of that day than with those of other days at the same hour.
 */
import { mean, Moments } from '../../base/moments';

/** One hour of a run and its weather. */
export interface CarriedHour {
  /** hour of the day, UTC: days are compared at the same one */
  hourOfDay: number;
  /** the hour before, the hour and the one after, `[3, H, W, species]` */
  concentrations: Float32Array;
  /** eastward and northward along the grid, m s-1, `[H, W, 2]` */
  wind: Float32Array;
}

export interface Carrying {
  /** mean over hours and species of the correlation over cells with the winds of the hour */
  withOwnWinds: number;
  /** with those of other days that blew otherwise */
  withOtherWinds: number;
}

/** Winds that are more alike tell nothing. */
const ALIKE = 0.7;

/** @param cell - m, of a side @returns undefined where no two days with other winds are there */
export function carrying(hours: readonly CarriedHour[], { rows, cols, cell }: { rows: number; cols: number; cell: number }): Carrying | undefined {
  const withOwnWinds: number[] = [];
  const withOtherWinds: number[] = [];
  for (const hour of hours) {
    for (const otherHour of hours) {
      if (otherHour.hourOfDay !== hour.hourOfDay) continue;
      if (otherHour === hour) withOwnWinds.push(fit(hour, hour.wind, rows, cols, cell));
      else if (alike(hour.wind, otherHour.wind) < ALIKE) withOtherWinds.push(fit(hour, otherHour.wind, rows, cols, cell));
    }
  }
  return withOtherWinds.length === 0
    ? undefined
    : { withOwnWinds: mean(withOwnWinds.filter(Number.isFinite)), withOtherWinds: mean(withOtherWinds.filter(Number.isFinite)) };
}

function fit({ concentrations }: CarriedHour, wind: Float32Array, rows: number, cols: number, cell: number): number {
  const species = concentrations.length / (3 * rows * cols);
  const fits = Array.from({ length: species }, (_, s) => {
    const concentrationAt = (step: number, row: number, col: number): number => concentrations[((step * rows + row) * cols + col) * species + s];
    const pairs = new Moments();
    for (let row = 1; row < rows - 1; row++) {
      for (let col = 1; col < cols - 1; col++) {
        const change = (concentrationAt(2, row, col) - concentrationAt(0, row, col)) / 2;
        const east = (concentrationAt(1, row, col + 1) - concentrationAt(1, row, col - 1)) / (2 * cell);
        const north = (concentrationAt(1, row + 1, col) - concentrationAt(1, row - 1, col)) / (2 * cell);
        const i = (row * cols + col) * 2;
        pairs.add(change, -3600 * (wind[i] * east + wind[i + 1] * north));
      }
    }
    return pairs.correlation();
  });
  return mean(fits.filter(Number.isFinite));
}

function alike(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Runs on their own weather that were tried have 0.2 to 0.5 more with it than with that of other days. */
const LEAST_GAIN = 0.08;

/** Whether the winds are most likely not those of the run. */
export function isOtherWeather({ withOwnWinds, withOtherWinds }: Carrying): boolean {
  return withOwnWinds - withOtherWinds < LEAST_GAIN;
}
