/**
 * The control vector: what the optimiser changes, and how it makes factors on the prior emissions.
 */
import type { FactorShape } from '../model/forward-model';
import { tabulate } from '../../base/vectors';

/** Elements begin … end − 1 of a control, and the factors in their places. */
export type Stretch = readonly [begin: number, end: number];

/** A control whose elements each make the factor in their place, without a prior term: a stretch of it is changed and seen alone. */
export interface PointwiseControl {
  /** those of the stretch alone, as models take them */
  factors(control: Float64Array, stretch: Stretch): Float32Array;
  /** Gradient descent, control ← control − rate · dJ/d(control). @param gradFactors - dJ/d(factors) of the stretch */
  descend(control: Float64Array, gradFactors: Float32Array, rate: number, stretch: Stretch): void;
  project(control: Float64Array, stretch: Stretch): void;
}

export interface Control {
  readonly shape: FactorShape;
  readonly size: number;
  /** length of {@link factors} */
  readonly factorCount: number;
  /** the control of the prior emissions: every factor is 1 */
  initial(): Float64Array;
  /** `[slots, rows, cols, groups]`, dimensionless; 1 where nothing is emitted */
  factors(control: Float64Array): Float64Array;
  /** What it takes whatever the direction is computed once. */
  derivativeAt(control: Float64Array): FactorDerivative;
  /** the prior term Jb of the cost */
  penalty(control: Float64Array): number;
  /** adds dJb/d(control) */
  addPenaltyGradient(control: Float64Array, gradient: Float64Array): void;
  /** whether {@link project} does anything */
  readonly hasHardBounds: boolean;
  /** moves the control back between its bounds, where it has hard ones */
  project(control: Float64Array): void;
  /** per group, the share of emitting cells and slots whose factor lies at a bound */
  atBound(control: Float64Array): number[];
  /** whether slots are independent of each other a priori, each with its own stretch of the control, in order */
  readonly independentSlots?: boolean;
  /**
   * Of a control of log factors with a normal prior: those of all emissions and, where these are of several sectors, of each.
   *
   * @param control - about which what is not linear in the control is taken
   */
  logFactorMaps?(control: Float64Array): LogFactorMap[];
  /** of a control that is one */
  readonly pointwise?: PointwiseControl;
  /** of a control whose factors are those of several sectors: theirs */
  sectorFactors?(control: Float64Array): SectorFactors[];
}

/** The derivative of {@link Control.factors} at a control. */
export interface FactorDerivative {
  /** (dfactors/dcontrol)·direction, `[slots, rows, cols, groups]`. @param direction - as long as the control */
  tangent: (direction: Float64Array) => Float64Array;
  /**
   * The chain rule, the transpose of {@link tangent}.
   *
   * @param gradFactors - dJ/d(factors), `[slots, rows, cols, groups]`
   * @returns dJ/d(control)
   */
  gradient: (gradFactors: ArrayLike<number>) => Float64Array;
}

export interface SectorFactors {
  name: string;
  /** `[slots, rows, cols, groups]`; 1 where the sector emits nothing */
  factors: Float64Array;
}

/**
 * The log factors z on emissions before a bound acts on them, `[slots, rows, cols, groups]`: normal a priori, and taken as normal a posteriori.
 */
export interface LogFactorMap {
  /** whose factors they are; absent: of all emissions */
  sector?: string;
  /** z = L·control; linear */
  logFactors(control: Float64Array): Float64Array;
  /** standard deviation of z a priori, the root of the diagonal of L·Lᵀ; 0 where nothing is emitted */
  priorSpread(): Float64Array;
  factorsOf(z: Float64Array): Float64Array;
  /** dfactor/dz */
  slopes(z: Float64Array): Float64Array;
  /** as those of {@link Control} */
  factors(control: Float64Array): Float64Array;
  derivativeAt(control: Float64Array): FactorDerivative;
  /**
   * Of numbers that each element of the control has, such as degrees of freedom: their sum in an area, to which an element belongs by the part that the area has of
   * the cells behind it.
   *
   * @param mask - part of each cell, `[rows, cols]`
   * @param slots - half-open
   */
  sumIn(mask: ArrayLike<number>, slots: readonly [number, number], group: number, values: Float64Array): number;
}

/** Where something is emitted: 1 or 0, `[slots, rows, cols, groups]`. A factor on nothing stays 1 and has no gradient. */
export function emittingCells(priorEmissions: ArrayLike<number>): Uint8Array {
  return tabulate(new Uint8Array(priorEmissions.length), (i) => (priorEmissions[i] > 0 ? 1 : 0));
}

/** The share of emitting factors, per group, for which `hit` holds. */
export function shareOfEmitting(emitting: Uint8Array, groups: number, hit: (index: number) => boolean): number[] {
  const [hits, weightSum] = [new Float64Array(groups), new Float64Array(groups)];
  for (let i = 0; i < emitting.length; i++) {
    if (!emitting[i]) continue;
    weightSum[i % groups]++;
    if (hit(i)) hits[i % groups]++;
  }
  return Array.from(hits, (n, g) => (weightSum[g] ? n / weightSum[g] : 0));
}
