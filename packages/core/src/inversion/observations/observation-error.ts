/**
 * The error of a super-observation, R: what the monitor, the place of the monitor in its cell and the surrogate do not get right.
 *
 *   σ² = f_s² · q · [ (a·c)² + b² + (r_s·c)²/n + (κ_s·D)² ]
 *
 * a, b: relative and absolute part per species, for the instrument and what nobody can split up. r_s·c: representativeness, the spread of the n monitors
 * of a cell about their mean, pooled over all cells that hold at least two (representativeness.ts). c: the level of the concentration there and then ({@link ErrorLevel}). κ_s·D: the surrogate predicts a change from the anchor (the prior run; in a further
 * pass of the closed loop the run on the emissions of an earlier pass), and is wrong by a part κ_s of it; D is the root mean square of observed − anchor in the
 * cell over the period, an estimate of the change that is asked of it. D falls from pass to pass, and so does R.
 *
 * f_s: a factor on the errors of a species, 1 unless something has shown that they are too small or too large (cross-validation, χ²).
 *
 * Errors are not independent: a boundary layer that is wrong is wrong all night and in the next cell too. q spreads the information of
 * one observation over those that repeat it (an inflation of variances, as is usual where R is kept diagonal):
 *
 *   q = 1 − p + p · (1 + ρ)/(1 − ρ) · Σ_j exp(−d_ij/L),     ρ = exp(−Δt/τ)
 *
 * p is the part of the variance that is alike at all (of each species its own), the rest being of each value alone; the first factor is n/n_eff of a first-order
 * autoregression at the mean spacing Δt of the species' used values in a cell, the second counts the observed cells j within reach of cell i.
 *
 * An inflation is right for a mean over all of them, too much for what tells neighbours apart, of which correlated errors let more be known. With `decorrelated` the
 * correlation of a species at one time is taken as it is, and q is without its second factor: costs are made a few hours at once. The alike part is then by itself as
 * often repeated in time, so that of the raised variance it is c = p·(1 + ρ)/(1 − ρ) / q, and the correlation c·exp(−d_ij/L).
 *
 * @see Chevallier (2007), doi:10.1029/2006JD007375, on inflating variances in place of correlated errors; Bartlett (1946) for n/n_eff
 */
import { Decorrelation } from '../cost/correlated-errors';
import { Role } from '../cost/cost';
import type { SuperObservations, CellLength } from './super-observations';

/**
 * c, what relative errors are relative to. With the observed value itself (`observed`) its own error is in its weight: what came out low by chance has a small σ and
 * counts, what came out high does not, and emissions come out too low, by a quarter where values scatter by half of their size. Without it: the mean observed
 * in the cell (`cell-mean`), or the anchor times that mean over its own (`simulated`), which has hours and days of much and little, as the transport model has them.
 */
type ErrorLevel = 'observed' | 'cell-mean' | 'simulated';

export interface ErrorModel {
  /** default `observed` */
  level?: ErrorLevel;
  /** κ_s per species of the observations; absent: the surrogate counts as right */
  surrogate?: readonly number[];
  /** τ in hours, per species; 0: errors of different hours are independent */
  correlationHours: readonly number[];
  /** L in cells along rows and columns, per species; 0: errors of different cells are independent */
  correlationCells: readonly CellLength[];
  /** p, the part of the variance that is alike, per species; default 1 */
  alike?: readonly number[];
  /** whether the correlation in space is in the cost as it is (correlated-errors.ts), not in an inflation */
  decorrelated?: boolean;
  /** f per species; default 1 */
  scale?: readonly number[];
}

/** What the standard deviations are made from beside the observations themselves. */
interface ErrorContext {
  /** the anchor: the prior run of the transport model, or that of an earlier pass of the closed loop, in the order of the observations */
  prior: ArrayLike<number>;
  cols: number;
  /** per species: hours between two values of a cell, as {@link meanSpacing} has them */
  stepHours: ArrayLike<number>;
}

/**
 * The errors of all observations of a period.
 *
 * @param inflation - q of each
 * @returns standard deviations in the order of the observations, in the unit of each
 */
