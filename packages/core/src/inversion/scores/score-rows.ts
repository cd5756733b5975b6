/**
 * Scores of prior and updated run broken down: by species, averaging, used and withheld stations, and each of these as a whole, by region, by period, by
 * region and period, by type of site, and the withheld ones by how far they are from a used one. Both runs of a row are scored on the same pairs. See
 * docs/report.md.
 */
import { knownSpecies, type Averaging } from '../../base/species';
import { dailyMeans, maximumDaily8hMeans, type HourlySeries } from '../observations/daily-values';
import { maeChange, type BlockErrors, type MaeChange } from './mae-change';
import { rateScores, type Ratings } from './performance-benchmarks';
import { scores, type Scores } from './scores';

/** A station as the breakdown sees it. */
export interface ScoredStation {
  id: string;
  /** whether the inversion never saw it */
  withheld: boolean;
  /** the spatial block in which it was drawn */
  block: string;
  /** those that it lies in */
  regions: readonly string[];
  /** of the site, where the stations file gives one */
  type?: string;
  /** of a withheld one: how far its cell is from the nearest one with a monitor in the cost */
  nearestUsedKm?: number;
}

/**
 * The prior run with what the stations in use tell of withheld ones without emissions: their misfit of the same time, or its mean over the period, interpolated
 * (misfit-interpolation.ts).
 */
const INTERPOLATED = ['interpolated', 'interpolatedMean'] as const;
export type Interpolated = (typeof INTERPOLATED)[number];
/** Both runs with the median misfit of the stations in use added to all values (assimilation/scores/bias-corrected.ts). */
const BIAS_CORRECTED = ['priorBiasCorrected', 'updatedBiasCorrected'] as const;
export type BiasCorrected = (typeof BIAS_CORRECTED)[number];
/** The updated run with what the inversion found beside the emissions (assimilation/scores/nuisance-effect.ts). */
const FOUND = 'updatedAndFound';
const SIMULATED = ['prior', 'updated', ...INTERPOLATED, ...BIAS_CORRECTED, FOUND] as const;
type Run = (typeof SIMULATED)[number];

/** Series of one species at all stations of a period, `[T, S]`, in its unit; NaN where a value is missing. */
export type RunSeries = Record<'observed' | 'prior' | 'updated', Float32Array> &
  Partial<Record<Interpolated | BiasCorrected | typeof FOUND, Float32Array>>;

export interface ScoredPeriod {
  name: string;
  /** of the first value, counted from 1970 in the standard time in which days are counted: `hourOf` of daily-values.ts */
  firstHour: number;
  /** 3600 or 86400 */
  stepSeconds: number;
  stations: readonly ScoredStation[];
  /** a period may lack a species that another has */
  series: ReadonlyMap<string, RunSeries>;
}

export interface ScoreOptions {
  /** in the order of the rows */
  species: readonly string[];
  regions: readonly string[];
  /** smallest observed O3 of the scores above a cut-off, ppb */
  ozoneCutoff: number;
  /** distances from the nearest used station at which rows of withheld ones are divided, ascending; none: no such rows */
  distancesKm: readonly number[];
}

/** Stations farther than `above` (0: in its cell, too) and at most `upTo` from the nearest used one; without `upTo` all that are farther. */
export interface DistanceKm {
  above: number;
  upTo?: number;
}

/** What a row is about; what is absent is taken as a whole. */
export interface Scope {
  region?: string;
  period?: string;
  type?: string;
  /** of withheld stations only */
  nearestUsedKm?: DistanceKm;
}

/** Whether a row is of all stations of its side, in all periods. */
export function isWhole({ region, period, type, nearestUsedKm }: Scope): boolean {
  return region === undefined && period === undefined && type === undefined && nearestUsedKm === undefined;
}

/** A run and how its mean error differs from another's. */
export interface ScoredRun {
  scores: Scores;
  change: MaeChange;
}

/** Stations that the inversion never saw, and the others. */
type Side = 'withheld' | 'used';

export interface ScoreRow extends Scope {
  species: string;
  averaging: Averaging;
  /** `withheld`, `used`, or the name of an entry of `observations.independent`, all of whose stations are withheld */
  stations: string;
  /** stations with a pair */
  monitors: number;
  prior: Scores;
  updated: Scores;
  ratings: { prior: Ratings; updated: Ratings };
  change: MaeChange;
  /** of withheld stations, benchmarks for `updated`: the misfit of each time interpolated, or its mean */
  interpolated?: Record<'each' | 'mean', ScoredRun>;
  /** of withheld stations: both runs without what is the same everywhere in their misfit; the change of `updated` is against this `prior`, whose own is against the prior run */
  biasCorrected?: Record<'prior' | 'updated', ScoredRun>;
  /** of withheld stations, where something was inverted beside the emissions: the updated run with that, against the prior run */
  found?: ScoredRun;
  /** why there are no scores */
  missing?: string;
}

