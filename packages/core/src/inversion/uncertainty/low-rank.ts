/**
 * The largest eigenpairs of A = Gᵀ W G, the prior-preconditioned Hessian of the observations (hessian.ts), from products with it.
 *
 *   C = (I + A)⁻¹ ≈ (I + Ã)⁻¹ = I − Σ_k λ_k/(1 + λ_k) u_k u_kᵀ,     Ã = Σ_p Ã_p
 *
 * is the posterior covariance of the control, and a direction u with λ ≪ 1 keeps its prior variance. A is a sum over the model's parts (periods), whose
 * observations have nothing to do with each other. Each part has a {@link KrylovSpace} of its own, Q_p, all of them fed by the same pass over the
 * observations, so that m passes make m directions a part. With them
 *
 *   Ã_p = A_p Q_p (Q_pᵀ A_p Q_p)⁻¹ Q_pᵀ A_p = F_p F_pᵀ,     F_p,k = (θ_k u_k + r_k q₊)/√θ_k
 *
 * which is Nyström's approximation: the Hessian of the m combinations W^½ G Q_p of the part's observations instead of all of them. All that the products have told
 * is in it, pairs that have not converged as well, and since combinations know no more than what they are made of, Ã ≤ A: no variance is too small, of any direction.
 * The eigenpairs of Σ F_p F_pᵀ are those of the small matrix FᵀF, where the prior connects the parts; else each part's are found alone.
 *
 * How much too large a variance can be, in units of its prior variance: λ₊/(1 + λ₊), where λ₊ ≥ ‖A − Ã‖ is the sum over connected parts of the largest eigenvalue
 * not yet found. It is bounded by the smallest of the converged ones above the first that is not (residual ≤ {@link RESIDUAL}·(1 + λ)): Lanczos finds them from the largest down, as a rule.
 *
 * Lanczos rather than a randomised decomposition: for the same number of products its pairs are more exact, it tells the residual of each, and it
 * needs no guess of the rank beforehand (Halko et al. 2011, sect. 1, 4 and 5.4, doi:10.1137/090771806, name many right-hand sides at once and two passes as the other's gain; a product here
 * is one sequential run over the observations).
 *
 * @see Spantini et al. (2015), doi:10.1137/140977308; Bousserez & Henze (2018), doi:10.1002/qj.3209; Gittens & Mahoney (2016), jmlr.org/papers/v17/gittens16a.html, on Nyström
 */
import { Matrix } from 'ml-matrix';
import type { Random } from '../../random';
import type { Control } from '../control';
import { factorCount, type ForwardModel } from '../forward-model';
import type { GaussNewtonHessian, HessianProduct } from '../hessian';
import { addScaled, dot } from '../vectors';
import { KrylovSpace, symmetricEigenpairs, type RitzPairs } from './krylov-space';

const RESIDUAL = 1e-3;
/** Smaller eigenvalues change no variance that anybody reads. */
const LEAST = 1e-6;
/** Ends before the asked rank where no variance is wrong by more than this part. */
const ENOUGH = 0.02;
/** Products between two looks at whether it is enough, at least and as a part of those that there are: a look costs the cube of them. */
const LOOK = { least: 5, part: 0.1 };

/** Half-open range. */
type Range = readonly [number, number];

/** A stretch of the control and of the factors. */
export interface Block {
  control: Range;
  factors: Range;
}

export interface LowRankBlock extends Block {
  /** λ_k, largest first */
  values: number[];
  /** u_k, as long as the block's control */
  vectors: Float64Array[];
  /** Kᵀ W K (df/dv) u_k, with the combinations of the observations for all of them; as long as the block's factors */
  factorImages: Float64Array[];
  /** |W^½ G u_k|² over the values of each species; the sum over species is λ_k */
  bySpecies: Float64Array[];
  /** see the file's header */
  rankError: number;
  /**
   * For each element of the block's control a number whose sums estimate the trace of A(I + A)⁻¹ over a part of the control, what is left out included: n q_i (f(A)q)_i
   * with q the random first vector of n elements and f(A)q from the Krylov space (stochastic Lanczos quadrature; Ubaru et al. 2017, doi:10.1137/16M1104974).
   * A sum is off by √(2·sum) or so, as one random vector is all there is. Of connected parts it is the sum over them, which is the trace or more, as what two
   * of them tell is counted twice.
   */
  dofsEstimate: Float64Array;
}

