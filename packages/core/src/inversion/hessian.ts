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
import { ConfigError } from '../errors';
import type { Decorrelation } from './correlated-errors';
import { counts, lossOf, misfitCurvature, scaledMisfits } from './cost';
import type { EvaluationContext } from './evaluation';
import type { ForwardModel, Values } from './forward-model';

/** A·d, of the observations of some or all batches, and what is met on the way to it. */
export interface HessianProduct {
  /** A·d = Gᵀ W G d, laid out as the control */
  control: Float64Array;
  /** Kᵀ W K (df/dv) d, laid out as the factors */
  factors: Float64Array;
  /** W^½ G d per batch asked for; 0 at values that are not in the cost */
  simulated: Float64Array[];
}

export type TangentModel = ForwardModel & Required<Pick<ForwardModel, 'tangent'>>;

/** @throws {ConfigError} `INVERSION_TANGENT` if the model has no {@link ForwardModel.tangent} */
function withTangent(model: ForwardModel): TangentModel {
  if (model.tangent) return model as TangentModel;
  throw new ConfigError(
    'INVERSION_TANGENT',
    'inversion: products with the Jacobian are asked for, but this model has none: give it `tangent`, or choose optimiser lbfgs and no uncertainty',
  );
}

/** W^½ of a batch: weight · T · inverseError; both are 0 at values that are not in the cost. */
interface Root {
  weight: Float64Array;
  decorrelation?: Decorrelation;
  inverseError: Float64Array;
}

function timesRoot({ weight, decorrelation, inverseError }: Root, simulated: Values): Float64Array {
  const e = inverseError.map((inverse, i) => (inverse > 0 ? inverse * simulated[i] : 0));
  return (decorrelation?.apply(e) ?? e).map((value, i) => value * weight[i]);
}

function timesTransposedRoot(root: Root, u: Float64Array): Float64Array {
  const pull = u.map((value, i) => value * root.weight[i]);
  return (root.decorrelation?.transpose(pull) ?? pull).map((value, i) => value * root.inverseError[i]);
}

export class GaussNewtonHessian {
  private constructor(
    private readonly context: EvaluationContext,
    private readonly model: TangentModel,
    readonly control: Float64Array,
    private readonly factors: Float64Array,
    private readonly roots: readonly Root[],
  ) {}

  /**
   * @param at - the control about which the model is linearised
   * @param curvature - `misfit` takes κ of the residuals there; `quadratic` takes 1, as where nothing has been fitted yet
   */
  static async at(context: EvaluationContext, at: Float64Array, curvature: 'misfit' | 'quadratic' = 'misfit'): Promise<GaussNewtonHessian> {
    const model = withTangent(context.model);
    const factors = context.control.factors(at);
    const roots: Root[] = [];
    for (let batch = 0; batch < model.batches; batch++) {
      context.signal?.throwIfAborted();
      const observations = model.observations(batch);
      const { error, species, decorrelation } = observations;
      const u = curvature === 'misfit' ? scaledMisfits(observations, await model.forward(factors, batch, context.signal)) : undefined;
      const curvatureAt = (i: number): number => (u ? misfitCurvature(u[i], lossOf(context.cost, species[i])) : 1);
      roots.push({
        weight: Float64Array.from(error, (_, i) => (counts(observations, i) ? Math.sqrt(context.cost.weights[species[i]] * curvatureAt(i)) : 0)),
        decorrelation,
        inverseError: Float64Array.from(error, (sigma, i) => (counts(observations, i) ? 1 / sigma : 0)),
      });
    }
    return new GaussNewtonHessian(context, model, at.slice(), factors, roots);
  }

  /** A·direction. @param batches - half-open; those of the observations that count, all unless given */
  async product(direction: Float64Array, [first, end]: readonly [number, number] = [0, this.model.batches]): Promise<HessianProduct> {
    const { model, context, factors } = this;
    const change = context.control.tangent(this.control, direction);
    const simulated: Float64Array[] = [];
    for (let batch = first; batch < end; batch++) {
      context.signal?.throwIfAborted();
      const tangent = await model.tangent(factors, change, batch, context.signal);
      simulated.push(timesRoot(this.roots[batch], tangent));
    }
    for (let batch = first; batch < end; batch++) {
      context.signal?.throwIfAborted();
      await model.forward(factors, batch, context.signal); // the adjoint is taken where the batch was run last
      await model.addAdjoint(timesTransposedRoot(this.roots[batch], simulated[batch - first]), batch);
    }
    const gradient = Float64Array.from(await model.takeGradient());
    return { control: context.control.gradient(this.control, gradient), factors: gradient, simulated };
  }
}
