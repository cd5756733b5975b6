/** A part of the observations while its Krylov space grows, and the square root of its Hessian that comes of it; low-rank.ts says what for. */
import { Matrix } from 'ml-matrix';
import type { Random } from '../../base/random';
import type { ForwardModel } from '../model/forward-model';
import type { HessianProduct } from '../cost/hessian';
import { addCombinations, addScaled, dot } from '../../base/vectors';
import { KrylovSpace, symmetricEigenpairs, type KrylovStep, type RitzPairs } from './krylov-space';

/** Smaller eigenvalues change no variance that anybody reads. */
export const LEAST = 1e-6;
/** Residual, relative to 1 + λ, below which a Ritz value counts as an eigenvalue. */
const RESIDUAL = 1e-3;

/** Half-open range. */
type Range = readonly [number, number];

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
  /** how much too large rounding may leave a variance, in units of its prior variance */
  hidden: number;
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
  simulated: Float64Array[];
}

/** A part while its Krylov space grows. */
export class GrowingPart {
  readonly space: KrylovSpace;
  /** of the vectors of the basis; in single precision, for they are many */
  readonly factorImages: Float32Array[] = [];
  private readonly simulated: Float64Array[][] = [];
  /** `gram[j][i]`, i ≤ j: inner products of the simulated values */
  private readonly gram: number[][] = [];

  /** @param rounding - of the way back, as a part of the largest eigenvalue */
  constructor(
    readonly part: Part,
    random: Random,
    private readonly rounding: number,
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
    this.keep(Float32Array.from(factors.subarray(...this.part.factors)), simulated);
  }

  private keep(factorImage: Float32Array, simulated: Float64Array[]): void {
    this.factorImages.push(factorImage);
    this.simulated.push(simulated);
    this.gram.push(this.simulated.map((earlier) => earlier.reduce((sum, values, batch) => sum + dot(values, simulated[batch]), 0)));
  }

  /** What the latest {@link take} brought, for {@link restore}. */
  latest(): PartStep {
    return { step: this.space.latest(), factorImage: this.factorImages.at(-1)!, simulated: this.simulated.at(-1)! };
  }

  /** In the place of {@link take}, with what it brought once. */
  restore({ step, factorImage, simulated }: PartStep): void {
    this.space.restore(step);
    this.keep(factorImage, simulated);
  }

  /** A bound of the largest eigenvalue not found; Infinity where none is. */
  leftOut({ values, residuals }: RitzPairs): number {
    if (!this.space.next) return 0;
    const unsure = values.findIndex((value, k) => !(value > LEAST && Math.abs(residuals[k]) <= RESIDUAL * (1 + value)));
    return unsure === 0 ? Infinity : values[unsure < 0 ? values.length - 1 : unsure - 1];
  }

  /**
   * F = A Q S (Θ + ρ)^-½ with S Θ Sᵀ = YᵀY, Y = W^½ G Q the simulated values as they came and A Q = Gᵀ W^½ Y their way back. Errors of Y, which is a difference of two passes in single
   * precision, do no harm: F Fᵀ is Gᵀ W^½ P W^½ G with P the projection on what Y spans, whatever that is, and so below A. Those of the way back are some ρ, in place of which
   * nothing is known.
   */
  root(): Root {
    const size = this.gram.length;
    const gram = Matrix.zeros(size, size);
    this.gram.forEach((row, j) => row.forEach((value, i) => gram.set(i, j, value).set(j, i, value)));
    const { values, vectors } = symmetricEigenpairs(gram);
    const retained = vectors.filter((_, k) => values[k] > LEAST);
    const eigenvalues = values.slice(0, retained.length).map((value) => value ** 2 / (value + this.rounding * values[0]));
    const scale = eigenvalues.map((value, k) => Math.sqrt(value) / values[k]);
    return {
      part: this,
      hidden: Math.max(0, ...eigenvalues.map((value, k) => 1 / (1 + value) - 1 / (1 + values[k]))),
      ofBasis: retained.map((s, k) => this.space.imageOf(s).map((value) => value * scale[k])),
      ofImages: retained.map((s, k) => Float64Array.from(s, (value) => value * scale[k])),
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
      this.simulated.forEach((vectorBatches, j) => addScaled(values, weights[j], vectorBatches[batch - first]));
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
