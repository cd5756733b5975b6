/** The costs of several batches at the same factors, and where asked for the adjoints that belong to them. */
import { expectNumbers, ShapeError } from '../../base/errors';
import { batchCost, type BatchCost, type CostRequest } from './cost';
import type { PointwiseControl, Stretch } from '../control/control';
import type { Values } from '../model/observation-batch';
import type { ForwardModel, LocalModel } from '../model/forward-model';

/** How a batch is run, and carried back. */
interface Passes {
  forward: (batch: number) => Promise<Values>;
  /** absent: costs alone are wanted */
  adjoint?: (gradSimulated: Float64Array, batch: number) => Promise<void>;
}

/**
 * In the order of the batches; where a simulated value is not finite, that batch is the last.
 *
 * @throws {ShapeError} if the model simulates another number of values than there are observations
 */
export async function costsOf(model: ForwardModel, request: CostRequest, signal?: AbortSignal): Promise<BatchCost[]> {
  if (model.costs) return model.costs(request, signal);
  const passes = {
    forward: (batch: number) => model.forward(request.factors, batch, signal),
    ...(request.withGradient ? { adjoint: (gradient: Float64Array, batch: number) => model.addAdjoint(gradient, batch) } : {}),
  };
  return inTurn(model, request, passes, signal);
}

/** dJ/d(factors) of the stretch that a batch sees. */
export interface FactorStretch {
  stretch: Stretch;
  gradFactors: Float32Array;
}

/** The same of a local model under a pointwise control: what a batch does not see is not looked at. @throws {ShapeError} as {@link costsOf} */
export async function localCostsOf(
  model: ForwardModel & { local: LocalModel },
  control: PointwiseControl,
  { at, ...request }: Omit<CostRequest, 'factors'> & { at: Float64Array },
  signal?: AbortSignal,
): Promise<{ costs: BatchCost[]; gradients: FactorStretch[] }> {
  const { local } = model;
  const gradients: FactorStretch[] = [];
  const passes = {
    forward: (batch: number) => local.forward(control.factors(at, local.stretchOf(batch)), batch, signal),
    ...(request.withGradient
      ? {
          adjoint: async (gradient: Float64Array, batch: number) => {
            gradients.push({ stretch: local.stretchOf(batch), gradFactors: await local.adjoint(gradient, batch) });
          },
        }
      : {}),
  };
  return { costs: await inTurn(model, request, passes, signal), gradients };
}

async function inTurn(
  model: ForwardModel,
  { batches, cost }: Pick<CostRequest, 'batches' | 'cost'>,
  { forward, adjoint }: Passes,
  signal?: AbortSignal,
): Promise<BatchCost[]> {
  const costs: BatchCost[] = [];
  for (const batch of batches) {
    signal?.throwIfAborted();
    const observations = model.observations(batch);
    const simulated = await forward(batch);
    expectNumbers(simulated, `forward: batch ${batch}`, 'the simulated values');
    if (simulated.length !== observations.values.length) {
      throw new ShapeError(
        'INVERSION_SHAPE',
        `inversion: expected ${observations.values.length} simulated values of batch ${batch} but received ${simulated.length}`,
      );
    }
    const part = batchCost(observations, simulated, cost);
    costs.push(part);
    if (part.nonFinite !== undefined) break;
    await adjoint?.(part.gradient, batch);
  }
  return costs;
}