export interface LowRank {
  blocks: LowRankBlock[];
  /** passes over all observations */
  products: number;
}

export interface LowRankOptions {
  /** products at most */
  rank: number;
  species: number;
  random: Random;
  onProduct?: (done: number, of: number) => void;
}

/** A part of the observations, and the stretch of control and factors that it may see. */
interface Part extends Block {
  batches: Range;
}

/** The parts, those in one list that the prior or the observations connect. */
function partsOf(model: ForwardModel, control: Control): Part[][] {
  const whole: Block = { control: [0, control.size], factors: [0, control.factorCount] };
  const { parts } = model;
  if (!parts) return [[{ ...whole, batches: [0, model.batches] }]];
  const disjoint = parts.every(({ slots }, p) => p === 0 || parts[p - 1].slots[1] <= slots[0]);
  if (!control.independentSlots || !disjoint) return [parts.map(({ batches }) => ({ ...whole, batches }))];
  const { slots: all } = model.shape;
  const [perSlot, factorsPerSlot] = [control.size / all, factorCount(model.shape) / all];
  return parts.map(({ slots: [first, end], batches }) => [
    { control: [first * perSlot, end * perSlot], factors: [first * factorsPerSlot, end * factorsPerSlot], batches },
  ]);
}

/** The largest eigenpairs of A. */
export async function lowRank(
  hessian: GaussNewtonHessian,
  model: ForwardModel,
  control: Control,
  { rank, species, random, onProduct }: LowRankOptions,
): Promise<LowRank> {
  const connected = partsOf(model, control).map((parts, i) => parts.map((part, j) => new GrowingPart(part, random.fork(`block ${i + j}`))));
  const growing = connected.flat();
  let products = 0;
  let look = LOOK.least;
  while (products < rank && growing.some(({ space }) => space.next)) {
    for (const part of growing) {
      if (!part.space.next) continue;
      const direction = new Float64Array(control.size);
      direction.set(part.space.next, part.part.control[0]);
      part.take(await hessian.product(direction, part.part.batches));
    }
    products++;
    onProduct?.(products, rank);
    if (products < look) continue;
    look = products + Math.max(LOOK.least, Math.ceil(LOOK.part * products));
    if (connected.every((parts) => rankErrorOf(parts.map((part) => part.leftOut(part.space.pairs()))) < ENOUGH)) break;
  }
  return { blocks: connected.map((parts) => blockOf(parts, model, species)), products };
}

/** λ₊/(1 + λ₊), λ₊ the sum of what may be left out. */
function rankErrorOf(leftOut: readonly number[]): number {
  return 1 / (1 + 1 / leftOut.reduce((sum, value) => sum + value, 0));
}

/** The columns of F and what goes with them, as combinations of what a part's products have left. */
interface Root {
  part: GrowingPart;
  pairs: RitzPairs;
  /** `ofBasis[k]`: F_k in the basis and q₊ */
  ofBasis: Float64Array[];
  /** `ofImages[k]`: the combination of observations of F_k in those of the basis; the same combination of images is its Kᵀ W^½ */
  ofImages: Float64Array[];
}

