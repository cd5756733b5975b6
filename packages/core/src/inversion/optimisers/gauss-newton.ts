/**
 * Gauss–Newton with conjugate gradients inside (truncated Newton; Nocedal & Wright 2006, sect. 7.1) and backtracking.
 *
 *   (I + Gᵀ W G) d = −g  to a relative residual η,     x ← x + t·d   accepted if J(x + t·d) ≤ J(x) + c₁·t·gᵀd
 *
 * η is that of Eisenstat & Walker (1996, doi:10.1137/0917003, choice 2 with γ = 0.9, α = 2): loose while the linearisation is far from the minimum, tight near
 * it, where a step is worth its products. The caller gives J and g at the control that the last step left; a step that was too long is taken back and
 * tried shorter, so J never rises from one accepted control to the next.
 */
import { addScaled, dot } from '../../base/vectors';
import { ARMIJO, move, shrinkage } from './lbfgs';
import type { Optimiser, Product } from './optimiser';

const FORCING = { first: 0.3, largest: 0.5, smallest: 0.01, gamma: 0.9, alpha: 2 };
/** Products of one step: beyond the number of large eigenvalues more of them change little. */
const MOST_PRODUCTS = 60;

interface Accepted {
  control: Float64Array;
  gradient: Float64Array;
  direction: Float64Array;
  cost: number;
  forcing: number;
}

export class GaussNewton implements Optimiser {
  products = 0;
  private accepted?: Accepted;
  private length = 1;

  async step(control: Float64Array, gradient: Float64Array, _learningRate: number, cost: number, product: Product): Promise<void> {
    const last = this.accepted;
    if (last) {
      const slope = dot(last.gradient, last.direction);
      if (!(cost <= last.cost + ARMIJO * this.length * slope)) {
        this.length *= shrinkage(this.length * slope, cost - last.cost);
        move(control, last.control, this.length, last.direction);
        return;
      }
    }
    const tolerance = forcing(gradient, last);
    const { solution, products } = await conjugateGradients(product, negative(gradient), { tolerance, maxIterations: MOST_PRODUCTS });
    // Only now: an interruption during the products must leave the state as it was.
    this.products += products;
    const direction = dot(solution, gradient) < 0 ? solution : negative(gradient);
    this.accepted = { control: control.slice(), gradient: gradient.slice(), direction, cost, forcing: tolerance };
    this.length = 1;
    move(control, control, this.length, direction);
  }

  state(): Map<string, Float64Array> {
    const { accepted } = this;
    const out = new Map<string, Float64Array>([
      ['scalars', Float64Array.of(this.length, this.products, accepted?.cost ?? NaN, accepted?.forcing ?? NaN)],
    ]);
    if (accepted) for (const name of ['control', 'gradient', 'direction'] as const) out.set(name, accepted[name]);
    return out;
  }

  restore(state: Map<string, Float64Array>): void {
    const [length, products, cost, forcingBefore] = state.get('scalars')!;
    this.length = length;
    this.products = products;
    const [control, gradient, direction] = ['control', 'gradient', 'direction'].map((name) => state.get(name)?.slice());
    this.accepted = control && { control, gradient: gradient!, direction: direction!, cost, forcing: forcingBefore };
  }
}

function forcing(gradient: Float64Array, last: Accepted | undefined): number {
  if (!last) return FORCING.first;
  const { gamma, alpha, largest, smallest } = FORCING;
  const chosen = gamma * (Math.sqrt(dot(gradient, gradient)) / Math.sqrt(dot(last.gradient, last.gradient))) ** alpha;
  // Their safeguard: η must not fall much faster than it did.
  const guard = gamma * last.forcing ** alpha;
  return Math.min(largest, Math.max(smallest, guard > 0.1 ? Math.max(chosen, guard) : chosen));
}

function negative(vector: Float64Array): Float64Array {
  return vector.map((value) => -value);
}

interface ConjugateGradientsResult {
  solution: Float64Array;
  products: number;
}

/**
 * Conjugate gradients for A·x = b with A symmetric and positive definite (Hestenes & Stiefel 1952; Nocedal & Wright 2006, algorithm 5.2), from x = 0 until
 * ‖b − A·x‖ ≤ `tolerance`·‖b‖. Every iterate is a direction of descent of ½ xᵀA x − bᵀx, so that it may be ended early.
 */
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
