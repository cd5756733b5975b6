/** The costs of several batches at the same factors, and where asked for the adjoints that belong to them. */
import { ShapeError } from '../errors';
import { batchCost, type BatchCost, type CostSettings } from './cost';
import type { ForwardModel } from './forward-model';

export interface CostRequest {
  /** as the model takes them */
  factors: Float64Array;
  batches: readonly number[];
  cost: CostSettings;
  /** whether the adjoint of each batch is added to what the model's `takeGradient` gives */
  withGradient: boolean;
}

/**
 * In the order of the batches; where a simulated value is not finite, that batch is the last.
 *
 * @throws {ShapeError} if the model simulates another number of values than there are observations
 */
export async function costsOf(model: ForwardModel, request: CostRequest, signal?: AbortSignal): Promise<BatchCost[]> {
  if (model.costs) return model.costs(request, signal);
  const costs: BatchCost[] = [];
  for (const batch of request.batches) {
    signal?.throwIfAborted();
    const observations = model.observations(batch);
    const simulated = await model.forward(request.factors, batch, signal);
    if (simulated.length !== observations.values.length) {
      throw new ShapeError(
        'INVERSION_SHAPE',
        `inversion: expected ${observations.values.length} simulated values of batch ${batch} but received ${simulated.length}`,
      );
    }
    const part = batchCost(observations, simulated, request.cost);
    costs.push(part);
    if (part.nonFinite !== undefined) break;
    if (request.withGradient) await model.addAdjoint(part.gradient, batch);
  }
  return costs;
}