/** All rows, withheld stations first. A scope without a pair has a row, too, that says so. */
export function scoreRows(periods: readonly ScoredPeriod[], options: ScoreOptions): ScoreRow[] {
  const scopes = scopesOf(periods, options.regions);
  const scopesOfSide = { withheld: [...scopes, ...distanceScopes(periods, options.distancesKm)], used: scopes };
  const tables = options.species.flatMap((species) => {
    const stepSeconds = periods.find(({ series }) => series.has(species))?.stepSeconds;
    return stepSeconds === undefined ? [] : averagingsOf(species, stepSeconds).map((averaging) => pairsOf(periods, species, averaging, options));
  });
  return (['withheld', 'used'] as const).flatMap((stations) =>
    tables.flatMap((pairs) =>
      pairs.unavailable ? [rowOf(pairs, stations, {})] : scopesOfSide[stations].map((scope) => rowOf(pairs, stations, scope)),
    ),
  );
}

/** The averaging of a species as it was measured. */
export function measuredAveraging(stepSeconds: number): Averaging {
  return stepSeconds < 86400 ? 'hourly' : 'daily-mean';
}

/** Those that benchmarks are written in come after the values as measured. MDA8 of daily means is there to say that there is none. */
function averagingsOf(species: string, stepSeconds: number): Averaging[] {
  const measured = measuredAveraging(stepSeconds);
  const scored = knownSpecies(species)?.scored;
  if (scored === 'mda8') return measured === 'hourly' ? ['hourly', 'hourly-cutoff', 'mda8'] : ['daily-mean', 'mda8'];
  return scored === 'daily-mean' && measured === 'hourly' ? ['hourly', 'daily-mean'] : [measured];
}

function scopesOf(periods: readonly ScoredPeriod[], regions: readonly string[]): Scope[] {
  const names = periods.length > 1 ? periods.map(({ name }) => name) : [];
  const types = new Set(periods.flatMap(({ stations }) => stations.flatMap(({ type }) => type ?? [])));
  return [
    {},
    ...regions.map((region) => ({ region })),
    ...names.map((period) => ({ period })),
    ...regions.flatMap((region) => names.map((period) => ({ region, period }))),
    ...[...types].sort().map((type) => ({ type })),
  ];
}

function distanceScopes(periods: readonly ScoredPeriod[], edges: readonly number[]): Scope[] {
  const hasDistances = periods.some(({ stations }) => stations.some(({ nearestUsedKm }) => nearestUsedKm !== undefined));
  if (!hasDistances || edges.length === 0) return [];
  return [0, ...edges].map((lowerEdge, i) => ({ nearestUsedKm: { above: lowerEdge, ...(i < edges.length ? { upTo: edges[i] } : {}) } }));
}

/** Pairs of one species, each with the place (station and period) that it is of. */
interface Pairs {
  species: string;
  averaging: Averaging;
  places: { station: ScoredStation; period: string }[];
  place: number[];
  observed: number[];
  /** by run, those of which there are series in each period */
  simulated: Map<Run, number[]>;
  /** why there can be no such values at all */
  unavailable?: string;
}

function pairsOf(periods: readonly ScoredPeriod[], species: string, averaging: Averaging, options: ScoreOptions): Pairs {
  const runs = SIMULATED.filter((run) => periods.every(({ series }) => series.get(species)?.[run] !== undefined || !series.has(species)));
  const pairs: Pairs = { species, averaging, places: [], place: [], observed: [], simulated: new Map(runs.map((run) => [run, []])) };
  for (const period of periods) {
    const series = period.series.get(species);
    if (!series) continue;
    if (averaging === 'mda8' && period.stepSeconds >= 86400)
      return { ...pairs, unavailable: 'observations are daily means, which hold no 8-hour mean' };
    period.stations.forEach((station, s) => {
      const place = pairs.places.push({ station, period: period.name }) - 1;
      const { observed, simulated } = averaged(stationSeries(series, runs, s, period.stations.length), averaging, period);
      for (let i = 0; i < observed.length; i++) {
        if (!Number.isFinite(observed[i]) || !simulated.every((values) => Number.isFinite(values[i]))) continue;
        if (averaging === 'hourly-cutoff' && observed[i] < options.ozoneCutoff) continue;
        pairs.place.push(place);
        pairs.observed.push(observed[i]);
        runs.forEach((run, k) => pairs.simulated.get(run)!.push(simulated[k][i]));
      }
    });
  }
  return pairs;
}

