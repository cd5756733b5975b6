import { addScaled, dot } from '../../base/vectors';
import type { LowRankPosterior } from '../uncertainty/posterior';

/** C·vector = vector − Σ_k λ_k/(1 + λ_k) u_k (u_kᵀ·vector). */
export function timesCovariance({ blocks }: LowRankPosterior, vector: Float64Array): Float64Array {
  const out = vector.slice();
  for (const { control: range, values, vectors } of blocks) {
    const part = vector.subarray(...range);
    values.forEach((value, k) => addScaled(out.subarray(...range), (-value / (1 + value)) * dot(part, vectors[k]), vectors[k]));
  }
  return out;
}
