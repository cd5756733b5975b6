/** Repeatable numbers in [−1, 1): a linear congruential generator (Numerical Recipes), since tests need no better one. */
export function randomArray(length: number, seed: number): Float64Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2147483648 - 1);
  });
}

/** The same numbers, every other times a power of ten from 1 down to 1e-44: beside each other, normal, subnormal and next to nothing. */
export function ofAllSizes(values: Float64Array): Float64Array {
  return values.map((value, i) => (i % 2 === 0 ? value : value * 10 ** -((i * 7) % 45)));
}

/** Largest difference between two arrays, relative to the largest magnitude expected; NaN anywhere gives NaN, which no bound accepts. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`expected ${expected.length} elements but received ${actual.length}`);
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]);
    if (!(d <= difference)) difference = d;
    if (Number.isNaN(difference)) return Number.NaN;
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return scale > 0 ? difference / scale : difference;
}

/** Central differences of a scalar function at x: error O(step²), and rounding of about 1e-16·|f|/step. */
export function centralDifferences(f: (x: Float64Array) => number, x: Float64Array, step = 1e-5): Float64Array {
  const point = Float64Array.from(x);
  return x.map((value, i) => {
    point[i] = value + step;
    const plus = f(point);
    point[i] = value - step;
    const minus = f(point);
    point[i] = value;
    return (plus - minus) / (2 * step);
  });
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