/** The eigenpairs of Σ F_p F_pᵀ over connected parts. */
function blockOf(parts: readonly GrowingPart[], model: ForwardModel, species: number): LowRankBlock {
  const roots = parts.map((part) => part.root());
  const { values: all, vectors: all2 } = symmetricEigenpairs(gramMatrix(roots));
  const count = all.filter((value) => value > LEAST).length;
  const [values, vectors] = [all.slice(0, count), all2.slice(0, count)];
  const starts = roots.map((_, r) => roots.slice(0, r).reduce((sum, { ofBasis }) => sum + ofBasis.length, 0));
  const own = (k: number, r: number): number[] => vectors[k].slice(starts[r], starts[r] + roots[r].ofBasis.length);
  const [{ control, factors }] = parts.map(({ part }) => part);
  const size = (range: Range): number => range[1] - range[0];
  const sumOver = (length: number, k: number, scale: number, term: (root: Root, weights: number[], out: Float64Array) => void): Float64Array => {
    const out = new Float64Array(length);
    roots.forEach((root, r) =>
      term(
        root,
        own(k, r).map((weight) => weight * scale),
        out,
      ),
    );
    return out;
  };
  return {
    ...{ control, factors, values },
    vectors: values.map((value, k) =>
      sumOver(size(control), k, 1 / Math.sqrt(value), ({ part, ofBasis }, weights, out) => {
        const ofAll = combination(weights, ofBasis, part.space.basis.length + 1);
        part.space.basis.forEach((q, j) => addScaled(out, ofAll[j], q));
        if (part.space.next) addScaled(out, ofAll[ofAll.length - 1], part.space.next);
      }),
    ),
    factorImages: values.map((value, k) =>
      sumOver(size(factors), k, Math.sqrt(value), ({ part, ofImages }, weights, out) =>
        part.addFactorImage(out, combination(weights, ofImages, part.space.basis.length)),
      ),
    ),
    bySpecies: values.map((value, k) => {
      const sums = sumOver(species, k, 1, ({ part, ofImages }, weights, out) =>
        part.addSquares(out, combination(weights, ofImages, part.space.basis.length), model),
      );
      const total = sums.reduce((sum, square) => sum + square, 0);
      return sums.map((square) => (value * square) / total);
    }),
    rankError: rankErrorOf(roots.map(({ part, pairs }) => part.leftOut(pairs))),
    dofsEstimate: roots.reduce(
      (sum, { part, pairs }) => {
        addScaled(sum, 1, part.dofsEstimate(pairs));
        return sum;
      },
      new Float64Array(size(control)),
    ),
  };
}

/** FᵀF of all columns. */
function gramMatrix(roots: readonly Root[]): Matrix {
  const bases = roots.map(({ part: { space } }) => (space.next ? [...space.basis, space.next] : space.basis));
  const blocks = roots.map((a, r) =>
    roots.map((b, s) => {
      const [left, right] = [new Matrix(a.ofBasis), new Matrix(b.ofBasis)].map((each, i) =>
        each.subMatrix(0, each.rows - 1, 0, bases[i ? s : r].length - 1),
      );
      if (r === s) return left.mmul(right.transpose());
      const overlap = new Matrix(bases[r].map((q) => bases[s].map((other) => dot(q, other))));
      return left.mmul(overlap).mmul(right.transpose());
    }),
  );
  const size = roots.reduce((sum, { ofBasis }) => sum + ofBasis.length, 0);
  const gram = Matrix.zeros(size, size);
  let row = 0;
  for (const [r, across] of blocks.entries()) {
    let column = 0;
    for (const block of across) {
      gram.setSubMatrix(block, row, column);
      column += block.columns;
    }
    row += roots[r].ofBasis.length;
  }
  return gram;
}

/** A part while its Krylov space grows. */
class GrowingPart {
  readonly space: KrylovSpace;
  /** of the vectors of the basis; in single precision, for they are many */
  private readonly factorImages: Float32Array[] = [];
  private readonly simulated: Float32Array[][] = [];

  constructor(
    readonly part: Part,
    random: Random,
  ) {
    this.space = new KrylovSpace(part.control[1] - part.control[0], random);
  }

  take({ control, factors, simulated }: HessianProduct): void {
    this.space.take(control.slice(...this.part.control));
    this.factorImages.push(Float32Array.from(factors.subarray(...this.part.factors)));
    this.simulated.push(simulated.map((values) => Float32Array.from(values)));
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

  addFactorImage(out: Float64Array, weights: Float64Array): void {
    this.factorImages.forEach((image, j) => addScaled(out, weights[j], image));
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

function combination(coefficients: ArrayLike<number>, vectors: readonly ArrayLike<number>[], length: number): Float64Array {
  const sum = new Float64Array(length);
  vectors.forEach((vector, j) => addScaled(sum, coefficients[j], vector));
  return sum;
}
