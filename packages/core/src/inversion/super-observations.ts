/**
 * Super-observations: stations that share a grid cell are averaged into one value per cell, species and time, as the model has one value there too.
 */
import { ConfigError, DataError } from '../errors';
import type { Grid } from '../grid/grid';
import type { Observations } from '../data/observations';
import { Role } from './forward-model';
import type { ObservedTime } from './observation-slots';

/** Error of observation and model together: the standard deviation is √((relative · value)² + absolute²). */
export type ObservationErrorSettings = Record<string, { relative: number; absolute: number }>;

/** A station inside the grid. */
export interface PlacedStation {
  /** column in the observations' arrays */
  index: number;
  id: string;
  /** row · cols + col */
  cell: number;
  role: number;
}

export interface SuperObservations {
  values: Float32Array;
  error: Float32Array;
  species: Uint8Array;
  withheld: Uint8Array;
  /** row · cols + col */
  cell: Int32Array;
  /** number of stations averaged */
  stations: Uint16Array;
  /** the values of observed time i are first[i] … first[i + 1] − 1 */
  first: Int32Array;
}

/**
 * The stations that lie inside the grid, with their roles.
 *
 * @throws {DataError} `STATIONS_OUTSIDE_GRID` if none does; `STATIONS_SHARE_CELL` if used and withheld stations share a cell
 */
export function placeStations(
  stations: Observations['stations'],
  grid: Pick<Grid, 'cols' | 'cellAt'>,
  withheld: ReadonlySet<string>,
  watched: ReadonlySet<string>,
): { inside: PlacedStation[]; outside: string[] } {
  const inside: PlacedStation[] = [];
  const outside: string[] = [];
  const occupant = new Map<number, PlacedStation>();
  stations.forEach(({ id, lon, lat }, index) => {
    const at = grid.cellAt(lon, lat);
    if (!at) {
      outside.push(id);
      return;
    }
    const role = withheld.has(id) ? Role.withheld : watched.has(id) ? Role.watched : Role.used;
    const placed = { index, id, cell: at.row * grid.cols + at.col, role };
    const other = occupant.get(placed.cell);
    if (other && other.role !== role) {
      throw new DataError('STATIONS_SHARE_CELL', `stations ${other.id} and ${id} share a grid cell, but not both are withheld: withhold whole cells`);
    }
    occupant.set(placed.cell, placed);
    inside.push(placed);
  });
  if (inside.length === 0) {
    throw new DataError(
      'STATIONS_OUTSIDE_GRID',
      `observations: none of ${stations.length} stations lies inside the grid: check lon and lat of the station file and the grid`,
    );
  }
  return { inside, outside };
}

/** Averages the stations' values per time, species and cell; missing values are left out. Order: time, species, cell by its first station. */
export function averagePerCell(
  observations: Observations,
  stations: readonly PlacedStation[],
  times: readonly ObservedTime[],
  species: readonly string[],
  errors: ObservationErrorSettings,
): SuperObservations {
  const cells = [...new Set(stations.map(({ cell }) => cell))];
  const position = new Map(cells.map((cell, i) => [cell, i]));
  const roles = cells.map((cell) => stations.find((station) => station.cell === cell)!.role);
  const rows: { value: number; species: number; cell: number; role: number; count: number }[] = [];
  const first = [0];
  for (const { step } of times) {
    species.forEach((name, s) => {
      const series = observations.values.get(name);
      if (!series) return;
      const sums = new Float64Array(cells.length);
      const counts = new Int32Array(cells.length);
      for (const { index, cell } of stations) {
        const value = series[step * observations.stations.length + index];
        if (!Number.isFinite(value)) continue;
        sums[position.get(cell)!] += value;
        counts[position.get(cell)!]++;
      }
      cells.forEach((cell, i) => {
        if (counts[i]) rows.push({ value: sums[i] / counts[i], species: s, cell, role: roles[i], count: counts[i] });
      });
    });
    first.push(rows.length);
  }
  return {
    values: Float32Array.from(rows, (row) => row.value),
    error: Float32Array.from(rows, (row) => standardDeviation(row.value, species[row.species], errors)),
    species: Uint8Array.from(rows, (row) => row.species),
    withheld: Uint8Array.from(rows, (row) => row.role),
    cell: Int32Array.from(rows, (row) => row.cell),
    stations: Uint16Array.from(rows, (row) => row.count),
    first: Int32Array.from(first),
  };
}

// Averaging several stations does not lower the error here: most of it is the model's and the cell's (representation), which they share.
function standardDeviation(value: number, species: string, errors: ObservationErrorSettings): number {
  const setting = errors[species];
  if (!setting) throw new ConfigError('OBSERVATION_ERROR', `inversion.observationError: no error is given for ${species}: add it`);
  const deviation = Math.hypot(setting.relative * value, setting.absolute);
  if (!(deviation > 0)) {
    throw new ConfigError(
      'OBSERVATION_ERROR',
      `inversion.observationError.${species}: an observed ${value} gets an error of ${deviation}: set absolute above 0`,
    );
  }
  return deviation;
}
