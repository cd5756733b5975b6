/**
 * What an update did inside a region, beside the change of its total: how much mass it moved, how much of that cancels in the total, whether the pattern
 * stayed, whether the day did. Fields are emission rates `[cells]`; `weight` is the area of each cell times its part in the region, so that sums are masses.
 */
import type { Grid } from '../../grid/grid';
import { SECONDS_PER_YEAR } from '../../units/units';
import { scores } from './scores';

/** Figures without a meaning (nothing is emitted, nothing varies) are left out. */
export interface Redistribution {
  /** Σ w·prior and Σ w·updated, in the unit of rate times weight */
  prior: number;
  updated: number;
  /** relative change of the total */
  change?: number;
  /** mass moved: Σ w·|updated − prior| / Σ w·prior */
  moved?: number;
  /** the part of it that the total does not show: (Σ w·|Δ| − |Σ w·Δ|) / Σ w·|Δ| */
  netsOut?: number;
  /** Pearson's correlation of updated with prior rates over the emitting cells of the region */
  patternCorrelation?: number;
  /** the same of updated / prior with ln prior: below 0 where strong sources were lowered against weak ones */
  factorCorrelation?: number;
}

/** Σ w·|updated − prior| / Σ w·prior; NaN where nothing is emitted. */
export function massMoved(prior: ArrayLike<number>, updated: ArrayLike<number>, weight: ArrayLike<number>): number {
  const { absolute, total } = sums(prior, updated, weight);
  return absolute / total;
}

export function redistribution(prior: ArrayLike<number>, updated: ArrayLike<number>, weight: ArrayLike<number>): Redistribution {
  const { absolute, net, total } = sums(prior, updated, weight);
  const emitting = Array.from({ length: prior.length }, (_, cell) => cell).filter((cell) => prior[cell] > 0 && weight[cell] > 0);
  const priorCells = emitting.map((cell) => prior[cell]);
  const updatedCells = emitting.map((cell) => updated[cell]);
  const factors = updatedCells.map((value, i) => value / priorCells[i]);
  return {
    prior: total,
    updated: total + net,
    change: finite(net / total),
    moved: finite(absolute / total),
    netsOut: finite((absolute - Math.abs(net)) / absolute),
    patternCorrelation: finite(scores(priorCells, updatedCells).r),
    factorCorrelation: finite(scores(priorCells.map(Math.log), factors).r),
  };
}

export interface DiurnalShift {
  /** change of the mean hour of emission, the direction of Σ_h p_h e^(2πi·h/24): hours, later above 0; absent where a profile is flat */
  hours?: number;
  /** total variation distance of the two profiles, ½ Σ_h |q_h − p_h|: the part of a day's emissions that is now emitted at another hour */
  distance: number;
}

/**
 * @param prior - emissions by local hour of the day, `[24]`, any scale
 * @param updated - the same after the update
 */
export function diurnalShift(prior: ArrayLike<number>, updated: ArrayLike<number>): DiurnalShift {
  const [p, q] = [normalised(prior), normalised(updated)];
  const [priorMean, updatedMean] = [meanHour(p), meanHour(q)];
  const later = (((updatedMean - priorMean + 12) % 24) + 24) % 24;
  return { hours: finite(later - 12), distance: p.reduce((sum, value, hour) => sum + Math.abs(q[hour] - value), 0) / 2 };
}

function sums(prior: ArrayLike<number>, updated: ArrayLike<number>, weight: ArrayLike<number>): { absolute: number; net: number; total: number } {
  let [absolute, net, total] = [0, 0, 0];
  for (let cell = 0; cell < prior.length; cell++) {
    const difference = weight[cell] * (updated[cell] - prior[cell]);
    absolute += Math.abs(difference);
    net += difference;
    total += weight[cell] * prior[cell];
  }
  return { absolute, net, total };
}

function normalised(profile: ArrayLike<number>): number[] {
  const values = Array.from(profile);
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}

/** A resultant of this length has no direction: rounding. */
const FLAT = 1e-9;

function meanHour(profile: readonly number[]): number {
  const angle = (hour: number): number => (2 * Math.PI * (hour + 0.5)) / 24;
  const x = profile.reduce((sum, value, hour) => sum + value * Math.cos(angle(hour)), 0);
  const y = profile.reduce((sum, value, hour) => sum + value * Math.sin(angle(hour)), 0);
  return Math.hypot(x, y) < FLAT ? NaN : (Math.atan2(y, x) * 24) / (2 * Math.PI);
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

const KG_PER_MT = 1e9;

/**
 * What each cell counts in a total in Mt a-1 of a field in kg m-2 s-1, `[H, W]`: its area · mask · seconds a year.
 *
 * @param mask - `[H, W]` 0…1, everything where absent
 */
export function annualWeights(grid: Pick<Grid, 'rows' | 'cols' | 'cellArea'>, mask?: ArrayLike<number>): Float64Array {
  const { rows, cols } = grid;
  return Float64Array.from({ length: rows * cols }, (_, cell) => {
    const area = grid.cellArea(Math.floor(cell / cols));
    return (area * (mask ? mask[cell] : 1) * SECONDS_PER_YEAR) / KG_PER_MT;
  });
}
