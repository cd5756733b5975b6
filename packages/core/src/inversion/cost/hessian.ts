/**
 * The Gauss–Newton Hessian of the cost in control space, as products with vectors. With J(v) = ½ vᵀv + Jo and factors f(v),
 *
 *   H = I + A,     A = Gᵀ W G,     G = K · df/dv,     W_i = w_s κ(u_i) / σ_i²     (where errors are alike W = σ⁻¹ Tᵀ w_s κ(u) T σ⁻¹)
 *
 * K is the model's Jacobian at f(v), w_s the weight of the value's species in the cost, and κ the curvature of the misfit φ at the value's own residual
 * u ({@link misfitCurvature}: 1 for least squares). H is the prior-preconditioned Hessian: the prior's own part is the identity, as the control
 * transform makes it. The second derivative of the model, times the residuals, is left out, so H is never indefinite.
 *
 * One product with A is one tangent and one adjoint of all batches.
 *
 * @see Bousserez & Henze (2018), doi:10.1002/qj.3209; Nocedal & Wright (2006), sect. 10.3
 */
import type { FactorDerivative } from '../control/control';
import type { EvaluationContext } from './evaluation';
import type { Linearisation, LinearisedAbout } from '../model/forward-model';
import { linearise } from './linearisation';

/** A·d, of the observations of some or all batches, and what is met on the way to it. */
export interface HessianProduct {
  /** A·d = Gᵀ W G d, laid out as the control */
  control: Float64Array;
  /** Kᵀ W K (df/dv) d, laid out as the factors */
  factors: Float64Array;
  /** W^½ G d per batch asked for; 0 at values that are not in the cost */
  simulated: Float64Array[];
}

export class GaussNewtonHessian {
  readonly control: Float64Array;
  private readonly linearisation: Linearisation;
  private readonly derivative: FactorDerivative;

  /**
   * @param at - the control about which the model is linearised
   * @param curvature - `misfit` takes κ of the residuals there; `quadratic` takes 1, as where nothing has been fitted yet
   * @throws {ConfigError} `INVERSION_TANGENT` if the model has no tangents
   */
  constructor(
    private readonly context: EvaluationContext,
    at: Float64Array,
    curvature: LinearisedAbout['curvature'] = 'misfit',
  ) {
    this.control = at.slice();
    this.derivative = context.control.derivativeAt(at);
    this.linearisation = linearise(context.model, { factors: context.control.factors(at), cost: context.cost, curvature });
  }

  /** A·direction. @param batches - half-open; those of the observations that count, all unless given */
  async product(direction: Float64Array, [first, end]: readonly [number, number] = [0, this.context.model.batches]): Promise<HessianProduct> {
    const { model, signal } = this.context;
    const batches = Array.from({ length: end - first }, (_, i) => first + i);
    let simulated: Float64Array[];
    try {
      simulated = await this.linearisation.product(this.derivative.tangent(direction), batches, signal);
    } catch (error) {
      await model.takeGradient(); // of half a product: what comes next must not begin with it
      throw error;
    }
    const gradient = Float64Array.from(await model.takeGradient());
    return { control: this.derivative.gradient(gradient), factors: gradient, simulated };
  }
}
