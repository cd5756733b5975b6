/** Reads the files of one layout into series of stations and times: DuckDB brings them into one form and numbers stations, times and species. */
import { DataError } from '../base/errors';
import { type TimeAxis, instant, timeAt } from '../grid/grid';
import { layoutOf, rawFormatOf, selectionOf, type Layout, type ObservationsSpec } from './observation-layouts';
import {
  accept,
  assertQuality,
  emptyQuality,
  hasDecimalComma,
  incompleteInWords,
  lowLimit,
  MISSING_WORDS,
  standsForNone,
  type SpeciesQuality,
  type OffStep,
  clockFault,
} from './observation-quality';
import { clocksChange } from '../files/tables/local-time';
import { offStep, readTime, timesOfSteps, type HeldTime, type TimedTable } from './step-times';
import { converterOf } from './model-units';
import { observedSpecies, type ObservedSpecies } from './observed-species';
import { anyRule, applyRules, reachOf } from './quality-rules';
import { headlessText, requireColumns, type Station } from './stations';
import { labelOf, queryFailure, type TableStore } from '../files/tables/table-store';

export interface Series {
  /** `[time, station]`, NaN where missing */
  values: Float32Array;
  quality: SpeciesQuality;
}

/** A wrong year makes a century of empty steps; this is 30 000 stations for a month of hours. */
const MOST_VALUES = 5e8;
/** Of different texts: two centuries of hours. */
const MOST_TIMES = 2e6;
/** Of stations that the files hold, those on the list first. */
const MOST_STATIONS = 1e6;
/** Column of a value as a number: a name that the query of a case will not give to one of its own. */
const NUMBER = '"value as a number"';
const SQL_COLUMNS = ['station', 'time', 'species', 'value', 'unit'];

export class ObservationReader {
  /** those that are asked for, or that have a value */
  species: ObservedSpecies[] = [];
  /** those that nobody asked for, which the files hold without a value at these stations and times */
  silentSpecies: string[] = [];
  /** in the files but not in the list of stations */
  unknownStations: string[] = [];
  /** those outside the grid that have a value */
  stationsOutside: string[] = [];
  /** number of values that the network itself marks as not valid */
  invalid = 0;
  /** number of daily means of too few hours */
  incompleteDays = 0;
  /** of what is read: with the steps beside those that are asked for by which the rules judge them */
  private axis: TimeAxis = { start: new Date(Number.NaN), stepSeconds: 0, count: 0 };
  /** steps of the axis that are asked for: from the first up to the end */
  private hours = { first: 0, end: 0 };
  private layout!: Layout;
  /** by species: values at times that begin no step, and values outside the grid */
  private offStep = new Map<string, OffStep>();
  private outsideValues = new Map<string, number>();
  private readonly label: string;
  /** that are asked for */
  private readonly wanted: readonly ObservedSpecies[];

  constructor(
    private readonly store: TableStore,
    private readonly spec: ObservationsSpec,
    private readonly paths: string[],
    private readonly stations: Station[],
    /** listed, but outside the grid: their values are only counted */
    private readonly outside: Station[] = [],
  ) {
    this.label = labelOf(paths);
    this.wanted = observedSpecies(spec);
  }

  /** Makes the table `observed` of step, station, species, unit, value (NULL where there is none), whether text stood there instead, and one with a decimal comma. */
  async load(span?: { start: Date; end: Date }): Promise<{ axis: TimeAxis; absent: number }> {
    const { store, spec, label } = this;
    const columns = await store.load('raw', this.paths, rawFormatOf(spec.layout), selectionOf(spec.layout));
    const files = store.files('raw');
    if (spec.layout === 'sql') {
      for (const { path, row } of files) if (row !== undefined) throw new DataError('COLUMN_MISSING', `${path}: ${headlessText(row)}`);
      requireColumns([{ path: 'observations.sql', columns: await store.userView('view', spec.sql ?? '') }], SQL_COLUMNS, 'select it in the query');
    }
    this.layout = layoutOf(spec, { label, columns, files, listed: [...this.stations, ...this.outside].map(({ id }) => id), wanted: this.wanted });
    await this.expectClocks();
    try {
      return await this.fill(span);
    } catch (error) {
      throw spec.layout === 'sql' ? queryFailure(label, error) : error;
    }
  }

  /** @throws {DataError} `OBSERVATIONS_TIME` where GMT is on the wrong side of local time */
  private async expectClocks(): Promise<void> {
    const { clocks } = this.layout;
    if (clocks === undefined) return;
    const places = new Map(this.stations.map(({ id, lon }) => [id, lon]));
    for (const [id, lowest, highest] of await this.store.rows(clocks, this.label)) {
      const lon = places.get(String(id));
      const fault = lon === undefined ? undefined : clockFault(String(id), lon, [Number(lowest), Number(highest)]);
      if (fault !== undefined) throw new DataError('OBSERVATIONS_TIME', `${this.label}: ${fault}`);
    }
  }

