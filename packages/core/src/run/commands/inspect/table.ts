/**
 * Tables for `inspect`: lists of stations, observations in a known layout, and others. DuckDB streams the file through each query: memory follows from
 * the number of columns and of different keys, not from the rows.
 */
import { namesTwice } from '../../../files/tables/csv-format';
import { AIRNOW_TIME, rawFormatOf, type LayoutName } from '../../../observations/observation-layouts';
import { cnemcUnit } from '../../../observations/network-species';
import {
  hasDecimalComma,
  MISSING_WORDS,
  standsForNone,
  doubtfulPlaces,
  clockColumn,
  clockFault,
  clockRows,
} from '../../../observations/observation-quality';
import { parseTime } from '../../../files/tables/local-time';
import {
  aqsIdentifier,
  aqsSiteColumns,
  headlessText,
  LIST_IDS,
  AIRNOW_SITE_COLUMNS,
  isAirnowSiteList,
  readAirnowSites,
} from '../../../observations/stations';
import { identifier, TableStore, type HeldFile } from '../../../files/tables/table-store';
import { firstLine } from '../../../files/tables/table-files';
import { shortList, type Inspection, type Oddity, type TimeSummary, type VariableSummary } from './inspection';

export const LON = /^(lon|long|longitude|lng|经度|x)$/i;
export const LAT = /^(lat|latitude|纬度|y)$/i;
export const STATION = /^(station|station_?id|stationcode|site|site_?id|id|code|aqsid|samplingpoint|location_id|监测点编码)$/i;
const TIME = /time|date|start|datetime|hour/i;
/** Columns of the wide layout of China's files. */
const WIDE = ['date', 'hour', 'type'];
const SHOWN_COLUMNS = 40;

export async function inspectTable(path: string): Promise<Omit<Inspection, 'path' | 'bytes'>> {
  if (await isAirnowSiteList(path)) return airnowSites(path);
  const store = await TableStore.open();
  try {
    const airnow = await isAirnow(path);
    const columns = await store.view('held', [path], airnow ? rawFormatOf('airnow') : undefined);
    const [[rows]] = await store.rows('SELECT count(*) FROM held');
    const facts = { rows: Number(rows), columns: columns.length };
    const layout = airnow ? 'airnow' : layoutOf(columns);
    const header = headerOddities(store.files('held')[0]);
    const described = layout === 'cnemc-wide' ? await wideTable(store) : await longTable(store, columns, layout);
    const daily = layout === 'aqs' && columns.includes('Arithmetic Mean') ? ', resolution daily' : '';
    return {
      grids: [],
      ...described,
      ...(layout === undefined ? {} : { kind: `observations, layout ${layout}${daily}` }),
      facts: { ...facts, ...described.facts },
      odd: [...header, ...described.odd],
    };
  } finally {
    store.close();
  }
}

function headerOddities({ columns, row }: HeldFile): Oddity[] {
  const twice = [...namesTwice(columns).values()].map((copies): Oddity => ({
    code: 'COLUMN_TWICE',
    text: `columns of one name: ${copies.join(', ')}`,
  }));
  return row === undefined ? twice : [{ code: 'HEADER_MISSING', text: headlessText(row) }, ...twice];
}

/** Columns by which a layout is known. */
const LAYOUT_COLUMNS: [LayoutName, string[]][] = [
  ['cnemc-wide', WIDE],
  ['aqs', ['State Code', 'County Code', 'Date GMT', 'Sample Measurement']],
  ['aqs', ['State Code', 'County Code', 'Date Local', 'Sample Duration', 'Arithmetic Mean']],
  ['eea', ['Samplingpoint', 'Pollutant', 'Start', 'Validity']],
  ['eea', ['SamplingPoint', 'AirPollutantCode', 'DatetimeBegin', 'Validity']],
  ['openaq', ['location_id', 'datetime', 'parameter', 'value']],
];

export function layoutOf(columns: readonly string[]): LayoutName | undefined {
  return LAYOUT_COLUMNS.find(([, names]) => names.every((name) => columns.includes(name)))?.[0];
}

/** AirNow's hourly files have no header: `07/01/22|00:00|…`. */
export async function isAirnow(path: string): Promise<boolean> {
  return !/\.parquet$/i.test(path) && /^\d\d\/\d\d\/\d\d(\d\d)?\|\d\d:\d\d\|/.test(await firstLine(path));
}

