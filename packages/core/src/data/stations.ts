/** The monitors: where they are, and in which cells of a grid. */
import { DataError } from '../errors';
import { identifier, TableStore } from './table-store';

export interface Station {
  id: string;
  /** degrees east */
  lon: number;
  /** degrees north */
  lat: number;
  name?: string;
  /** of the site, such as urban or rural */
  type?: string;
}

/** The case's `observations.stations`: a CSV and the names of its columns. */
export interface StationsSpec {
  file: string;
  id: string;
  lon: string;
  lat: string;
  name?: string;
  type?: string;
}

export interface StationList {
  stations: Station[];
  /** ids of stations that were dropped, because they have no coordinates or none on earth */
  withoutCoordinates: string[];
}

/**
 * @throws {DataError} `FILE_MISSING`, `COLUMN_MISSING`, `STATION_TWICE` (one id at two places), `STATIONS_NONE`
 */
export async function readStations(spec: StationsSpec): Promise<StationList> {
  const store = await TableStore.open();
  try {
    const columns = await store.load('stations', [spec.file]);
    requireColumns(
      spec.file,
      columns,
      [spec.id, spec.lon, spec.lat, spec.name, spec.type].filter((column) => column !== undefined),
    );
    const optional = (column: string | undefined): string => (column === undefined ? 'NULL' : identifier(column));
    const number = (column: string): string => `TRY_CAST(trim(${identifier(column)}) AS DOUBLE)`;
    const rows = await store.rows(
      `SELECT trim(${identifier(spec.id)}), ${number(spec.lon)}, ${number(spec.lat)}, ${optional(spec.name)}, nullif(trim(${optional(spec.type)}), '') FROM stations WHERE trim(${identifier(spec.id)}) <> ''`,
    );
    return collect(spec.file, rows as StationRow[]);
  } finally {
    store.close();
  }
}

/** @throws {DataError} `COLUMN_MISSING`, listing the columns that are there */
export function requireColumns(file: string, held: string[], wanted: string[]): void {
  const missing = wanted.find((name) => !held.includes(name));
  if (missing === undefined) return;
  const shown = held.length > 20 ? `${held.slice(0, 20).join(', ')} … (${held.length})` : held.join(', ');
  throw new DataError('COLUMN_MISSING', `${file}: there is no column ${missing}; it holds ${shown}: name the right column in the case`);
}

type StationRow = [id: string, lon: number | null, lat: number | null, name: string | null, type: string | null];

function collect(file: string, rows: StationRow[]): StationList {
  const stations = new Map<string, Station>();
  const withoutCoordinates: string[] = [];
  for (const [id, lon, lat, name, type] of rows) {
    // (0, 0) lies in the ocean: what a spreadsheet makes of two empty cells.
    if (lon === null || lat === null || !(Math.abs(lat) <= 90 && lon >= -180 && lon <= 360) || (lon === 0 && lat === 0)) {
      withoutCoordinates.push(id);
      continue;
    }
    const before = stations.get(id);
    if (before && (before.lon !== lon || before.lat !== lat)) {
      throw new DataError(
        'STATION_TWICE',
        `${file}: station ${id} stands at ${before.lon}, ${before.lat} and at ${lon}, ${lat}: keep one of the two`,
      );
    }
    stations.set(id, { id, lon, lat, ...(name === null ? {} : { name }), ...(type === null ? {} : { type }) });
  }
  if (stations.size === 0)
    throw new DataError('STATIONS_NONE', `${file}: no station has coordinates: check the columns of longitude and latitude in the case`);
  return { stations: [...stations.values()], withoutCoordinates };
}