  /** Of the table `raw`, which it drops. */
  private async fill(span?: { start: Date; end: Date }): Promise<{ axis: TimeAxis; absent: number }> {
    const { store, label, stations, outside } = this;
    await store.index(
      'station_index',
      [...stations, ...outside].map(({ id }) => id),
      [...stations.keys(), ...outside.map((_, i) => -1 - i)],
    );
    const { off, ...time } = await this.indexTimes(span);
    // Stations and times become numbers in the same pass in which texts become numbers: a month of China has four million values.
    await store.run(
      'CREATE TABLE observed (step INTEGER, station INTEGER, species VARCHAR, unit VARCHAR, value DOUBLE, unreadable BOOLEAN, comma BOOLEAN)',
    );
    const { relations, precedence } = this.layout;
    const first = `QUALIFY rank() OVER (PARTITION BY t.position, s.position, o.species ORDER BY taken IS NULL, ${precedence}) = 1`;
    for (const relation of relations) {
      await store.run(
        `INSERT INTO observed SELECT t.position, s.position, o.species, o.unit, CASE WHEN ${standsForNone(NUMBER)} THEN NULL ELSE ${NUMBER} END AS taken,
           ${NUMBER} IS NULL AND lower(trim(o.value::VARCHAR)) NOT IN ${MISSING_WORDS},
           CASE WHEN ${NUMBER} IS NULL THEN ${hasDecimalComma('o.value::VARCHAR')} ELSE false END
         FROM (SELECT *, TRY_CAST(value AS DOUBLE) AS ${NUMBER} FROM (${relation})) o JOIN time_index t ON o.time::VARCHAR = t.text JOIN station_index s ON o.station::VARCHAR = s.text
         WHERE o.value IS NOT NULL ${precedence === undefined ? '' : first}`,
        label,
      );
    }
    await this.dropOutside();
    this.unknownStations = await this.stationsNotListed();
    this.incompleteDays = await this.countIncomplete();
    const names = this.layout.species ?? (await this.heard());
    this.species = this.wanted.filter(({ name }) => names.includes(name));
    const { invalid } = this.layout;
    this.invalid = invalid === undefined ? 0 : Number((await store.rows(invalid))[0][0]);
    this.offStep = await offStep(this.timed, off);
    await store.run('DROP TABLE raw'); // half of the memory
    return time;
  }

  /** what some of the files lack beside the others */
  get gaps(): string[] {
    return this.layout.gaps ?? [];
  }

  private get timed(): TimedTable {
    const { store, layout, label, stepSeconds, spec } = this;
    return { store, layout, label, stepSeconds, zone: layout.zone ?? spec.timeZone };
  }

  /** Counts the values of stations outside the grid, and takes them out of the table `observed`. */
  private async dropOutside(): Promise<void> {
    if (this.outside.length === 0) return;
    const rows = await this.store.rows(
      `SELECT species, station, count(DISTINCT step) FROM observed WHERE station < 0 AND value IS NOT NULL AND ${this.isAskedSql} GROUP BY ALL`,
      this.label,
    );
    for (const [species, , count] of rows) this.outsideValues.set(String(species), (this.outsideValues.get(String(species)) ?? 0) + Number(count));
    this.stationsOutside = [...new Set(rows.map(([, station]) => this.outside[-1 - Number(station)].id))].sort();
    await this.store.run('DELETE FROM observed WHERE station < 0');
  }