function airnowSites(path: string): Omit<Inspection, 'path' | 'bytes'> {
  const { rows, encoding } = readAirnowSites(path);
  const stations = new Map(rows.map((row) => [row[0], row]));
  const numbers = [...stations.values()].map((row) => ({ lon: Number(row[9] || NaN), lat: Number(row[8] || NaN) }));
  const placed = numbers.filter(({ lon, lat }) => Math.abs(lon) <= 360 && Math.abs(lat) <= 90 && (lon !== 0 || lat !== 0));
  const range = (name: string, values: number[]): VariableSummary => {
    const [min, max, sum] = values.reduce(([a, b, c], value) => [Math.min(a, value), Math.max(b, value), c + value], [Infinity, -Infinity, 0]);
    const figures = values.length === 0 ? {} : { min, max, mean: sum / values.length };
    return { name, units: '', shape: `${stations.size}`, ...figures, missing: stations.size - values.length, values: stations.size };
  };
  const unplaced = stations.size - placed.length;
  return {
    kind: 'list of stations, of AirNow',
    grids: [],
    facts: { rows: rows.length, columns: AIRNOW_SITE_COLUMNS.length, stations: `${stations.size} (the first field)`, encoding },
    variables: [
      range(
        'Latitude',
        placed.map(({ lat }) => lat),
      ),
      range(
        'Longitude',
        placed.map(({ lon }) => lon),
      ),
    ],
    odd: unplaced === 0 ? [] : [{ code: 'NO_COORDINATES', text: `${unplaced} stations have no coordinates, or none on earth` }],
  };
}

type Found = Pick<Inspection, 'kind' | 'facts' | 'variables' | 'odd'> & { time?: TimeSummary };

async function wideTable(store: TableStore): Promise<Found> {
  const columns = `FROM held UNPIVOT INCLUDE NULLS (value FOR station IN (COLUMNS(* EXCLUDE (${WIDE.join(', ')}))))`;
  const types = await store.rows(`SELECT type, ${ranges('value')} FROM (${columns}) GROUP BY type ORDER BY type`);
  const [[twice]] = await store.rows(`SELECT count(*) FROM (SELECT date, hour, type FROM held GROUP BY ALL HAVING count(*) > 1)`);
  const [[stations, silent]] = await store.rows(
    `SELECT count(*), count(*) FILTER (n = 0) FROM (SELECT station, count(TRY_CAST(value AS DOUBLE)) AS n FROM (${columns}) GROUP BY station)`,
  );
  const texts = await store.rows(`SELECT DISTINCT trim(date) || ' ' || trim(hour) FROM held`);
  const odd: Oddity[] = [];
  if (Number(twice) > 0) odd.push({ code: 'OBSERVATIONS_TWICE', text: `${String(twice)} hours and types stand there more than once` });
  if (Number(silent) > 0) odd.push({ code: 'STATIONS_SILENT', text: `${String(silent)} stations have no value` });
  const variables = types.map((row) => summary(String(row[0]), row.slice(1), wideUnit(String(row[0]))));
  return {
    kind: 'observations, layout cnemc-wide',
    facts: { stations: Number(stations) },
    ...timeOf(
      texts.map(([text]) => String(text)),
      odd,
    ),
    variables,
    odd: [
      ...odd,
      ...valueOddities(
        types.map((row) => [String(row[0]), row.slice(1)]),
        await unreadable(store, `(${columns})`, 'value'),
      ),
    ],
  };
}

/** Of the types of China's files; the air quality index has no unit. */
function wideUnit(type: string): string {
  return /^(CO(_|$)|PM|SO2|NO2|O3)/.test(type.trim()) ? `${cnemcUnit(type)} by its layout` : '';
}

/** A part of what tells rows apart. */
interface Key {
  columns: readonly string[];
  sql: string;
}

/** What tells rows apart. */
interface Keys {
  station?: Key;
  time?: Key;
  /** columns that do so beside station and time, in files of a network that have a row for each species */
  distinguishing: readonly string[];
}

