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
import type { ForwardModel, Linearisation, LinearisedAbout } from '../model/forward-model';
import { ConfigError, expectArgument, expectNumbers } from '../../base/errors';
import type { Decorrelation } from './correlated-errors';
import { type CostSettings, counts, lossOf, misfitCurvature, scaledMisfits, type ObservationBatch, type Values } from './cost';

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
   * @param control - the control about which the model is linearised
   * @param curvature - `misfit` takes κ of the residuals there; `quadratic` takes 1, as where nothing has been fitted yet
   * @throws {ConfigError} `INVERSION_TANGENT` if the model has no tangents
   */
  constructor(
    private readonly context: EvaluationContext,
    control: Float64Array,
    curvature: LinearisedAbout['curvature'] = 'misfit',
  ) {
    this.control = control.slice();
    this.derivative = context.control.derivativeAt(control);
    this.linearisation = linearise(context.model, { factors: context.control.factors(control), cost: context.cost, curvature });
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

/**
 * What the observations say of a change of the factors, about given factors: W^½ K d for the batches asked for, and Kᵀ W K d, added to what the model's `takeGradient`
 * gives.
 *
 * @throws {ConfigError} `INVERSION_TANGENT` if the model has no {@link ForwardModel.tangents} */
export function linearise(model: ForwardModel, point: LinearisedAbout): Linearisation {
  if (!model.tangents) {
    throw new ConfigError(
      'INVERSION_TANGENT',
      'inversion: products with the Jacobian are asked for, but this model has none: give it `tangents`, or choose optimiser lbfgs and no uncertainty',
    );
  }
  return model.linearise?.(point) ?? new ModelLinearisation(model as TangentModel, point);
}

type TangentModel = ForwardModel & Required<Pick<ForwardModel, 'tangents'>>;

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

/** @param u - scaled misfits; without them κ is 1 */
function rootOf(observations: ObservationBatch, cost: CostSettings, u?: ArrayLike<number>): Root {
  const { error, species, decorrelation } = observations;
  const curvatureAt = (i: number): number => (u ? misfitCurvature(u[i], lossOf(cost, species[i])) : 1);
  return {
    weight: Float64Array.from(error, (_, i) => (counts(observations, i) ? Math.sqrt(cost.weights[species[i]] * curvatureAt(i)) : 0)),
    decorrelation,
    inverseError: Float64Array.from(error, (sigma, i) => (counts(observations, i) ? 1 / sigma : 0)),
  };
}

class ModelLinearisation implements Linearisation {
  /** per batch, made when it is first asked for */
  private readonly roots: Root[] = [];

  constructor(
    private readonly model: TangentModel,
    private readonly point: LinearisedAbout,
  ) {}

  async product(change: Float64Array, batches: readonly number[], signal?: AbortSignal): Promise<Float64Array[]> {
    const { model, roots } = this;
    const { factors } = this.point;
    for (const batch of batches) {
      signal?.throwIfAborted();
      roots[batch] ??= await this.rootOf(batch, signal);
    }
    const tangents = await model.tangents(factors, change, batches, signal);
    expectArgument(Array.isArray(tangents), 'tangents', 'the change of the simulated values of each batch', tangents);
    const simulated = tangents.map((tangent, i) => timesRoot(roots[batches[i]], tangent));
    for (const [i, batch] of batches.entries()) {
      signal?.throwIfAborted();
      await model.forward(factors, batch, signal); // the adjoint is taken where the batch was run last
      await model.addAdjoint(timesTransposedRoot(roots[batch], simulated[i]), batch);
    }
    return simulated;
  }

  private async rootOf(batch: number, signal?: AbortSignal): Promise<Root> {
    const { factors, cost, curvature } = this.point;
    const observations = this.model.observations(batch);
    const simulated = curvature === 'misfit' ? await this.model.forward(factors, batch, signal) : undefined;
    if (curvature === 'misfit') expectNumbers(simulated, `forward: batch ${batch}`, 'the simulated values');
    const u = simulated && scaledMisfits(observations, simulated);
    return rootOf(observations, cost, u);
  }
}
