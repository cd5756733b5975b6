import type { Random } from '../base/random';

/**
 * Spatial correlation on a regular grid, as a square root S of a Gaussian correlation matrix C.
 *
 *   C[i, j] = exp(−d(i, j)² / (2 L²)),   d in cells,   C ≈ S·Sᵀ
 *
 * The square root of a Gaussian of length L is a Gaussian of length L/√2, and a 2-D Gaussian is the product of two 1-D ones:
 * S = S_rows ⊗ S_cols. Each row of the 1-D matrices is scaled to Σ_j S[i, j]² = 1 over the numbers that exist, so the variance
 * (S·Sᵀ)[i, i] is 1 to rounding everywhere, at edges and corners too. {@link CorrelationFilter.adjoint} is the exact transpose.
 *
 * A field has a number for each cell, or, `coarse`, one for every two thirds of L and some beyond the edges: a Gaussian of length L/√2 that is sampled so makes S·Sᵀ
 * another by 1e-3 at most, at edges too, from a few hundred numbers.
 *
 * @see Gaspari & Cohn (1999), doi:10.1002/qj.49712555417, for correlations as self-convolutions
 */
export class CorrelationFilter {
  private readonly alongRows: FilterMatrix;
  private readonly alongCols: FilterMatrix;
  private readonly transposedRows: FilterMatrix;
  private readonly transposedCols: FilterMatrix;
  /** numbers that a field is made of */
  readonly size: number;

  /**
   * @param lengthCells - correlation length L in cells (rows and columns alike, or [rows, cols]); 0 means no correlation: S is the identity
   * @param coarse - numbers two thirds of L apart in place of one for each cell
   */
  constructor(
    readonly rows: number,
    readonly cols: number,
    lengthCells: number | readonly [number, number],
    private readonly coarse = false,
  ) {
    const [lengthRows, lengthCols] = typeof lengthCells === 'number' ? [lengthCells, lengthCells] : lengthCells;
    if (!(lengthRows >= 0 && lengthCols >= 0 && Number.isFinite(lengthRows + lengthCols))) {
      throw new RangeError(`CorrelationFilter: expected a length of 0 or more cells but received ${String(lengthCells)}`);
    }
    this.alongRows = gaussianRoot(rows, lengthRows, coarse);
    this.alongCols = gaussianRoot(cols, lengthCols, coarse);
    [this.transposedRows, this.transposedCols] = [transposed(this.alongRows), transposed(this.alongCols)];
    this.size = this.alongRows.columns * this.alongCols.columns;
  }

  /** Every cell has a value of its own. */
  covers(): boolean {
    return true;
  }

  /** How much of each number belongs to an area: the part of what it adds to the variance of all cells. That of a cell is its cell's. */
  shareIn(mask: ArrayLike<number>): Float64Array {
    if (!this.coarse) return Float64Array.from(mask);
    const inArea = this.varianceOf(Float64Array.from(mask));
    return this.varianceOf(new Float64Array(mask.length).fill(1)).map((total, number) => inArea[number] / total);
  }

  /** S·v: white noise of variance 1 in, a correlated field of variance 1 out, `[rows, cols]`; a new array is returned. */
  apply(v: Float64Array): Float64Array {
    const { cols, alongRows, alongCols } = this;
    const half = multiply(alongCols, v, { lines: alongRows.columns, source: alongCols.columns, target: cols, step: 1 });
    return multiply(alongRows, half, { lines: cols, source: 1, target: 1, step: cols });
  }

  /** Sᵀ·field. */
  adjoint(field: Float64Array): Float64Array {
    return this.ofCells(this.transposedRows, this.transposedCols, field);
  }

  /** Σ_i S[i, number]² · cells[i]. */
  private varianceOf(cells: Float64Array): Float64Array {
    return this.ofCells(squared(this.transposedRows), squared(this.transposedCols), cells);
  }

