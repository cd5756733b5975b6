/** The breakdown of scores of a case: what its stations, regions and time zone say to the rows, and the rows as a table. */
import type { Case } from '../../data/case';
import { speciesUnit } from '../../data/case-fields';
import { standardTimeOffset } from '../../data/observation-time';
import { PREPARED_SPECIES } from '../../data/prepared';
import type { Grid } from '../../grid/grid';
import { hourOf } from '../../inversion/daily-values';
import { Role } from '../../inversion/forward-model';
import type { StationSeries } from '../../inversion/observation-operator';
import { scoreRows, type ScoredPeriod, type ScoredStation, type ScoreRow } from '../../inversion/score-rows';
import type { Monitors } from '../invert/monitors';
import { distanceToUsed } from './nearest-used';
import { regionMask } from './regions';

export const SCORES_FILE = 'scores.csv';

/** A period as `verify` compares it. */
export interface ComparedPeriod {
  name: string;
  grid: Grid;
  monitors: Monitors;
  prior: StationSeries;
  updated: StationSeries;
}

/**
 * All rows of a case; regions without a station have rows that say so.
 *
 * @param lengthKm - correlation length of the inversion; 0: none, so that withheld stations are not divided by distance
 */
export function caseScores({ regions, scores, observations }: Case, periods: readonly ComparedPeriod[], lengthKm: number): ScoreRow[] {
  const scored = periods.map((period): ScoredPeriod => {
    const { prior, updated, monitors } = period;
    const start = prior.times[0];
    return {
      name: period.name,
      firstHour: hourOf(start, standardTimeOffset(start, observations.timeZone)),
      stepSeconds: monitors.observations.time.stepSeconds,
      stations: stationsOf(period, regions),
      series: new Map(
        [...prior.observed].map(([species, observed]) => [
          species,
          { observed, prior: prior.simulated.get(species)!, updated: updated.simulated.get(species)! },
        ]),
      ),
    };
  });
  return scoreRows(scored, {
    species: PREPARED_SPECIES,
    regions: Object.keys(regions),
    ozoneCutoff: scores.ozoneCutoff,
    // Within half the length an update is nearly that of the used monitor's own cell; beyond the whole of it little but the transport says anything.
    distancesKm: lengthKm > 0 ? [lengthKm / 2, lengthKm] : [],
  });
}

function stationsOf({ grid, monitors, prior }: ComparedPeriod, regions: Case['regions']): ScoredStation[] {
  const types = new Map(monitors.observations.stations.map(({ id, type }) => [id, type]));
  const masks = Object.entries(regions).map(([name, region]) => ({ name, mask: regionMask(region, grid) }));
  const toUsed = distanceToUsed(grid, prior, monitors);
  return prior.stations.map(({ id, role, cell }) => ({
    id,
    withheld: role === Role.withheld,
    ...(role === Role.withheld ? { nearestUsedKm: toUsed(cell) } : {}),
    block: monitors.block.get(id)!,
    regions: masks.flatMap(({ name, mask }) => (mask[cell] > 0 ? [name] : [])),
    type: types.get(id),
  }));
}

const RUNS = ['prior', 'updated'] as const;
type Run = (typeof RUNS)[number];

/** The columns of the table, each with what it says of a row and run; an absent value is an empty field. */
const COLUMNS: readonly [name: string, value: (row: ScoreRow, run: Run) => string | number | undefined][] = [
  ['species', ({ species }) => species],
  ['averaging', ({ averaging }) => averaging],
  ['stations', ({ stations }) => stations],
  ['region', ({ region }) => region],
  ['period', ({ period }) => period],
  ['site_type', ({ type }) => type],
  ['nearest_used_above_km', ({ nearestUsedKm }) => nearestUsedKm?.above],
  ['nearest_used_up_to_km', ({ nearestUsedKm }) => nearestUsedKm?.upTo],
  ['run', (_, run) => run],
  ['unit', ({ species }) => speciesUnit(species)],
  ['n', (row, run) => row[run].n],
  ['monitors', ({ monitors }) => monitors],
  ['blocks', ({ change }) => change.blocks],
  ['mean_observed', (row, run) => row[run].meanObserved],
  ['mean_simulated', (row, run) => row[run].meanSimulated],
  ['mb', (row, run) => row[run].bias],
  ['me', (row, run) => row[run].mae],
  ['rmse', (row, run) => row[run].rmse],
  ['nmb_percent', (row, run) => 100 * row[run].nmb],
  ['nme_percent', (row, run) => 100 * row[run].nme],
  ['mfb_percent', (row, run) => row[run].mfb],
  ['mfe_percent', (row, run) => row[run].mfe],
  ['r', (row, run) => row[run].r],
  ['ioa', (row, run) => row[run].ioa],
  ...(['nmb', 'nme', 'r'] as const).map((measure): (typeof COLUMNS)[number] => [`emery_${measure}`, (row, run) => row.ratings[run].emery?.[measure]]),
  ...(['mfb', 'mfe'] as const).map((measure): (typeof COLUMNS)[number] => [
    `boylan_russell_${measure}`,
    (row, run) => row.ratings[run].boylanRussell?.[measure],
  ]),
  ...(['relative', 'low', 'high'] as const).map((part): (typeof COLUMNS)[number] => [
    `me_change_percent${part === 'relative' ? '' : `_${part}`}`,
    ({ change }, run) => (run === 'prior' ? undefined : percent(part === 'relative' ? change.relative : change.interval?.[part])),
  ]),
  ['note', ({ missing, change }, run) => missing ?? (run === 'prior' ? undefined : change.noInterval)],
];

function percent(fraction: number | undefined): number | undefined {
  return fraction === undefined ? undefined : 100 * fraction;
}

/** The rows as CSV: two lines a row, one for each run. */
export function scoresCsv(rows: readonly ScoreRow[]): string {
  const lines = rows.flatMap((row) => RUNS.map((run) => COLUMNS.map(([, value]) => csvField(value(row, run))).join(',')));
  return [COLUMNS.map(([name]) => name).join(','), ...lines, ''].join('\n');
}

/** A value of a table: numbers with seven significant digits, as many as simulated values have; what is absent is empty. */
export function csvField(value: string | number | undefined): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toPrecision(7))) : '';
  return /[",\n\r]/.test(value ?? '') ? `"${value!.replaceAll('"', '""')}"` : (value ?? '');
}
