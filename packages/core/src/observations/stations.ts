/** The monitors: where they are, and in which cells of a grid. */
import { expectObject, expectText, DataError } from '../base/errors';
import { namesTwice } from '../files/tables/csv-format';
import type { Grid } from '../grid/grid';
import { MISSING_WORDS } from './observation-quality';
import { identifier, TableStore, type HeldFile } from '../files/tables/table-store';
import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readRegular } from '../base/whole-files';
import { firstLine, isGzipped } from '../files/tables/table-files';

export interface Station {
  id: string;
  /** degrees east */
  lon: number;
  /** degrees north */
  lat: number;
  name?: string;
  /** of the site, such as urban or rural */
  type?: string;
  /** that it belongs to */
  network?: string;
}

/** The case's `observations.stations`: a CSV and the names of its columns. In lists of AQS, AirNow and the EEA that lack them the site's code and place are taken. */
export interface StationsSpec {
  file: string;
  id: string;
  lon: string;
  lat: string;
  name?: string;
  type?: string;
  network?: string;
}

/** What decides beside the file which stations there are, for records; nothing where the columns are named as by default. Names and types say nothing of places. */
export function placeColumns({ id, lon, lat }: StationsSpec): object | undefined {
  const renamed = Object.entries({ id, lon, lat }).filter(([column, name]) => name !== column);
  return renamed.length > 0 ? Object.fromEntries(renamed) : undefined;
}

export interface StationList {
  stations: Station[];
  /** ids of stations that were dropped, because they have no coordinates or none on earth */
  withoutCoordinates: string[];
  /** what is wrong with those among them that have some: `S1: latitude 300.4 is outside -90 to 90` */
  misplaced: string[];
}

/**
 * Reads the stations of a CSV that lie on earth.
 *
 * @throws {DataError} `FILE_MISSING`, `COLUMN_MISSING`, `STATION_TWICE` (one id at two places or in two networks), `STATIONS_NONE`
 *
 * @example
 * const { stations } = await readStations({ file: 'stations.csv', id: 'id', lon: 'lon', lat: 'lat' });
 */
export async function readStations(spec: StationsSpec): Promise<StationList> {
  expectObject(spec, 'readStations: spec', "an object, such as { file: 'stations.csv', id: 'id', lon: 'lon', lat: 'lat' },");
  for (const key of ['file', 'id', 'lon', 'lat'] as const)
    expectText(spec[key], `readStations: ${key}`, key === 'file' ? 'a path' : 'the name of a column');
  if (await isAirnowSiteList(spec.file)) return airnowStations(spec);
  const store = await TableStore.open();
  try {
    const columns = await store.view('stations', [spec.file]);
    const knownNetwork = columns.includes(spec.id) ? undefined : knownList(columns);
    const [lon, lat] = [spec.lon, spec.lat].map((name, i) => (knownNetwork === undefined || columns.includes(name) ? name : PLACE[i]));
    requireColumns(
      store.files('stations'),
      [...(knownNetwork === undefined ? [spec.id] : []), lon, lat, spec.name, spec.type, spec.network].filter((column) => column !== undefined),
    );
    const id = knownNetwork ?? `trim(${identifier(spec.id)})`;
    const optional = (column: string | undefined): string => (column === undefined ? 'NULL' : identifier(column));
    const givenText = (column: string): string =>
      `CASE WHEN lower(trim(${identifier(column)})) NOT IN ${MISSING_WORDS} THEN trim(${identifier(column)}) END`;
    const number = (column: string): string => `TRY_CAST(trim(${identifier(column)}) AS DOUBLE)`;
    const places = [lon, lat].map((column) => `${number(column)}, ${givenText(column)}`).join(', ');
    const fields = `${id} AS id, ${places}, ${optional(spec.name)}, nullif(trim(${optional(spec.type)}), ''), nullif(trim(${optional(spec.network)}), '')`;
    // These lists have a row for each hour, parameter or sample of a site.
    const select = knownNetwork === undefined ? `SELECT ${fields}` : `SELECT DISTINCT ${fields}`;
    const rows = await store.rows(`${select} FROM stations WHERE ${id} <> ''${knownNetwork === undefined ? '' : ' ORDER BY ALL'}`, spec.file);
    // A station of such a list has several points, which may stand apart.
    const points = knownNetwork === undefined ? LIST_IDS.find((name) => name !== spec.id && columns.includes(name)) : undefined;
    return collect(spec.file, rows as StationRow[], points);
  } finally {
    store.close();
  }
}

