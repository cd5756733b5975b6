/** The pairs behind every score on the page: which stations, which species, which periods; and sums of emissions over regions. */
import { annualWeights, massMoved } from '../../inversion/scores/redistribution';
import { scores } from '../../inversion/scores/scores';
import type { ReportConcentrations, ReportData, ReportGrid, ReportStation } from './report-data';

/** The two sides of every proof: monitors that had a say in the result, and monitors that had none. */
export type Side = 'used' | 'withheld';

/** Watched monitors chose when to stop, so they are not on the withheld side. */
export function sideOf({ role }: ReportStation): Side {
  return role === 'withheld' ? 'withheld' : 'used';
}

/** Which simulation is compared with the observations. */
export type Variant = 'prior' | 'updated' | 'paper';

export type Scores = ReturnType<typeof scores>;

interface Selection {
  species: string;
  side: Side;
  /** all periods together where absent */
  period?: string;
}

export interface Pairs {
  observed: Float64Array;
  simulated: Partial<Record<Variant, Float64Array>>;
  /** stations with at least one pair, and the spatial blocks that they lie in */
  stations: number;
  blocks: number;
}

/** The variants that every one of these series has. */
function variantsOf(series: ReportConcentrations[]): Variant[] {
  return series.every((entry) => entry.paper) ? ['prior', 'updated', 'paper'] : ['prior', 'updated'];
}

function matching(data: ReportData, { species, period }: Pick<Selection, 'species' | 'period'>): ReportConcentrations[] {
  return data.concentrations.filter((entry) => entry.species === species && (period === undefined || entry.period === period));
}

/** Observed and simulated values, where the observation and *every* variant is there: all variants are judged on the same pairs. */
export function pairs(data: ReportData, selection: Selection): Pairs {
  const series = matching(data, selection);
  const variants = variantsOf(series);
  const columns = data.stations.flatMap((station, column) => (sideOf(station) === selection.side ? [column] : []));
  const capacity = series.reduce((sum, { observed }) => sum + (observed.length / data.stations.length) * columns.length, 0);
  const columnsOfPairs = ['observed' as const, ...variants].map(() => new Float64Array(capacity));
  const stationsWithPairs = new Set<ReportStation>();
  let count = 0;
  for (const entry of series) {
    const valueLists = [entry.observed, ...variants.map((variant) => entry[variant] ?? [])];
    for (let first = 0; first < entry.observed.length; first += data.stations.length) {
      for (const column of columns) {
        const index = first + column;
        if (!valueLists.every((values) => Number.isFinite(values[index]))) continue;
        stationsWithPairs.add(data.stations[column]);
        for (let k = 0; k < valueLists.length; k++) columnsOfPairs[k][count] = valueLists[k][index];
        count++;
      }
    }
  }
  const [observed, ...simulated] = columnsOfPairs.map((values) => values.subarray(0, count));
  return {
    observed,
    simulated: Object.fromEntries(variants.map((variant, place) => [variant, simulated[place]])),
    stations: stationsWithPairs.size,
    blocks: new Set([...stationsWithPairs].flatMap(({ block }) => (block === undefined ? [] : [block]))).size,
  };
}

/** By their simulated values: a row of a table asks for the scores of the same pairs in each of its cells. */
const cachedScores = new WeakMap<Float64Array, Scores>();

/** Scores of one variant against the observations; undefined where there is no pair. */
export function variantScores({ observed, simulated }: Pairs, variant: Variant): Scores | undefined {
  const values = simulated[variant];
  if (!values || observed.length === 0) return undefined;
  const variantScore = cachedScores.get(values) ?? scores(observed, values);
  cachedScores.set(values, variantScore);
  return variantScore;
}

/** Relative change of the mean absolute error at one station from prior to updated, over all periods; NaN without a pair. */
export function errorChangeAtStation(data: ReportData, species: string, station: number): number {
  let [priorError, updatedError] = [0, 0];
  for (const { observed, prior, updated } of matching(data, { species })) {
    for (let index = station; index < observed.length; index += data.stations.length) {
      const errors = [Math.abs(prior[index] - observed[index]), Math.abs(updated[index] - observed[index])];
      if (!errors.every(Number.isFinite)) continue;
      priorError += errors[0];
      updatedError += errors[1];
    }
  }
  return priorError > 0 ? updatedError / priorError - 1 : NaN;
}

/** Mean over the stations of one side at each time, over those where observation and every variant is there; NaN where none is. */
export function meanSeries(data: ReportData, series: ReportConcentrations, side: Side): Record<'observed' | Variant, number[]> {
  const variants = variantsOf([series]);
  const names = ['observed' as const, ...variants];
  const result: Record<'observed' | Variant, number[]> = { observed: [], prior: [], updated: [], paper: [] };
  for (let first = 0; first < series.observed.length; first += data.stations.length) {
    const chosen = data.stations.flatMap((station, index) =>
      sideOf(station) === side && names.every((name) => Number.isFinite(series[name]?.[first + index])) ? [first + index] : [],
    );
    for (const name of names) {
      result[name].push(chosen.reduce((sum, index) => sum + (series[name]?.[index] ?? NaN), 0) / (chosen.length || NaN));
    }
  }
  return result;
}

/**
 * Emission rate of a field over a region.
 *
 * @param field - `[H, W]` kg m-2 s-1 @param mask - `[H, W]` 0…1, everything where absent
 * @returns Mt a-1
 */
export function annualTotal(grid: ReportGrid, field: ArrayLike<number>, mask?: ArrayLike<number>): number {
  return annualWeights(grid, mask).reduce((sum, weight, cell) => sum + weight * field[cell], 0);
}

/** Σ|updated − prior| / Σ prior: what was moved, which the change of the total hides where ups and downs cancel. */
export function movedPart(grid: ReportGrid, prior: ArrayLike<number>, updated: ArrayLike<number>, mask?: ArrayLike<number>): number {
  return massMoved(prior, updated, annualWeights(grid, mask));
}