const oneColumn = (name: string): Key => ({ columns: [name], sql: `trim(${identifier(name)})` });
const keyText = ({ columns }: Key): string => `${columns.length === 1 ? 'column' : 'columns'} ${columns.join(', ')}`;

/** Columns that rows of one station and time differ in. */
const BESIDE: Partial<Record<LayoutName, readonly string[]>> = {
  airnow: ['parameter'],
  eea: ['Pollutant', 'AirPollutantCode', 'AggType', 'AveragingTime'],
  openaq: ['parameter', 'sensor_id', 'sensors_id'],
};

/** Of AQS's files a site has three columns, and an hour two; of AirNow's an hour has two. */
async function keysOf(store: TableStore, columns: readonly string[], layout: LayoutName | undefined): Promise<Keys> {
  const site = aqsSiteColumns(columns);
  if (site) {
    const times = [['Date GMT', 'Time GMT'], ['Date Local']].find((names) => names.every((name) => columns.includes(name)));
    const time = times && { columns: times, sql: times.map((name) => `trim(${identifier(name)})`).join(` || ' ' || `) };
    return { station: { columns: site, sql: aqsIdentifier(site) }, ...(time ? { time } : {}), distinguishing: [] };
  }
  const distinguishing = BESIDE[layout ?? 'long']?.filter((name) => columns.includes(name)) ?? [];
  if (layout === 'airnow') return { station: oneColumn('station'), time: { columns: ['date', 'time'], sql: AIRNOW_TIME }, distinguishing };
  const station = LIST_IDS.find((name) => columns.includes(name)) ?? columns.find((name) => STATION.test(name));
  const time = await timeColumn(store, columns);
  return {
    ...(station === undefined ? {} : { station: oneColumn(station) }),
    ...(time === undefined ? {} : { time: oneColumn(time) }),
    distinguishing,
  };
}

async function longTable(store: TableStore, columns: string[], layout: LayoutName | undefined): Promise<Found> {
  const [lon, lat] = [LON, LAT].map((pattern) => columns.find((name) => pattern.test(name)));
  const { distinguishing, ...keys } = await keysOf(store, columns, layout);
  const { station } = keys;
  const hasPlaces = station !== undefined && lon !== undefined && lat !== undefined;
  const time = hasPlaces && layout === undefined && (await isSinceWhen(store, station, keys.time)) ? undefined : keys.time;
  const odd: Oddity[] = [];
  const key = [station, time].flatMap((part) => part?.columns ?? []);
  const numbers: VariableSummary[] = [];
  for (const name of columns.filter((candidate) => !key.includes(candidate)).slice(0, SHOWN_COLUMNS)) {
    const column = identifier(name);
    // A longitude may be -99.
    const [row] = await store.rows(`SELECT ${ranges(column, name === lon || name === lat)} FROM held`);
    const texts = await unreadable(store, 'held', column);
    const isText = Number(row[3]) === 0 && row[5] === null;
    if (!isText) numbers.push(summary(name, row, ''));
    if (!isText || texts.commas.length > texts.otherTexts.length) odd.push(...valueOddities([[name, row]], texts));
  }
  if (columns.length - key.length > SHOWN_COLUMNS)
    odd.push({ code: 'COLUMNS_MANY', text: `only ${SHOWN_COLUMNS} of ${columns.length} columns are shown` });
  const facts: Record<string, string | number> = {};
  if (station !== undefined) {
    const [[count]] = await store.rows(`SELECT count(DISTINCT ${station.sql}) FROM held`);
    facts.stations = `${String(count)} (${keyText(station)})`;
  }
  // In lists of networks a site has rows for each monitor or parameter; of a station without places or times nobody knows what its rows are.
  if (station?.columns.length === 1 && !(hasPlaces && LIST_IDS.includes(station.columns[0])) && (time !== undefined || hasPlaces)) {
    const apart = [...key, ...distinguishing];
    const [[twice]] = await store.rows(
      `SELECT count(*) FROM (SELECT ${apart.map(identifier).join(', ')} FROM held GROUP BY ALL HAVING count(*) > 1)`,
    );
    if (Number(twice) > 0) odd.push({ code: 'ROWS_TWICE', text: `${String(twice)} ${apart.join(' and ')} stand there more than once` });
  }
  if (lon !== undefined && lat !== undefined) odd.push(...(await placeOddities(store, lon, lat, station)));
  if (layout === 'aqs' && station && lon !== undefined) odd.push(...(await clockOddities(store, columns, station, lon)));
  if (time === undefined) return { kind: hasPlaces ? 'list of stations' : 'table', facts, variables: numbers, odd };
  const texts = await store.rows(`SELECT DISTINCT ${time.sql} FROM held LIMIT 1000000`);
  return {
    kind: station === undefined ? 'table with times' : 'observations, a row for each station and time',
    facts: { ...facts, time: keyText(time) },
    ...timeOf(
      texts.map(([text]) => String(text)),
      odd,
    ),
    variables: numbers,
    odd,
  };
}