/**
 * Parts stations into those inside a grid and those outside.
 *
 * @throws {DataError} `STATIONS_OUTSIDE_GRID` if none lies inside
 */
export function partStations(stations: readonly Station[], grid: Pick<Grid, 'cellAt' | 'name'>): { inside: Station[]; outside: Station[] } {
  const [inside, outside]: [Station[], Station[]] = [[], []];
  for (const station of stations) (grid.cellAt(station.lon, station.lat) ? inside : outside).push(station);
  if (inside.length > 0) return { inside, outside };
  const [first] = outside;
  const example = outside.length > 0 ? ` (${first.id} at ${first.lon}, ${first.lat})` : '';
  throw new DataError(
    'STATIONS_OUTSIDE_GRID',
    `observations: none of ${outside.length} stations${example} lies inside the grid ${grid.name}: check lon and lat of the stations, and the case's grid`,
  );
}

const PLACE = ['Longitude', 'Latitude'];
/** Columns of identifiers in the lists of AirNow and the EEA. */
export const LIST_IDS = ['AQSID', 'Sampling Point Id'];

/** SQL of the identifiers in files of networks whose columns are known; undefined for other files. */
function knownList(columns: readonly string[]): string | undefined {
  const site = aqsSiteColumns(columns);
  if (site) return aqsIdentifier(site);
  const id = LIST_IDS.find((name) => [name, ...PLACE].every((column) => columns.includes(column)));
  return id && `trim(${identifier(id)})`;
}

function airnowStations({ file, name, type, network }: StationsSpec): StationList {
  requireColumns(
    [{ path: file, columns: AIRNOW_SITE_COLUMNS }],
    [name, type, network].filter((column) => column !== undefined),
  );
  const indexOf = (column: string): number => AIRNOW_SITE_COLUMNS.indexOf(column);
  const sites = new Map<string, StationRow>();
  for (const row of readAirnowSites(file).rows) {
    const [lon, lat] = PLACE.map((column) => row[indexOf(column)]);
    const number = (text: string): number | null => (text === '' || !Number.isFinite(Number(text)) ? null : Number(text));
    const givenText = (column: string | undefined): string | null => (column === undefined ? null : row[indexOf(column)] || null);
    const site: StationRow = [row[0], number(lon), lon || null, number(lat), lat || null, givenText(name), givenText(type), givenText(network)];
    // All rows of a site say the same of it, or it stands at two places, which is told.
    if (row[0] !== '') sites.set(`${row[0]} ${lon} ${lat}`, site);
  }
  return collect(file, [...sites.values()]);
}

/** The columns that name a site in files of AQS; undefined for other files. */
export function aqsSiteColumns(columns: readonly string[]): string[] | undefined {
  return AQS_SITES.find((site) => site.every((name) => columns.includes(name)));
}

/** The number of a site as files of observations name it, and as lists of sites and some files of observations do. */
const AQS_SITES = ['Site Num', 'Site Number'].map((site) => ['State Code', 'County Code', site]);

/** As {@link aqsIdentifier}, of files that may differ in what they call the site. @param columns - of all files */
export function aqsStation(columns: readonly string[]): string {
  const sites = AQS_SITES.filter((site) => site.every((name) => columns.includes(name)));
  return `coalesce(${sites.map(aqsIdentifier).join(', ')})`;
}

