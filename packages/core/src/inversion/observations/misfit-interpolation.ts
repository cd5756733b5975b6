/**
 * What some monitors tell of others without any emissions: their misfit, observed − prior run, carried over by interpolation, the benchmark for an inventory that
 * claims to explain it. Simple kriging, at each time from the nearest monitors that have a value,
 *
 *   m̂ = cᵀ (C + ν·1)⁻¹ m,     C_ij = exp(−d_ij/L)
 *
 * L and ν are those with which the monitors in use predict each other best across blocks, since those to be judged lie in blocks of their own.
 *
 * @see Cressie (1993), *Statistics for Spatial Data*, sect. 3.2, for kriging; Roberts et al. (2017), doi:10.1111/ecog.02881, for leaving out blocks
 */
import { cholesky, choleskySolve } from '../control/cholesky';

interface Point {
  /** km from west to east and from south to north, of any origin */
  x: number;
  y: number;
}

/** A place with monitors in use. */
export interface Source extends Point {
  /** places of a block are left out together when L and ν are chosen */
  block: string;
}

interface CovarianceModel {
  /** L */
  lengthKm: number;
  /** ν, variance of what a place does not share with any other, in units of that which it shares */
  nugget: number;
}

const LENGTHS_KM = [30, 60, 120, 240, 480, 960];
const NUGGETS = [0.1, 0.3, 1, 3];
/** Values that a value is made of; with an exponential correlation those farther away are screened. */
const MOST_NEIGHBOURS = 16;
/** Times at which L and ν are tried, and values in all. */
const MOST_TRIED = { times: 12, values: 3000 };

/**
 * @param misfit - at the sources, `[times, sources]`; NaN where there is no value
 * @returns at the targets, `[times, targets]`; 0 at times without a value, and nothing without a source
 */
export function interpolateMisfit(sources: readonly Source[], misfit: Float64Array, targets: readonly Point[]): Float64Array {
  const model = chooseModel(sources, misfit);
  const times = sources.length > 0 ? misfit.length / sources.length : 0;
  const out = new Float64Array(times * targets.length);
  targets.forEach((target, j) => {
    const neighbours = new Neighbours(sources, target);
    let [near, weights]: [readonly Near[], readonly number[]] = [[], []];
    for (let time = 0; time < times; time++) {
      const values = misfit.subarray(time * sources.length, (time + 1) * sources.length);
      const neighboursNow = neighbours.withValues(values);
      if (!sameSources(neighboursNow, near)) [near, weights] = [neighboursNow, weightsOf(sources, neighboursNow, model)];
      out[time * targets.length + j] = weighted(near, weights, values);
    }
  });
  return out;
}

/** The pair with the smallest mean absolute error at places that are predicted from other blocks alone. */
export function chooseModel(sources: readonly Source[], misfit: Float64Array): CovarianceModel {
  const tried = scattered(timesWithValues(misfit, sources.length), MOST_TRIED.times);
  const models = LENGTHS_KM.flatMap((lengthKm) => NUGGETS.map((nugget) => ({ lengthKm, nugget })));
  const errors = models.map(() => 0);
  for (const place of evenly(sources.length, Math.ceil(MOST_TRIED.values / Math.max(1, tried.length)))) {
    const neighbours = new Neighbours(sources, sources[place], sources[place].block);
    let [near, weights]: [readonly Near[], readonly (readonly number[])[]] = [[], models.map(() => [])];
    for (const time of tried) {
      const values = misfit.subarray(time * sources.length, (time + 1) * sources.length);
      if (!Number.isFinite(values[place])) continue;
      const neighboursNow = neighbours.withValues(values);
      if (!sameSources(neighboursNow, near)) [near, weights] = [neighboursNow, models.map((model) => weightsOf(sources, neighboursNow, model))];
      weights.forEach((neighbourWeights, k) => (errors[k] += Math.abs(values[place] - weighted(near, neighbourWeights, values))));
    }
  }
  return models[errors.indexOf(Math.min(...errors))];
}

function timesWithValues(misfit: Float64Array, sources: number): number[] {
  const times = Array.from({ length: sources > 0 ? misfit.length / sources : 0 }, (_, time) => time);
  return times.filter((time) => misfit.subarray(time * sources, (time + 1) * sources).some(Number.isFinite));
}

/** Fraction of the golden section: its multiples keep no step with the hours of a day. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Some of the times, spread over all of them and over the hours of the day, or all where they are no more than `most`. */
function scattered(times: readonly number[], limit: number): readonly number[] {
  if (times.length <= limit) return times;
  return Array.from({ length: limit }, (_, k) => times[Math.floor((((k + 0.5) * GOLDEN) % 1) * times.length)]);
}

/** Some of 0 … count − 1, evenly spread, or all where they are no more than `most`. */
function evenly(count: number, limit: number): number[] {
  const n = Math.min(count, limit);
  return Array.from({ length: n }, (_, k) => Math.floor(((k + 0.5) * count) / n));
}

interface Near {
  /** its index */
  source: number;
  km: number;
}

/** The sources about a target, the nearest first. */
class Neighbours {
  private readonly order: readonly Near[];

  /** @param excluded - a block that is left out */
  constructor(sources: readonly Source[], target: Point, excluded?: string) {
    this.order = sources
      .flatMap((source, i) => (source.block === excluded ? [] : [{ source: i, km: distance(source, target) }]))
      .sort((a, b) => a.km - b.km || a.source - b.source);
  }

  /** Those nearest that have a value. */
  withValues(values: Float64Array): Near[] {
    const near: Near[] = [];
    for (const neighbour of this.order) {
      if (near.length === MOST_NEIGHBOURS) break;
      if (Number.isFinite(values[neighbour.source])) near.push(neighbour);
    }
    return near;
  }
}

/** Mostly those have values that had them the time before, and weights hold. */
function sameSources(a: readonly Near[], b: readonly Near[]): boolean {
  return a.length === b.length && a.every(({ source }, k) => source === b[k].source);
}

/** (C + ν·1)⁻¹ c. This runs a million times for a month of hours, so without arrays of arrays; the decomposition reads the lower triangle alone. */
function weightsOf(sources: readonly Source[], near: readonly Near[], { lengthKm, nugget }: CovarianceModel): number[] {
  const n = near.length;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const place = sources[near[i].source];
    for (let j = 0; j < i; j++) matrix[i * n + j] = Math.exp(-distance(place, sources[near[j].source]) / lengthKm);
    matrix[i * n + i] = 1 + nugget;
  }
  return choleskySolve(
    cholesky(matrix),
    near.map(({ km }) => Math.exp(-km / lengthKm)),
  );
}

function weighted(near: readonly Near[], weights: readonly number[], values: Float64Array): number {
  return near.reduce((sum, { source }, k) => sum + weights[k] * values[source], 0);
}

function distance(a: Point, b: Point): number {
  return Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2); // Math.hypot takes ten times as long
}
