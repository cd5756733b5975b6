/**
 * The layouts of observation files, each as SQL over the table `raw` (every column text) that yields one form: station, time, species, value, unit.
 *
 *   long         a row per station and time, a column per species, named by the case
 *   cnemc-wide   China: date, hour, type, then a column per station; µg m-3, of CO mg m-3; hours that mark the end: 16 is 15:00 to 16:00, and 0 the last hour of
 *                the day before
 *   airnow       HourlyData of AirNow: fields between |, no header, GMT, the beginning of the hour
 *   aqs          files of EPA's Air Quality System (AirData); of several monitors (POC) of a site the lowest that has a value. Hourly: GMT, the beginning of
 *                the hour. Daily: days of local standard time
 *   eea          European Environment Agency: Parquet of the download service, or CSV of the older one; UTC+1; values that are not valid are left out
 *   openaq       OpenAQ's archive: times with their offset that mark the end of the hour or day
 *   sql          what `observations.sql` selects
 *
 * network-species.ts tells what networks call a species. What nobody asked for is not taken.
 *
 * @see AQS: https://aqs.epa.gov/aqsweb/airdata/FileFormats.html; OpenAQ: https://docs.openaq.org/aws/about and .../using-the-api/dates-datetimes;
 *   CNEMC: notes of the publishing platform, cited in https://github.com/HeQinWill/CNEMC; EEA: vocabularies http://dd.eionet.europa.eu/vocabulary/aq/pollutant and .../observationvalidity
 */
import { DataError } from '../base/errors';
import { AMBIENT_REFERENCE_TEMPERATURE, STANDARD_PRESSURE } from '../units/units';
import { namesTwice } from '../files/tables/csv-format';
import { clockColumn, clockRows } from './observation-quality';
import { aqsSiteColumns, aqsStation, columnTwice, requireColumns, type StationsSpec } from './stations';
import { identifier, literal, type HeldFile, type RawFormat } from '../files/tables/table-store';
import type { GasReference } from './model-units';
import { AIRNOW_NAMES, AQS_CODES, cnemcUnit, EEA_CODES, OPENAQ_NAMES, type NetworkNames } from './network-species';
import type { ObservedSpecies, SpeciesRequest } from './observed-species';
import type { QualityRules } from './quality-rules';

/** The case's `observations`, as far as reading goes. */
export interface ObservationsSpec {
  stations: StationsSpec;
  /** a glob, or several; `{period}` is replaced by the option `period`, or matches any text */
  files?: string | string[];
  layout: LayoutName;
  /** of the layout `sql`: one SELECT over the table `raw` that yields station, time, species, value and unit */
  sql?: string;
  resolution: 'hourly' | 'daily';
  timeZone: string;
  columns?: { station: string; time: string; species: Record<string, { column: string; unit: string } | undefined> };
  /** those that are asked for, in the order in which they are returned; default: all of `columns` in the long layout, in others those of a case by default */
  species?: readonly SpeciesRequest[];
  /** the state to which µg m-3 of gases refer */
  gasReference: GasReference;
  /** default: none beside those of observation-quality.ts */
  quality?: QualityRules;
}

export const LAYOUTS = ['long', 'cnemc-wide', 'airnow', 'aqs', 'eea', 'openaq', 'sql'] as const;
export type LayoutName = (typeof LAYOUTS)[number];

export interface Layout {
  /** SQL, in parts, that yields station, time, species, value, unit and what `precedence` needs, without values that the network itself marks as not valid */
  relations: string[];
  /** SQL order of the rows of a station, time and species, of which the first with a value counts; two that are first stay two, and are refused */
  precedence?: string;
  /** SQL of every time that occurs, with or without a value */
  times: string;
  /** SQL of every station that occurs */
  stations: string;
  /** SQL of every species that occurs, where `relations` would be slow */
  speciesQuery?: string;
  /** names of the species that are read, or undefined for those that are asked for and occur */
  species?: string[];
  /** the zone of times without an offset, where the network has one */
  zone?: string;
  /** true if days begin at midnight of the zone's standard time all year round */
  standardTime?: boolean;
  /** true if a time marks the end of the hour or day that it stands for */
  endLabels?: boolean;
  /** the state of gases in µg m-3, where the network has one whatever the case says */
  gasReference?: GasReference;
  /** SQL that counts the rows that the network marks as not valid */
  invalid?: string;
  /** SQL of station and time of the daily means that are of too few hours */
  incomplete?: string;
  /** SQL of stations, each with the least and most minutes by which GMT is later than local time there */
  clocks?: string;
  /** what some of the files lack beside the others: `obs_2.csv: no column no2` */
  gaps?: string[];
}