/** SQL of AirNow's number of a site of AQS: state, county and site as nine digits. @param columns - of the three */
export function aqsIdentifier(columns: readonly string[]): string {
  return columns.map((column, i) => `lpad(trim(${identifier(column)}), ${[2, 3, 4][i]}, '0')`).join(' || ');
}

/**
 * Each file must hold the columns: of several, one without them would lose its rows without a word.
 *
 * @param remedy - what to do where the case does not name the columns
 * @throws {DataError} `COLUMN_MISSING`, listing the columns that are there; `COLUMN_TWICE`
 */
export function requireColumns(files: readonly HeldFile[], wanted: readonly string[], remedy?: string): void {
  for (const { path, columns: fileColumns, row } of files) {
    const missing = wanted.find((name) => !fileColumns.includes(name));
    if (missing === undefined) continue;
    if (row !== undefined) throw new DataError('COLUMN_MISSING', `${path}: ${headlessText(row)}`);
    const twice = namesTwice(fileColumns).get(missing.toLowerCase());
    if (twice) throw columnTwice(path, missing, twice, remedy === undefined);
    const shown = fileColumns.length > 20 ? `${fileColumns.slice(0, 20).join(', ')} … (${fileColumns.length})` : fileColumns.join(', ');
    throw new DataError(
      'COLUMN_MISSING',
      remedy === undefined
        ? `${path}: there is no column ${missing}; it holds ${shown}: name the right column in the case`
        : `${path}: there is no column ${missing}; it holds ${shown}: ${remedy}`,
    );
  }
}

/** @param columns - as they are told apart @param isNamed - whether the case names columns */
export function columnTwice(path: string, name: string, columns: readonly string[], isNamed: boolean): DataError {
  return new DataError(
    'COLUMN_TWICE',
    isNamed
      ? `${path}: the column ${name} stands there ${columns.length} times: name the one that is meant in the case (${columns.join(' or ')}), or remove the others`
      : `${path}: the column ${name} stands there ${columns.length} times (${columns.join(' or ')}): remove all but one`,
  );
}

/** @param row - of {@link HeldFile} */
export const headlessText = (row: string): string => `${row} is a row of data and no header: write a line with the names of the columns above it`;

type StationRow = [
  id: string,
  lon: number | null,
  lonText: string | null,
  lat: number | null,
  latText: string | null,
  name: string | null,
  type: string | null,
  network: string | null,
];

/** @returns undefined for one that can be on earth, or that is none at all */
function placeFault(axis: string, value: number | null, text: string | null, [lowest, highest]: readonly [number, number]): string | undefined {
  if (text === null) return undefined;
  if (value === null) return `${axis} "${text}" is no number`;
  return value >= lowest && value <= highest ? undefined : `${axis} ${value} is outside ${lowest} to ${highest}`;
}

