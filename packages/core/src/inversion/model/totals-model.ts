/**
 * Totals that are known from elsewhere (a national report, a sector's fuel use) as soft constraints: one more batch of observations behind the model's own,
 *
 *   T_k = Σ_i w_ki f_i / Σ_i w_ki,     observed t_k ± s_k
 *
 * with the factors f and the weights w_k: prior emissions of a group in a region and period. T_k is the updated total over the prior one. They enter the
 * cost squared, each with the weight 1, and so into the Hessian and what follows from it.
 */
import { Role, type ObservationBatch, type Values } from '../cost/cost';
import type { ForwardModel } from './forward-model';

export interface KnownTotal {
  /** which factors it sums, and their prior emissions */
  index: Int32Array;
  weight: Float64Array;
  /** updated over prior total as it is known, and the standard deviation of that */
  value: number;
  spread: number;
}

export class TotalsModel implements ForwardModel {
  readonly shape: ForwardModel['shape'];
  readonly initialConcentrations: ForwardModel['initialConcentrations'];
  readonly nuisance: ForwardModel['nuisance'];
  readonly batches: number;
  readonly parts: ForwardModel['parts'];
  readonly tangents?: ForwardModel['tangents'];
  private readonly sums: readonly number[];
  private gradient?: Float64Array;

  /** @param species - index that the totals have as a species: the number of the observed ones */
  constructor(
    private readonly model: ForwardModel,
    private readonly totals: readonly KnownTotal[],
    private readonly species: number,
  ) {
    this.shape = model.shape;
    this.initialConcentrations = model.initialConcentrations;
    this.nuisance = model.nuisance;
    this.batches = model.batches + 1;
    this.parts = model.parts && [...model.parts, { slots: [0, model.shape.slots], batches: [model.batches, model.batches + 1] }];
    this.sums = totals.map(({ weight }) => weight.reduce((a, b) => a + b, 0));
    if (model.tangents) {
      this.tangents = async (factors, direction, batches, signal) => {
        const inner = batches.filter((batch) => batch < model.batches);
        const ofInner = await model.tangents!(factors, direction, inner, signal);
        return batches.map((batch) => (batch < model.batches ? ofInner[inner.indexOf(batch)] : this.relative(direction)));
      };
    }
  }

  observations(batch: number): ObservationBatch {
    if (batch < this.model.batches) return this.model.observations(batch);
    const { totals } = this;
    return {
      values: Float64Array.from(totals, ({ value }) => value),
      error: Float64Array.from(totals, ({ spread }) => spread),
      species: new Uint8Array(totals.length).fill(this.species),
      withheld: new Uint8Array(totals.length).fill(Role.used),
      times: 1,
    };
  }

  forward(factors: Values, batch: number, signal?: AbortSignal): Promise<Values> {
    return batch < this.model.batches ? this.model.forward(factors, batch, signal) : Promise.resolve(this.relative(factors));
  }

  async addAdjoint(gradSimulated: Values, batch: number): Promise<void> {
    if (batch < this.model.batches) await this.model.addAdjoint(gradSimulated, batch);
    else this.gradient = Float64Array.from(gradSimulated);
  }

  async takeGradient(): Promise<Float64Array> {
    const out = Float64Array.from(await this.model.takeGradient());
    const { gradient } = this;
    this.gradient = undefined;
    if (gradient) {
      this.totals.forEach(({ index, weight }, k) => index.forEach((i, j) => (out[i] += (gradient[k] * weight[j]) / this.sums[k])));
    }
    return out;
  }

  /** T of all totals; linear. */
  private relative(factors: Values): Float64Array {
    return Float64Array.from(this.totals, ({ index, weight }, k) => index.reduce((sum, i, j) => sum + weight[j] * factors[i], 0) / this.sums[k]);
  }
}
