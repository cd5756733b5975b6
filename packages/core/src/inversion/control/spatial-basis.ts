/** From independent numbers to a field of log factors with variance 1: the square root S of the prior's correlation in space. */
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
    const [sum, ...others] = this.parts.map(({ basis, weight, first }) =>
      basis.apply(v.subarray(first, first + basis.size)).map((value) => weight * value),
    );
    for (const field of others) for (let cell = 0; cell < sum.length; cell++) sum[cell] += field[cell];
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
  const across = Math.ceil(cols / width);
  return Int32Array.from({ length: rows * cols }, (_, cell) => {
    const [row, col] = [Math.floor(cell / cols), cell % cols];
    return Math.floor(row / height) * across + Math.floor(col / width);
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