/** @param points - the column of points, where the list has one and the case names another */
function collect(file: string, rows: StationRow[], points?: string): StationList {
  const stations = new Map<string, Station>();
  // A list may have several rows of a station.
  const withoutCoordinates = new Set<string>();
  const misplaced = new Map<string, string>();
  for (const [id, lon, lonText, lat, latText, name, type, network] of rows) {
    const fault = placeFault('longitude', lon, lonText, [-180, 360]) ?? placeFault('latitude', lat, latText, [-90, 90]);
    if (fault !== undefined) misplaced.set(id, misplaced.get(id) ?? `${id}: ${fault}`);
    // (0, 0) lies in the ocean: what a spreadsheet makes of two empty cells.
    if (fault !== undefined || lonText === null || latText === null || lon === null || lat === null || (lon === 0 && lat === 0)) {
      withoutCoordinates.add(id);
      continue;
    }
    const earlier = stations.get(id);
    if (earlier && (earlier.lon !== lon || earlier.lat !== lat)) {
      throw new DataError(
        'STATION_TWICE',
        `${file}: station ${id} stands at ${earlier.lon}, ${earlier.lat} and at ${lon}, ${lat}: ${points === undefined ? '' : `set observations.stations.id: ${points}, or `}keep one of the two`,
      );
    }
    // Whether it is withheld may depend on it.
    if (earlier && (earlier.network ?? null) !== network) {
      throw new DataError(
        'STATION_TWICE',
        `${file}: station ${id} is of the network "${earlier.network ?? ''}" and of "${network ?? ''}": keep one of the two`,
      );
    }
    const optional = { ...(name !== null && { name }), ...(type !== null && { type }), ...(network !== null && { network }) };
    stations.set(id, { id, lon, lat, ...optional });
  }
  const faults = [...misplaced].flatMap(([id, fault]) => (stations.has(id) ? [] : [fault]));
  if (stations.size === 0)
    throw new DataError(
      'STATIONS_NONE',
      `${file}: no station has coordinates${faults.length > 0 ? ` (${faults[0]})` : ''}: check the columns of longitude and latitude in the case`,
    );
  return { stations: [...stations.values()], withoutCoordinates: [...withoutCoordinates].filter((id) => !stations.has(id)), misplaced: faults };
}

/** Coordinates that are on earth, but may be none: what files write for missing, and what a spreadsheet makes of an empty cell. */

/*
 * AirNow's own list of sites, monitoring_site_locations.dat: no header, 23 fields between bars, a row for each site and parameter; code page 850, or UTF-8.
 * See https://docs.airnowapi.org/docs/MonitoringSiteFactSheet.pdf
 */

/** Named as in the newer Monitoring_Site_Locations_V2.dat, which has a header. */
export const AIRNOW_SITE_COLUMNS = [
  'AQSID', 'Parameter', 'SiteCode', 'SiteName', 'Status', 'AgencyID', 'AgencyName', 'EPARegion', 'Latitude', 'Longitude', 'Elevation', 'GMTOffset',
  'CountryFIPS', 'CMSACode', 'CMSAName', 'MSACode', 'MSAName', 'StateCode', 'StateName', 'CountyCode', 'CountyName', 'CityCode', 'CityName',
]; // prettier-ignore

/** The letters of the bytes from 128 on. */
const CODE_PAGE_850 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';

interface AirnowSites {
  encoding: 'UTF-8' | 'code page 850';
  /** of fields, in the order of {@link AIRNOW_SITE_COLUMNS} */
  rows: string[][];
}

/** Known by its first line. */
export async function isAirnowSiteList(path: string): Promise<boolean> {
  if (!existsSync(path) || /\.parquet$/i.test(path)) return false;
  const fields = (await firstLine(path)).split('|');
  return fields.length === AIRNOW_SITE_COLUMNS.length && [8, 9].every((i) => /^\s*-?\d+(\.\d+)?\s*$/.test(fields[i]));
}

/** @throws {DataError} `TABLE_UNREADABLE` for a row of another number of fields */
export function readAirnowSites(path: string): AirnowSites {
  const stored = readRegular(path);
  const bytes = isGzipped(path) ? gunzipSync(stored) : stored;
  const encoding = isUtf8(bytes) ? 'UTF-8' : 'code page 850';
  const text = encoding === 'UTF-8' ? bytes.toString('utf8') : fromCodePage850(bytes);
  const rows = text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const fields = line.split('|').map((field) => field.trim());
    if (fields.length === AIRNOW_SITE_COLUMNS.length) return [fields];
    throw new DataError(
      'TABLE_UNREADABLE',
      `${path}: the table cannot be read (expected ${AIRNOW_SITE_COLUMNS.length} fields but line ${i + 1} has ${fields.length}): mend the file`,
    );
  });
  return { encoding, rows };
}

const fromCodePage850 = (bytes: Buffer): string =>
  bytes.toString('latin1').replace(/[\x80-\xff]/g, (letter) => CODE_PAGE_850[letter.charCodeAt(0) - 128]);
