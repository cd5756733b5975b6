/**
 * The local analysis of an ensemble: what members that cover the errors of a prior say of it where observations lie near.
 *
 *   w = (N·I + Σ_k ρ_k Y_kᵀ R_k⁻¹ Y_k)⁻¹ Σ_k ρ_k Y_kᵀ R_k⁻¹ d_k,     x = X·w
 *
 * with the N members' differences from the prior in what is updated (X) and in what is observed at place k (Y_k), the misfit of the prior there (d_k), the errors of
 * the observations (R_k) and a taper ρ_k of the distance. It is the mean of the local ensemble transform Kalman filter (Hunt, Kostelich & Szunyogh 2007,
 * doi:10.1016/j.physd.2006.11.008), with the prior in place of the members' mean and N in place of N − 1. Without a taper, and with as many members as unknowns, it
 * is the best linear estimate for the covariance X·Xᵀ/N.
 */
import { cholesky, choleskySolve } from '../control/cholesky';

/** Observations of one place, in the room of the members. */
export interface PlaceSums {
  row: number;
  col: number;
  /** Yᵀ·R⁻¹·Y, `[N, N]` */
  products: Float64Array;
  /** Yᵀ·R⁻¹·d, `[N]` */
  pulls: Float64Array;
}

export function emptySums(row: number, col: number, members: number): PlaceSums {
  return { row, col, products: new Float64Array(members * members), pulls: new Float64Array(members) };
}

/** Adds a value whose error nothing shares. @param differences - of the members from the prior there @param misfit - observed less prior */
export function addValue({ products, pulls }: PlaceSums, differences: ArrayLike<number>, misfit: number, error: number): void {
  const n = pulls.length;
  const weight = 1 / (error * error);
  for (let i = 0; i < n; i++) {
    const scaled = weight * differences[i];
    pulls[i] += scaled * misfit;
    for (let j = 0; j < n; j++) products[i * n + j] += scaled * differences[j];
  }
}

/** Beyond so many lengths the taper is 0, as in Hunt et al.: 2·√(10/3). */
const REACH = 2 * Math.sqrt(10 / 3);

/** @param length - cells along rows and columns in which the taper falls to exp(−1/2) @returns w of a cell, `[N]`; undefined where no place is near */
export function localWeights(
  places: readonly PlaceSums[],
  { row, col }: { row: number; col: number },
  [rowLength, colLength]: readonly [number, number],
): number[] | undefined {
  let products: Float64Array | undefined;
  const pulls: number[] = [];
  for (const place of places) {
    const distance = Math.hypot((place.row - row) / rowLength, (place.col - col) / colLength);
    if (!(distance < REACH)) continue;
    const n = place.pulls.length;
    if (!products) {
      products = new Float64Array(n * n);
      for (let i = 0; i < n; i++) [products[i * n + i], pulls[i]] = [n, 0];
    }
    const taper = Math.exp((-distance * distance) / 2);
    for (let i = 0; i < products.length; i++) products[i] += taper * place.products[i];
    for (let i = 0; i < n; i++) pulls[i] += taper * place.pulls[i];
  }
  return products && choleskySolve(cholesky(products), pulls);
}