/** What the files of a case hold. */
interface HeldColumns {
  label: string;
  /** of all files together */
  columns: string[];
  files: HeldFile[];
  /** identifiers of the list of stations */
  listed: readonly string[];
  /** that are asked for */
  wanted: readonly ObservedSpecies[];
}

/** How the files of a layout are read, where not as tables with a header. */
export function rawFormatOf(layout: LayoutName): RawFormat | undefined {
  return layout === 'airnow' ? { delimiter: '|', columns: AIRNOW_COLUMNS, otherEncoding: 'CP850' } : undefined;
}

/** SQL of the columns that are kept in memory, where not all: AQS's files hold many of text. */
export function selectionOf(layout: LayoutName): ((columns: string[]) => string[]) | undefined {
  const keptColumns = [...AQS_SITE, 'Site Number', ...AQS_COLUMNS, ...AQS_HOURLY, ...AQS_DAILY, AQS_PERCENT];
  return layout === 'aqs'
    ? (columns) => [...columns.filter((name) => keptColumns.includes(name)).map(identifier), ...clockColumn(columns)]
    : undefined;
}

/** What to do where a layout's own columns are missing. */
const otherFiles = (layout: LayoutName): string =>
  `give files of the layout ${layout} as the network has them, or set observations.layout: sql and select their columns in a query`;

const AIRNOW_COLUMNS = ['date', 'time', 'station', 'name', 'offset', 'parameter', 'unit', 'value', 'source'];
const WIDE_COLUMNS = ['date', 'hour', 'type'];

/** @throws {DataError} `COLUMN_MISSING`, `COLUMN_TWICE` */
export function layoutOf(spec: ObservationsSpec, table: HeldColumns): Layout {
  switch (spec.layout) {
    case 'long':
      return long(spec, table);
    case 'cnemc-wide':
      return wide(table);
    case 'airnow':
      return airnow(table);
    case 'aqs':
      return spec.resolution === 'daily' ? aqsDaily(table) : aqsHourly(table);
    case 'eea':
      return table.columns.includes('Samplingpoint') ? eeaParquet(spec, table) : eeaCsv(spec, table);
    case 'openaq':
      return openaq(table);
    case 'sql':
      return { ...fromRelation('view'), gaps: columnsAbsent(table, spec.sql ?? '') };
  }
}

function fromRelation(relation: string): Pick<Layout, 'relations' | 'times' | 'stations'> {
  return { relations: [`SELECT * FROM ${relation}`], times: `SELECT time FROM ${relation}`, stations: `SELECT station FROM ${relation}` };
}

/** What a query names that some of the files lack: it is NULL there. */
function columnsAbsent({ columns, files }: HeldColumns, sql: string): string[] {
  const text = sql.toLowerCase();
  const named = columns.filter((name) => text.includes(name.toLowerCase()));
  return files.flatMap(({ path, columns }) =>
    gapOf(
      path,
      named.filter((name) => !columns.includes(name)),
    ),
  );
}

const gapOf = (path: string, missing: readonly string[]): string[] =>
  missing.length === 0 ? [] : [`${path}: no ${missing.length === 1 ? 'column' : 'columns'} ${missing.join(', ')}`];

function long({ columns: named }: ObservationsSpec, { label, files, wanted }: HeldColumns): Layout {
  if (!named) throw new DataError('COLUMN_MISSING', `${label}: the long layout needs observations.columns: name the columns in the case`);
  const species = wanted.flatMap(({ name }): [string, { column: string; unit: string }][] => {
    const entry = named.species[name];
    return entry ? [[name, entry]] : [];
  });
  const columns = species.map(([, { column }]) => column);
  // There may be a file for each species: one that has none of them would lose its rows.
  for (const file of files) {
    const presentColumns = columns.filter((column) => file.columns.includes(column));
    requireColumns([file], [named.station, named.time, ...(presentColumns.length > 0 && files.length > 1 ? presentColumns : columns)]);
  }
  for (const column of columns) if (!files.some((file) => file.columns.includes(column))) requireColumns(files, [column]);
  const [station, time] = [named.station, named.time].map((name) => `trim(${identifier(name)})`);
  const parts = species.map(
    ([name, { column, unit }]) =>
      `SELECT ${station} AS station, ${time} AS time, ${literal(name)} AS species, ${identifier(column)} AS value, ${literal(unit)} AS unit FROM raw`,
  );
  return {
    relations: parts,
    times: `SELECT ${time} FROM raw`,
    stations: `SELECT ${station} FROM raw`,
    species: species.map(([name]) => name),
    gaps: files.flatMap((file) =>
      gapOf(
        file.path,
        columns.filter((column) => !file.columns.includes(column)),
      ),
    ),
  };
}

