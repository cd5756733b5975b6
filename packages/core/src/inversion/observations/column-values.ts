/**
 * Columns of satellites as super-observations beside those of monitors: one value a cell with a retrieval in an hour, compared with that hour of a run,
 *
 *   y' = F(run)[hour, cell] + ε,     error² = σ'² + (relative · level)² + absolute²
 *
 * whatever hours or days of the monitors are compared. Each hour with retrievals is an observed time of its own, behind those of the monitors that begin with it.
 */
import { ConfigError } from '../../base/errors';
import { Role } from '../cost/cost';
import type { ModelPeriod, ObservedTime, SuperObservationOptions, SuperObservations } from './super-observations';

/** Columns of one species in a period; arrays of equal length. `StoredColumns` of columns/column-store.ts is one without roles. */
export interface ColumnValues {
  species: string;
  /** hours of the period, from 0; rising */
  hour: ArrayLike<number>;
  /** row · cols + col */
  cell: ArrayLike<number>;
  /** y', in the unit of the species */
  value: ArrayLike<number>;
  /** σ', in the same unit */
  error: ArrayLike<number>;
  /** of {@link Role}; absent: all are used */
  role?: ArrayLike<number>;
}

const HOUR_MS = 3_600_000;

/** What is compared of a period, and when. */
export interface TimedObservations {
  times: readonly ObservedTime[];
  observed: SuperObservations;
}

/**
 * The values of monitors, and between them the columns of the compared hours in the order of time.
 *
 * @param monitors - left as they are where no column is compared
 * @throws {ConfigError} `OBSERVATION_ERROR` for a species without an error
 */
export function withColumnValues(
  monitors: TimedObservations,
  columns: readonly ColumnValues[],
  period: ModelPeriod,
  options: Pick<SuperObservationOptions, 'species' | 'error'>,
): TimedObservations {
  const ofColumns = columnObservations(columns, period, options);
  if (ofColumns.times.length === 0) return monitors;
  const parts = [monitors, ofColumns].flatMap(({ times, observed }, source) =>
    times.map((time, i) => ({ time, source, observed, range: [observed.first[i], observed.first[i + 1]] as const })),
  );
  parts.sort((a, b) => a.time.hours[0] - b.time.hours[0] || a.source - b.source);
  const first = new Int32Array(parts.length + 1);
  parts.forEach(({ range: [begin, end] }, i) => (first[i + 1] = first[i] + end - begin));
  const joinedValues = <A extends Float32Array | Uint8Array | Int32Array | Uint16Array>(valuesOf: (observed: SuperObservations) => A, out: A): A => {
    parts.forEach(({ observed, range }, i) => out.set(valuesOf(observed).subarray(...range), first[i]));
    return out;
  };
  const count = first[parts.length];
  return {
    times: parts.map(({ time }) => time),
    observed: {
      values: joinedValues((observed) => observed.values, new Float32Array(count)),
      relative: joinedValues((observed) => observed.relative, new Float32Array(count)),
      absolute: joinedValues((observed) => observed.absolute, new Float32Array(count)),
      error: joinedValues((observed) => observed.error, new Float32Array(count)),
      species: joinedValues((observed) => observed.species, new Uint8Array(count)),
      withheld: joinedValues((observed) => observed.withheld, new Uint8Array(count)),
      cell: joinedValues((observed) => observed.cell, new Int32Array(count)),
      stations: joinedValues((observed) => observed.stations, new Uint16Array(count)),
      first,
    },
  };
}

function columnObservations(
  columns: readonly ColumnValues[],
  period: ModelPeriod,
  { species, error: errors }: Pick<SuperObservationOptions, 'species' | 'error'>,
): TimedObservations {
  const list = columns.flatMap(({ species: name, hour, cell, value, error, role }) => {
    const setting = errors[name];
    if (!setting) throw new ConfigError('OBSERVATION_ERROR', `inversion.observationError: no error is given for ${name}: add it`);
    const { relative, absolute } = setting;
    return Array.from({ length: hour.length }, (_, i) => ({
      hour: hour[i],
      species: species.indexOf(name),
      cell: cell[i],
      value: value[i],
      role: role?.[i] ?? Role.used,
      relative,
      absolute: Math.hypot(error[i], absolute),
    }));
  });
  const compared = list.filter(({ hour, value }) => hour >= period.spinUpHours && hour < period.hours && Number.isFinite(value));
  compared.sort((a, b) => a.hour - b.hour || a.species - b.species || a.cell - b.cell);
  const hours = [...new Set(compared.map(({ hour }) => hour))];
  const first = [...hours.map((hour) => compared.findIndex((observation) => observation.hour === hour)), compared.length];
  return {
    times: hours.map((hour) => ({
      step: hour,
      start: new Date(period.start.getTime() + hour * HOUR_MS),
      hours: Int32Array.of(hour),
      weights: Float64Array.of(1),
      ofColumns: true,
    })),
    observed: {
      values: Float32Array.from(compared, ({ value }) => value),
      relative: Float32Array.from(compared, ({ relative }) => relative),
      absolute: Float32Array.from(compared, ({ absolute }) => absolute),
      error: Float32Array.from(compared, ({ relative, value, absolute }) => Math.hypot(relative * value, absolute)),
      species: Uint8Array.from(compared, (observation) => observation.species),
      withheld: Uint8Array.from(compared, ({ role }) => role),
      cell: Int32Array.from(compared, ({ cell }) => cell),
      stations: new Uint16Array(compared.length).fill(1),
      first: Int32Array.from(first),
    },
  };
}
