/** Vectors of the control and of the factors, in double. */

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a ← a + w·b */
export function addScaled(a: Float64Array, w: number, b: ArrayLike<number>): void {
  for (let i = 0; i < a.length; i++) a[i] += w * b[i];
}
