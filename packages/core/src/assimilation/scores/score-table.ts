/** The breakdown of scores of a case: what its stations, regions and time zone say to the rows, and the rows as a table. */
import type { CaseChannels } from '../../base/species';
import { caseChannels, type Case } from '../../case';
import { standardTimeOffset } from '../../files/tables/local-time';
import { regionMasks } from '../../case/gridded/regions';
import type { Grid } from '../../grid/grid';
import { hourOf } from '../../inversion/observations/daily-values';
import { Role } from '../../inversion/cost/cost';
import type { MaeChange } from '../../inversion/scores/mae-change';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import type { Ratings } from '../../inversion/scores/performance-benchmarks';
import { scoreRows, type ScoredPeriod, type ScoredStation, type ScoreRow } from '../../inversion/scores/score-rows';
import type { Scores } from '../../inversion/scores/scores';
import type { Monitors } from '../observed/monitors';
import { quotedField } from '../../base/whole-files';
import { biasCorrectedSeries } from './bias-corrected';
import { interpolatedSeries } from './interpolated';
import { distanceToUsed } from './nearest-used';

export const SCORES_FILE = 'scores.csv';

/** A period as `verify` compares it. */
export interface ComparedPeriod {
  name: string;
  grid: Grid;
  monitors: Monitors;
  prior: StationSeries;
  updated: StationSeries;
  /** by species: the updated run with what was found beside the emissions, where something was */
  withNuisance?: ReadonlyMap<string, Float32Array>;
  /** of an entry of `observations.independent`: its name and zone, and the series of the monitors that the inversion used */
  independent?: { name: string; timeZone: string; beside: Pick<ComparedPeriod, 'prior' | 'monitors'> };
}

/**
 * All rows of a case, or of one of its `observations.independent`; regions without a station have rows that say so.
 *
 * @param periods - in each the same monitors: all of the case, or all of the entry
 * @param lengthKm - correlation length of the inversion; 0: none, so that withheld stations are not divided by distance
 */
export function caseScores(settings: Case, periods: readonly ComparedPeriod[], lengthKm: number): ScoreRow[] {
  const { regions, scores, observations } = settings;
  const { independent } = periods[0];
  const { timeZone } = independent ?? observations;
  const scored = periods.map((period): ScoredPeriod => {
    const { prior, updated, monitors, withNuisance } = period;
    const interpolated = interpolatedSeries(period.grid, prior, monitors);
    const corrected = biasCorrectedSeries(prior, updated, monitors);
    const start = prior.times[0];
    return {
      name: period.name,
      firstHour: hourOf(start, standardTimeOffset(start, timeZone)),
      stepSeconds: monitors.observations.time.stepSeconds,
      stations: stationsOf(period, regions),
      series: new Map(
        [...prior.observed].map(([species, observed]) => [
          species,
          {
            observed,
            prior: prior.simulated.get(species)!,
            updated: updated.simulated.get(species)!,
            ...interpolated.get(species),
            ...corrected.get(species),
            ...(withNuisance && { updatedAndFound: withNuisance.get(species)! }),
          },
        ]),
      ),
    };
  });
  const rows = scoreRows(scored, {
    species: caseChannels(settings).species,
    regions: Object.keys(regions),
    ozoneCutoff: scores.ozoneCutoff,
    // Within half the length an update is nearly that of the used monitor's own cell; beyond the whole of it little but the transport says anything.
    distancesKm: lengthKm > 0 ? [lengthKm / 2, lengthKm] : [],
  });
  if (independent === undefined) return rows;
  return rows.flatMap((row) => (row.stations === 'withheld' ? [{ ...row, stations: independent.name }] : []));
}

function stationsOf(period: ComparedPeriod, regions: Case['regions']): ScoredStation[] {
  const { grid, monitors, prior } = period;
  const withUsed = period.independent?.beside ?? period;
  const types = new Map(monitors.observations.stations.map(({ id, type }) => [id, type]));
  const masks = regionMasks(regions, grid);
  const toUsed = distanceToUsed(grid, withUsed.prior, withUsed.monitors);
  return prior.stations.map(({ id, role, cell }) => ({
    id,
    withheld: role === Role.withheld,
    ...(role === Role.withheld ? { nearestUsedKm: toUsed(cell) } : {}),
    block: monitors.block.get(id)!,
    regions: masks.flatMap(({ name, mask }) => (mask[cell] > 0 ? [name] : [])),
    type: types.get(id),
  }));
}

