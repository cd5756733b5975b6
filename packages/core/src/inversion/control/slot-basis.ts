/** T: what ties the log factors of one slot to those of others; its rows have length 1, so that it leaves variances as they are. */
import { ConfigError } from '../../base/errors';
import { cholesky } from './cholesky';

/**
 * ρ between a slot and the one before, in [0, 1): one number for all, or one for each slot (the first means nothing). Or, for slots that are no line, the
 * correlation matrix of each period's, `[slots, slots]`, periods being independent.
 */
export type SlotCorrelation = number | readonly number[] | { ofPeriods: readonly Float64Array[] };

/** A linear map of `[slots, field]` onto itself, in place. */
export interface SlotBasis {
  /** whether slots are independent of each other */
  readonly independent: boolean;
  apply(values: Float64Array): void;
  /** the transpose of `apply` */
  adjoint(values: Float64Array): void;
}

/** @throws {ConfigError} `INVERSION_SLOT_CORRELATION` if no random numbers can be correlated as the matrices say */
export function slotBasis(slots: number, correlation: SlotCorrelation): SlotBasis {
  if (typeof correlation === 'number') return new SlotChain(new Array<number>(slots).fill(correlation));
  return 'ofPeriods' in correlation ? new SlotMatrices(correlation.ofPeriods) : new SlotChain(correlation);
}

/**
 * Correlations of hours of the day, exp(−Δt/τ) with Δt the way round the clock: as a distance on a circle that is a correlation (Gneiting 2013,
 * doi:10.3150/12-BEJSP06).
 *
 * @param slots - hours that a period has, 24 of one that lasts a day or longer
 * @param hours - τ; 0: none
 */
export function roundTheClock(slots: number, hours: number): Float64Array {
  return matrixOf(slots, (apart) => fading(Math.min(apart, 24 - apart), hours));
}

/**
 * Correlations of slots that follow each other, exp(−Δt/τ).
 *
 * @param stepHours - from one to the next
 * @param hours - τ; 0: none
 */
export function inALine(slots: number, stepHours: number, hours: number): Float64Array {
  return matrixOf(slots, (apart) => fading(apart * stepHours, hours));
}

/** The same with a part of the variance that is alike in all slots: p + (1 − p)·(the correlation). */
export function withLasting(part: number, correlation: Float64Array): Float64Array {
  return correlation.map((value) => part + (1 - part) * value);
}

function matrixOf(slots: number, correlation: (apart: number) => number): Float64Array {
  return Float64Array.from({ length: slots * slots }, (_, k) => correlation(Math.abs(Math.floor(k / slots) - (k % slots))));
}

function fading(lag: number, hours: number): number {
  return lag === 0 ? 1 : hours > 0 ? Math.exp(-lag / hours) : 0;
}

/** A first-order autoregression: w'_t = ρ_t·w'_{t−1} + √(1 − ρ_t²)·w_t. */
class SlotChain implements SlotBasis {
  readonly independent: boolean;

  constructor(private readonly rho: readonly number[]) {
    this.independent = rho.slice(1).every((each) => each === 0);
  }

  apply(values: Float64Array): void {
    if (this.independent) return;
    const slots = slotsOf(values, this.rho.length);
    for (let t = 1; t < slots.length; t++) blend(slots[t], Math.sqrt(1 - this.rho[t] ** 2), slots[t - 1], this.rho[t]);
  }

  adjoint(values: Float64Array): void {
    if (this.independent) return;
    const slots = slotsOf(values, this.rho.length);
    for (let t = slots.length - 2; t >= 0; t--) blend(slots[t], 1, slots[t + 1], this.rho[t + 1]);
    for (let t = 1; t < slots.length; t++) scale(slots[t], Math.sqrt(1 - this.rho[t] ** 2));
  }
}

/** The Cholesky root of each period's matrix. */
class SlotMatrices implements SlotBasis {
  readonly independent: boolean;
  private readonly roots: readonly { first: number; slots: number; root: Float64Array }[];
  private readonly slots: number;

  constructor(matrices: readonly Float64Array[]) {
    let first = 0;
    this.roots = matrices.map((matrix) => {
      const begin = first;
      const slots = Math.sqrt(matrix.length);
      first += slots;
      return { first: begin, slots, root: cholesky(matrix, refuse) };
    });
    this.slots = first;
    this.independent = this.roots.every(({ slots, root }) => root.every((value, k) => value === 0 || k % (slots + 1) === 0));
  }

  apply(values: Float64Array): void {
    const fields = slotsOf(values, this.slots);
    // A row of the root needs its own slot and those before it, which are still as they were.
    for (const { first, slots, root } of this.roots) {
      for (let t = slots - 1; t >= 0; t--) {
        scale(fields[first + t], root[t * slots + t]);
        for (let s = 0; s < t; s++) blend(fields[first + t], 1, fields[first + s], root[t * slots + s]);
      }
    }
  }

  adjoint(values: Float64Array): void {
    const fields = slotsOf(values, this.slots);
    for (const { first, slots, root } of this.roots) {
      for (let s = 0; s < slots; s++) {
        scale(fields[first + s], root[s * slots + s]);
        for (let t = s + 1; t < slots; t++) blend(fields[first + s], 1, fields[first + t], root[t * slots + s]);
      }
    }
  }
}

function refuse(row: number): never {
  throw new ConfigError(
    'INVERSION_SLOT_CORRELATION',
    `inversion.factorCorrelation.hours: the correlations of slots have no root (at slot ${row}): make them shorter`,
  );
}

function slotsOf(values: Float64Array, slots: number): Float64Array[] {
  const field = values.length / slots;
  return Array.from({ length: slots }, (_, t) => values.subarray(t * field, (t + 1) * field));
}

/** a ← wa·a + wb·b */
function blend(a: Float64Array, wa: number, b: Float64Array, wb: number): void {
  for (let i = 0; i < a.length; i++) a[i] = wa * a[i] + wb * b[i];
}

function scale(a: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i] *= factor;
}
