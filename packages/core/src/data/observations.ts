/**
 * Observations at monitors, from CSV, gzipped CSV or Parquet, as regular series in ppb and µg m-3.
 *
 * Layouts: `long` (a row per station and time, a column per species) and `cnemc-wide` (date, hour, type, then a column per station;
 * µg m-3; the columns may change from file to file). Times are in the files' zone; a daily value is the mean from midnight to midnight
 * there. An hourly value is taken as the mean over the hour that begins at its label.
 */
import type { DuckDBValue } from '@duckdb/node-api';

import { DataError } from '../errors';
import type { TimeAxis } from '../grid/grid';
import { conversion, MOLAR_MASS } from '../units';
import { speciesUnit } from './case-fields';
import { expandGlob } from './glob';
import { instant, timeAt } from './ioapi-time';
import { accept, assertQuality, emptyQuality, MISSING_WORDS, type ObservationQuality, type SpeciesQuality } from './observation-quality';
import { parseTime } from './observation-time';
import { readStations, requireColumns, type Station, type StationsSpec } from './stations';
import { identifier, literal, TableStore } from './table-store';

export interface Observations {
  /** those with at least one value */
  stations: Station[];
  species: string[];
  /** stepSeconds 3600 or 86400 */
  time: TimeAxis;
  /** per species `[time, station]`, NaN where missing */
  values: Map<string, Float32Array>;
  /** per species: ppb or ug m-3 */
  units: Map<string, string>;
  quality?: ObservationQuality;
}

/** The case's `observations`, as far as reading goes. */
export interface ObservationsSpec {
  stations: StationsSpec;
  /** a glob; `{period}` is replaced by the option `period`, or matches any text */
  files?: string;
  layout: 'long' | 'cnemc-wide';
  resolution: 'hourly' | 'daily';
  timeZone: string;
  columns?: { station: string; time: string; species: Record<string, { column: string; unit: string } | undefined> };
  /** K, Pa: the state to which µg m-3 of gases refer */
  gasReference: { temperature: number; pressure: number };
}

export interface ObservationsOptions {
  period?: string;
  /** only times in [start, end) */
  span?: { start: Date; end: Date };
}

const WIDE_SPECIES = ['NO2', 'SO2', 'O3', 'PM2.5'];
const WIDE_COLUMNS = ['date', 'hour', 'type'];
/** A wrong year makes a century of empty steps; this is 30 000 stations for a month of hours. */
const MOST_VALUES = 5e8;

/**
 * @throws {DataError} `FILES_NONE`, `COLUMN_MISSING`, `OBSERVATIONS_TIME`, `OBSERVATIONS_TWICE` (two values for one station and time),
 * `OBSERVATIONS_EMPTY` (a species without any value), `OBSERVATIONS_ABSURD`, `FILE_TRUNCATED`, and what {@link readStations} throws
 * @throws {UnitError} for a unit that is no concentration
 */
export async function readObservations(spec: ObservationsSpec, options: ObservationsOptions = {}): Promise<Observations> {
  if (spec.files === undefined) throw new DataError('FILES_NONE', 'observations: the case names no files: set observations.files');
  const paths = expandGlob(spec.files.replaceAll('{period}', options.period ?? '*'));
  const { stations, withoutCoordinates } = await readStations(spec.stations);
  const store = await TableStore.open();
  try {
    const reader = new ObservationReader(store, spec, paths, stations);
    await reader.load();
    const time = await reader.indexTimes(options.span);
    const species = await reader.species();
    const series = new Map<string, Series>();
    for (const name of species) series.set(name, await reader.series(name, time.axis));
    const unknown = (await reader.unknownStations()).filter((id) => !withoutCoordinates.includes(id));
    return assemble(stations, time.axis, series, { withoutCoordinates, unknown, absentSteps: time.absent });
  } finally {
    store.close();
  }
}

interface Series {
  values: Float32Array;
  quality: SpeciesQuality;
}

class ObservationReader {
  private readonly label: string;

  constructor(
    private readonly store: TableStore,
    private readonly spec: ObservationsSpec,
    private readonly paths: string[],
    private readonly stations: Station[],
  ) {
    this.label = paths.length === 1 ? paths[0] : `${paths[0]} … (${paths.length} files)`;
  }

  /** Makes the table `observed` of station, time and either one column a species or species and value. */
  async load(): Promise<void> {
    const columns = await this.store.load('raw', this.paths);
    if (this.spec.layout === 'cnemc-wide') {
      requireColumns(this.label, columns, WIDE_COLUMNS);
      await this.store.run(
        `CREATE TABLE observed AS SELECT trim(station) AS station, trim(date) || ' ' || trim(hour) AS time, trim(type) AS species, trim(value) AS value
         FROM (UNPIVOT raw ON COLUMNS(* EXCLUDE (date, hour, type)) INTO NAME station VALUE value) WHERE trim(value) <> ''`,
        this.label,
      );
    } else {
      const { station, time, species } = this.longColumns();
      requireColumns(this.label, columns, [station, time, ...species.map(([, { column }]) => column)]);
      await this.store.run(
        `CREATE VIEW observed AS SELECT *, trim(${identifier(station)}) AS station_id, trim(${identifier(time)}) AS time_text FROM raw`,
        this.label,
      );
    }
    await this.store.index(
      'station_index',
      this.stations.map(({ id }) => id),
    );
  }

