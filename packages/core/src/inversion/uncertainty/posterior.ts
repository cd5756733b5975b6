/**
 * What the monitors say of the log factors on the emissions, and what they can't: from the low-rank posterior of the control, C = I − Σ D_k u_k u_kᵀ with
 * D_k = λ_k/(1 + λ_k). z = L·v are the log factors before a bound acts on them, taken as normal (Laplace's approximation about the result).
 *
 *   σ²(z_p) = σ_a² − Σ_k D_k (L u_k)_p²                          exact but for the rank: nothing is sampled
 *   cov(t·v, s·v) = tᵀs − Σ_k D_k (tᵀu_k)(u_kᵀs)                  of sums of emissions, t = (df/dv)ᵀ·(emissions in the sum)
 *   DOFS = Σ_k D_k = trace of the averaging kernel                 of a group or region: the trace over its elements of the control
 *   ∂z_p/∂z_true = Σ_k (L u_k)_p (1 + λ_k)⁻¹ (M L u_k)ᵀ              row p of the averaging kernel, M = (df/dz) Kᵀ W K (df/dz)
 *
 * The trace over a part of the control is that over the same part of z where part and rest are independent a priori (groups, periods); of a region it is a
 * definition: the element of the control that sits in a cell stands for that cell. Regions that cover the domain without overlap add up to the whole.
 *
 * @see Rodgers (2000), sect. 2.4 and 3.2; Bousserez & Henze (2018), doi:10.1002/qj.3209
 */
import type { Control, FactorDerivative, LogFactorMap, Stretch } from '../control/control';
import { tabulate } from '../../base/vectors';
import { factorImage, type LowRankBlock } from './low-rank';

/** What both methods give: the low-rank posterior, and the ensemble. Maps are those of the control. */
export interface Posterior {
  /** standard deviation of the log factors, before the bound, `[slots, rows, cols, groups]`; 0 where nothing is emitted */
  logFactorSigma(map: LogFactorMap): Float64Array;
  /** @param sums - about the result @returns their covariance */
  covarianceOfSums(map: LogFactorMap, sums: readonly FactorSum[]): number[][];
}

/** A sum of a map's factors, such as the emissions in a region. */
export interface FactorSum {
  /** of the factors */
  weights: Float64Array;
  /** t = (df/dv)ᵀ·weights, as long as the control */
  gradient: Float64Array;
  /** where it is not 0: that of emissions of one group in one period is 0 nearly everywhere */
  stretches: Stretch[];
}

/** @param derivative - a control, that of the posterior as a rule */
export function factorSums(derivative: FactorDerivative, weights: readonly Float64Array[]): FactorSum[] {
  return weights.map((sumWeights) => {
    const gradient = derivative.gradient(sumWeights);
    return { weights: sumWeights, gradient, stretches: stretchesOf(gradient) };
  });
}

/** tᵀ·vector. @param first - place in t of the vector's first element */
function dotOnStretches({ gradient, stretches }: FactorSum, vector: Float64Array, first = 0): number {
  let sum = 0;
  for (const [begin, end] of stretches) {
    for (let i = Math.max(begin, first); i < Math.min(end, first + vector.length); i++) sum += gradient[i] * vector[i - first];
  }
  return sum;
}

/** Zeros that a stretch may hold. */
const GAP = 64;

function stretchesOf(vector: Float64Array): Stretch[] {
  const stretches: [number, number][] = [];
  let last: [number, number] = [0, -Infinity];
  vector.forEach((value, i) => {
    if (value === 0) return;
    if (i - last[1] > GAP) stretches.push((last = [i, i]));
    last[1] = i + 1;
  });
  return stretches;
}

export class LowRankPosterior implements Posterior {
  /** @param point - the control about which the Hessian was taken */
  constructor(
    private readonly control: Control,
    private readonly point: Float64Array,
    readonly blocks: readonly LowRankBlock[],
    private readonly species: number,
  ) {}

  /** λ of all blocks, largest first. */
  get eigenvalues(): number[] {
    return this.blocks.flatMap(({ values }) => values).sort((a, b) => b - a);
  }

  /** of the block where it is largest; see low-rank.ts */
  get rankError(): number {
    return Math.max(...this.blocks.map(({ rankError }) => rankError));
  }