export function inflatedErrors(
  observed: SuperObservations,
  model: ErrorModel,
  context: ErrorContext,
  inflation = inflationOf(observed, model, context),
): Float32Array {
  const change = changes(observed, context.prior);
  const level = levels(observed, model.level ?? 'observed', context.prior);
  return observed.values.map((_, i) => {
    const sigma = Math.hypot(observed.relative[i] * level[i], observed.absolute[i]);
    const ofSurrogate = model.surrogate ? model.surrogate[observed.species[i]] * change.get(placeAndRole(observed, i))! : 0;
    return (model.scale?.[observed.species[i]] ?? 1) * Math.sqrt(inflation[i]) * Math.hypot(sigma, ofSurrogate);
  });
}

/** q of each observation: by what its variance is raised because others repeat it. */
export function inflationOf(observed: SuperObservations, model: ErrorModel, context: Omit<ErrorContext, 'prior'>): Float32Array {
  const inTime = repeatsInTime(model, context.stepHours);
  const repeats = model.decorrelated ? new Map<string, number>() : neighbours(observed, model.correlationCells, context.cols);
  return observed.values.map((_, i) => {
    const alike = model.alike?.[observed.species[i]] ?? 1;
    return 1 - alike + alike * inTime[observed.species[i]] * (repeats.get(place(observed, i)) ?? 1);
  });
}

/** c per species, of errors whose correlation in space is in the cost as it is. */
export function errorShare(model: ErrorModel, stepHours: ArrayLike<number>): number[] {
  return repeatsInTime(model, stepHours).map((inTime, species) => {
    const alike = model.alike?.[species] ?? 1;
    return (alike * inTime) / (1 - alike + alike * inTime);
  });
}

/** (1 + ρ)/(1 − ρ) per species */
function repeatsInTime({ correlationHours }: ErrorModel, stepHours: ArrayLike<number>): number[] {
  return correlationHours.map((tau, s) => {
    const rho = tau > 0 ? Math.exp(-stepHours[s] / tau) : 0;
    return (1 + rho) / (1 - rho);
  });
}

/**
 * Δt: mean hours from one used value of a cell to its next, per species. Hours of the day that are not compared, and values that are missing, lie between; cells
 * further east may be compared at other hours (UTC), which does not bring those of a cell nearer to each other.
 *
 * @param hours - of each observed time
 * @param species - how many there are
 * @returns infinite where no cell has two values: none repeats another
 */
export function meanSpacing({ species: kinds, cell, withheld, first }: SuperObservations, hours: ArrayLike<number>, species: number): Float64Array {
  const [spans, steps] = [new Float64Array(species), new Float64Array(species)];
  const last = Array.from({ length: species }, () => new Map<number, number>()); // by cell
  for (let time = 0; time < hours.length; time++) {
    for (let i = first[time]; i < first[time + 1]; i++) {
      if (withheld[i] !== Role.used) continue;
      const [s, previous] = [kinds[i], last[kinds[i]].get(cell[i])];
      if (previous !== undefined) {
        spans[s] += hours[time] - previous;
        steps[s]++;
      }
      last[s].set(cell[i], hours[time]);
    }
  }
  return spans.map((span, s) => (steps[s] > 0 ? span / steps[s] : Infinity));
}

/** Error of a surrogate's change of one species as a part of that change: root mean square over its responses to single groups, each with its size. */
export function responseError(responses: readonly { slope: number; cosine: number; relativeSize: number }[]): number {
  let [wrong, count] = [0, 0];
  for (const { slope, cosine, relativeSize } of responses) {
    // Σ(ΔS − ΔC)² / ΣΔC², from slope = ΣΔS·ΔC/ΣΔC² and cosine = ΣΔS·ΔC/√(ΣΔS²·ΣΔC²)
    const relative = cosine === 0 ? 1 : (slope / cosine) ** 2 - 2 * slope + 1;
    wrong += relative * relativeSize ** 2;
    count += relativeSize ** 2;
  }
  return count > 0 ? Math.sqrt(wrong / count) : 0;
}

function place({ species, cell }: SuperObservations, i: number): string {
  return `${species[i]}/${cell[i]}`;
}

/** Of the monitors of one role: what withheld ones say enters no error of used ones that share their cell. */
function placeAndRole(observed: SuperObservations, i: number): string {
  return `${place(observed, i)}/${observed.withheld[i]}`;
}

/** D per species, cell and role. */
function changes(observed: SuperObservations, prior: ArrayLike<number>): Map<string, number> {
  const squares = meansByPlace(observed, (i) => (observed.values[i] - prior[i]) ** 2);
  return new Map([...squares].map(([place, mean]) => [place, Math.sqrt(mean)]));
}

