/**
 * The largest eigenpairs of A = Gᵀ W G, the prior-preconditioned Hessian of the observations (hessian.ts), by Lanczos: one product a step.
 *
 *   C = (I + A)⁻¹ ≈ I − Σ_k λ_k/(1 + λ_k) u_k u_kᵀ
 *
 * is the posterior covariance of the control, and a direction u with λ ≪ 1 keeps its prior variance. Where the model's parts (periods) have nothing to do with
 * each other, neither in the prior, A is block-diagonal: each part has a Krylov space of its own, all of them fed from the same products, so that a product
 * is of use to every part.
 *
 * Lanczos rather than a randomised decomposition: for the same number of products its pairs are more exact, it tells the residual of each, and it
 * needs no guess of the rank beforehand (Halko et al. 2011, sect. 1 and 4, doi:10.1137/090771806, name many right-hand sides at once and two passes as the other's gain; a product here
 * is one sequential run over the observations).
 *
 * What is kept are the pairs with residual r ≤ {@link RESIDUAL}·(1 + λ). The variance of any direction, in units of its prior variance, is then wrong by
 *
 *   λ₊/(1 + λ₊) + 2 (Σ_kept r_k²/(1 + λ_k)²)^½
 *
 * at most. λ₊, the largest eigenvalue left out, is bounded by the smallest of the kept ones above the first that is not: Lanczos finds them from the largest
 * down, as a rule. The second term is what the kept pairs' residuals do to (I + A)⁻¹, to first order. (In 165 draws of the tests' world, with 10 to 22 of 24 products, single cells were
 * always within it, most of them by far, and the worst direction of all was in 163.)
 *
 * @see Spantini et al. (2015), doi:10.1137/140977308; Bousserez & Henze (2018), doi:10.1002/qj.3209
 */
import type { Random } from '../../random';
import type { Control } from '../control';
import { factorCount, type ForwardModel } from '../forward-model';
import type { GaussNewtonHessian } from '../hessian';
import { addScaled } from '../vectors';
import { KrylovSpace, type RitzPairs } from './krylov-space';

const RESIDUAL = 1e-3;
/** Smaller eigenvalues change no variance that anybody reads. */
const LEAST = 1e-6;
/** Ends before the asked rank where no variance is wrong by more than this part. */
const ENOUGH = 0.02;
/** Steps between two looks at whether it is enough. */
const LOOK_EVERY = 5;

/** Half-open range. */
type Range = readonly [number, number];

/** A part of the control, of the factors and of the batches that has nothing to do with the others. */
export interface Block {
  control: Range;
  factors: Range;
  batches: Range;
}

export interface LowRankBlock extends Block {
  /** λ_k, largest first */
  values: number[];
  /** u_k, as long as the block's control */
  vectors: Float64Array[];
  /** Kᵀ W K (df/dv) u_k, as long as the block's factors */
  factorImages: Float64Array[];
  /** |W^½ G u_k|² over the values of each species; the sum over species is λ_k */
  bySpecies: Float64Array[];
  /** see the file's header */
  rankError: number;
  /**
   * For each element of the block's control a number whose sums estimate the trace of A(I + A)⁻¹ over a part of the control, what is left out included: n q_i (f(A)q)_i
   * with q the random first vector of n elements and f(A)q from the Krylov space (stochastic Lanczos quadrature; Ubaru et al. 2017, doi:10.1137/16M1104974).
   * A sum is off by √(2·sum) or so, as one random vector is all there is.
   */
  dofsEstimate: Float64Array;
}

export interface LowRankOptions {
  /** products at most */
  rank: number;
  species: number;
  random: Random;
  onProduct?: (done: number, of: number) => void;
}

/** The blocks of a control: one a part of the model, or one of all. */
export function blocksOf(model: ForwardModel, control: Control): Block[] {
  const { parts } = model;
  if (!parts || !control.independentSlots) {
    return [{ control: [0, control.size], factors: [0, control.factorCount], batches: [0, model.batches] }];
  }
  const { slots: all } = model.shape;
  const [perSlot, factorsPerSlot] = [control.size / all, factorCount(model.shape) / all];
  return parts.map(({ slots: [first, end], batches }) => {
    return { control: [first * perSlot, end * perSlot], factors: [first * factorsPerSlot, end * factorsPerSlot], batches };
  });
}