  logFactorSigma(map: LogFactorMap): Float64Array {
    const variance = map.priorSpread().map((spread) => spread * spread);
    for (const z of this.images(map, (value) => Math.sqrt(reduction(value)))) {
      for (let i = 0; i < variance.length; i++) variance[i] -= z[i] * z[i];
    }
    // Where the prior's variance is 0 nothing is emitted; below 0 is rounding.
    return map.priorSpread().map((spread, i) => (spread > 0 ? Math.sqrt(Math.max(0, variance[i])) : 0));
  }

  covarianceOfSums(_: LogFactorMap, sums: readonly FactorSum[]): number[][] {
    const covariance = priorCovarianceOfSums(sums);
    for (const { control, values, vectors } of this.blocks) {
      values.forEach((value, k) => {
        const t = sums.map((sum) => dotOnStretches(sum, vectors[k], control[0]));
        t.forEach((a, i) => t.forEach((b, j) => (covariance[i][j] -= reduction(value) * a * b)));
      });
    }
    return covariance;
  }

  /** Degrees of freedom for signal of every element of the control: the diagonal of the averaging kernel. */
  dofs(): Float64Array {
    const out = new Float64Array(this.control.size);
    for (const { control: range, values, vectors } of this.blocks) {
      values.forEach((value, k) => vectors[k].forEach((u, i) => (out[range[0] + i] += reduction(value) * u * u)));
    }
    return out;
  }

  /** The same, with what lies beyond the rank, but as an estimate of which only sums over many elements mean something: low-rank.ts. */
  dofsEstimate(): Float64Array {
    const out = new Float64Array(this.control.size);
    for (const { control: range, dofsEstimate } of this.blocks) out.set(dofsEstimate, range[0]);
    return out;
  }

  /** Degrees of freedom for signal that the values of each species give: the trace of their part of the influence matrix. */
  dofsBySpecies(): Float64Array {
    const out = new Float64Array(this.species);
    for (const { values, bySpecies } of this.blocks) values.forEach((value, k) => bySpecies[k].forEach((sum, s) => (out[s] += sum / (1 + value))));
    return out;
  }

  /**
   * Rows of the averaging kernel of the log factors: how the estimate of one answers to the true value of each.
   *
   * @param map - of all emissions: they are what the model sees
   * @param indices - of log factors
   * @returns per index its row over the factors of its own block, which begin at `first`; the rest of the row is 0
   */
  averagingKernelRows(map: LogFactorMap, indices: readonly number[]): { first: number; row: Float32Array }[] {
    const slopes = map.slopes(map.logFactors(this.point));
    const weights: number[][] = indices.map(() => []);
    for (const z of this.images(map, (value) => 1 / (1 + value))) indices.forEach((index, r) => weights[r].push(z[index]));
    return indices.map((index, r) => {
      const block = this.blocks.find(({ factors: [firstFactor, endFactor] }) => index >= firstFactor && index < endFactor)!;
      const [first, end] = block.factors;
      const image = factorImage(block, weights[r]);
      return { first, row: tabulate(new Float32Array(Math.min(end, slopes.length) - first), (i) => slopes[first + i] * image[i]) };
    });
  }

  /** L·(weight(λ_k) u_k) of the k-th pair of all blocks at once. */
  private *images(map: LogFactorMap, weight: (value: number) => number): Generator<Float64Array> {
    const largestRank = Math.max(0, ...this.blocks.map(({ values }) => values.length));
    for (let k = 0; k < largestRank; k++) {
      const vector = new Float64Array(this.control.size);
      for (const { control: range, values, vectors } of this.blocks) {
        if (k < values.length) vectors[k].forEach((u, i) => (vector[range[0] + i] = weight(values[k]) * u));
      }
      yield map.logFactors(vector);
    }
  }
}

/** The covariance of sums that the prior gives, through the tangent of their gradients: what the posterior's is a reduction of. */
export function priorCovarianceOfSums(sums: readonly FactorSum[]): number[][] {
  return sums.map((t) => sums.map((s) => dotOnStretches(t, s.gradient)));
}

/** D = λ/(1 + λ) */
function reduction(value: number): number {
  return value / (1 + value);
}
