/** That two programs computed the same, before the time of either means anything. */
import { NumericalError } from '../../base/errors';

/** The Euclidean norm. */
export function norm(array: Float32Array): number {
  return Math.sqrt(array.reduce((sum, value) => sum + value * value, 0));
}

/**
 * Compares by norms: one wrong row of a field shows, a few cells on the other side of a kink do not.
 *
 * @param scale - what the error is measured against; default: the norm of `theirs`
 * @throws {NumericalError} `BENCH_ANSWERS_DIFFER` unless ‖ours − theirs‖ ≤ tolerance · scale
 */
export function expectSame(
  subject: string,
  coreValues: Float32Array,
  peerValues: Float32Array,
  tolerance: number,
  scale: number = norm(peerValues),
): void {
  const error = coreValues.length === peerValues.length ? norm(coreValues.map((value, i) => value - peerValues[i])) : Infinity;
  if (error <= tolerance * scale) return;
  throw new NumericalError(
    'BENCH_ANSWERS_DIFFER',
    `bench: ${subject}: expected the peer's answer to a relative ${tolerance} but the difference is ${(error / scale).toPrecision(3)}: nothing is timed, and one of the two is wrong`,
  );
}
