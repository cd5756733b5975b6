/**
 * The largest eigenpairs of A = Gᵀ W G, the prior-preconditioned Hessian of the observations (hessian.ts), from products with it.
 *
 *   C = (I + A)⁻¹ ≈ (I + Ã)⁻¹ = I − Σ_k λ_k/(1 + λ_k) u_k u_kᵀ,     Ã = Σ_p Ã_p
 *
 * is the posterior covariance of the control, and a direction u with λ ≪ 1 keeps its prior variance. A is a sum over the model's parts (periods), whose
 * observations have nothing to do with each other. Each part has a {@link GrowingPart | Krylov space} of its own, Q_p, all of them fed by the same pass over the
 * observations, so that m passes make m directions a part. With Y_p = W^½ G Q_p, the simulated values of these,
 *
 *   Ã_p = Gᵀ W^½ Y_p (Y_pᵀ Y_p)⁻¹ Y_pᵀ W^½ G = F_p F_pᵀ
 *
 * which is Nyström's approximation: the Hessian of m combinations of the part's observations instead of all of them. All that the products have told
 * is in it, pairs that have not converged as well, and since combinations know no more than what they are made of, Ã ≤ A: no variance is too small, of any direction,
 * whatever the errors of Y (growing-part.ts). The eigenpairs of Σ F_p F_pᵀ are those of the small matrix FᵀF, where the prior connects the parts; else each part's are found alone.
 *
 * How much too large a variance can be, in units of its prior variance: what rounding hides, and λ₊/(1 + λ₊), where λ₊ ≥ ‖A − Ã‖ is the sum over connected parts of the largest eigenvalue
 * not yet found. It is bounded by the smallest of the converged ones above the first that is not (residual ≤ 10⁻³·(1 + λ)): Lanczos finds them from the largest down, as a rule.
 * Of eigenvalues that are equal to the last bit it finds one vector alone, and λ₊ does not know: rounding in a surrogate's products tells them apart, but not in a model
 * of one's own that is linear, in double, and has cells that are all alike.
 *
 * Lanczos rather than a randomised decomposition: for the same number of products its pairs are more exact, it tells the residual of each, and it
 * needs no guess of the rank beforehand (Halko et al. 2011, sect. 1, 4 and 5.4, doi:10.1137/090771806, name many right-hand sides at once and two passes as the other's gain; a product here
 * is one sequential run over the observations).
 *
 * @see Spantini et al. (2015), doi:10.1137/140977308; Bousserez & Henze (2018), doi:10.1002/qj.3209; Gittens & Mahoney (2016), jmlr.org/papers/v17/gittens16a.html, on Nyström
 */
import { Matrix } from 'ml-matrix';
import type { Random } from '../../base/random';
import type { Control } from '../control/control';
import { factorCount, type ForwardModel } from '../model/forward-model';
import type { GaussNewtonHessian } from '../cost/hessian';
import { addCombinations, addScaled, dot } from '../../base/vectors';
import { combination, GrowingPart, LEAST, type Block, type Part, type Root } from './growing-part';
import { symmetricEigenpairs } from './krylov-space';
import type { ProductJournal } from './product-journal';

/** Ends before the asked rank where no variance is wrong by more than this part. */
const ENOUGH = 0.02;
/** Products between two looks at whether it is enough, at least and as a part of those that there are: a look costs the cube of them. */
const LOOK = { fewest: 5, part: 0.1 };

/** What a part has of the images Kᵀ W K (df/dv) u_k, with the combinations of the observations for all of them. */
interface PartImages {
  /** of the vectors of the part's basis, as long as the block's factors */
  ofBasis: readonly Float32Array[];
  /** their combination for each pair */
  combinations: Float64Array[];
}

export interface LowRankBlock extends Block {
  /** λ_k, largest first */
  values: number[];
  /** u_k, as long as the block's control */
  vectors: Float64Array[];
  /** of {@link factorImage}, for each part */
  images: PartImages[];
  /** |W^½ G u_k|² over the values of each species; their sum is λ_k, less what known totals have of it */
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
  /** that the passes took which the journal had */
  restoredSeconds: number;
}

export interface LowRankOptions {
  /** products at most */
  rank: number;
  species: number;
  random: Random;
  /** of a product's way back from the observations, as a part of the largest eigenvalue; 0 unless given */
  rounding?: number;
  onProduct?: (completed: number, total: number) => void;
  /** where products are kept, and taken from */
  journal?: ProductJournal;
}

/** The parts, those in one list that the prior or the observations connect. */
function partsOf(model: ForwardModel, control: Control): Part[][] {
  const whole: Block = { control: [0, control.size], factors: [0, control.factorCount] };
  const { parts } = model;
  if (!parts) return [[{ ...whole, batches: [0, model.batches] }]];
  const disjoint = parts.every(({ slots }, p) => p === 0 || parts[p - 1].slots[1] <= slots[0]);
  if (!control.independentSlots || !disjoint) return [parts.map(({ batches }) => ({ ...whole, batches }))];
  const { slots: slotCount } = model.shape;
  const [perSlot, factorsPerSlot] = [control.size / slotCount, factorCount(model.shape) / slotCount];
  return parts.map(({ slots: [first, end], batches }) => [
    { control: [first * perSlot, end * perSlot], factors: [first * factorsPerSlot, end * factorsPerSlot], batches },
  ]);
}

