/** Scores of prior and updated run at each station, as a table: where on the map an inventory is wrong, and where the update helped. */
import type { CaseChannels } from '../../base/species';
import { scores, type Scores } from '../../inversion/scores/scores';
import { comparedStations, type ComparedStation } from './pairs-file';
import { csvField, type ComparedPeriod } from './score-table';

export const STATIONS_FILE = 'stations.csv';

interface StationRow {
  period: string;
  species: string;
  unit: string;
  station: ComparedStation;
  /** of the station, or the name of the entry of `observations.independent` that it is of */
  role: string;
  prior: Scores;
  updated: Scores;
}

const PLACE: readonly [name: string, value: (row: StationRow) => string | number | undefined][] = [
  ['period', ({ period }) => period],
  ['species', ({ species }) => species],
  ['unit', ({ unit }) => unit],
  ['station', ({ station }) => station.id],
  ['name', ({ station }) => station.name],
  ['site_type', ({ station }) => station.type],
  ['lat', ({ station }) => station.lat],
  ['lon', ({ station }) => station.lon],
  ['row', ({ station }) => station.row],
  ['col', ({ station }) => station.col],
  ['role', ({ role }) => role],
  ['pairs', ({ prior }) => prior.n],
  ['observed_mean', ({ prior }) => prior.meanObserved],
];
const MEASURES: readonly [name: string, value: (scores: Scores) => number][] = [
  ['mean', ({ meanSimulated }) => meanSimulated],
  ['bias', ({ bias }) => bias],
  ['mae', ({ mae }) => mae],
  ['rmse', ({ rmse }) => rmse],
  ['r', ({ r }) => r],
];
const COLUMNS = [
  ...PLACE,
  ...(['prior', 'updated'] as const).flatMap((run) =>
    MEASURES.map(([name, value]): (typeof PLACE)[number] => [`${run}_${name}`, (row) => value(row[run])]),
  ),
];

/** A line for each station, species and period with a pair of observed, prior and updated value. What has no value, as r where a side does not vary, is empty. */
export function stationsCsv(periods: readonly ComparedPeriod[], channels: Pick<CaseChannels, 'species' | 'units'>): string {
  const lines = periods.flatMap((period) => rowsOf(period, channels).map((row) => COLUMNS.map(([, value]) => csvField(value(row))).join(',')));
  return [COLUMNS.map(([name]) => name).join(','), ...lines, ''].join('\n');
}

function rowsOf(compared: ComparedPeriod, { species: names, units }: Pick<CaseChannels, 'species' | 'units'>): StationRow[] {
  const { name: period, prior, updated, independent } = compared;
  const stations = comparedStations(compared);
  return names
    .filter((species) => prior.observed.has(species))
    .flatMap((species) =>
      stations.flatMap((station, s) => {
        const [observed, priorSeries, updatedSeries] = [prior.observed, prior.simulated, updated.simulated].map((series) =>
          Float64Array.from(prior.times, (_, t) => series.get(species)![t * stations.length + s]),
        );
        const [priorScores, updatedScores] = [priorSeries, updatedSeries].map((series) => scores(observed, series));
        const role = independent?.name ?? station.role;
        const row = { period, species, unit: units[species], station, role, prior: priorScores, updated: updatedScores };
        return row.prior.n > 0 ? [row] : [];
      }),
    );
}