function stationSeries(series: RunSeries, runs: readonly Run[], station: number, stations: number): HourlySeries {
  const column = (values: Float32Array): Float64Array =>
    Float64Array.from({ length: values.length / stations }, (_, t) => values[t * stations + station]);
  return { observed: column(series.observed), simulated: runs.map((run) => column(series[run]!)) };
}

function averaged(series: HourlySeries, averaging: Averaging, { firstHour, stepSeconds }: ScoredPeriod): HourlySeries {
  if (averaging === 'mda8') return maximumDaily8hMeans(series, firstHour);
  if (averaging === 'daily-mean' && stepSeconds < 86400) return dailyMeans(series, firstHour);
  return series;
}

function rowOf(pairs: Pairs, stations: Side, scope: Scope): ScoreRow {
  const { species, averaging } = pairs;
  const inScope = pairs.places.map(({ station, period }) => matches(station, period, scope) && station.withheld === (stations === 'withheld'));
  const chosen: number[] = [];
  pairs.place.forEach((place, i) => inScope[place] && chosen.push(i));
  const valuesOf = (values: number[]): Float64Array => {
    const out = new Float64Array(chosen.length);
    chosen.forEach((i, k) => (out[k] = values[i]));
    return out;
  };
  const observed = valuesOf(pairs.observed);
  const scored = (run: Run, reference: Run = 'prior'): ScoredRun => ({
    scores: scores(observed, valuesOf(pairs.simulated.get(run) ?? [])),
    change: maeChange(blockErrors(pairs, chosen, reference, run)),
  });
  const [{ scores: prior }, { scores: updated, change }] = [scored('prior'), scored('updated')];
  const hasRuns = (runs: readonly Run[]): boolean => stations === 'withheld' && runs.every((run) => pairs.simulated.has(run));
  const missing = pairs.unavailable ?? (chosen.length === 0 ? 'no station with a value' : undefined);
  return {
    species,
    averaging,
    stations,
    ...scope,
    monitors: new Set(chosen.map((i) => pairs.places[pairs.place[i]].station.id)).size,
    prior,
    updated,
    change,
    ...(hasRuns(INTERPOLATED) ? { interpolated: { each: scored('interpolated'), mean: scored('interpolatedMean') } } : {}),
    ...(hasRuns(BIAS_CORRECTED)
      ? { biasCorrected: { prior: scored('priorBiasCorrected'), updated: scored('updatedBiasCorrected', 'priorBiasCorrected') } }
      : {}),
    ...(hasRuns([FOUND]) ? { found: scored(FOUND) } : {}),
    ratings: { prior: rateScores(species, averaging, prior), updated: rateScores(species, averaging, updated) },
    ...(missing === undefined ? {} : { missing }),
  };
}

function matches({ regions, type, nearestUsedKm }: ScoredStation, period: string, scope: Scope): boolean {
  return (
    (scope.region === undefined || regions.includes(scope.region)) &&
    (scope.period === undefined || scope.period === period) &&
    (scope.type === undefined || scope.type === type) &&
    (scope.nearestUsedKm === undefined || isWithin(nearestUsedKm, scope.nearestUsedKm))
  );
}

function isWithin(km: number | undefined, { above, upTo = Infinity }: DistanceKm): boolean {
  // In the cell of a used one, too.
  return km !== undefined && (km > above || above === 0) && km <= upTo;
}

function blockErrors({ places, place, observed, simulated }: Pairs, chosen: readonly number[], reference: Run, run: Run): Map<string, BlockErrors> {
  const sums = new Map<string, BlockErrors>();
  const [valuesBefore, values] = [reference, run].map((compared) => simulated.get(compared) ?? []);
  for (const i of chosen) {
    const { block } = places[place[i]].station;
    const [sumBefore, sum] = sums.get(block) ?? [0, 0];
    sums.set(block, [sumBefore + Math.abs(valuesBefore[i] - observed[i]), sum + Math.abs(values[i] - observed[i])]);
  }
  return sums;
}
