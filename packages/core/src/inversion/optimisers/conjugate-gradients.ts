/**
 * Conjugate gradients for A·x = b with A symmetric and positive definite (Hestenes & Stiefel 1952; Nocedal & Wright 2006, algorithm 5.2), from x = 0 until
 * ‖b − A·x‖ ≤ `tolerance`·‖b‖. Every iterate is a direction of descent of ½ xᵀA x − bᵀx, so that it may be ended early.
 */
import { addScaled, dot } from '../../base/vectors';

interface ConjugateGradientsResult {
  solution: Float64Array;
  products: number;
}

/** @param most - products with A at most */
export async function conjugateGradients(
  product: (vector: Float64Array) => Promise<Float64Array>,
  b: Float64Array,
  { tolerance, maxIterations }: { tolerance: number; maxIterations: number },
): Promise<ConjugateGradientsResult> {
  const solution = new Float64Array(b.length);
  const residual = b.slice();
  const direction = b.slice();
  let square = dot(residual, residual);
  const end = tolerance ** 2 * square;
  let products = 0;
  while (square > end && products < maxIterations) {
    const image = await product(direction);
    products++;
    const curvature = dot(direction, image);
    if (!(curvature > 0)) break; // rounding has the last word
    const length = square / curvature;
    addScaled(solution, length, direction);
    addScaled(residual, -length, image);
    const next = dot(residual, residual);
    for (let i = 0; i < direction.length; i++) direction[i] = residual[i] + (next / square) * direction[i];
    square = next;
  }
  return { solution, products };
}