/** A run of a row, one line of the table. */
interface Line {
  unit: string;
  run: string;
  scores: Scores;
  ratings?: Ratings;
  /** against the prior run, of the updated one without its bias against the prior one without; absent: it is the prior run */
  change?: MaeChange;
}

function linesOf({ prior, updated, change, ratings, interpolated, biasCorrected, found }: ScoreRow): Omit<Line, 'unit'>[] {
  return [
    { run: 'prior', scores: prior, ratings: ratings.prior },
    { run: 'updated', scores: updated, ratings: ratings.updated, change },
    ...(interpolated
      ? [
          { run: 'interpolated', ...interpolated.each },
          { run: 'interpolated-mean', ...interpolated.mean },
        ]
      : []),
    ...(biasCorrected
      ? [
          { run: 'prior-bias-corrected', ...biasCorrected.prior },
          { run: 'updated-bias-corrected', ...biasCorrected.updated },
        ]
      : []),
    ...(found ? [{ run: 'updated-and-found', ...found }] : []),
  ];
}

/** The columns of the table, each with what it says of a row and a run of it; an absent value is an empty field. */
const COLUMNS: readonly [name: string, value: (row: ScoreRow, line: Line) => string | number | undefined][] = [
  ['species', ({ species }) => species],
  ['averaging', ({ averaging }) => averaging],
  ['stations', ({ stations }) => stations],
  ['region', ({ region }) => region],
  ['period', ({ period }) => period],
  ['site_type', ({ type }) => type],
  ['nearest_used_above_km', ({ nearestUsedKm }) => nearestUsedKm?.above],
  ['nearest_used_up_to_km', ({ nearestUsedKm }) => nearestUsedKm?.upTo],
  ['run', (_, { run }) => run],
  ['unit', (_, { unit }) => unit],
  ['n', (_, { scores }) => scores.n],
  ['monitors', ({ monitors }) => monitors],
  ['blocks', ({ change }) => change.blocks],
  ['mean_observed', (_, { scores }) => scores.meanObserved],
  ['mean_simulated', (_, { scores }) => scores.meanSimulated],
  ['mb', (_, { scores }) => scores.bias],
  ['me', (_, { scores }) => scores.mae],
  ['rmse', (_, { scores }) => scores.rmse],
  ['nmb_percent', (_, { scores }) => 100 * scores.nmb],
  ['nme_percent', (_, { scores }) => 100 * scores.nme],
  ['mfb_percent', (_, { scores }) => scores.mfb],
  ['mfe_percent', (_, { scores }) => scores.mfe],
  ['r', (_, { scores }) => scores.r],
  ['ioa', (_, { scores }) => scores.ioa],
  ...(['nmb', 'nme', 'r'] as const).map((measure): (typeof COLUMNS)[number] => [`emery_${measure}`, (_, { ratings }) => ratings?.emery?.[measure]]),
  ...(['mfb', 'mfe'] as const).map((measure): (typeof COLUMNS)[number] => [
    `boylan_russell_${measure}`,
    (_, { ratings }) => ratings?.boylanRussell?.[measure],
  ]),
  ['me_change_percent', (_, { change }) => percent(change?.relative)],
  ['me_change_percent_low', (_, { change }) => percent(change?.interval?.low)],
  ['me_change_percent_high', (_, { change }) => percent(change?.interval?.high)],
  ['note', ({ missing }, { change }) => missing ?? change?.noInterval],
];

function percent(fraction: number | undefined): number | undefined {
  return fraction === undefined ? undefined : 100 * fraction;
}

/** The rows as CSV: a line for each run, prior and updated, of withheld stations those that are interpolated, without their bias and with what was found, too. */
export function scoresCsv(rows: readonly ScoreRow[], units: CaseChannels['units']): string {
  const lines = rows.flatMap((row) =>
    linesOf(row).map((line) => COLUMNS.map(([, value]) => csvField(value(row, { ...line, unit: units[row.species] }))).join(',')),
  );
  return [COLUMNS.map(([name]) => name).join(','), ...lines, ''].join('\n');
}

/** A value of a table: numbers with seven significant digits, as many as simulated values have; what is absent is empty. */
export function csvField(value: string | number | undefined): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toPrecision(7))) : '';
  return quotedField(value ?? '');
}