/** Columns that are unpivoted at once, of one species: DuckDB makes a list of them in every row, and all 1600 at once would take more memory than the files. */
const UNPIVOTED = 200;

function wide({ label, columns, files, wanted }: HeldColumns): Layout {
  requireColumns(files, WIDE_COLUMNS, otherFiles('cnemc-wide'));
  for (const { path, columns } of files) for (const [name, twice] of namesTwice(columns)) throw columnTwice(path, name, twice, false);
  const stations = columns.filter((name) => !WIDE_COLUMNS.includes(name));
  if (stations.length === 0)
    throw new DataError(
      'COLUMN_MISSING',
      `${label}: expected a column per station beside ${WIDE_COLUMNS.join(', ')} but found none: look for a file that was cut`,
    );
  const time = `trim(date) || ' ' || trim(hour)`;
  const parts = Array.from({ length: Math.ceil(stations.length / UNPIVOTED) }, (_, i) =>
    stations
      .slice(i * UNPIVOTED, (i + 1) * UNPIVOTED)
      .map(identifier)
      .join(', '),
  );
  const rows = (species: string, columns: string): string => `(SELECT ${time} AS time, ${columns} FROM raw WHERE trim(type) = ${literal(species)})`;
  return {
    relations: wanted.flatMap(({ name: type }) =>
      parts.map(
        (columns) =>
          `SELECT trim(station) AS station, time, ${literal(type)} AS species, value, ${literal(cnemcUnit(type))} AS unit FROM (UNPIVOT ${rows(type, columns)} ON ${columns} INTO NAME station VALUE value)`,
      ),
    ),
    speciesQuery: 'SELECT trim(type) FROM raw',
    endLabels: true,
    zone: 'Asia/Shanghai', // all of China keeps Beijing's clock
    // The relations have no row where all stations are missing.
    times: `SELECT ${time} FROM raw`,
    stations: `SELECT unnest([${stations.map((name) => literal(name.trim())).join(', ')}])`,
  };
}

/** SQL that gives foreign names (in capitals) ours; what has none becomes NULL. */
function named(column: string, names: readonly (readonly [foreignName: string, ourName: string])[]): string {
  return `CASE upper(trim(${column})) ${names.map(([foreignName, ourName]) => `WHEN ${literal(foreignName)} THEN ${literal(ourName)}`).join(' ')} END`;
}

/** Of the species that are asked for, each name of the network's beside the case's. */
function foreignNames(wanted: readonly ObservedSpecies[], names: NetworkNames): [foreignName: string, ourName: string][] {
  return wanted.flatMap(({ name }) => (names[name] ?? [name]).map((foreignName): [string, string] => [foreignName.toUpperCase(), name]));
}

/** Units as these networks write them, without the superscript that only some of them have. */
function unit(column: string): string {
  return `replace(replace(replace(trim(${column}), '³', '3'), 'µ', 'u'), 'μ', 'u')`;
}

/** SQL of the times of AirNow's files, from dates such as 01/31/17 or 01/31/2017. */
export const AIRNOW_TIME = `regexp_replace(trim(date), '^(\\d\\d)/(\\d\\d)/(?:20)?(\\d\\d)$', '20\\3\\1\\2') || ' ' || trim(time)`;

function airnow({ wanted }: HeldColumns): Layout {
  const species = named('parameter', foreignNames(wanted, AIRNOW_NAMES));
  const rows = `(SELECT trim(station) AS station, ${AIRNOW_TIME} AS time, ${species} AS species, value, ${unit('unit')} AS unit FROM raw)`;
  return { ...fromRelation(`${rows} WHERE species IS NOT NULL`), speciesQuery: `SELECT coalesce(${species}, trim(parameter)) FROM raw`, zone: 'UTC' };
}

const AQS_UNITS = [
  ['PARTS PER BILLION', 'ppb'],
  ['PARTS PER MILLION', 'ppm'],
  ['MICROGRAMS/CUBIC METER (LC)', 'ug m-3'],
  ['MICROGRAMS/CUBIC METER (25 C)', 'ug m-3'],
] as const;
/** Atoms of carbon are counted as molecules of what has one: formaldehyde. */
const AQS_ONE_CARBON = `"Parameter Code" = '43502' AND upper(trim("Units of Measure")) = 'PARTS PER BILLION CARBON'`;
/** That of gases in µg m-3 (25 C). */
const AQS_STATE: GasReference = { temperature: AMBIENT_REFERENCE_TEMPERATURE, pressure: STANDARD_PRESSURE };

