/**
 * Super-observations: the values that the inversion compares, one per time, species and cell with monitors, with their errors and roles.
 */
import { ConfigError } from '../../base/errors';
import type { CellObservations } from '../../observations/station-cells';
import type { Station } from '../../observations/stations';

/** Along rows and along columns. */
export type CellLength = readonly [number, number];

/** Error of one value, per species: the standard deviation is √((relative · level)² + absolute²); for the level see {@link ErrorLevel}. */
type ObservationErrorSettings = Record<string, { relative: number; absolute: number }>;

/** A station inside the grid. */
export interface PlacedStation {
  /** column in the observations' arrays */
  index: number;
  id: string;
  /** row · cols + col */
  cell: number;
  role: number;
  /** of the site; absent where the stations have none */
  type?: string;
}

/** Role of a station in the inversion, see cost.ts. */
export type RoleOf = (station: Station) => number;

export interface SuperObservations {
  values: Float32Array;
  /** relative to the level: what the monitors of a cell and the instrument are wrong by */
  relative: Float32Array;
  /** in the unit of the value */
  absolute: Float32Array;
  /** standard deviation; as first made, √((relative · value)² + absolute²) */
  error: Float32Array;
  species: Uint8Array;
  withheld: Uint8Array;
  /** row · cols + col */
  cell: Int32Array;
  /** number of stations averaged */
  stations: Uint16Array;
  /** cells (along rows, along columns) over which errors of one time stay alike, per species, 0: independent; absent: all are */
  errorLength?: readonly CellLength[];
  /** c of each species: with {@link errorLength} L, errors of two cells correlate by c·exp(−d/L); absent: 1 */
  errorShare?: readonly number[];
  /** q: by what error² was raised because other values repeat this one (observation-error.ts); absent: by nothing */
  inflation?: Float32Array;
  /** the values of observed time i are first[i] … first[i + 1] − 1 */
  first: Int32Array;
}

/** The stations inside the grid, with their roles, in the order of the observations. */
export function placeStations({ cells }: CellObservations, stations: readonly Station[], cols: number, roleOf: RoleOf): PlacedStation[] {
  const placed = cells.flatMap(({ row, col, members }) =>
    members.map((index) => ({
      index,
      id: stations[index].id,
      cell: row * cols + col,
      role: roleOf(stations[index]),
      type: stations[index].type,
    })),
  );
  return placed.sort((a, b) => a.index - b.index);
}

/**
 * The factor on the errors that the types of its sites give a cell: the root mean square over its monitors.
 *
 * @param types - of its monitors; undefined where one has none
 * @param factors - by type; a type that is not named has 1
 */
