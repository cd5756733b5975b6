/**
 * What the inversion knows of the model: factors on the prior emissions in, simulated observations out, and the adjoint of that.
 * The surrogate, the two-cell model of the tests and anything else that a reader wants to invert stand behind this interface.
 */
import type { BatchCost, CostRequest, CostSettings, ObservationBatch, Values } from '../cost/cost';

/** Factor fields on the prior emissions, `data[slot, row, col, group]`; a slot is a period, or an hour of one. */
export interface FactorShape {
  slots: number;
  rows: number;
  cols: number;
  groups: number;
}

/** Number of factors in a field of that shape. */
export function factorCount({ slots, rows, cols, groups }: FactorShape): number {
  return slots * rows * cols * groups;
}

/** A model of which a batch is run with the factors that it sees alone. */
export interface LocalModel {
  /** where those begin and end among all factors */
  stretchOf(batch: number): readonly [begin: number, end: number];
  /** As {@link ForwardModel.forward}. @param factors - of the batch's stretch; nobody changes them afterwards */
  forward(factors: Float32Array, batch: number, signal?: AbortSignal): Promise<Values>;
  /** dJ/d(factors of its stretch) of the batch that was run last. */
  adjoint(gradSimulated: Values, batch: number): Promise<Float32Array>;
}

/**
 * A model that the inversion can run and differentiate. One pass over all observations is batches 0 … `batches` − 1.
 *
 * For a resumed run to equal an uninterrupted one bit for bit, `forward` and the gradient must depend on
 * the arguments alone.
 */
export interface ForwardModel {
  /** of a model each of whose batches sees few of the factors */
  readonly local?: LocalModel;
  readonly shape: FactorShape;
  /** where the concentrations that the model begins with are inverted too: factors on them, `groups` of which are species, after those of `shape` in every vector */
  readonly initialConcentrations?: FactorShape;
  /** where numbers are inverted that only add to what is simulated: the spread a priori of each; they stand last in every vector */
  readonly nuisance?: readonly number[];
  readonly batches: number;
  /** the batches in stretches, with the slots that each sees beside nuisance numbers, as first and end of each; absent: one part of all */
  readonly parts?: readonly ModelPart[];
  /** The observations of a batch, the same at every call. */
  observations(batch: number): ObservationBatch;
  /**
   * @param factors - `[slots, rows, cols, groups]`, then those on initial concentrations, then nuisance numbers
   * @returns simulated values in the order of `observations(batch).values`
   */
  forward(factors: Values, batch: number, signal?: AbortSignal): Promise<Values>;
  /**
   * Adds Kᵀ·g, at the factors of the last forward run of that batch, to what {@link takeGradient} gives.
   *
   * @param gradSimulated - dJ/d(simulated), in the order of the values
   */
  addAdjoint(gradSimulated: Values, batch: number): Promise<void>;
  /**
   * The sum over batches since the last call, all at the same factors: what is done once for all of them is done here.
   *
   * @returns dJ/d(factors), laid out as the factors; factors that no batch sees get 0
   */
  takeGradient(): Promise<Values>;
  /**
   * K·direction at `factors`: how the simulated values of each batch change along a direction of the factors; linear in it. What needs products with the
   * Jacobian (Gauss–Newton, the posterior) asks for it.
   */
  tangents?(factors: Values, direction: Values, batches: readonly number[], signal?: AbortSignal): Promise<Values[]>;
  /** What `costsOf` (evaluation.ts) makes of several batches, one after the other: of a model that makes them side by side. */
  costs?(request: CostRequest, signal?: AbortSignal): Promise<BatchCost[]>;
  /** What `linearise` (hessian.ts) makes of the model: of one that makes products of several batches side by side. */
  linearise?(point: LinearisedAbout): Linearisation;
}

/** Half-open ranges. */
export interface ModelPart {
  slots: readonly [number, number];
  batches: readonly [number, number];
}

/** What is linearised, and about which factors. */
export interface LinearisedAbout {
  /** as the model takes them */
  factors: Float64Array;
  cost: CostSettings;
  /** `misfit` takes κ of the residuals there; `quadratic` takes 1, as where nothing has been fitted yet */
  curvature: 'misfit' | 'quadratic';
}

export interface Linearisation {
  /**
   * @param change - d, of the factors
   * @returns W^½ K d of each batch; 0 at values that are not in the cost
   */
  product(change: Float64Array, batches: readonly number[], signal?: AbortSignal): Promise<Float64Array[]>;
}
