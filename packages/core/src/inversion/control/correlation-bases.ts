/**
 * From independent numbers to log factors with variance 1: the square root S of the prior's correlation in space, and T, which ties the log factors of one slot
 * to those of others; its rows have length 1, so that it leaves variances as they are.
 */
import { ConfigError } from '../../base/errors';
import { cholesky } from './cholesky';

/** {@link CorrelationFilter} is one, with a number for each cell. */
export interface SpatialBasis {
  /** how many numbers a field is made of */
  readonly size: number;
  /** S·v, `[rows, cols]` */
  apply(v: Float64Array): Float64Array;
  /** Sᵀ·field */
  adjoint(field: Float64Array): Float64Array;
  /** whether a cell (row · columns + column) has a log factor at all */
  covers(cell: number): boolean;
  /** how much of each number, 0 … 1, belongs to an area: the part that it has of the cells which the number is of. @param mask - part of each cell, `[rows, cols]` */
  shareIn(mask: ArrayLike<number>): Float64Array;
}

/** One number for each region, independent of the others; cells outside all regions get 0. */
export class RegionBasis implements SpatialBasis {
  /** @param regionOf - index of each cell's region, `[rows, cols]`; −1 outside */
  constructor(
    private readonly regionOf: Int32Array,
    readonly size: number,
  ) {}

  covers(cell: number): boolean {
    return this.regionOf[cell] >= 0;
  }

  apply(v: Float64Array): Float64Array {
    return Float64Array.from(this.regionOf, (region) => (region < 0 ? 0 : v[region]));
  }

  adjoint(field: Float64Array): Float64Array {
    const out = new Float64Array(this.size);
    this.regionOf.forEach((region, cell) => {
      if (region >= 0) out[region] += field[cell];
    });
    return out;
  }

  shareIn(mask: ArrayLike<number>): Float64Array {
    const cells = this.adjoint(new Float64Array(this.regionOf.length).fill(1));
    return this.adjoint(Float64Array.from(mask)).map((part, region) => (cells[region] > 0 ? part / cells[region] : 0));
  }
}

/** One number that all cells share which another basis covers. */
export class SharedNumber implements SpatialBasis {
  readonly size = 1;

  /** @param like - covers the cells @param cells - of the grid */
  constructor(
    private readonly like: Pick<SpatialBasis, 'covers'>,
    private readonly cells: number,
  ) {}

  covers(cell: number): boolean {
    return this.like.covers(cell);
  }

  apply([v]: Float64Array): Float64Array {
    return Float64Array.from({ length: this.cells }, (_, cell) => (this.covers(cell) ? v : 0));
  }

  adjoint(field: Float64Array): Float64Array {
    return Float64Array.of(field.reduce((sum, value, cell) => sum + (this.covers(cell) ? value : 0), 0));
  }

  shareIn(mask: ArrayLike<number>): Float64Array {
    return this.adjoint(Float64Array.from(mask)).map((part) => part / this.adjoint(new Float64Array(this.cells).fill(1))[0]);
  }
}

/**
 * A sum of independent bases, each with its part of the variance, which stays 1: correlations are Σ part · (those of each). An inventory's totals are as wrong as
 * its statistics and emission factors, which hold for a whole country, and a correlation that ends after `lengthKm` would have that average out.
 */
export class MixedBasis implements SpatialBasis {
  readonly size: number;
  private readonly parts: readonly { basis: SpatialBasis; weight: number; first: number }[];

  /** @param parts - all of them cover the same cells; their parts add up to 1 */
  constructor(parts: readonly { basis: SpatialBasis; part: number }[]) {
    let size = 0;
    this.parts = parts.map(({ basis, part }) => {
      const first = size;
      size += basis.size;
      return { basis, weight: Math.sqrt(part), first };
    });
    this.size = size;
  }

  covers(cell: number): boolean {
    return this.parts[0].basis.covers(cell);
  }

  apply(v: Float64Array): Float64Array {
    const [sum, ...remaining] = this.parts.map(({ basis, weight, first }) =>
      basis.apply(v.subarray(first, first + basis.size)).map((value) => weight * value),
    );
    for (const field of remaining) for (let cell = 0; cell < sum.length; cell++) sum[cell] += field[cell];
    return sum;
  }

  adjoint(field: Float64Array): Float64Array {
    const out = new Float64Array(this.size);
    for (const { basis, weight, first } of this.parts) {
      out.set(
        basis.adjoint(field).map((value) => weight * value),
        first,
      );
    }
    return out;
  }

  shareIn(mask: ArrayLike<number>): Float64Array {
    const out = new Float64Array(this.size);
    for (const { basis, first } of this.parts) out.set(basis.shareIn(mask), first);
    return out;
  }
}

/** Index of each cell's square block, `[rows, cols]`, counted from the grid's corner. @param side - in cells, along rows and columns */
export function blockRegions(rows: number, cols: number, side: readonly [number, number]): Int32Array {
  const [height, width] = side.map((cells) => Math.max(1, Math.round(cells)));
  const tilesAcross = Math.ceil(cols / width);
  return Int32Array.from({ length: rows * cols }, (_, cell) => {
    const [row, col] = [Math.floor(cell / cols), cell % cols];
    return Math.floor(row / height) * tilesAcross + Math.floor(col / width);
  });
}

/**
 * The root L of a correlation matrix C = L·Lᵀ between groups, lower triangular (Cholesky), `[groups, groups]`.
 *
 * @param pairs - correlations that are not 0
 * @throws {ConfigError} `INVERSION_GROUP_CORRELATION` if no random numbers can be correlated like that
 */
export function groupRoot(groups: readonly string[], pairs: readonly { groups: readonly [string, string]; value: number }[]): Float64Array {
  const n = groups.length;
  const c = new Float64Array(n * n);
  for (let g = 0; g < n; g++) c[g * n + g] = 1;
  for (const { groups: pair, value } of pairs) {
    const [a, b] = pair.map((name) => groups.indexOf(name));
    if (a < 0 || b < 0 || a === b) {
      throw new ConfigError(
        'INVERSION_GROUP_CORRELATION',
        `inversion.factorCorrelation.groups: expected two different groups of ${groups.join(', ')} but received ${pair.join(' and ')}`,
      );
    }
    c[a * n + b] = c[b * n + a] = value;
  }
  return cholesky(c, (g) => {
    throw new ConfigError(
      'INVERSION_GROUP_CORRELATION',
      `inversion.factorCorrelation.groups: the correlations contradict each other (at ${groups[g]}): bring them nearer to 0`,
    );
  });
}

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
    this.independent = rho.slice(1).every((coefficient) => coefficient === 0);
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
