/**
 * A made-up error of the winds, for the truth run of a twin experiment that is not identical: smooth in space and time, the same bits for the same seed.
 *
 *   speed' = speed · exp(σ_s z_s),   angle' = angle + σ_d z_d
 *
 * z_s and z_d are independent, of variance 1, with correlation exp(−d²/2L²) over the distance d and nearly exp(−τ²/2T²) over the hours τ. In time they
 * are a sum of smooth fields n_k that stand T/2 apart,
 *
 *   z(t) = Σ_k w_k(t) n_k / (Σ_k w_k(t)²)^½,   w_k(t) = exp(−(t − t_k)²/T²)
 *
 * which is the root of a Gaussian as in `grid/correlation.ts`. Each n_k has a stream of random numbers named by its moment t_k, counted from 1970: the error
 * of an hour depends on seed and hour only, not on where a period begins or on how many hours are read at a time.
 */
import { smoothRandomField } from '../../grid/correlation';
import type { Grid } from '../../grid/grid';
import { Random } from '../../base/random';

export interface WindErrorSettings {
  /** standard deviation of the natural logarithm of the factor on the speed */
  speed: number;
  /** standard deviation of the angle, degrees */
  direction: number;
  lengthKm: number;
  /** correlation time T, hours */
  lengthHours: number;
  seed: number;
  /** which of several errors of one seed, from 1 on; none is that without a number */
  draw?: number;
}

const RADIANS = Math.PI / 180;
const HOUR_MS = 3_600_000;
/** As in `grid/correlation.ts`: beyond three lengths the weights are below exp(−9). */
const REACH = 3;

export class WindError {
  private readonly random: Random;
  /** the fields n_k that the last hour needed, by name and k */
  private fields = new Map<string, Float64Array>();

  constructor(
    private readonly grid: Grid,
    private readonly settings: WindErrorSettings,
  ) {
    const { seed, draw } = settings;
    this.random = new Random(seed).fork(draw === undefined ? 'wind error' : `wind error ${draw}`);
  }

  /**
   * Winds with the error of an hour on them.
   *
   * @param u - along the grid's x, m s-1, `[rows, cols]`
   * @param v - along the grid's y
   */
  perturb(u: Float32Array, v: Float32Array, hour: Date): { u: Float32Array; v: Float32Array } {
    const { speed, direction } = this.settings;
    const [stretch, turn] = this.standardFields(['speed', 'direction'], hour);
    const out = { u: new Float32Array(u.length), v: new Float32Array(v.length) };
    for (let cell = 0; cell < u.length; cell++) {
      const factor = Math.exp(speed * stretch[cell]);
      const angle = direction * RADIANS * turn[cell];
      const [cos, sin] = [factor * Math.cos(angle), factor * Math.sin(angle)];
      out.u[cell] = cos * u[cell] - sin * v[cell];
      out.v[cell] = sin * u[cell] + cos * v[cell];
    }
    return out;
  }

  /** z of each name, `[rows, cols]`. */
  private standardFields(names: readonly string[], hour: Date): Float64Array[] {
    const { rows, cols } = this.grid;
    const spacing = this.settings.lengthHours / 2;
    const position = hour.getTime() / HOUR_MS / spacing;
    const [first, last] = [Math.ceil(position - 2 * REACH), Math.floor(position + 2 * REACH)];
    const nodes = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const weights = nodes.map((k) => Math.exp(-(((position - k) / 2) ** 2)));
    const norm = Math.hypot(...weights);
    const fields = new Map<string, Float64Array>();
    const sums = names.map((name) => {
      const sum = new Float64Array(rows * cols);
      nodes.forEach((k, i) => {
        const label = `${name} ${k}`;
        const field = this.fields.get(label) ?? this.draw(label);
        fields.set(label, field);
        for (let cell = 0; cell < sum.length; cell++) sum[cell] += (weights[i] / norm) * field[cell];
      });
      return sum;
    });
    this.fields = fields;
    return sums;
  }

  private draw(label: string): Float64Array {
    const { rows, cols } = this.grid;
    return smoothRandomField(rows, cols, this.grid.lengthInCells(this.settings.lengthKm), this.random.fork(label));
  }
}
