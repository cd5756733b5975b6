/**
 * What monitors see beside the emissions that are asked for: a monitor that reads too high, more ozone at the borders than the transport model was given, more
 * biogenic VOC. Each such term adds to the simulated values what its own number in the control says:
 *
 *   simulated_i = F_i(x) + Σ_t c_ti · β_{t, k_t(i)}
 *
 * with one number β for each place k (a station bias), one for all observations (a run of the transport model with something else changed, c_i the change of
 * what it simulates), or several of which each observation sees some (a run whose part varies in time and space). The β are inverted with the emissions and
 * have a spread of their own, so that the emissions do not have to answer for them.
 */
import type { ForwardModel, ObservationBatch, Values } from './forward-model';

/** One nuisance term. */
export interface NuisanceTerm {
  /** standard deviation of each of its numbers β */
  spread: readonly number[];
  /** per batch of the model: which β each observation has (−1: none), and the coefficient on it; as many of one observation as of another, one after the other */
  of: (batch: number) => { index: Int32Array; coefficient: ArrayLike<number> };
}

export class NuisanceModel implements ForwardModel {
  readonly shape: ForwardModel['shape'];
  readonly initialConcentrations: ForwardModel['initialConcentrations'];
  readonly batches: number;
  readonly parts: ForwardModel['parts'];
  readonly nuisance: readonly number[];
  readonly tangents?: ForwardModel['tangents'];
  private readonly count: number;
  private readonly first: number[];
  private gradient: Float64Array;
  private readonly inners = new WeakMap<Values, Values>();

  constructor(
    private readonly model: ForwardModel,
    private readonly terms: readonly NuisanceTerm[],
  ) {
    this.shape = model.shape;
    this.initialConcentrations = model.initialConcentrations;
    this.batches = model.batches;
    this.parts = model.parts;
    const sizes = terms.map(({ spread }) => spread.length);
    this.first = sizes.map((_, t) => sizes.slice(0, t).reduce((a, b) => a + b, 0));
    this.nuisance = terms.flatMap(({ spread }) => spread);
    this.count = this.nuisance.length;
    this.gradient = new Float64Array(this.count);
    if (model.tangents) {
      this.tangents = async (factors, direction, batches, signal) => {
        const values = await model.tangents!(this.inner(factors), this.inner(direction), batches, signal);
        return values.map((each, i) => this.withTerms(each, direction, batches[i]));
      };
    }
  }

  observations(batch: number): ObservationBatch {
    return this.model.observations(batch);
  }

  async forward(factors: Values, batch: number, signal?: AbortSignal): Promise<Float64Array> {
    return this.withTerms(await this.model.forward(this.inner(factors), batch, signal), factors, batch);
  }

  async addAdjoint(gradSimulated: Values, batch: number): Promise<void> {
    this.terms.forEach(({ of }, t) => {
      const { index, coefficient } = of(batch);
      const each = index.length / gradSimulated.length;
      index.forEach((k, i) => {
        if (k >= 0) this.gradient[this.first[t] + k] += coefficient[i] * gradSimulated[Math.floor(i / each)];
      });
    });
    await this.model.addAdjoint(gradSimulated, batch);
  }

  async takeGradient(): Promise<Float64Array> {
    const inner = await this.model.takeGradient();
    const size = inner.length;
    const out = new Float64Array(size + this.count);
    out.set(inner);
    out.set(this.gradient, size);
    this.gradient = new Float64Array(this.count);
    return out;
  }

  /** The part of the factors that the model itself knows; the same array for the same factors, by which models know again what they have computed. */
  private inner(factors: Values): Values {
    const known = this.inners.get(factors) ?? factors.subarray(0, factors.length - this.count);
    this.inners.set(factors, known);
    return known;
  }

  private withTerms(simulated: Values, factors: Values, batch: number): Float64Array {
    const beta = factors.subarray(factors.length - this.count);
    const out = Float64Array.from(simulated);
    this.terms.forEach(({ of }, t) => {
      const { index, coefficient } = of(batch);
      const each = index.length / out.length;
      index.forEach((k, i) => {
        if (k >= 0) out[Math.floor(i / each)] += coefficient[i] * beta[this.first[t] + k];
      });
    });
    return out;
  }
}
