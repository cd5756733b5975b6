/**
 * A smooth map of the whole line into (−b, b) that leaves small values as they are:
 *
 *   x(z) = z / (1 + |z/b|^4)^(1/4),     dx/dz = (1 + |z/b|^4)^(−5/4)
 *
 * Unlike tanh (which has changed z = b/2 by 8 %), it changes z = b/2 by 1.5 % only, so that the prior spread of the log factors stays what the
 * settings say; unlike clipping, it keeps a gradient with which a factor can come back.
 */
export function smoothBound(z: number, bound: number): number {
  return z * (1 + (z / bound) ** 4) ** -0.25;
}

export function smoothBoundDerivative(z: number, bound: number): number {
  return (1 + (z / bound) ** 4) ** -1.25;
}