  private ofCells(alongRows: FilterMatrix, alongCols: FilterMatrix, field: Float64Array): Float64Array {
    const { cols } = this;
    const half = multiply(alongRows, field, { lines: cols, source: 1, target: 1, step: cols });
    return multiply(alongCols, half, { lines: this.alongRows.columns, source: cols, target: this.alongCols.columns, step: 1 });
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

/** A banded matrix: row i holds `weights[i]` from column `first[i]` on. */
interface FilterMatrix {
  columns: number;
  first: Int32Array;
  weights: Float64Array[];
}

function gaussianRoot(size: number, length: number, coarse: boolean): FilterMatrix {
  // Cut where the kernel of length L/√2 has fallen to exp(−9) (4.2 of its standard deviations): the variance lost is below 1e-7.
  const reach = Math.ceil(3 * length);
  // Numbers lie at cells, or so far apart, from two lengths before the first cell to two behind the last.
  const apart = coarse ? Math.max(1, (2 / 3) * length) : 1;
  const margin = coarse ? Math.ceil((2 * length) / apart) : 0;
  const columns = Math.ceil((size - 1) / apart) + 1 + 2 * margin;
  const first = new Int32Array(size);
  const weights: Float64Array[] = [];
  for (let i = 0; i < size; i++) {
    const low = Math.max(0, Math.ceil((i - reach) / apart) + margin);
    const high = Math.min(columns - 1, Math.floor((i + reach) / apart) + margin);
    const distance = (k: number): number => (k - margin) * apart - i;
    const row = Float64Array.from({ length: high - low + 1 }, (_, k) => (length === 0 ? 1 : Math.exp(-((distance(low + k) / length) ** 2))));
    const norm = Math.sqrt(row.reduce((sum, w) => sum + w * w, 0));
    first[i] = low;
    weights.push(row.map((w) => w / norm));
  }
  return { columns, first, weights };
}

function squared({ weights, ...matrix }: FilterMatrix): FilterMatrix {
  return { ...matrix, weights: weights.map((row) => row.map((w) => w * w)) };
}

/** Its transpose: what numbers have of cells. Rows begin and end no earlier than those above, so that columns are stretches, too. */
function transposed({ columns, first, weights }: FilterMatrix): FilterMatrix {
  const begin = new Int32Array(columns);
  const columnsOfBasis: number[][] = Array.from({ length: columns }, () => []);
  weights.forEach((row, i) =>
    row.forEach((weight, k) => {
      if (columnsOfBasis[first[i] + k].length === 0) begin[first[i] + k] = i;
      columnsOfBasis[first[i] + k].push(weight);
    }),
  );
  return { columns: weights.length, first: begin, weights: columnsOfBasis.map((column) => Float64Array.from(column)) };
}

/** Where elements of lines lie: those of line l from l·`from` (of what is multiplied) and l·`to` (of the product) on, `step` apart. */
interface Lines {
  lines: number;
  source: number;
  target: number;
  step: number;
}

/** Independent products out = M·in. Four lines at once: a sum by itself waits for its own additions. */
function multiply({ first, weights }: FilterMatrix, input: Float64Array, { lines, source, target, step }: Lines): Float64Array {
  const output = new Float64Array(lines * weights.length);
  const inFours = lines - (lines % 4);
  for (let line = 0; line < inFours; line += 4) {
    for (let i = 0; i < weights.length; i++) {
      const row = weights[i];
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let k = 0, position = line * source + first[i] * step; k < row.length; k++, position += step) {
        const weight = row[k];
        a += weight * input[position];
        b += weight * input[position + source];
        c += weight * input[position + 2 * source];
        d += weight * input[position + 3 * source];
      }
      const targetIndex = line * target + i * step;
      output[targetIndex] = a;
      output[targetIndex + target] = b;
      output[targetIndex + 2 * target] = c;
      output[targetIndex + 3 * target] = d;
    }
  }
  for (let line = inFours; line < lines; line++) {
    for (let i = 0; i < weights.length; i++) {
      const row = weights[i];
      let sum = 0;
      for (let k = 0, position = line * source + first[i] * step; k < row.length; k++, position += step) sum += row[k] * input[position];
      output[line * target + i * step] = sum;
    }
  }
  return output;
}