/** Whether a time is that since which a station is there: each station stands there once, and not all at one time. */
async function isSinceWhen(store: TableStore, station: Key, time: Key | undefined): Promise<boolean> {
  if (time === undefined) return false;
  const [counts] = await store.rows(`SELECT count(*), count(DISTINCT ${station.sql}), count(DISTINCT ${time.sql}) FROM held`);
  const [rows, stations, times] = counts.map(Number);
  return rows === stations && times > 1;
}

/** Values by which a column of times is known: some of them may be none. */
const LOOKED_AT = 100;

/** The first column whose name looks like one and of whose values half or more can be read as times. */
export async function timeColumn(store: TableStore, columns: readonly string[]): Promise<string | undefined> {
  for (const name of columns.filter((column) => TIME.test(column))) {
    const rows = await store.rows(`SELECT ${identifier(name)} FROM held WHERE trim(${identifier(name)}) <> '' LIMIT ${LOOKED_AT}`);
    const times = rows.filter(([text]) => parseTime(String(text), 'UTC') !== undefined);
    if (times.length > 0 && 2 * times.length >= rows.length) return name;
  }
  return undefined;
}

/** Min, max, mean, number and missing of a column of text, and the least code for missing. @param uncoded - whether no number is such a code */
function ranges(column: string, uncoded = false): string {
  const number = `TRY_CAST(trim(${column}) AS DOUBLE)`;
  const isNumber = `(isfinite(${number})${uncoded ? '' : ` AND NOT ${standsForNone(number)}`})`;
  const countSql = `count(*) FILTER (${isNumber})`;
  return `${['min', 'max', 'avg'].map((aggregate) => `${aggregate}(${number}) FILTER (${isNumber})`).join(', ')}, ${countSql}, count(*) - ${countSql}, min(${number}) FILTER (isfinite(${number}) AND NOT ${isNumber})`;
}

function summary(name: string, [min, max, mean, count, missing]: unknown[], units: string): VariableSummary {
  const number = (value: unknown): number => Number(value);
  const values = number(count) + number(missing);
  const range = number(count) === 0 ? {} : { min: number(min), max: number(max), mean: number(mean) };
  return { name, units, shape: `${values}`, ...range, missing: number(missing), values };
}

/** Texts among numbers. */
interface Texts {
  /** numbers with a decimal comma */
  commas: string[];
  otherTexts: string[];
}

/** Texts that are neither a finite number nor a word for missing, a few of each kind. */
async function unreadable(store: TableStore, table: string, column: string): Promise<Texts> {
  const number = `TRY_CAST(trim(${column}) AS DOUBLE)`;
  const textsWhere = async (condition: string): Promise<string[]> => {
    const rows = await store.rows(
      `SELECT DISTINCT ${column} FROM ${table} WHERE (${number} IS NULL OR isinf(${number})) AND lower(trim(${column})) NOT IN ${MISSING_WORDS} AND ${condition} LIMIT 7`,
    );
    return rows.map(([text]) => String(text)).filter((text) => text !== 'null');
  };
  const comma = hasDecimalComma(column);
  return { commas: await textsWhere(comma), otherTexts: await textsWhere(`NOT ${comma}`) };
}

