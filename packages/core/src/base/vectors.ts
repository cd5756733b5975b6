/** Vectors and other lists of numbers: of the control and the factors in double, of what models simulate in single precision. */

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Fills an array with a value for each place: `Float64Array.from(typedArray, value)` goes through a list of JavaScript's, which ends at 134 million
 * elements, less than a month of hourly factors of a large domain.
 */
export function tabulate<T extends Float64Array | Float32Array | Uint8Array>(target: T, value: (place: number) => number): T {
  for (let i = 0; i < target.length; i++) target[i] = value(i);
  return target;
}

/** Vectors end to end. */
export function joined<T extends Float32Array | Float64Array>(Kind: new (length: number) => T, parts: readonly T[]): T {
  const out = new Kind(parts.reduce((sum, { length }) => sum + length, 0));
  let index = 0;
  for (const part of parts) {
    out.set(part, index);
    index += part.length;
  }
  return out;
}

/** a ← a + w·b */
export function addScaled(a: Float64Array, w: number, b: ArrayLike<number>): void {
  for (let i = 0; i < a.length; i++) a[i] += w * b[i];
}

/** Elements of a stretch that {@link addCombinations} finishes before the next: it and four vectors of it stay in the first cache. */
const STRETCH = 1024;

/**
 * out_k ← out_k + Σ_j weights_kj · vectors_j: a product of matrices, three times as fast as {@link addScaled} one by one, since each sum is loaded and stored
 * for four vectors at once.
 *
 * @param out - each as long as the vectors
 */
export function addCombinations(
  out: readonly Float64Array[],
  weights: readonly Float64Array[],
  vectors: readonly Float64Array[] | readonly Float32Array[],
): void {
  const length = vectors.length === 0 ? 0 : vectors[0].length;
  for (let first = 0; first < length; first += STRETCH) {
    const end = Math.min(length, first + STRETCH);
    out.forEach((sum, k) => addStretch(sum, weights[k], vectors, first, end));
  }
}

function addStretch(
  sum: Float64Array,
  weights: Float64Array,
  vectors: readonly Float64Array[] | readonly Float32Array[],
  first: number,
  end: number,
): void {
  let j = 0;
  for (; j + 4 <= vectors.length; j += 4) {
    const [a, b, c, d] = [vectors[j], vectors[j + 1], vectors[j + 2], vectors[j + 3]];
    const [u, v, w, x] = [weights[j], weights[j + 1], weights[j + 2], weights[j + 3]];
    for (let i = first; i < end; i++) sum[i] += u * a[i] + v * b[i] + w * c[i] + x * d[i];
  }
  for (; j < vectors.length; j++) {
    const [vector, weight] = [vectors[j], weights[j]];
    for (let i = first; i < end; i++) sum[i] += weight * vector[i];
  }
}

/**
 * Some elements of an array, such as the concentrations that monitors see: their positions in it, which ascend. What takes or gives an array takes or
 * gives the values of these alone where it is told places.
 */
export type Places = Int32Array;

/** Index of the first of rising values that is `bound` or more; their number where none is. */
export function firstNotBelow(rising: ArrayLike<number>, bound: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The values at the places. */
export function pickAt(array: Float32Array, places: Places): Float32Array {
  const values = new Float32Array(places.length);
  for (let i = 0; i < places.length; i++) values[i] = array[places[i]];
  return values;
}

/** An array of `length` numbers with the values at the places, and 0 elsewhere: the transpose of {@link pickAt}. */
export function spreadTo(length: number, values: Float32Array, places: Places): Float32Array {
  const array = new Float32Array(length);
  for (let i = 0; i < places.length; i++) array[places[i]] = values[i];
  return array;
}

/** The value below which a fraction of the finite values lies (nearest rank); NaN where there are none. */
export function quantile(values: Iterable<number>, fraction: number): number {
  const sorted = new Float64Array(values).filter(Number.isFinite).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(fraction * sorted.length) - 1))] ?? NaN;
}