const AQS_SITE = ['State Code', 'County Code', 'Site Num'];
const AQS_COLUMNS = ['Parameter Code', 'POC', 'Units of Measure'];
const AQS_HOURLY = ['Date GMT', 'Time GMT', 'Sample Measurement'];
const AQS_DAILY = ['Date Local', 'Sample Duration', 'Event Type', 'Arithmetic Mean'];
/** Means of a whole day; that of ozone is one over its 8-hour running means. */
const AQS_DAY_MEANS = "('1 HOUR', '24 HOUR', '24-HR BLK AVG')";
/** Of the hours of a day, or of its samples; 2013's files have it as well. A day counts for EPA with three quarters of them (40 CFR 50, appendix N). */
const AQS_PERCENT = 'Observation Percent';
const LEAST_PERCENT = 75;

function aqsHourly(table: HeldColumns): Layout {
  requireAqsColumns(table, AQS_HOURLY, AQS_DAILY, 'daily');
  const rows = aqsRows(table, `trim("Date GMT") || ' ' || trim("Time GMT")`, 'Sample Measurement', '');
  return {
    ...fromRelation(`${rows} WHERE species IS NOT NULL`),
    precedence: 'preference, poc',
    speciesQuery: `SELECT coalesce(species, code) FROM ${rows}`,
    zone: 'UTC',
    gasReference: AQS_STATE,
    ...(clockColumn(table.columns).length > 0 ? { clocks: clockRows(aqsStation(table.columns), 'raw') } : {}),
  };
}

function aqsDaily(table: HeldColumns): Layout {
  requireAqsColumns(table, AQS_DAILY, AQS_HOURLY, 'hourly');
  const isIncomplete = table.columns.includes(AQS_PERCENT)
    ? `coalesce(TRY_CAST(trim("${AQS_PERCENT}") AS DOUBLE) < ${LEAST_PERCENT}, false)`
    : 'false';
  const rows = aqsRows(
    table,
    'trim("Date Local")',
    'Arithmetic Mean',
    `, upper(trim("Sample Duration")) AS duration, trim("Event Type") = 'Excluded' AS excluded, ${isIncomplete} AS incomplete`,
  );
  const means = `${rows} WHERE species IS NOT NULL AND duration IN ${AQS_DAY_MEANS}`;
  return {
    ...fromRelation(`${means} AND NOT incomplete`),
    incomplete: `SELECT station, time FROM ${means} AND incomplete`,
    times: `SELECT time FROM ${rows}`,
    // A day of an exceptional event stands there twice: with it is what was in the air.
    precedence: 'preference, poc, excluded, duration',
    speciesQuery: `SELECT CASE WHEN duration IN ${AQS_DAY_MEANS} THEN species ELSE code || ' (' || duration || ')' END FROM ${rows}`,
    standardTime: true,
    gasReference: AQS_STATE,
  };
}

/** @throws {DataError} `COLUMN_MISSING` */
function requireAqsColumns({ files }: HeldColumns, wanted: string[], otherColumns: string[], resolution: string): void {
  for (const { path, columns } of files) {
    if (!otherColumns.every((name) => columns.includes(name)) || wanted.every((name) => columns.includes(name))) continue;
    throw new DataError(
      'COLUMN_MISSING',
      `${path}: expected the column ${wanted[wanted.length - 1]} but received ${resolution} files: set observations.resolution: ${resolution}`,
    );
  }
  for (const file of files) requireColumns([file], [...(aqsSiteColumns(file.columns) ?? AQS_SITE), ...AQS_COLUMNS, ...wanted], otherFiles('aqs'));
}

/** SQL of all rows. @param extraColumns - SQL of columns after the others */
function aqsRows({ columns, wanted }: HeldColumns, time: string, value: string, extraColumns: string): string {
  const names = foreignNames(wanted, AQS_CODES);
  const codes = names.map(([code]) => literal(code)).join(', ');
  return `(SELECT ${aqsStation(columns)} AS station, ${time} AS time, ${named('"Parameter Code"', names)} AS species, ${identifier(value)} AS value,
      CASE WHEN ${AQS_ONE_CARBON} THEN 'ppb' ELSE coalesce(${named('"Units of Measure"', AQS_UNITS)}, "Units of Measure") END AS unit,
      "Parameter Code" AS code, list_position([${codes}], trim("Parameter Code")) AS preference, TRY_CAST("POC" AS INTEGER) AS poc${extraColumns} FROM raw)`;
}