  /** Reads every time that occurs and numbers the steps. */
  async indexTimes(span?: { start: Date; end: Date }): Promise<{ axis: TimeAxis; absent: number }> {
    const wide = this.spec.layout === 'cnemc-wide';
    // The wide table has no row where all stations are missing; its times are counted in the file's own rows.
    const source = wide ? `SELECT DISTINCT trim(date) || ' ' || trim(hour) FROM raw` : `SELECT DISTINCT time_text FROM observed`;
    const texts = (await this.store.rows(source)).map(([text]) => String(text ?? ''));
    const instants = texts.map((text) => this.parse(text));
    const inside = instants.filter((at) => !span || (at >= span.start.getTime() && at < span.end.getTime()));
    if (inside.length === 0) throw this.nothingInside(instants, span);
    const axis = this.axisOf(inside);
    const steps = new Set(inside);
    await this.store.run('CREATE TABLE time_index (text VARCHAR, position INTEGER)');
    const rows = texts.flatMap((text, i) =>
      steps.has(instants[i]) ? [`(${literal(text)}, ${(instants[i] - axis.start.getTime()) / (1000 * axis.stepSeconds)})`] : [],
    );
    await this.store.run(`INSERT INTO time_index VALUES ${rows.join(', ')}`);
    return { axis, absent: axis.count - steps.size };
  }

  /** The species that are asked for (long) or that the files hold (wide). */
  async species(): Promise<string[]> {
    if (this.spec.layout === 'long') return this.longColumns().species.map(([name]) => name);
    const held = (await this.store.rows('SELECT DISTINCT trim(type) FROM raw')).map(([type]) => String(type));
    const species = WIDE_SPECIES.filter((name) => held.includes(name));
    if (species.length > 0) return species;
    throw new DataError(
      'OBSERVATIONS_EMPTY',
      `${this.label}: expected the types ${WIDE_SPECIES.join(', ')} but received ${held.slice(0, 8).join(', ')}: check the files`,
    );
  }

  /** One species in ppb or µg m-3, checked. */
  async series(species: string, axis: TimeAxis): Promise<Series> {
    const { station, time, value, condition, unit } = this.source(species);
    const { scale, offset } = conversion(unit, speciesUnit(species), {
      molarMass: MOLAR_MASS[species],
      ...this.spec.gasReference,
      subject: `${this.label}: ${species}`,
    });
    const values = new Float32Array(axis.count * this.stations.length).fill(Number.NaN);
    const quality = emptyQuality();
    const join = `FROM observed o JOIN time_index t ON o.${time} = t.text JOIN station_index s ON o.${station} = s.text WHERE ${condition}`;
    const text = `lower(trim(${value}))`;
    const [[unreadable]] = await this.store.rows(
      `SELECT count(*) ${join} AND ${text} NOT IN ${MISSING_WORDS} AND TRY_CAST(${value} AS DOUBLE) IS NULL`,
    );
    quality.unreadable = Number(unreadable);
    await this.store.stream(
      `SELECT t.position, s.position, TRY_CAST(${value} AS DOUBLE) ${join} AND TRY_CAST(${value} AS DOUBLE) IS NOT NULL`,
      ([steps, places, numbers], rows) => {
        for (let i = 0; i < rows; i++) {
          const raw = Number(numbers[i]);
          const converted = scale * raw + offset;
          if (accept(quality, species, converted, raw))
            this.put(values, quality, { species, axis, step: Number(steps[i]), station: Number(places[i]), value: converted });
        }
      },
    );
    assertQuality(this.label, species, quality);
    quality.missing = values.length - quality.valid;
    return { values, quality };
  }

  async unknownStations(): Promise<string[]> {
    const column = this.spec.layout === 'long' ? 'station_id' : 'station';
    const rows = await this.store.rows(`SELECT DISTINCT ${column} FROM observed WHERE ${column} NOT IN (SELECT text FROM station_index) ORDER BY 1`);
    return rows.map(([id]: DuckDBValue[]) => String(id));
  }

  private put(
    values: Float32Array,
    quality: SpeciesQuality,
    at: { species: string; axis: TimeAxis; step: number; station: number; value: number },
  ): void {
    const index = at.step * this.stations.length + at.station;
    const value = Math.fround(at.value);
    if (Number.isNaN(values[index])) {
      values[index] = value;
      quality.valid++;
    } else if (values[index] === value) quality.repeated++;
    else {
      throw new DataError(
        'OBSERVATIONS_TWICE',
        `${this.label}: ${at.species} at station ${this.stations[at.station].id}, ${instant(timeAt(at.axis, at.step))}, has two values: keep one row for each station and time`,
      );
    }
  }

