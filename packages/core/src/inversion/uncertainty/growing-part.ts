/** A part of the observations while its Krylov space grows, and the square root of its Hessian that comes of it; low-rank.ts says what for. */
import type { Random } from '../../random';
import type { ForwardModel } from '../forward-model';
import type { HessianProduct } from '../hessian';
import { addCombinations, addScaled } from '../../vectors';
import { KrylovSpace, type KrylovStep, type RitzPairs } from './krylov-space';

/** Smaller eigenvalues change no variance that anybody reads. */
export const LEAST = 1e-6;
/** Residual, relative to 1 + λ, below which a Ritz value counts as an eigenvalue. */
const RESIDUAL = 1e-3;

/** Half-open range. */
export type Range = readonly [number, number];

/** A stretch of the control and of the factors. */
export interface Block {
  control: Range;
  factors: Range;
}

/** A part of the observations, and the stretch of control and factors that it may see. */
export interface Part extends Block {
  batches: Range;
}

/** The columns of F, each as a combination of what the products have left. */
export interface Root {
  part: GrowingPart;
  pairs: RitzPairs;
  /** `ofBasis[k]`: F_k in the basis and q₊ */
  ofBasis: Float64Array[];
  /** `ofImages[k]`: the combination of observations of F_k in those of the basis; the same combination of images is its Kᵀ W^½ */
  ofImages: Float64Array[];
}

/** What a product brought to a part. */
export interface PartStep {
  step: KrylovStep;
  factorImage: Float32Array;
  /** per batch */
  simulated: Float32Array[];
}

/** A part while its Krylov space grows. */
export class GrowingPart {
  readonly space: KrylovSpace;
  /** of the vectors of the basis; in single precision, for they are many */
  readonly factorImages: Float32Array[] = [];
  private readonly simulated: Float32Array[][] = [];

  constructor(
    readonly part: Part,
    random: Random,
  ) {
    this.space = new KrylovSpace(part.control[1] - part.control[0], random);
  }

  /** products so far */
  get size(): number {
    return this.space.basis.length;
  }

  /** The basis and q₊; 0 in its place where the space is exhausted. */
  vectors(): Float64Array[] {
    const { basis, next } = this.space;
    return [...basis, next ?? new Float64Array(basis[0].length)];
  }

  take({ control, factors, simulated }: HessianProduct): void {
    this.space.take(control.slice(...this.part.control));
    this.factorImages.push(Float32Array.from(factors.subarray(...this.part.factors)));
    this.simulated.push(simulated.map((values) => Float32Array.from(values)));
  }

  /** What the latest {@link take} brought, for {@link restore}. */
  latest(): PartStep {
    return { step: this.space.latest(), factorImage: this.factorImages.at(-1)!, simulated: this.simulated.at(-1)! };
  }

  /** In the place of {@link take}, with what it brought once. */
  restore({ step, factorImage, simulated }: PartStep): void {
    this.space.restore(step);
    this.factorImages.push(factorImage);
    this.simulated.push(simulated);
  }

  /** A bound of the largest eigenvalue not found; Infinity where none is. */
  leftOut({ values, residuals }: RitzPairs): number {
    if (!this.space.next) return 0;
    const unsure = values.findIndex((value, k) => !(value > LEAST && Math.abs(residuals[k]) <= RESIDUAL * (1 + value)));
    return unsure === 0 ? Infinity : values[unsure < 0 ? values.length - 1 : unsure - 1];
  }

  /**
   * Of pairs whose θ is within the products' errors nothing is known: θ + noise in θ's place makes F_k smaller where they matter and leaves the others, and
   * the approximation stays below A (it is Nyström's with a ridge).
   */
  root(): Root {
    const pairs = this.space.pairs();
    const kept = pairs.values.map((_, k) => k).filter((k) => pairs.values[k] > LEAST);
    const scale = (k: number): number => 1 / Math.sqrt(pairs.values[k] + this.space.noise);
    return {
      ...{ part: this, pairs },
      ofBasis: kept.map((k) =>
        Float64Array.from([...pairs.coefficients[k].map((s) => s * pairs.values[k]), pairs.residuals[k]], (v) => v * scale(k)),
      ),
      ofImages: kept.map((k) => Float64Array.from(pairs.coefficients[k], (s) => s * scale(k))),
    };
  }

  /** Adds to each vector a combination of the basis and q₊. */
  addVectors(out: readonly Float64Array[], weights: readonly Float64Array[]): void {
    addCombinations(out, weights, this.vectors());
  }

  /** Adds the squares of a combination of the simulated values, by species. */
  addSquares(out: Float64Array, weights: Float64Array, model: ForwardModel): void {
    const [first, end] = this.part.batches;
    for (let batch = first; batch < end; batch++) {
      const kinds = model.observations(batch).species;
      const values = new Float64Array(kinds.length);
      this.simulated.forEach((each, j) => addScaled(values, weights[j], each[batch - first]));
      values.forEach((value, i) => (out[kinds[i]] += value * value));
    }
  }

  dofsEstimate({ values, coefficients }: RitzPairs): Float64Array {
    const { basis } = this.space;
    const first = basis.map((_, j) =>
      values.reduce((sum, value, k) => sum + (Math.max(0, value) / (1 + Math.max(0, value))) * coefficients[k][0] * coefficients[k][j], 0),
    );
    return combination(first, basis, basis[0].length).map((value, i) => basis[0].length * basis[0][i] * value);
  }
}

/** Σ_j coefficients_j · vectors_j */
export function combination(coefficients: ArrayLike<number>, vectors: readonly ArrayLike<number>[], length: number): Float64Array {
  const sum = new Float64Array(length);
  vectors.forEach((vector, j) => addScaled(sum, coefficients[j], vector));
  return sum;
}