/** Of other pollutants the code is told. */
const EEA_TOLD = [...Object.entries(EEA_CODES).flatMap(([name, codes = []]) => codes.map((code) => [code, name] as const)), ['9', 'NOX'] as const];
const EEA_UNITS = [
  ['UG.M-3', 'ug m-3'],
  ['MG.M-3', 'mg m-3'],
  ['UG/M3', 'ug m-3'],
  ['MG/M3', 'mg m-3'],
] as const;
/** Valid, and valid below the limit of detection; -1 and -99 are not valid. */
const EEA_VALID = "('1', '2', '3', '4')";
const EEA_ZONE = 'Etc/GMT-1';
/** The country that the download service writes in front of a sampling point, and the EEA's own list of them does not. */
const EEA_COUNTRY = '^[A-Z]{2}/';

function eea(
  spec: ObservationsSpec,
  { files, listed, wanted }: HeldColumns,
  names: Record<'station' | 'code' | 'time' | 'value' | 'unit' | 'kind', string>,
): Layout {
  requireColumns(files, [...Object.values(names), 'Validity'], otherFiles('eea'));
  const column = (key: keyof typeof names): string => identifier(names[key]);
  // The older files give a code as the end of an address.
  const code = `regexp_extract(trim(${column('code')}), '(\\d+)$', 1)`;
  const period = spec.resolution === 'daily' ? 'day' : 'hour';
  const kind = `lower(trim(${column('kind')}))`;
  const species = named(code, foreignNames(wanted, EEA_CODES));
  const isBare = !listed.some((id) => new RegExp(EEA_COUNTRY).test(id));
  const station = isBare ? `regexp_replace(trim(${column('station')}), ${literal(EEA_COUNTRY)}, '')` : `trim(${column('station')})`;
  const source = `(SELECT ${station} AS station, trim(${column('time')}) AS time, ${species} AS species, ${column('value')} AS value,
      coalesce(${named(unit(column('unit')), EEA_UNITS)}, ${column('unit')}) AS unit, trim("Validity") IN ${EEA_VALID} AS valid FROM raw
      WHERE ${kind} = ${literal(period)})`;
  return {
    ...fromRelation(`(SELECT station, time, species, value, unit FROM ${source} WHERE species IS NOT NULL AND valid)`),
    times: `SELECT time FROM ${source} WHERE species IS NOT NULL`,
    speciesQuery: `SELECT coalesce(${species}, ${named(code, EEA_TOLD)}, 'code ' || ${code}) || CASE WHEN ${kind} = ${literal(period)} THEN '' ELSE ' (' || ${kind} || ')' END FROM raw`,
    zone: EEA_ZONE,
    invalid: `SELECT count(*) FROM ${source} WHERE species IS NOT NULL AND NOT valid`,
  };
}

const eeaParquet = (spec: ObservationsSpec, columns: HeldColumns): Layout =>
  eea(spec, columns, { station: 'Samplingpoint', code: 'Pollutant', time: 'Start', value: 'Value', unit: 'Unit', kind: 'AggType' });

const eeaCsv = (spec: ObservationsSpec, columns: HeldColumns): Layout =>
  eea(spec, columns, {
    station: 'SamplingPoint', code: 'AirPollutantCode', time: 'DatetimeBegin', value: 'Concentration', unit: 'UnitOfMeasurement', kind: 'AveragingTime',
  }); // prettier-ignore

function openaq({ columns, files, wanted }: HeldColumns): Layout {
  // The documentation says sensor_id, the files say sensors_id.
  const sensor = columns.includes('sensor_id') ? 'sensor_id' : 'sensors_id';
  requireColumns(files, ['location_id', sensor, 'datetime', 'parameter', 'units', 'value'], otherFiles('openaq'));
  const species = named('parameter', foreignNames(wanted, OPENAQ_NAMES));
  const rows = `(SELECT trim(location_id) AS station, trim(datetime) AS time, ${species} AS species, value, ${unit('units')} AS unit, TRY_CAST(${sensor} AS BIGINT) AS sensor FROM raw)`;
  return {
    ...fromRelation(`${rows} WHERE species IS NOT NULL`),
    precedence: 'sensor',
    speciesQuery: `SELECT coalesce(${species}, trim(parameter)) FROM raw`,
    zone: 'UTC',
    endLabels: true,
  };
}
