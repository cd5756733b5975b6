/**
 * The errors planted in the inventory of the twin experiment, as factors truth / prior.
 *
 *   factor = exp(bias_g + σ_g z),   z smooth, of mean 0 and variance 1 weighted by the group's emissions
 *
 * σ_g is the one for which Σ|prior − truth| / Σ truth, the error that is scored, is 30 % after the bounds: whatever the seed, and however
 * the cities fall.
 */
import type { Group } from '../base/species';
import { smoothRandomField } from '../grid/correlation';
import { type Random } from '../base/random';

/** Bias of the log factor. Negative: the prior is too high. */
const BIAS: Record<Group, number> = { NOx: -0.2, NH3: 0.12, SO2: -0.22, VOC: 0.16, 'PM2.5': -0.18, CO: 0.2, PMC: -0.15, ISOP: 0.1 };

/** Σ|prior − truth| / Σ truth of every group. */
const PLANTED_ERROR = 0.3;

/** Factors stay within 1 ± 0.6. */
const TRUTH_BOUNDS = [0.4, 1.6] as const;

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
  for (const [group, weight] of weights) {
    // four fifths of an inventory's error is the same in both seasons
    const shared = smoothRandomField(rows, cols, lengthCells, common.fork(group));
    const groupField = smoothRandomField(rows, cols, lengthCells, ofPeriod.fork(group));
    const z = standardise(
      shared.map((value, i) => Math.sqrt(0.8) * value + Math.sqrt(0.2) * groupField[i]),
      weight,
    );
    factors.set(group, planted(z, weight, BIAS[group]));
  }
  return factors;
}

/** The factors whose error is the planted one; the error grows with the spread, so halving the interval finds it. */
function planted(z: Float64Array, weight: Float64Array, bias: number): Float32Array {
  const [lowest, highest] = TRUTH_BOUNDS;
  const withSpread = (spread: number): Float32Array =>
    Float32Array.from(z, (value, i) => (weight[i] > 0 ? Math.max(lowest, Math.min(highest, Math.exp(bias + spread * value))) : 1));
  let [narrow, wide] = [0.05, 2];
  for (let step = 0; step < 30; step++) {
    const middle = (narrow + wide) / 2;
    if (inventoryError(weight, withSpread(middle)) < PLANTED_ERROR) narrow = middle;
    else wide = middle;
  }
  return withSpread((narrow + wide) / 2);
}

/** Mean 0 and variance 1 under the weights. */
function standardise(field: Float64Array, weight: Float64Array): Float64Array {
  const total = weight.reduce((sum, w) => sum + w, 0);
  const mean = field.reduce((sum, value, i) => sum + weight[i] * value, 0) / total;
  const variance = field.reduce((sum, value, i) => sum + weight[i] * (value - mean) ** 2, 0) / total;
  return field.map((value) => (value - mean) / Math.sqrt(variance));
}

/** The inventory's error against the truth, Σ|prior − truth| / Σ truth, weighted by the prior emissions. */
function inventoryError(weight: Float64Array, factors: Float32Array): number {
  let difference = 0;
  let truth = 0;
  for (let i = 0; i < weight.length; i++) {
    difference += weight[i] * Math.abs(1 - factors[i]);
    truth += weight[i] * factors[i];
  }
  return difference / truth;
}