function siteFactor(types: readonly (string | undefined)[], factors: Readonly<Record<string, number>>): number {
  const squares = types.map((type) => (type === undefined ? 1 : (factors[type] ?? 1)) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** Whether a value is used. @param cell - row · cols + col @param start - of its hour or day */
export type ValueFilter = (species: string, cell: number, start: Date) => boolean;

/** What the values are, and what is known of their errors. */
export interface SuperObservationOptions {
  /** the channels of the fields, in their order */
  species: readonly string[];
  error: ObservationErrorSettings;
  /** r_s (representativeness.ts), by species: how far the monitors of a cell are apart, relative to their mean; default 0 */
  cellSpread?: Readonly<Record<string, number>>;
  /** factor on the errors of monitors by type of their site; default 1 */
  siteTypeError?: Readonly<Record<string, number>>;
  /** which values are compared, by species, cell and time; default: all */
  compared?: ValueFilter;
}

/**
 * The cells' means as one list of values; missing ones are left out. Order: time, species, cell in rows and columns.
 *
 * @param cells - stations of a cell that differ in their role stand apart
 */
export function superObservations(
  { cells, values, counts }: CellObservations,
  stations: readonly PlacedStation[],
  cols: number,
  times: readonly ObservedTime[],
  { species, error: errors, cellSpread = {}, siteTypeError = {}, compared = () => true }: SuperObservationOptions,
): SuperObservations {
  const stationAt = new Map(stations.map((station) => [station.index, station]));
  const parts = cells.map(({ members }) => {
    const placed = members.map((index) => stationAt.get(index)!);
    const types = placed.map(({ type }) => type);
    return { role: placed[0].role, factor: siteFactor(types, siteTypeError) };
  });
  const list: { value: number; species: number; cell: number; role: number; factor: number; count: number }[] = [];
  const first = [0];
  for (const { step, start } of times) {
    species.forEach((name, s) => {
      cells.forEach(({ row, col }, i) => {
        const value = values.get(name)?.[step * cells.length + i] ?? NaN;
        const cell = row * cols + col;
        if (!Number.isFinite(value) || !compared(name, cell, start)) return;
        list.push({ value, species: s, cell, ...parts[i], count: counts.get(name)![step * cells.length + i] });
      });
    });
    first.push(list.length);
  }
  const relative = list.map(
    ({ species: s, count, factor }) => factor * Math.hypot(settingOf(species[s], errors).relative, (cellSpread[species[s]] ?? 0) / Math.sqrt(count)),
  );
  const absolute = list.map(({ species: s, factor }) => factor * settingOf(species[s], errors).absolute);
  return {
    values: Float32Array.from(list, ({ value }) => value),
    relative: Float32Array.from(relative),
    absolute: Float32Array.from(absolute),
    error: Float32Array.from(list, ({ value, species: s }, i) => positive(Math.hypot(relative[i] * value, absolute[i]), value, species[s])),
    species: Uint8Array.from(list, (observation) => observation.species),
    withheld: Uint8Array.from(list, ({ role }) => role),
    cell: Int32Array.from(list, ({ cell }) => cell),
    stations: Uint16Array.from(list, ({ count }) => count),
    first: Int32Array.from(first),
  };
}

// Averaging several stations does not lower this part: most of it is the model's, which they share.
function settingOf(species: string, errors: ObservationErrorSettings): { relative: number; absolute: number } {
  const setting = errors[species];
  if (!setting) throw new ConfigError('OBSERVATION_ERROR', `inversion.observationError: no error is given for ${species}: add it`);
  return setting;
}

function positive(deviation: number, value: number, species: string): number {
  if (deviation > 0) return deviation;
  throw new ConfigError(
    'OBSERVATION_ERROR',
    `inversion.observationError.${species}: an observed ${value} gets an error of ${deviation}: set absolute above 0`,
  );
}

/**
 * A period of the model. When observations are, that is which hours of the model each observation time covers: hour t of a period is the mean over
 * [t, t + 1 h). An observation time covers [a, b) in hours since the period's start, and hour t enters its mean with the length of the overlap of
 * [t, t + 1) and [a, b), divided by b − a. Daily means of a local day therefore need nothing but the right start in UTC, half-hour time zones included.
 */
export interface ModelPeriod {
  start: Date;
  /** spin-up included */
  hours: number;
  /** hours at the start that are not compared */
  spinUpHours: number;
}

/** An observation time that lies wholly inside the compared part of a period. */
export interface ObservedTime {
  /** step on the observations' time axis */
  step: number;
  start: Date;
  /** hours of the period whose fields enter, ascending */
  hours: Int32Array;
  /** weight of each of these hours; sum 1 */
  weights: Float64Array;
  /** of columns of satellites alone, in one hour; `step` is then that hour of the period */
  ofColumns?: true;
}

const HOUR_MS = 3_600_000;

/** Hours of the day (0 … 23) at which a sample of n hours a day is taken: the middles of n equal parts. */
export function sampledHours(hoursPerDay: number): number[] {
  return Array.from({ length: hoursPerDay }, (_, k) => Math.floor(((k + 0.5) * 24) / hoursPerDay));
}

/**
 * The observation times inside a period.
 *
 * @param time - time axis of the observations (UTC; steps of 3600 or 86400 s)
 * @param hoursPerDay - below 24: daily means are taken from that many evenly spread hours, and of hourly observations only those of as many
 *   hours of the (UTC) day are used; for a model that pays for every hour
 */
export function observedTimes(time: { start: Date; stepSeconds: number; count: number }, period: ModelPeriod, hoursPerDay = 24): ObservedTime[] {
  const length = time.stepSeconds / 3600;
  const sample = sampledHours(hoursPerDay);
  const times: ObservedTime[] = [];
  for (let step = 0; step < time.count; step++) {
    const start = new Date(time.start.getTime() + step * length * HOUR_MS);
    const firstHour = (start.getTime() - period.start.getTime()) / HOUR_MS;
    if (firstHour < period.spinUpHours || firstHour + length > period.hours) continue;
    if (length < 24 && hoursPerDay < 24 && !sample.includes(start.getUTCHours())) continue;
    times.push({ step, start, ...(length === 24 && hoursPerDay < 24 ? sampledDay(firstHour, sample) : overlap(firstHour, firstHour + length)) });
  }
  return times;
}

function sampledDay(firstHour: number, sample: number[]): { hours: Int32Array; weights: Float64Array } {
  return { hours: Int32Array.from(sample, (hour) => Math.floor(firstHour) + hour), weights: new Float64Array(sample.length).fill(1 / sample.length) };
}

function overlap(firstHour: number, endHour: number): { hours: Int32Array; weights: Float64Array } {
  const first = Math.floor(firstHour);
  const hours = Int32Array.from({ length: Math.ceil(endHour) - first }, (_, k) => first + k);
  const weights = Float64Array.from(hours, (t) => (Math.min(t + 1, endHour) - Math.max(t, firstHour)) / (endHour - firstHour));
  return { hours, weights };
}
