import type { Random } from '../random';

/**
 * Spatial correlation on a regular grid, as a square root S of a Gaussian correlation matrix C.
 *
 *   C[i, j] = exp(−d(i, j)² / (2 L²)),   d in cells,   C ≈ S·Sᵀ
 *
 * The square root of a Gaussian of length L is a Gaussian of length L/√2, and a 2-D Gaussian is the product of two 1-D ones:
 * S = S_rows ⊗ S_cols. Each row of the 1-D matrices is scaled to Σ_j S[i, j]² = 1 over the cells that exist, so the variance
 * (S·Sᵀ)[i, i] is 1 to rounding everywhere, at edges and corners too. {@link CorrelationFilter.adjoint} is the exact transpose.
 *
 * @see Gaspari & Cohn (1999), doi:10.1002/qj.49712555417, for correlations as self-convolutions
 */
export class CorrelationFilter {
  private readonly alongRows: FilterMatrix;
  private readonly alongCols: FilterMatrix;
  /** numbers that a field is made of: one for each cell */
  readonly size: number;

  /** @param lengthCells - correlation length L in cells (rows and columns alike, or [rows, cols]); 0 means no correlation: S is the identity */
  constructor(
    readonly rows: number,
    readonly cols: number,
    lengthCells: number | readonly [number, number],
  ) {
    const [lengthRows, lengthCols] = typeof lengthCells === 'number' ? [lengthCells, lengthCells] : lengthCells;
    if (!(lengthRows >= 0 && lengthCols >= 0 && Number.isFinite(lengthRows + lengthCols))) {
      throw new RangeError(`CorrelationFilter: expected a length of 0 or more cells but received ${String(lengthCells)}`);
    }
    this.size = rows * cols;
    this.alongRows = gaussianRoot(rows, lengthRows);
    this.alongCols = gaussianRoot(cols, lengthCols);
  }

  /** Every cell has its own number. */
  covers(): boolean {
    return true;
  }

  /** How much of each number belongs to an area: it is its cell's. */
  shareIn(mask: ArrayLike<number>): Float64Array {
    return Float64Array.from(mask);
  }

  /** S·field: white noise of variance 1 in, a correlated field of variance 1 out. `field` is [rows, cols]; a new array is returned. */
  apply(field: Float64Array): Float64Array {
    const { rows, cols } = this;
    const half = multiply(this.alongCols, field, rows, cols, cols, 1);
    return multiply(this.alongRows, half, cols, rows, 1, cols);
  }

  /** Sᵀ·field. */
  adjoint(field: Float64Array): Float64Array {
    const { rows, cols } = this;
    const half = multiplyTransposed(this.alongRows, field, cols, rows, 1, cols);
    return multiplyTransposed(this.alongCols, half, rows, cols, cols, 1);
  }
}

/**
 * A random field of mean 0 and variance 1 with Gaussian correlation of length `lengthCells`.
 *
 * @returns `[rows, cols]`
 */
export function smoothRandomField(rows: number, cols: number, lengthCells: number | readonly [number, number], random: Random): Float64Array {
  const noise = Float64Array.from({ length: rows * cols }, () => random.normal());
  return new CorrelationFilter(rows, cols, lengthCells).apply(noise);
}

/** A banded square matrix: row i holds `weights[i]` from column `first[i]` on. */
interface FilterMatrix {
  first: Int32Array;
  weights: Float64Array[];
}

function gaussianRoot(size: number, length: number): FilterMatrix {
  // Cut where the kernel of length L/√2 has fallen to exp(−9) (4.2 of its standard deviations): the variance lost is below 1e-7.
  const reach = Math.ceil(3 * length);
  const first = new Int32Array(size);
  const weights: Float64Array[] = [];
  for (let i = 0; i < size; i++) {
    const low = Math.max(0, i - reach);
    const high = Math.min(size - 1, i + reach);
    const row = Float64Array.from({ length: high - low + 1 }, (_, k) => (length === 0 ? 1 : Math.exp(-(((low + k - i) / length) ** 2))));
    const norm = Math.sqrt(row.reduce((sum, w) => sum + w * w, 0));
    first[i] = low;
    weights.push(row.map((w) => w / norm));
  }
  return { first, weights };
}

/** `lines` independent products out = M·in; element i of line l sits at l·lineStride + i·stride. */
function multiply(matrix: FilterMatrix, input: Float64Array, lines: number, size: number, lineStride: number, stride: number): Float64Array {
  const output = new Float64Array(input.length);
  for (let line = 0; line < lines; line++) {
    const base = line * lineStride;
    for (let i = 0; i < size; i++) {
      const row = matrix.weights[i];
      let sum = 0;
      for (let k = 0, at = base + matrix.first[i] * stride; k < row.length; k++, at += stride) sum += row[k] * input[at];
      output[base + i * stride] = sum;
    }
  }
  return output;
}

/** The transpose of {@link multiply}. */
function multiplyTransposed(
  matrix: FilterMatrix,
  input: Float64Array,
  lines: number,
  size: number,
  lineStride: number,
  stride: number,
): Float64Array {
  const output = new Float64Array(input.length);
  for (let line = 0; line < lines; line++) {
    const base = line * lineStride;
    for (let i = 0; i < size; i++) {
      const row = matrix.weights[i];
      const value = input[base + i * stride];
      for (let k = 0, at = base + matrix.first[i] * stride; k < row.length; k++, at += stride) output[at] += row[k] * value;
    }
  }
  return output;
}
