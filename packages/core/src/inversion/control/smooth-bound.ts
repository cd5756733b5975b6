/**
 * A smooth map of the whole line into (−b, b) that leaves small values as they are:
 *
 *   x(z) = z / (1 + |z/b|^4)^(1/4),     dx/dz = (1 + |z/b|^4)^(−5/4)
 *
 * Unlike tanh (which has changed z = b/2 by 8 %), it changes z = b/2 by 1.5 % only, so that the prior spread of the log factors stays what the
 * settings say; unlike clipping, it keeps a gradient with which a factor can come back.
 */
export function smoothBound(z: number, bound: number): number {
  return z / Math.sqrt(Math.sqrt(withFourthPower(z / bound)));
}

export function smoothBoundDerivative(z: number, bound: number): number {
  const sum = withFourthPower(z / bound);
  return 1 / (sum * Math.sqrt(Math.sqrt(sum)));
}

/** Roots and products, where `**` takes ten times as long: of every factor at every step. */
function withFourthPower(ratio: number): number {
  const square = ratio * ratio;
  return 1 + square * square;
}