/** @param ranged - names, each with its {@link ranges} */
function valueOddities(ranged: readonly (readonly [name: string, row: unknown[]])[], { commas, otherTexts }: Texts): Oddity[] {
  const names = ranged.map(([name]) => name).join(', ');
  const odd = ranged.flatMap(([name, row]): Oddity[] =>
    row[5] === null ? [] : [{ code: 'MISSING_CODE', text: `${name}: ${Number(row[5])} is taken as a code for missing` }],
  );
  if (commas.length > 0)
    odd.push({ code: 'DECIMAL_COMMA', text: `${names}: numbers with a comma, which are not read as such: ${shortList(commas)}` });
  if (otherTexts.length > 0) odd.push({ code: 'NOT_A_NUMBER', text: `${names}: texts among the numbers: ${shortList(otherTexts)}` });
  return odd;
}

/** Places that are looked at: a list of stations has fewer. */
const MOST_PLACES = 1_000_000;

/** Of stations where the file names them, else of rows. */
async function placeOddities(store: TableStore, lon: string, lat: string, station?: Key): Promise<Oddity[]> {
  const number = (name: string): string => `TRY_CAST(trim(${identifier(name)}) AS DOUBLE)`;
  const rows = await store.rows(
    `SELECT ${station === undefined ? '' : 'DISTINCT '}${station?.sql ?? "''"}, ${number(lon)}, ${number(lat)} FROM held LIMIT ${MOST_PLACES}`,
  );
  const isPlace = ([, x, y]: unknown[]): boolean =>
    x !== null && y !== null && Number(x) >= -180 && Number(x) <= 360 && Math.abs(Number(y)) <= 90 && (Number(x) !== 0 || Number(y) !== 0);
  const placed = rows.filter(isPlace);
  const ids = new Set(placed.map(([id]) => id));
  const unplaced = station === undefined ? rows.length - placed.length : new Set(rows.map(([id]) => id)).size - ids.size;
  const doubtful = doubtfulPlaces(placed.map(([id, x, y]) => ({ id: String(id), lon: Number(x), lat: Number(y) })));
  const odd: Oddity[] = [];
  const noun = station === undefined ? 'rows' : 'stations';
  if (unplaced > 0) odd.push({ code: 'NO_COORDINATES', text: `${unplaced} ${noun} have no coordinates, or none on earth` });
  if (doubtful.length > 0)
    odd.push({
      code: 'COORDINATES_DOUBTFUL',
      text: `${doubtful.length} ${noun} stand where a code for missing would put them: ${shortList(doubtful)}`,
    });
  return odd;
}

async function clockOddities(store: TableStore, columns: readonly string[], station: Key, lon: string): Promise<Oddity[]> {
  const [clock] = clockColumn(columns);
  if (clock === undefined) return [];
  const rows = await store.rows(
    clockRows(station.sql, `(SELECT *, ${clock} FROM held)`, `, any_value(TRY_CAST(trim(${identifier(lon)}) AS DOUBLE))`),
  );
  const faults = rows.flatMap(([id, earliest, latest, x]) =>
    x === null ? [] : (clockFault(String(id), Number(x), [Number(earliest), Number(latest)]) ?? []),
  );
  return faults.slice(0, 1).map((text) => ({ code: 'OBSERVATIONS_TIME', text }));
}

function timeOf(texts: readonly string[], odd: Oddity[]): { time?: TimeSummary } {
  const read = texts.map((text) => ({ text, time: parseTime(text, 'UTC') }));
  const bad = read.filter(({ time }) => time === undefined).map(({ text }) => text);
  if (bad.length > 0) odd.push({ code: 'OBSERVATIONS_TIME', text: `these are no times: ${shortList(bad)}` });
  const times = read.flatMap(({ time }) => (time === undefined ? [] : [time])).sort((a, b) => a - b);
  if (times.length === 0) return {};
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  const step = gaps.reduce((shortest, gap) => Math.min(shortest, gap), Infinity);
  const absent = gaps.reduce((sum, gap) => sum + Math.round(gap / step) - 1, 0);
  if (Number.isFinite(step) && absent > 0) odd.push({ code: 'STEPS_ABSENT', text: `${absent} times between the first and the last are absent` });
  // As the file has them: its zone is not known here.
  const minuteText = (time: number): string => new Date(time).toISOString().slice(0, 16);
  return {
    time: {
      first: minuteText(times[0]),
      last: minuteText(times[times.length - 1]),
      steps: times.length,
      ...(Number.isFinite(step) && absent === 0 ? { stepSeconds: step / 1000 } : {}),
    },
  };
}