/** c of each value. */
function levels(observed: SuperObservations, level: ErrorLevel, prior: ArrayLike<number>): ArrayLike<number> {
  if (level === 'observed') return observed.values;
  const observedMeans = meansByPlace(observed, (i) => observed.values[i]);
  if (level === 'cell-mean') return Float64Array.from(observed.values, (_, i) => observedMeans.get(placeAndRole(observed, i))!);
  const simulated = meansByPlace(observed, (i) => prior[i]);
  return Float64Array.from(observed.values, (_, i) => {
    const [mean, simulatedMean] = [observedMeans.get(placeAndRole(observed, i))!, simulated.get(placeAndRole(observed, i))!];
    return simulatedMean > 0 ? (prior[i] * mean) / simulatedMean : mean;
  });
}

/** Means over the period, per species, cell and role. */
function meansByPlace(observed: SuperObservations, valueOf: (i: number) => number): Map<string, number> {
  const sums = new Map<string, { sum: number; n: number }>();
  for (let i = 0; i < observed.values.length; i++) {
    const { sum, n } = sums.get(placeAndRole(observed, i)) ?? { sum: 0, n: 0 };
    sums.set(placeAndRole(observed, i), { sum: sum + valueOf(i), n: n + 1 });
  }
  return new Map([...sums].map(([place, { sum, n }]) => [place, sum / n]));
}

function reaches([alongRows, alongCols]: CellLength): boolean {
  return alongRows > 0 && alongCols > 0;
}

/** exp(−d/L) of two cells (row · cols + col). @param length - L along rows and columns, in cells */
function correlationOf(a: number, b: number, cols: number, [alongRows, alongCols]: CellLength): number {
  return Math.exp(-Math.hypot((Math.floor(a / cols) - Math.floor(b / cols)) / alongRows, ((a % cols) - (b % cols)) / alongCols));
}

/** Of the used values of an observed time; those of different species err independently. */
export function decorrelationOf(observed: SuperObservations, time: number, cols: number): Decorrelation {
  const begin = observed.first[time];
  const groups = new Map<number, number[]>();
  for (let i = begin; i < observed.first[time + 1]; i++) {
    if (observed.withheld[i] !== Role.used || !reaches(observed.errorLength![observed.species[i]])) continue;
    const group = groups.get(observed.species[i]) ?? [];
    group.push(i - begin);
    groups.set(observed.species[i], group);
  }
  const correlation = (i: number, j: number): number => {
    const species = observed.species[begin + i];
    const share = observed.errorShare?.[species] ?? 1;
    return share * correlationOf(observed.cell[begin + i], observed.cell[begin + j], cols, observed.errorLength![species]);
  };
  return Decorrelation.fromGroups(observed.first[time + 1] - begin, [...groups.values()], correlation);
}

/** Σ_j exp(−d_ij/L) over the used cells of a species, per species and used cell; itself counts 1. */
function neighbours(observed: SuperObservations, lengths: readonly CellLength[], cols: number): Map<string, number> {
  const out = new Map<string, number>();
  const cells = new Map<number, Set<number>>();
  for (let i = 0; i < observed.values.length; i++) {
    if (observed.withheld[i] !== Role.used) continue;
    const species = observed.species[i];
    if (!reaches(lengths[species])) continue;
    cells.set(species, (cells.get(species) ?? new Set()).add(observed.cell[i]));
  }
  for (const [species, observedCells] of cells) {
    // Satellites see all cells of a grid: what depends on the distance alone is made once.
    const rowOf = Int32Array.from(observedCells, (cell) => Math.floor(cell / cols));
    const colOf = Int32Array.from(observedCells, (cell) => cell % cols);
    const rows = rowOf.reduce((largest, row) => Math.max(largest, row), 0) + 1;
    const ofDistance = Float64Array.from({ length: rows * cols }, (_, cell) => correlationOf(cell, 0, cols, lengths[species]));
    for (const a of observedCells) {
      const [row, col] = [Math.floor(a / cols), a % cols];
      let sum = 0;
      for (let j = 0; j < rowOf.length; j++) sum += ofDistance[Math.abs(rowOf[j] - row) * cols + Math.abs(colOf[j] - col)];
      out.set(`${species}/${a}`, sum);
    }
  }
  return out;
}
