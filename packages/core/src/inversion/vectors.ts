/** Vectors of the control and of the factors, in double. */

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Fills an array with a value for each place: `Float64Array.from(typedArray, value)` goes through a list of JavaScript's, which ends at 134 million
 * elements, less than a month of hourly factors of a large domain.
 */
export function tabulate<T extends Float64Array | Float32Array | Uint8Array>(into: T, value: (place: number) => number): T {
  for (let i = 0; i < into.length; i++) into[i] = value(i);
  return into;
}

/** a ← a + w·b */
export function addScaled(a: Float64Array, w: number, b: ArrayLike<number>): void {
  for (let i = 0; i < a.length; i++) a[i] += w * b[i];
}
