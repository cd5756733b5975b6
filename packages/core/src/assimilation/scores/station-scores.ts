/** Scores of prior and updated run at each station, as a table: where on the map an inventory is wrong, and where the update helped. */
import { SPECIES, speciesUnit } from '../../base/species';
import { scores, type Scores } from '../../inversion/scores/scores';
import { comparedStations, type ComparedStation } from './pairs-file';
import { csvField, type ComparedPeriod } from './score-table';

export const STATIONS_FILE = 'stations.csv';

interface StationRow {
  period: string;
  species: string;
  station: ComparedStation;
  prior: Scores;
  updated: Scores;
}

const PLACE: readonly [name: string, value: (row: StationRow) => string | number | undefined][] = [
  ['period', ({ period }) => period],
  ['species', ({ species }) => species],
  ['unit', ({ species }) => speciesUnit(species)],
  ['station', ({ station }) => station.id],
  ['name', ({ station }) => station.name],
  ['site_type', ({ station }) => station.type],
  ['lat', ({ station }) => station.lat],
  ['lon', ({ station }) => station.lon],
  ['row', ({ station }) => station.row],
  ['col', ({ station }) => station.col],
  ['role', ({ station }) => station.role],
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
export function stationsCsv(periods: readonly ComparedPeriod[]): string {
  const lines = periods.flatMap((period) => rowsOf(period).map((row) => COLUMNS.map(([, value]) => csvField(value(row))).join(',')));
  return [COLUMNS.map(([name]) => name).join(','), ...lines, ''].join('\n');
}

function rowsOf(compared: ComparedPeriod): StationRow[] {
  const { name: period, prior, updated } = compared;
  const stations = comparedStations(compared);
  return SPECIES.filter((species) => prior.observed.has(species)).flatMap((species) =>
    stations.flatMap((station, s) => {
      const [observed, priorSeries, updatedSeries] = [prior.observed, prior.simulated, updated.simulated].map((series) =>
        Float64Array.from(prior.times, (_, t) => series.get(species)![t * stations.length + s]),
      );
      const row = { period, species, station, prior: scores(observed, priorSeries), updated: scores(observed, updatedSeries) };
      return row.prior.n > 0 ? [row] : [];
    }),
  );
}