  /** One species in ppb or µg m-3, checked. */
  async series(wanted: ObservedSpecies): Promise<Series> {
    const { store, axis, stations, label } = this;
    const { name: species } = wanted;
    const units = (await store.rows(`SELECT DISTINCT unit FROM observed WHERE species = $1`, label, [species])).map(([text]) => String(text ?? ''));
    const state = { label, axis, gasReference: this.layout.gasReference ?? this.spec.gasReference };
    const convert = converterOf(wanted, units.length > 0 ? units : [this.spec.columns?.species[species]?.unit ?? 'ug m-3'], state);
    const read = new Float32Array(axis.count * stations.length).fill(Number.NaN);
    const [quality, adjacentQuality] = [emptyQuality(wanted), emptyQuality(wanted)];
    const [[unreadable, commas]] = await store.rows(
      `SELECT count(*), count(*) FILTER (comma) FROM observed WHERE species = $1 AND unreadable AND ${this.isAskedSql}`,
      label,
      [species],
    );
    quality.unreadable = Number(unreadable);
    const [off, outside] = [this.offStep.get(species), this.outsideValues.get(species)];
    if (off !== undefined) quality.offStep = off;
    if (outside !== undefined) quality.outside = outside;
    for (const [i, unit] of units.entries()) {
      await store.stream(
        `SELECT step, station, value FROM observed WHERE species = $1 AND coalesce(unit, '') = $2 AND value IS NOT NULL`,
        ([steps, places, numbers], rows) => {
          for (let row = 0; row < rows; row++) {
            const step = Number(steps[row]);
            const value = convert(i, step, Number(numbers[row]));
            const counts = this.isAsked(step) ? quality : adjacentQuality;
            if (accept(counts, wanted, value)) this.addValue(read, counts, { species, step, station: Number(places[row]), value });
          }
        },
        label,
        [species, unit],
      );
    }
    assertQuality(label, wanted, quality, Number(commas));
    const rules = this.spec.quality;
    if (rules && anyRule(rules)) {
      quality.rules = applyRules(read, stations.length, species, rules, { axis, zone: this.spec.timeZone, counted: this.hours });
      quality.valid -= Object.values(quality.rules).reduce((sum, count) => sum + count, 0);
      if (quality.valid === 0)
        throw new DataError('OBSERVATIONS_EMPTY', `${label}: ${species}: the rules of observations.quality leave no value: loosen them in the case`);
    }
    const values = read.subarray(this.hours.first * stations.length, this.hours.end * stations.length);
    quality.missing = values.length - quality.valid;
    quality.belowZero = values.reduce((count, value) => (value < 0 ? count + 1 : count), 0);
    const low = lowLimit(wanted, values);
    if (low !== undefined) quality.mostlyBelow = low;
    return { values, quality };
  }

  /** @throws {DataError} `STATIONS_UNKNOWN` if none is listed */
  private async stationsNotListed(): Promise<string[]> {
    const { label, stations } = this;
    const rows = await this.store.rows(
      `SELECT station, station::VARCHAR IN (SELECT text FROM station_index) FROM (SELECT DISTINCT station FROM (${this.layout.stations}) AS held(station)) WHERE station IS NOT NULL ORDER BY 2 DESC, 1 LIMIT ${MOST_STATIONS}`,
    );
    const unknown = rows.filter(([, listed]) => listed !== true).map(([id]) => String(id));
    if (unknown.length > 0 && unknown.length === rows.length) {
      throw new DataError(
        'STATIONS_UNKNOWN',
        `${label}: none of its ${unknown.length} stations (such as "${unknown[0]}") is among the ${stations.length} with coordinates in ${this.spec.stations.file} (such as "${stations[0].id}"): write the identifiers alike, with their leading zeros`,
      );
    }
    return unknown;
  }

  /** Among the stations and times that are asked for. */
  private async countIncomplete(): Promise<number> {
    const { incomplete } = this.layout;
    if (incomplete === undefined) return 0;
    const [[count]] = await this.store.rows(
      `SELECT count(*) FROM (SELECT t.position AS step FROM (${incomplete}) o JOIN time_index t ON o.time = t.text JOIN station_index s ON o.station = s.text WHERE s.position >= 0)
       WHERE ${this.isAskedSql}`,
      this.label,
    );
    return Number(count);
  }

  /** The species that have a value, or what should be one. Files of a network hold more: those of all its stations and days. */
  private async heard(): Promise<string[]> {
    const occurring = await this.occurring();
    const rows = await this.store.rows(
      `SELECT DISTINCT species FROM observed WHERE (value IS NOT NULL OR unreadable) AND ${this.isAskedSql}`,
      this.label,
    );
    const heard = occurring.filter((name) => rows.some(([species]) => species === name));
    this.silentSpecies = occurring.filter((name) => !heard.includes(name));
    if (heard.length > 0) return heard;
    throw new DataError(
      'OBSERVATIONS_EMPTY',
      `${this.label}: ${occurring.join(', ')}: no value at any station of ${this.spec.stations.file}${this.outside.length > 0 ? ' inside the grid' : ''} in ${this.hours.end - this.hours.first} times from ${instant(timeAt(this.axis, this.hours.first))} on${this.incompleteDays > 0 ? ` but ${incompleteInWords(this.incompleteDays)}` : ''}: give files that hold observations of these stations and times`,
    );
  }

  private async occurring(): Promise<string[]> {
    const occurring = (
      await this.store.rows(
        `SELECT DISTINCT species FROM (${this.layout.speciesQuery ?? `SELECT species FROM (${this.layout.relations.join(' UNION ALL ')})`}) AS held(species) WHERE species IS NOT NULL ORDER BY 1`,
        this.label,
      )
    ).map(([name]) => String(name));
    const names = this.wanted.map(({ name }) => name);
    const species = names.filter((name) => occurring.includes(name));
    if (species.length > 0) return species;
    throw new DataError(
      'OBSERVATIONS_EMPTY',
      `${this.label}: expected the types ${names.join(', ')} but received ${occurring.slice(0, 8).join(', ') || 'none'}: check the files`,
    );
  }

