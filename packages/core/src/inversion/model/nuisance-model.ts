/**
 * What monitors see beside the emissions that are asked for: a monitor that reads too high, more ozone at the borders than the transport model was given, more
 * biogenic VOC. Each such term adds to the simulated values what its own number in the control says:
 *
 *   simulated_i = F_i(x) + Σ_t c_ti · β_{t, k_t(i)}
 *
 * with one number β for each place k (a station bias), one for all observations (a run of the transport model with something else changed, c_i the change of
 * what it simulates), or several of which each observation sees some (a run whose part varies in time and space; several runs that vary in the same way are one
 * term, with a column c of each). The β are inverted with the emissions and have a spread of their own, so that the emissions do not have to answer for them.
 */
import type { ObservationBatch, Values } from '../cost/cost';
import type { ForwardModel } from './forward-model';

/** What a term adds to the observations of a batch. */
interface NuisanceOfBatch {
  /** which β of a run each observation sees (−1: none): as many of one observation as of another, one after the other */
  index: Int32Array;
  /** how much of each it sees; left out: 1 */
  weight?: Float64Array;
  /** of each run: what a β of 1 adds to each observation that sees it wholly */
  columns: readonly ArrayLike<number>[];
}

/** One nuisance term. */
export interface NuisanceTerm {
  /** standard deviation of each of its numbers β: those of the first run, then those of the next, as many of each */
  spread: readonly number[];
  /** of a batch of the model */
  coefficientsOf: (batch: number) => NuisanceOfBatch;
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
        return values.map((batchValues, i) => this.withTerms(batchValues, direction, batches[i]));
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
    this.eachRun(batch, (first, column, { index, weight }) => {
      const runLength = index.length / column.length;
      for (let i = 0; i < column.length; i++) {
        const gradient = column[i] * gradSimulated[i];
        for (let e = i * runLength; e < (i + 1) * runLength; e++)
          if (index[e] >= 0) this.gradient[first + index[e]] += (weight ? weight[e] : 1) * gradient;
      }
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
    const inner = this.inners.get(factors) ?? factors.subarray(0, factors.length - this.count);
    this.inners.set(factors, inner);
    return inner;
  }

  private withTerms(simulated: Values, factors: Values, batch: number): Float64Array {
    const beta = factors.subarray(factors.length - this.count);
    const out = Float64Array.from(simulated);
    this.eachRun(batch, (first, column, { index, weight }) => {
      const runLength = index.length / column.length;
      for (let i = 0; i < column.length; i++) {
        let offset = 0;
        for (let e = i * runLength; e < (i + 1) * runLength; e++) if (index[e] >= 0) offset += (weight ? weight[e] : 1) * beta[first + index[e]];
        out[i] += column[i] * offset;
      }
    });
    return out;
  }

  /** @param visit - is given the first β of a run among all */
  private eachRun(batch: number, visit: (first: number, column: ArrayLike<number>, coefficients: NuisanceOfBatch) => void): void {
    this.terms.forEach(({ coefficientsOf, spread }, t) => {
      const coefficients = coefficientsOf(batch);
      const size = spread.length / coefficients.columns.length;
      coefficients.columns.forEach((column, run) => visit(this.first[t] + run * size, column, coefficients));
    });
  }
}

/**
 * A number that varies in time and space: a sum of hats between nodes, each with a number of its own,
 *
 *   β(t, y, x) = Σ_k w_k β_k / (Σ_k w_k²)^½
 *
 * w_k is 1 at its node and falls linearly to 0 at the next ones, along each direction in which the number varies. Divided so, the variance of β is that of the
 * β_k everywhere, and not less between nodes. Nodes stand one and a half lengths apart: over the mean of places values correlate by 0.58 at one length, by
 * 0.08 at two and from three on not at all, as exp(−d²/2L²) would have it: 0.61, 0.14, 0.01.
 */
const NODE_SPACING = 1.5;

/** One direction: how many nodes it has, and which two a place lies between. */
interface Axis {
  nodes: number;
  /** distance of nodes, in the axis' steps; Infinity: the number does not vary along it */
  spacing: number;
}

interface Weighted {
  index: Int32Array;
  weight: Float64Array;
}

export class VaryingNumber {
  private readonly axes: readonly Axis[];

  /**
   * @param sizes - steps of the domain along each direction
   * @param lengths - over how many steps the number stays alike; Infinity: it does not vary
   */
  constructor(sizes: readonly number[], lengths: readonly number[]) {
    this.axes = sizes.map((size, i) => {
      const spacing = NODE_SPACING * lengths[i];
      return { spacing, nodes: Number.isFinite(spacing) ? Math.ceil(size / spacing) + 1 : 1 };
    });
  }

  /** How many numbers it is made of. */
  get count(): number {
    return this.axes.reduce((product, { nodes }) => product * nodes, 1);
  }

  /** How many of them a place sees: two along each direction in which it varies. */
  get perPlace(): number {
    return this.axes.reduce((product, { nodes }) => product * Math.min(2, nodes), 1);
  }

  /** The place of a node, in steps along each direction; undefined along those in which the number does not vary. */
  place(node: number): (number | undefined)[] {
    let rest = node;
    const out: (number | undefined)[] = [];
    for (const { nodes, spacing } of [...this.axes].reverse()) {
      out.unshift(nodes > 1 ? (rest % nodes) * spacing : undefined);
      rest = Math.floor(rest / nodes);
    }
    return out;
  }

  /**
   * Which nodes a place sees and their weights w_k / (Σ w_k²)^½, into {@link perPlace} elements of `index` and `weight` from `offset` on: it is asked for every
   * observation in every evaluation of a cost.
   *
   * @param place - in steps along each direction
   */
  see(place: readonly number[], index: Int32Array, weight: Float64Array, offset: number): void {
    [index[offset], weight[offset]] = [0, 1];
    let [length, squares] = [1, 1];
    for (let i = 0; i < this.axes.length; i++) {
      const { nodes, spacing } = this.axes[i];
      if (nodes === 1) continue;
      const position = Math.min(nodes - 1, Math.max(0, place[i] / spacing));
      const first = Math.min(nodes - 2, Math.floor(position));
      const share = position - first;
      // From the last: the two of each take its place and the one after it.
      for (let k = offset + length - 1; k >= offset; k--) {
        const [node, w, target] = [index[k] * nodes + first, weight[k], 2 * k - offset];
        [index[target], index[target + 1]] = [node, node + 1];
        [weight[target], weight[target + 1]] = [w * (1 - share), w * share];
      }
      length *= 2;
      squares *= (1 - share) ** 2 + share ** 2;
    }
    const norm = Math.sqrt(squares);
    for (let k = offset; k < offset + length; k++) weight[k] /= norm;
  }

  /** The same of one place, by itself. */
  weightsAt(place: readonly number[]): Weighted {
    const out = { index: new Int32Array(this.perPlace), weight: new Float64Array(this.perPlace) };
    this.see(place, out.index, out.weight, 0);
    return out;
  }
}
