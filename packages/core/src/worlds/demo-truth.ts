/**
 * The errors planted in the inventory of the twin experiment, as factors truth / prior.
 *
 *   factor = exp(bias_g + σ_g z),   z smooth, of mean 0 and variance 1 weighted by the group's emissions
 *
 * Weighting makes the error that is planted the error that is scored: Σ|prior − truth| / Σ truth is about 30 % for every group
 * and seed, however the cities fall.
 */
import { smoothRandomField } from '../grid/correlation';
import { Random } from '../random';
import { Group, GROUPS } from './demo-emissions';

/** Bias of the log factor and spread of its smooth part. Negative bias: the prior is too high. */
const PLANTED: Record<Group, { bias: number; spread: number }> = {
  NOx: { bias: -0.22, spread: 0.28 },
  NH3: { bias: 0.12, spread: 0.38 },
  SO2: { bias: -0.24, spread: 0.26 },
  VOC: { bias: 0.18, spread: 0.38 },
  'PM2.5': { bias: -0.22, spread: 0.29 },
};

/** Factors stay within 1 ± 0.6. */
export const TRUTH_BOUNDS = [0.4, 1.6] as const;

/**
 * @param weights - emissions per group, `[rows, cols]`, any scale
 * @param lengthCells - correlation length in cells
 * @returns factors per group, `[rows, cols]`, within {@link TRUTH_BOUNDS}; 1 where nothing is emitted
 */
export function plantTruth(
  rows: number,
  cols: number,
  weights: Map<Group, Float64Array>,
  lengthCells: number,
  common: Random,
  ofPeriod: Random,
): Map<Group, Float32Array> {
  const factors = new Map<Group, Float32Array>();
  for (const group of GROUPS) {
    // four fifths of an inventory's error is the same in both seasons
    const shared = smoothRandomField(rows, cols, lengthCells, common.fork(group));
    const own = smoothRandomField(rows, cols, lengthCells, ofPeriod.fork(group));
    const weight = weights.get(group)!;
    const z = standardise(
      shared.map((value, i) => Math.sqrt(0.8) * value + Math.sqrt(0.2) * own[i]),
      weight,
    );
    const { bias, spread } = PLANTED[group];
    const [low, high] = TRUTH_BOUNDS;
    factors.set(
      group,
      Float32Array.from(z, (value, i) => (weight[i] > 0 ? Math.max(low, Math.min(high, Math.exp(bias + spread * value))) : 1)),
    );
  }
  return factors;
}

/** Mean 0 and variance 1 under the weights. */
function standardise(field: Float64Array, weight: Float64Array): Float64Array {
  const total = weight.reduce((sum, w) => sum + w, 0);
  const mean = field.reduce((sum, value, i) => sum + weight[i] * value, 0) / total;
  const variance = field.reduce((sum, value, i) => sum + weight[i] * (value - mean) ** 2, 0) / total;
  return field.map((value) => (value - mean) / Math.sqrt(variance));
}

/** The inventory's error against the truth, Σ|prior − truth| / Σ truth, weighted by the prior emissions. */
export function inventoryError(weight: Float64Array, factors: Float32Array): number {
  let difference = 0;
  let truth = 0;
  for (let i = 0; i < weight.length; i++) {
    difference += weight[i] * Math.abs(1 - factors[i]);
    truth += weight[i] * factors[i];
  }
  return difference / truth;
}