/** The largest eigenpairs of A. */
export async function lowRank(
  hessian: GaussNewtonHessian,
  model: ForwardModel,
  control: Control,
  { rank, species, random, rounding = 0, onProduct, journal }: LowRankOptions,
): Promise<LowRank> {
  const connected = partsOf(model, control).map((parts, i) => parts.map((part, j) => new GrowingPart(part, random.fork(`block ${i + j}`), rounding)));
  const growing = connected.flat();
  let [products, restoredSeconds] = [0, 0];
  let look = LOOK.fewest;
  while (products < rank && growing.some(({ space }) => space.next)) {
    const restored = journal?.restore(products, growing);
    if (restored !== undefined) restoredSeconds += restored;
    else {
      const begin = performance.now();
      const taking = growing.filter(({ space }) => space.next);
      for (const part of taking) {
        const direction = new Float64Array(control.size);
        direction.set(part.space.next!, part.part.control[0]);
        part.take(await hessian.product(direction, part.part.batches));
      }
      journal?.write(
        products,
        growing.map((part) => (taking.includes(part) ? part : undefined)),
        (performance.now() - begin) / 1000,
      );
    }
    products++;
    onProduct?.(products, rank);
    if (products < look) continue;
    look = products + Math.max(LOOK.fewest, Math.ceil(LOOK.part * products));
    if (connected.every((parts) => rankErrorOf(parts.map((part) => part.leftOut(part.space.pairs()))) < ENOUGH)) break;
  }
  return { blocks: connected.map((parts) => blockOf(parts, model, species)), products, restoredSeconds };
}

/** λ₊/(1 + λ₊), λ₊ the sum of what may be left out. */
function rankErrorOf(leftOut: readonly number[]): number {
  return 1 / (1 + 1 / leftOut.reduce((sum, value) => sum + value, 0));
}

/** The eigenpairs of Σ F_p F_pᵀ over connected parts. */
function blockOf(parts: readonly GrowingPart[], model: ForwardModel, species: number): LowRankBlock {
  const roots = parts.map((part) => part.root());
  const { control, factors } = parts[0].part;
  const controlSize = control[1] - control[0];
  const { values, shares } = eigenpairs(roots);
  const vectors = values.map(() => new Float64Array(controlSize));
  const dofsEstimate = new Float64Array(controlSize);
  const squares = values.map(() => new Float64Array(species + 1)); // and of known totals, which are no species'
  const images = roots.map(({ part, ofImages }, r) => ({
    ofBasis: part.factorImages,
    combinations: values.map((value, k) => scaled(combination(shares[k][r], ofImages, part.size), Math.sqrt(value))),
  }));
  const pairs = parts.map((part) => part.space.pairs());
  roots.forEach(({ part, ofBasis }, r) => {
    part.addVectors(
      vectors,
      values.map((value, k) => scaled(combination(shares[k][r], ofBasis, part.size + 1), value ** -0.5)),
    );
    squares.forEach((sums, k) => part.addSquares(sums, images[r].combinations[k], model));
    addScaled(dofsEstimate, 1, part.dofsEstimate(pairs[r]));
  });
  return {
    control,
    factors,
    values,
    vectors,
    images,
    dofsEstimate,
    bySpecies: squares.map((sums, k) => scaled(sums, values[k] / sums.reduce((sum, square) => sum + square, 0)).subarray(0, species)),
    rankError: Math.min(
      1,
      roots.reduce((sum, { hidden }) => sum + hidden, rankErrorOf(parts.map((part, p) => part.leftOut(pairs[p])))),
    ),
  };
}

/** Σ_k weights_k Kᵀ W K (df/dv) u_k, as long as the block's factors. */
export function factorImage({ factors, images }: LowRankBlock, weights: ArrayLike<number>): Float64Array {
  const out = new Float64Array(factors[1] - factors[0]);
  for (const { ofBasis, combinations } of images) addCombinations([out], [combination(weights, combinations, ofBasis.length)], ofBasis);
  return out;
}

/** Of Σ F_p F_pᵀ, through those of FᵀF: the values, and each vector s of FᵀF as what it has of the columns of each root. */
function eigenpairs(roots: readonly Root[]): { values: number[]; shares: Float64Array[][] } {
  const starts = roots.map((_, r) => roots.slice(0, r).reduce((sum, { ofBasis }) => sum + ofBasis.length, 0));
  const size = roots.reduce((sum, { ofBasis }) => sum + ofBasis.length, 0);
  if (size === 0) return { values: [], shares: [] }; // the observations tell nothing
  const gram = Matrix.zeros(size, size);
  roots.forEach((a, r) => {
    roots.slice(0, r + 1).forEach((b, s) => {
      if (a.ofBasis.length === 0 || b.ofBasis.length === 0) return;
      const block = innerProducts(a, b);
      gram.setSubMatrix(block, starts[r], starts[s]);
      if (s < r) gram.setSubMatrix(block.transpose(), starts[s], starts[r]);
    });
  });
  const { values, vectors } = symmetricEigenpairs(gram);
  const count = values.filter((value) => value > LEAST).length;
  const shares = vectors
    .slice(0, count)
    .map((vector) => roots.map(({ ofBasis }, r) => Float64Array.from(vector.slice(starts[r], starts[r] + ofBasis.length))));
  return { values: values.slice(0, count), shares };
}

/** F_aᵀ F_b */
function innerProducts(a: Root, b: Root): Matrix {
  const [left, right] = [a, b].map(({ ofBasis }) => new Matrix(ofBasis.map((column) => [...column])));
  if (a === b) return left.mmul(right.transpose());
  const otherVectors = b.part.vectors();
  const overlap = new Matrix(a.part.vectors().map((q) => otherVectors.map((otherVector) => dot(q, otherVector))));
  return left.mmul(overlap).mmul(right.transpose());
}

function scaled(vector: Float64Array, factor: number): Float64Array {
  return vector.map((value) => factor * value);
}
