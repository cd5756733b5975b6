/**
 * What the observations say of a change of the factors, about given factors: for the batches asked for
 *
 *   W^½ K d,   and   Kᵀ W K d   added to what the model's `takeGradient` gives
 *
 * with K the model's Jacobian there and W_i = w_s κ(u_i) / σ_i² as in hessian.ts.
 */
import { expectArgument, expectNumbers, ConfigError } from '../../base/errors';
import type { Decorrelation } from './correlated-errors';
import { counts, lossOf, misfitCurvature, scaledMisfits, type CostSettings } from './cost';
import type { ObservationBatch, Values } from '../model/observation-batch';
import type { ForwardModel, Linearisation, LinearisedAbout } from '../model/forward-model';

/** @throws {ConfigError} `INVERSION_TANGENT` if the model has no {@link ForwardModel.tangents} */
export function linearise(model: ForwardModel, about: LinearisedAbout): Linearisation {
  if (!model.tangents) {
    throw new ConfigError(
      'INVERSION_TANGENT',
      'inversion: products with the Jacobian are asked for, but this model has none: give it `tangents`, or choose optimiser lbfgs and no uncertainty',
    );
  }
  return model.linearise?.(about) ?? new ModelLinearisation(model as TangentModel, about);
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
    private readonly about: LinearisedAbout,
  ) {}

  async product(change: Float64Array, batches: readonly number[], signal?: AbortSignal): Promise<Float64Array[]> {
    const { model, roots } = this;
    const { factors } = this.about;
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
    const { factors, cost, curvature } = this.about;
    const observations = this.model.observations(batch);
    const simulated = curvature === 'misfit' ? await this.model.forward(factors, batch, signal) : undefined;
    if (curvature === 'misfit') expectNumbers(simulated, `forward: batch ${batch}`, 'the simulated values');
    const u = simulated && scaledMisfits(observations, simulated);
    return rootOf(observations, cost, u);
  }
}
