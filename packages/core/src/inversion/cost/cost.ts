/**
 * The observation term of the cost function.
 *
 *   Jo = c · Σ_i w_{s(i)} · φ(u_i),     u_i = (K(x)_i − y_i) / σ_i,     or u = T·(K(x) − y)/σ where errors are alike (correlated-errors.ts)
 *
 * over the used, finite observations y_i of species s(i). φ is |u| (`l1`), ½u² (`l2`) or Huber's function with its bend at δ = 1.345, the value
 * that keeps 95 % of the efficiency of least squares on normal errors (Holland & Welsch 1977, doi:10.1080/03610927708827533), or `student`, the negative
 * logarithm of Student's t density with ν = 4 degrees of freedom, ½(ν + 1)·ln(1 + u²/ν): a value far off has hardly any pull left. The weights
 * w_s = n / (S·n_s) give each of the S observed species the same say, whatever its number of values n_s; they are 1 where all have the same.
 *
 * The constant c is the paper's choice of divisor (eq. 5): `none` (c = 1; a mini-batch is scaled up to the whole), `observations` (the number of
 * values in the step) or `cells` (N·h·w·l: times, rows, columns and species, observed or not).
 */
import type { Decorrelation } from './correlated-errors';

export type Loss = 'l1' | 'l2' | 'huber' | 'student';
export type Divisor = 'none' | 'observations' | 'cells';

export interface CostSettings {
  loss: Loss;
  divisor: Divisor;
  /** w_s; see {@link speciesWeights} */
  weights: readonly number[];
  /** measures of species that have one of their own, by index */
  lossOf?: Readonly<Record<number, Loss>>;
  /** replaces the observation errors by one scale per species (paper mode: the surrogate's normalised units) */
  scale?: readonly number[];
  /** h·w·l, for the divisor `cells` */
  cells?: number;
}

export interface CostRequest {
  /** as the model takes them */
  factors: Float64Array;
  batches: readonly number[];
  cost: CostSettings;
  /** whether the adjoint of each batch is added to what the model's `takeGradient` gives */
  withGradient: boolean;
}

/** Sums over one batch, before the constant c. */
export interface BatchCost {
  /** Σ w·φ of the used values, per species */
  cost: Float64Array;
  /** dJo/d(simulated), before c; 0 at values that are not used */
  gradient: Float64Array;
  /** numbers of values and sums of |simulated − observed| of the used and the watched values, per species */
  used: { n: Float64Array; absolute: Float64Array };
  watched: { n: Float64Array; absolute: Float64Array };
  times: number;
  /** first used or watched value whose simulation is NaN or infinite: index of its species */
  nonFinite?: number;
}

const HUBER_BEND = 1.345;
const STUDENT_FREEDOM = 4;

/** The measure of a species. */
export function lossOf(settings: CostSettings, species: number): Loss {
  return settings.lossOf?.[species] ?? settings.loss;
}

/** φ(u) */
export function misfit(u: number, loss: Loss): number {
  if (loss === 'l2') return (u * u) / 2;
  if (loss === 'student') return ((STUDENT_FREEDOM + 1) / 2) * Math.log1p((u * u) / STUDENT_FREEDOM);
  const size = Math.abs(u);
  if (loss === 'l1') return size;
  return size <= HUBER_BEND ? (u * u) / 2 : HUBER_BEND * (size - HUBER_BEND / 2);
}

/** φ'(u); 0 at 0 */
export function misfitDerivative(u: number, loss: Loss): number {
  if (loss === 'l2') return u;
  if (loss === 'student') return ((STUDENT_FREEDOM + 1) * u) / (STUDENT_FREEDOM + u * u);
  if (loss === 'l1') return Math.sign(u);
  return Math.abs(u) <= HUBER_BEND ? u : HUBER_BEND * Math.sign(u);
}

/** Below this size of u the curvature of `l1`, which has none, is that of a parabola. */
const L1_BEND = 0.1;

/**
 * κ(u) = φ'(u)/u: the weight with which least squares would step as the loss does. It is 1 for `l2`, min(1, 1.345/|u|) for Huber's function and 1/|u|, down to
 * |u| = 0.1, for `l1`. An outlier so counts as a value with a larger error, and the parabola of this curvature lies nowhere below Huber's function, so
 * that a step is not too long (Huber & Ronchetti 2009, sect. 7.8: modified weights).
 */
export function misfitCurvature(u: number, loss: Loss): number {
  const size = Math.abs(u);
  if (loss === 'l2') return 1;
  if (loss === 'student') return (STUDENT_FREEDOM + 1) / (STUDENT_FREEDOM + u * u);
  return loss === 'l1' ? 1 / Math.max(size, L1_BEND) : Math.min(1, HUBER_BEND / size);
}