/** The largest eigenpairs of each block. */
export async function lowRank(
  hessian: GaussNewtonHessian,
  model: ForwardModel,
  control: Control,
  { rank, species, random, onProduct }: LowRankOptions,
): Promise<LowRankBlock[]> {
  const blocks = blocksOf(model, control);
  const growing = blocks.map((block, i) => new GrowingBlock(block, random.fork(`block ${i}`)));
  for (let step = 0; step < rank && growing.some(({ space }) => space.next); step++) {
    const direction = new Float64Array(control.size);
    for (const { block, space } of growing) if (space.next) direction.set(space.next, block.control[0]);
    const product = await hessian.product(direction);
    for (const each of growing) each.take(product);
    onProduct?.(step + 1, rank);
    if ((step + 1) % LOOK_EVERY === 0 && growing.every((each) => each.rankError() < ENOUGH)) break;
  }
  return growing.map((each) => each.finish(model, species));
}

/** A block while its Krylov space grows. */
class GrowingBlock {
  readonly space: KrylovSpace;
  /** of the vectors of the basis; in single precision, for they are many */
  private readonly factorImages: Float32Array[] = [];
  private readonly simulated: Float32Array[][] = [];

  constructor(
    readonly block: Block,
    random: Random,
  ) {
    this.space = new KrylovSpace(block.control[1] - block.control[0], random);
  }

  take({ control, factors, simulated }: Awaited<ReturnType<GaussNewtonHessian['product']>>): void {
    if (!this.space.next) return;
    this.space.take(control.slice(...this.block.control));
    this.factorImages.push(Float32Array.from(factors.subarray(...this.block.factors)));
    this.simulated.push(simulated.slice(...this.block.batches).map((values) => Float32Array.from(values)));
  }

  rankError(): number {
    return this.chosen().rankError;
  }

  finish(model: ForwardModel, species: number): LowRankBlock {
    const { pairs, kept, rankError } = this.chosen();
    const coefficients = kept.map((k) => pairs.coefficients[k]);
    return {
      ...this.block,
      values: kept.map((k) => pairs.values[k]),
      vectors: coefficients.map((s) => combination(s, this.space.basis)),
      factorImages: coefficients.map((s) => combination(s, this.factorImages)),
      bySpecies: coefficients.map((s) => this.sumsBySpecies(s, model, species)),
      rankError,
      dofsEstimate: this.dofsEstimate(pairs),
    };
  }

  private chosen(): { pairs: RitzPairs; kept: number[]; rankError: number } {
    const pairs = this.space.pairs();
    const { values, residuals } = pairs;
    const all = values.map((_, k) => k);
    const converged = (k: number): boolean => values[k] > LEAST && residuals[k] <= RESIDUAL * (1 + values[k]);
    const kept = all.filter(converged);
    const unsure = all.findIndex((k) => !converged(k));
    const bound = unsure === 0 ? Infinity : values[unsure < 0 ? values.length - 1 : unsure - 1];
    const left = this.space.next ? bound : 0;
    const ofResiduals = kept.reduce((sum, k) => sum + (residuals[k] / (1 + values[k])) ** 2, 0);
    return { pairs, kept, rankError: Math.min(1, 1 / (1 + 1 / left) + 2 * Math.sqrt(ofResiduals)) };
  }

  private dofsEstimate({ values, coefficients }: RitzPairs): Float64Array {
    const { basis } = this.space;
    const first = basis.map((_, j) =>
      values.reduce((sum, value, k) => sum + (Math.max(0, value) / (1 + Math.max(0, value))) * coefficients[k][0] * coefficients[k][j], 0),
    );
    return combination(first, basis).map((value, i) => basis[0].length * basis[0][i] * value);
  }

  private sumsBySpecies(coefficients: readonly number[], model: ForwardModel, species: number): Float64Array {
    const sums = new Float64Array(species);
    for (let batch = this.block.batches[0]; batch < this.block.batches[1]; batch++) {
      const kinds = model.observations(batch).species;
      const values = combination(
        coefficients,
        this.simulated.map((each) => each[batch - this.block.batches[0]]),
      );
      values.forEach((value, i) => (sums[kinds[i]] += value * value));
    }
    return sums;
  }
}

function combination(coefficients: readonly number[], vectors: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(vectors[0].length);
  coefficients.forEach((coefficient, j) => addScaled(sum, coefficient, vectors[j]));
  return sum;
}
