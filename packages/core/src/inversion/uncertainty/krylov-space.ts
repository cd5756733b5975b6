/**
 * The Krylov space of a symmetric operator A: Lanczos with full reorthogonalisation (Golub & Van Loan 2013, sect. 10.3), fed with one product a step.
 *
 *   A·Q = Q·T + β q₊ eᵀ,     A·u_k = θ_k u_k + β s_{last,k} q₊,     u_k = Q·s_k
 *
 * with T tridiagonal and T·s_k = θ_k s_k. |β s_{last,k}| is the exact residual of the Ritz pair (θ_k, u_k); the largest eigenvalues converge first.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Random } from '../../base/random';
import { addScaled, dot } from '../../base/vectors';

/** β below this part of the largest element of T counts as 0: the space holds all that A can reach from the start. */
const EXHAUSTED = 1e-12;

/** Ritz pairs, largest value first. */
export interface RitzPairs {
  values: number[];
  /** β s_{last,k}, with its sign: what A·u_k has of {@link KrylovSpace.next} */
  residuals: number[];
  /** `coefficients[k]`: the vector of pair k in the basis */
  coefficients: number[][];
}

/** One step: what the product has of the vectors of the basis, its own the last, and how much of the vector that follows. */
export interface KrylovStep {
  along: number[];
  beta: number;
  next?: Float64Array;
}

export class KrylovSpace {
  /** orthonormal, one a step */
  readonly basis: Float64Array[] = [];
  /** `along[j][i]`: q_iᵀ A q_j for i ≤ j; with exact products 0 for i < j − 1, and T's else */
  private readonly coefficients: number[][] = [];
  private readonly beta: number[] = [];
  private following?: Float64Array;

  constructor(size: number, random: Random) {
    this.following = unit(Float64Array.from({ length: size }, () => random.normal()));
  }

  /** The vector whose product {@link take} wants next; undefined once the space holds all that A can reach. */
  get next(): Float64Array | undefined {
    return this.following;
  }

  /** @param image - A·{@link next} */
  take(image: Float64Array): void {
    const current = this.following!;
    this.basis.push(current);
    const rest = image.slice();
    const coefficients = this.basis.map(() => 0);
    // Twice is enough (Giraud et al. 2005, doi:10.1007/s00211-005-0615-4).
    for (let pass = 0; pass < 2; pass++) {
      this.basis.forEach((q, i) => {
        const part = dot(q, rest);
        coefficients[i] += part;
        addScaled(rest, -part, q);
      });
    }
    this.coefficients.push(coefficients);
    const beta = Math.sqrt(dot(rest, rest));
    const exhausted = this.basis.length === current.length || beta <= EXHAUSTED * Math.max(...this.alphas.map(Math.abs), ...this.beta);
    this.beta.push(exhausted ? 0 : beta);
    this.following = exhausted ? undefined : rest.map((value) => value / beta);
  }

  /** What the latest {@link take} brought. */
  latest(): KrylovStep {
    return { along: this.coefficients.at(-1)!, beta: this.beta.at(-1)!, next: this.following };
  }

  /** In the place of {@link take}, with what it brought once. */
  restore({ along, beta, next }: KrylovStep): void {
    this.basis.push(this.following!);
    this.coefficients.push(along);
    this.beta.push(beta);
    this.following = next;
  }

  /** A·Σ_j weights_j q_j, as the products gave it: what it has of the basis and of q₊. */
  imageOf(weights: ArrayLike<number>): Float64Array {
    const image = new Float64Array(this.basis.length + 1);
    this.coefficients.forEach((coefficients, j) => {
      coefficients.forEach((part, i) => (image[i] += weights[j] * part));
      image[j + 1] += weights[j] * this.beta[j];
    });
    return image;
  }

  pairs(): RitzPairs {
    const size = this.basis.length;
    const tridiagonal = Matrix.zeros(size, size);
    this.alphas.forEach((value, i) => tridiagonal.set(i, i, value));
    for (let i = 0; i + 1 < size; i++) tridiagonal.set(i, i + 1, this.beta[i]).set(i + 1, i, this.beta[i]);
    const { values, vectors } = symmetricEigenpairs(tridiagonal);
    return { values, residuals: vectors.map((s) => this.beta[size - 1] * s[size - 1]), coefficients: vectors };
  }

  private get alphas(): number[] {
    return this.coefficients.map((coefficients) => coefficients[coefficients.length - 1]);
  }
}

/** Largest value first; `vectors[k]` belongs to `values[k]`. */
export function symmetricEigenpairs(matrix: Matrix): { values: number[]; vectors: number[][] } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  return { values: order.map((i) => realEigenvalues[i]), vectors: order.map((i) => eigenvectorMatrix.getColumn(i)) };
}

function unit(vector: Float64Array): Float64Array {
  const norm = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / norm);
}
