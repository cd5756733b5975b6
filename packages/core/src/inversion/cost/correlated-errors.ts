/**
 * Errors that neighbouring cells share, as a transformation to errors that are independent. Between values of one species and time, i and j cells apart by d_ij,
 *
 *   Σ_ij = σ_i σ_j C_ij,     C_ij = exp(−d_ij/L),     u = T·(F − y)/σ     with     Tᵀ T = C⁻¹
 *
 * so that Σ u² is the squared misfit under Σ. T has one row a value: what its error is beyond what those before it tell, in units of what it is then known to,
 *
 *   u_i = (e_i − Σ_j b_ij e_j)/s_i,     b_i = C_NN⁻¹ c_iN,     s_i² = 1 − c_iNᵀ b_i,     e = (F − y)/σ
 *
 * over the nearest N of those before it (Vecchia 1988): exact where N are all of them, and with 20 hardly different from it, since an exponential correlation is
 * screened by what lies between. T is sparse and triangular, whatever the number of values.
 *
 * @see Vecchia (1988), doi:10.1111/j.2517-6161.1988.tb01729.x; Katzfuss & Guinness (2021), doi:10.1214/19-STS755
 */
import { cholesky, choleskySolve } from '../control/cholesky';

/** Values that a value is seen against. */
const MOST_NEIGHBOURS = 20;

/** T, of some values. */
export class Decorrelation {
  private constructor(
    /** those before value i are neighbour[first[i]] … neighbour[first[i + 1] − 1] */
    private readonly first: Int32Array,
    private readonly neighbour: Int32Array,
    private readonly weight: Float64Array,
    private readonly spread: Float64Array,
  ) {}

  /**
   * @param values - number of values
   * @param groups - of values that correlate with each other, as their indices, ascending; a value in no group stays as it is
   * @param correlation - of the errors of values i and j of a group, below 1
   */
  static fromGroups(values: number, groups: readonly (readonly number[])[], correlation: (i: number, j: number) => number): Decorrelation {
    const near: number[][] = Array.from({ length: values }, () => []);
    const weights: number[][] = Array.from({ length: values }, () => []);
    const spread = new Float64Array(values).fill(1);
    for (const group of groups) {
      group.forEach((i, position) => {
        const nearest = nearestOf(group, position, (j) => correlation(i, j));
        near[i] = nearest.map(({ j }) => j);
        const matrix = Float64Array.from(near[i].flatMap((a) => near[i].map((b) => (a === b ? 1 : correlation(a, b)))));
        weights[i] = choleskySolve(
          cholesky(matrix),
          nearest.map(({ c }) => c),
        );
        spread[i] = Math.sqrt(1 - nearest.reduce((sum, { c }, k) => sum + c * weights[i][k], 0));
      });
    }
    const first = new Int32Array(values + 1);
    near.forEach((list, i) => (first[i + 1] = first[i] + list.length));
    return new Decorrelation(first, Int32Array.from(near.flat()), Float64Array.from(weights.flat()), spread);
  }

  /** Of the values of several, one after the other. */
  static joined(parts: readonly Decorrelation[]): Decorrelation {
    const total = (size: (part: Decorrelation) => number): number => parts.reduce((sum, part) => sum + size(part), 0);
    const [values, links] = [total(({ spread }) => spread.length), total(({ weight }) => weight.length)];
    const out = new Decorrelation(new Int32Array(values + 1), new Int32Array(links), new Float64Array(links), new Float64Array(values));
    let [value, link] = [0, 0];
    for (const { first, neighbour, weight, spread } of parts) {
      const [firstValue, firstLink] = [value, link];
      out.neighbour.set(
        neighbour.map((j) => j + firstValue),
        link,
      );
      out.weight.set(weight, link);
      out.spread.set(spread, value);
      value += spread.length;
      link += weight.length;
      out.first.set(
        first.map((start) => start + firstLink),
        firstValue,
      );
    }
    return out;
  }

  /** T·e */
  apply(e: Float64Array): Float64Array {
    return e.map((value, i) => (value - this.foretold(e, i)) / this.spread[i]);
  }

  /** Tᵀ·g */
  transpose(g: Float64Array): Float64Array {
    const out = new Float64Array(g.length);
    for (let i = 0; i < g.length; i++) {
      const scaled = g[i] / this.spread[i];
      out[i] += scaled;
      for (let k = this.first[i]; k < this.first[i + 1]; k++) out[this.neighbour[k]] -= this.weight[k] * scaled;
    }
    return out;
  }

  /** T⁻¹·u: of independent draws, errors that are alike */
  invert(u: Float64Array): Float64Array {
    const e = new Float64Array(u.length);
    for (let i = 0; i < u.length; i++) e[i] = u[i] * this.spread[i] + this.foretold(e, i);
    return e;
  }

  /** What the values before i tell of it. */
  private foretold(e: Float64Array, i: number): number {
    let sum = 0;
    for (let k = this.first[i]; k < this.first[i + 1]; k++) sum += this.weight[k] * e[this.neighbour[k]];
    return sum;
  }
}

/** Of the values before one of a group those that it correlates with most, the earlier of equals first: a satellite's are too many to be sorted. */
function nearestOf(group: readonly number[], position: number, correlation: (j: number) => number): { j: number; c: number }[] {
  const nearest: { j: number; c: number }[] = [];
  for (let k = 0; k < position; k++) {
    const c = correlation(group[k]);
    if (nearest.length === MOST_NEIGHBOURS && c <= nearest[MOST_NEIGHBOURS - 1].c) continue;
    let place = nearest.length;
    while (place > 0 && nearest[place - 1].c < c) place--;
    nearest.splice(place, 0, { j: group[k], c });
    if (nearest.length > MOST_NEIGHBOURS) nearest.pop();
  }
  return nearest;
}