  /** Reads every time that occurs and numbers the steps. `off`: the times that begin none. */
  private async indexTimes(span?: { start: Date; end: Date }): Promise<{ axis: TimeAxis; absent: number; off: HeldTime[] }> {
    const rows = await this.store.rows(`SELECT DISTINCT time::VARCHAR FROM (${this.layout.times}) AS held(time) LIMIT ${MOST_TIMES + 1}`, this.label);
    if (rows.length > MOST_TIMES) {
      throw new DataError(
        'OBSERVATIONS_TIME',
        `${this.label}: there are more than ${MOST_TIMES} different times (such as "${String(rows[0][0])}"): split the files, or mend the query or the column of time`,
      );
    }
    if (rows.length === 0 && this.layout.species === undefined) await this.occurring(); // which says what the files hold instead
    const times = rows.map(([text]) => readTime(this.timed, String(text ?? '')));
    const inside = times.filter(({ time }) => !span || (time >= span.start.getTime() && time < span.end.getTime()));
    if (inside.length === 0) {
      throw this.nothingInside(
        times.map(({ time }) => time),
        span,
      );
    }
    const stepTimes = await timesOfSteps(this.timed, inside);
    const axis = this.axisOf(stepTimes.map(({ time }) => time));
    const beginning = times.filter(({ begins }) => begins);
    this.widen(
      axis,
      beginning.map(({ time }) => time),
    );
    const usable = beginning.flatMap(({ text, time }) => {
      const position = this.stepOf(time, this.axis);
      return Number.isInteger(position) && position >= 0 && position < this.axis.count ? [{ text, position }] : [];
    });
    await this.store.index(
      'time_index',
      usable.map(({ text }) => text),
      usable.map(({ position }) => position),
    );
    const used = new Set(stepTimes);
    return { axis, absent: axis.count - new Set(stepTimes.map(({ time }) => time)).size, off: inside.filter((time) => !used.has(time)) };
  }

  /** Takes the steps beside `axis` that the files hold and the rules need. */
  private widen(axis: TimeAxis, instants: readonly number[]): void {
    const reach = this.spec.quality ? reachOf(this.spec.quality, axis.stepSeconds) : 0;
    const otherSteps = instants
      .map((time) => this.stepOf(time, axis))
      .filter((step) => Number.isInteger(step) && step >= -reach && step < axis.count + reach);
    const first = otherSteps.reduce((a, b) => Math.min(a, b), 0);
    const end = otherSteps.reduce((a, b) => Math.max(a, b + 1), axis.count);
    this.axis = { ...axis, start: timeAt(axis, first), count: end - first };
    this.hours = { first: -first, end: axis.count - first };
  }

  private isAsked(step: number): boolean {
    return step >= this.hours.first && step < this.hours.end;
  }

  private get isAskedSql(): string {
    return `step >= ${this.hours.first} AND step < ${this.hours.end}`;
  }

  private stepOf(time: number, { start, stepSeconds }: TimeAxis): number {
    return (time - start.getTime()) / (1000 * stepSeconds);
  }

  private addValue(values: Float32Array, quality: SpeciesQuality, entry: { species: string; step: number; station: number; value: number }): void {
    const index = entry.step * this.stations.length + entry.station;
    const value = Math.fround(entry.value);
    if (Number.isNaN(values[index])) {
      values[index] = value;
      quality.valid++;
    } else if (values[index] === value) quality.repeated++;
    else if (this.isAsked(entry.step)) {
      const time = timeAt(this.axis, entry.step);
      const { zone = this.spec.timeZone, standardTime } = this.layout;
      const remedy =
        !standardTime && clocksChange(time.getTime(), zone)
          ? `the clocks of ${zone} change there: write times with their offset, such as 2017-10-29T02:00+01:00, or give the zone whose time the files have all year`
          : 'keep one row for each station and time';
      throw new DataError(
        'OBSERVATIONS_TWICE',
        `${this.label}: ${entry.species} at station ${this.stations[entry.station].id}, ${instant(time)}, has two values: ${remedy}`,
      );
    }
  }

  private get stepSeconds(): number {
    return this.spec.resolution === 'daily' ? 86400 : 3600;
  }

  private axisOf(instants: number[]): TimeAxis {
    const { stepSeconds } = this;
    const [first, last] = [instants.reduce((a, b) => Math.min(a, b)), instants.reduce((a, b) => Math.max(a, b))];
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
    const [first, last] = [instants.reduce((a, b) => Math.min(a, b)), instants.reduce((a, b) => Math.max(a, b))].map((time) =>
      instant(new Date(time)),
    );
    return new DataError(
      'OBSERVATIONS_EMPTY',
      `${this.label}: no time lies between ${instant(span.start)} and ${instant(span.end)}; the files hold ${first} to ${last}: give files of the period, or mend timeZone`,
    );
  }
}