/** Whether a value is in the cost. */
export function counts({ withheld, values }: ObservationBatch, i: number): boolean {
  return withheld[i] === Role.used && Number.isFinite(values[i]);
}

/** u of a batch; 0 at values that are not in the cost. @param scale - by species, in place of the errors */
export function scaledMisfits(batch: ObservationBatch, simulated: Values, scale?: readonly number[]): Float64Array {
  const e = Float64Array.from(batch.values, (value, i) => (counts(batch, i) ? (simulated[i] - value) / sigmaOf(batch, i, scale) : 0));
  return batch.decorrelation?.apply(e) ?? e;
}

function sigmaOf({ error, species }: ObservationBatch, i: number, scale?: readonly number[]): number {
  return scale ? scale[species[i]] : error[i];
}

/** Cost and gradient of one batch. Missing and withheld observations contribute exactly nothing, whatever stands there. */
export function batchCost(batch: ObservationBatch, simulated: Values, settings: CostSettings): BatchCost {
  const { weights, scale } = settings;
  const tally = (): { n: Float64Array; absolute: Float64Array } => ({
    n: new Float64Array(weights.length),
    absolute: new Float64Array(weights.length),
  });
  const [used, watched] = [tally(), tally()];
  let nonFinite: number | undefined;
  for (let i = 0; i < simulated.length; i++) {
    const role = batch.withheld[i];
    if (role === Role.withheld || !Number.isFinite(batch.values[i])) continue;
    const s = batch.species[i];
    const difference = simulated[i] - batch.values[i];
    if (!Number.isFinite(difference)) nonFinite ??= s;
    const group = role === Role.used ? used : watched;
    group.n[s]++;
    group.absolute[s] += Math.abs(difference);
  }
  const cost = new Float64Array(weights.length);
  const pull = scaledMisfits(batch, simulated, scale).map((u, i) => {
    if (!counts(batch, i)) return 0;
    const s = batch.species[i];
    cost[s] += weights[s] * misfit(u, lossOf(settings, s));
    return weights[s] * misfitDerivative(u, lossOf(settings, s));
  });
  const gradient = (batch.decorrelation?.transpose(pull) ?? pull).map((value, i) => (counts(batch, i) ? value / sigmaOf(batch, i, scale) : 0));
  return { cost, gradient, used, watched, times: batch.times, nonFinite };
}

/** The constant c for a step that saw `batches` of `allBatches`, with `n` used values at `times` times. */
export function costScale(settings: CostSettings, step: { batches: number; allBatches: number; n: number; times: number }): number {
  if (settings.divisor === 'none') return step.allBatches / step.batches;
  if (settings.divisor === 'observations') return step.n > 0 ? 1 / step.n : 0;
  return 1 / (step.times * settings.cells!);
}

/** w_s = n / (S·n_s) over the S species that are observed at all; 0 for the others. */
export function speciesWeights(counts: ArrayLike<number>): number[] {
  const observed = Array.from(counts).filter((n) => n > 0);
  const total = observed.reduce((sum, n) => sum + n, 0);
  return Array.from(counts, (n) => (n > 0 ? total / (observed.length * n) : 0));
}

/** Real numbers: the surrogate's are single, those of models that are tested to rounding double. */
export type Values = Float32Array | Float64Array;

/** What a (super-)observation is used for. */
export const Role = {
  /** in the cost function */
  used: 0,
  /** not in the cost, but watched to choose the iterate that is kept */
  watched: 1,
  /** never looked at: it judges the result */
  withheld: 2,
} as const;

/** Where and when values are; arrays of equal length. */
export interface ObservationPlace {
  /** row · cols + col */
  cell: Int32Array;
  /** beginning of the hour or day, in hours since 1970 */
  hour: Float64Array;
}

/** Observations of one batch; arrays of equal length. */
export interface ObservationBatch {
  /** in the unit of its species (ppb or µg m-3); NaN counts as missing */
  values: Values;
  /** standard deviation of observation and model error together, in the same unit, above 0 */
  error: Values;
  /** index of the species */
  species: Uint8Array;
  /** one of {@link Role} */
  withheld: Uint8Array;
  /** made when asked for, since no cost needs it; absent where a model's values have no place */
  place?: () => ObservationPlace;
  /** by what error² was raised because other values repeat this one, where errors are alike and the cost takes them as independent; absent: by nothing */
  inflation?: Values;
  /** of errors, over `error`, that used values share; absent: all are independent */
  decorrelation?: Decorrelation;
  /** number of observation times (hours or days) in the batch: the N of the paper's equation 5 */
  times: number;
}