  private source(species: string): { station: string; time: string; value: string; condition: string; unit: string } {
    if (this.spec.layout === 'cnemc-wide')
      return { station: 'station', time: 'time', value: 'o.value', condition: `o.species = ${literal(species)}`, unit: 'ug m-3' };
    const entry = this.spec.columns?.species[species];
    return {
      station: 'station_id',
      time: 'time_text',
      value: `o.${identifier(entry?.column ?? species)}`,
      condition: 'true',
      unit: entry?.unit ?? '',
    };
  }

  private longColumns(): { station: string; time: string; species: [name: string, entry: { column: string; unit: string }][] } {
    const { columns } = this.spec;
    if (!columns) throw new DataError('COLUMN_MISSING', `${this.label}: the long layout needs observations.columns: name the columns in the case`);
    const species = Object.entries(columns.species).flatMap(([name, entry]): [string, { column: string; unit: string }][] =>
      entry ? [[name, entry]] : [],
    );
    return { ...columns, species };
  }

  private parse(text: string): number {
    const at = parseTime(text, this.spec.timeZone);
    if (at !== undefined) return at;
    throw new DataError('OBSERVATIONS_TIME', `${this.label}: "${text}" is no time: write times as 2017-01-31T05:00, 2017-01-31 or 20170131`);
  }

  private axisOf(instants: number[]): TimeAxis {
    const stepSeconds = this.spec.resolution === 'daily' ? 86400 : 3600;
    const [first, last] = [instants.reduce((a, b) => Math.min(a, b)), instants.reduce((a, b) => Math.max(a, b))];
    const odd = instants.find((at) => (at - first) % (1000 * stepSeconds) !== 0 || (stepSeconds === 3600 && at % 3600e3 !== 0));
    if (odd !== undefined) {
      throw new DataError(
        'OBSERVATIONS_TIME',
        `${this.label}: ${instant(new Date(odd))} is not a whole ${stepSeconds === 3600 ? 'hour' : `day after ${instant(new Date(first))}`}: set observations.resolution and timeZone to what the files hold`,
      );
    }
    const count = (last - first) / (1000 * stepSeconds) + 1;
    if (count * this.stations.length > MOST_VALUES) {
      throw new DataError(
        'OBSERVATIONS_TIME',
        `${this.label}: the times reach from ${instant(new Date(first))} to ${instant(new Date(last))}: mend the wrong dates or split the files`,
      );
    }
    return { start: new Date(first), stepSeconds, count };
  }

  private nothingInside(instants: number[], span?: { start: Date; end: Date }): DataError {
    if (!span || instants.length === 0)
      return new DataError('OBSERVATIONS_EMPTY', `${this.label}: there is no row: give files that hold observations`);
    const [first, last] = [instants.reduce((a, b) => Math.min(a, b)), instants.reduce((a, b) => Math.max(a, b))].map((at) => instant(new Date(at)));
    return new DataError(
      'OBSERVATIONS_EMPTY',
      `${this.label}: no time lies between ${instant(span.start)} and ${instant(span.end)}; the files hold ${first} to ${last}: give files of the period, or mend timeZone`,
    );
  }
}

/** Keeps the stations that have a value. */
function assemble(
  all: Station[],
  time: TimeAxis,
  series: Map<string, Series>,
  dropped: { withoutCoordinates: string[]; unknown: string[]; absentSteps: number },
): Observations {
  const heard = all.map((_, station) => [...series.values()].some(({ values }) => hasValue(values, station, all.length)));
  const kept = all.flatMap((_, station) => (heard[station] ? [station] : []));
  const values = new Map([...series].map(([name, { values: full }]) => [name, pickStations(full, kept, all.length)]));
  for (const [, { quality }] of series) quality.missing -= time.count * (all.length - kept.length);
  return {
    stations: kept.map((station) => all[station]),
    species: [...series.keys()],
    time,
    values,
    units: new Map([...series.keys()].map((name) => [name, speciesUnit(name)])),
    quality: {
      stationsWithoutCoordinates: dropped.withoutCoordinates,
      stationsUnknown: dropped.unknown,
      stationsSilent: all.filter((_, station) => !heard[station]).map(({ id }) => id),
      absentSteps: dropped.absentSteps,
      species: Object.fromEntries([...series].map(([name, { quality }]) => [name, quality])),
    },
  };
}

function hasValue(values: Float32Array, station: number, stations: number): boolean {
  for (let i = station; i < values.length; i += stations) if (!Number.isNaN(values[i])) return true;
  return false;
}

function pickStations(values: Float32Array, kept: number[], stations: number): Float32Array {
  const steps = values.length / stations;
  const picked = new Float32Array(steps * kept.length);
  for (let step = 0; step < steps; step++) kept.forEach((station, i) => (picked[step * kept.length + i] = values[step * stations + station]));
  return picked;
}
