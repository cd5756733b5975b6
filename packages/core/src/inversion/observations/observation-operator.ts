/**
 * From gridded hourly concentrations to what the monitors see: H in y = H·c + ε. Linear, so its adjoint is its transpose:
 *
 *   (H·c)_i = Σ_k w_k · c[t_k, cell_i, species_i]        (Hᵀ·g)[t, cell, s] = Σ_{i, k: t_k = t, cell_i = cell, species_i = s} w_k · g_i
 *
 * with the hours t_k and weights w_k of the observation time (one hour, or a day's mean) and one value i per cell with monitors, or one per role of them
 * where a cell has used and withheld ones. Columns of satellites are values of their hours beside those of monitors (column-values.ts).
 */
import { ConfigError, DataError, ShapeError } from '../../base/errors';
import type { Observations } from '../../observations/observations';
import { pickAt, spreadTo } from '../../base/vectors';
import { stationsToCells } from '../../observations/station-cells';
import type { Station } from '../../observations/stations';
import { type Grid, instant } from '../../grid/grid';
import { Decorrelation } from '../cost/correlated-errors';
import { Role, type ObservationBatch, type ObservationPlace } from '../cost/cost';
import { withColumnValues, type ColumnValues } from './column-values';
import { decorrelationOf } from './observation-error';
import {
  observedTimes,
  type ModelPeriod,
  type ObservedTime,
  placeStations,
  superObservations,
  type PlacedStation,
  type SuperObservationOptions,
  type SuperObservations,
} from './super-observations';
import { ObservationStencil } from './observation-stencil';

export interface ObservationOperatorOptions extends SuperObservationOptions {
  grid: Grid;
  period: ModelPeriod;
  observations: Observations;
  /** ids of stations that judge the result */
  withheld?: ReadonlySet<string>;
  /** ids of stations that only choose the iterate that is kept */
  watched?: ReadonlySet<string>;
  /** see {@link observedTimes} */
  hoursPerDay?: number;
  /** of satellites; default: none */
  columns?: readonly ColumnValues[];
  /** species whose values are all withheld, whatever the role of a monitor */
  withheldSpecies?: ReadonlySet<string>;
}

/** Series at single stations, `[times, stations]` per species. */
export interface StationSeries {
  stations: { id: string; role: number; cell: number }[];
  times: Date[];
  observed: Map<string, Float32Array>;
  simulated: Map<string, Float32Array>;
}

/**
 * The observation operator of one period.
 *
 * @throws {DataError} if no station lies inside the grid, or no value inside the period
 * @throws {ConfigError} if a species is observed that the fields do not hold, or has no error
 */
export class ObservationOperator {
  /** the observation times that can be compared, in order, those of columns among them */
  readonly times: readonly ObservedTime[];
  /** those of monitors */
  readonly stationTimes: readonly ObservedTime[];
  readonly stations: readonly PlacedStation[];
  /** ids of stations outside the grid, which are left out */
  readonly outside: readonly string[];
  readonly observed: SuperObservations;
  readonly species: readonly string[];
  private readonly cells: number;
  /** by time, made when first asked for */
  private readonly decorrelations: Decorrelation[] = [];

  constructor(private readonly options: ObservationOperatorOptions) {
    const { grid, period, observations, species } = options;
    const unknown = observations.species.find((name) => !species.includes(name));
    if (unknown) throw new ConfigError('OBSERVATION_SPECIES', `observations: ${unknown} is not simulated: expected ${species.join(', ')}`);
    const { withheld = new Set<string>(), watched = new Set<string>() } = options;
    const roleOf = ({ id }: Station): number => (withheld.has(id) ? Role.withheld : watched.has(id) ? Role.watched : Role.used);
    const perCell = stationsToCells(observations, grid, roleOf);
    this.stations = placeStations(perCell, observations.stations, grid.cols, roleOf);
    this.outside = perCell.outside.map(({ id }) => id);
    this.species = species;
    this.cells = grid.rows * grid.cols;
    this.stationTimes = observedTimes(observations.time, period, options.hoursPerDay);
    const ofStations = superObservations(perCell, this.stations, grid.cols, this.stationTimes, options);
    if (ofStations.values.length === 0) {
      const part = options.hoursPerDay ?? 24;
      const first = new Date(period.start.getTime() + period.spinUpHours * 3_600_000);
      throw new DataError(
        'OBSERVATIONS_NONE_IN_PERIOD',
        `observations: no value of ${species.join(', ')} at stations inside the grid falls into the ${period.hours - period.spinUpHours} hours from ${instant(first)}${part < 24 ? `, of which ${part} a day are compared` : ''}: check observations.files, timeZone and the period`,
      );
    }
    const { columns = [], withheldSpecies } = options;
    const { times, observed } = withColumnValues({ times: this.stationTimes, observed: ofStations }, columns, period, options);
    [this.times, this.observed] = [times, observed];
    if (withheldSpecies) observed.species.forEach((s, i) => withheldSpecies.has(species[s]) && (observed.withheld[i] = Role.withheld));
  }

  /** Species without a single value in the period. */
  get unobserved(): string[] {
    const observedSpecies = new Set(this.observed.species);
    return this.species.filter((_, s) => !observedSpecies.has(s));
  }

  /** The observations of some times (default: all), in the order in which {@link forward} gives the simulated values. */
  batch(times = this.allTimes()): ObservationBatch {
    const { values, error, species, withheld, inflation, first } = this.observed;
    const pick = <A extends Float32Array | Uint8Array>(source: A, target: A): A => {
      let next = 0;
      for (const time of times) {
        target.set(source.subarray(first[time], first[time + 1]), next);
        next += first[time + 1] - first[time];
      }
      return target;
    };
    const n = this.count(times);
    const correlated = this.observed.errorLength !== undefined;
    return {
      ...(correlated && { decorrelation: Decorrelation.joined(times.map((time) => this.decorrelationAt(time))) }),
      values: pick(values, new Float32Array(n)),
      error: pick(error, new Float32Array(n)),
      ...(inflation && { inflation: pick(inflation, new Float32Array(n)) }),
      species: pick(species, new Uint8Array(n)),
      withheld: pick(withheld, new Uint8Array(n)),
      place: () => this.placeOf(times),
      times: times.length,
    };
  }

  private placeOf(times: readonly number[]): ObservationPlace {
    const { cell, first } = this.observed;
    const indices = times.flatMap((time) => Array.from({ length: first[time + 1] - first[time] }, (_, k) => ({ time, i: first[time] + k })));
    return {
      cell: Int32Array.from(indices, ({ i }) => cell[i]),
      hour: Float64Array.from(indices, ({ time }) => this.times[time].start.getTime() / 3.6e6),
    };
  }

  private decorrelationAt(time: number): Decorrelation {
    return (this.decorrelations[time] ??= decorrelationOf(this.observed, time, this.options.grid.cols));
  }

  /** The hours of the period that some times see, ascending; one that two see (in zones half an hour off, or monitors and columns) once. */
  hoursOf(times: readonly number[]): Int32Array {
    return Int32Array.from(new Set(times.flatMap((i) => [...this.times[i].hours]))).sort();
  }

  /**
   * H·c of the whole period.
   *
   * @param fields - `[hours, H, W, S]`, all hours of the period
   */
  forward(fields: Float32Array): Float32Array {
    this.checkLength(fields, this.options.period.hours);
    const stencil = this.stencilOf(this.allTimes(), this.everyHour());
    return stencil.forward(pickAt(fields, stencil.places));
  }

  /** Hᵀ·g of the whole period: `[hours, H, W, S]`. */
  adjoint(gradSimulated: ArrayLike<number>): Float32Array {
    const stencil = this.stencilOf(this.allTimes(), this.everyHour());
    return spreadTo(this.options.period.hours * this.cells * this.species.length, stencil.adjoint(gradSimulated), stencil.places);
  }

  /** H of some times, on the fields of only the hours that they need, `[hoursOf(times).length, H, W, S]`. */
  stencil(times: readonly number[]): ObservationStencil {
    return this.stencilOf(times, this.compactHours(times));
  }

  /** Observed and simulated series at each station inside the grid, not averaged over cells: for scores and the report. */
  atStations(fields: Float32Array): StationSeries {
    this.checkLength(fields, this.options.period.hours);
    const { observations } = this.options;
    const [observed, simulated] = [new Map<string, Float32Array>(), new Map<string, Float32Array>()];
    this.species.forEach((name, s) => {
      const series = observations.values.get(name);
      if (!series) return;
      const size = this.stationTimes.length * this.stations.length;
      const [observedSeries, simulatedSeries] = [new Float32Array(size), new Float32Array(size)];
      this.stationTimes.forEach(({ step, hours, weights }, t) => {
        this.stations.forEach(({ index, cell }, j) => {
          observedSeries[t * this.stations.length + j] = series[step * observations.stations.length + index];
          simulatedSeries[t * this.stations.length + j] = this.mean(fields, hours, weights, cell, s);
        });
      });
      observed.set(name, observedSeries);
      simulated.set(name, simulatedSeries);
    });
    return {
      stations: this.stations.map(({ id, role, cell }) => ({ id, role, cell })),
      times: this.stationTimes.map(({ start }) => start),
      observed,
      simulated,
    };
  }

  private allTimes(): number[] {
    return this.times.map((_, i) => i);
  }

  private everyHour(): Int32Array[] {
    return this.times.map(({ hours }) => hours);
  }

  /** Where the hours of each time lie when fields hold only {@link hoursOf} those times. */
  private compactHours(times: readonly number[]): Int32Array[] {
    const places = new Map([...this.hoursOf(times)].map((hour, place) => [hour, place]));
    return times.map((i) => this.times[i].hours.map((hour) => places.get(hour)!));
  }

  private count(times: readonly number[]): number {
    return times.reduce((sum, i) => sum + this.observed.first[i + 1] - this.observed.first[i], 0);
  }

  private mean(fields: Float32Array, hours: Int32Array, weights: Float64Array, cell: number, species: number): number {
    let sum = 0;
    for (let k = 0; k < hours.length; k++) sum += weights[k] * fields[(hours[k] * this.cells + cell) * this.species.length + species];
    return sum;
  }

  /** @param hours - where those of each time lie in the fields */
  private stencilOf(times: readonly number[], hours: readonly Int32Array[]): ObservationStencil {
    const { cell, species, first } = this.observed;
    const elementsAt = (time: number): Int32Array =>
      cell.slice(first[time], first[time + 1]).map((cellIndex, i) => cellIndex * this.species.length + species[first[time] + i]);
    return new ObservationStencil(
      times.map((time, i) => ({ hours: hours[i], weights: this.times[time].weights, elements: elementsAt(time) })),
      this.cells * this.species.length,
    );
  }

  private checkLength(fields: Float32Array, hours: number): void {
    const expected = hours * this.cells * this.species.length;
    if (fields.length === expected) return;
    const { rows, cols } = this.options.grid;
    throw new ShapeError(
      'OBSERVATION_SHAPE',
      `observation operator: expected fields [${hours}, ${rows}, ${cols}, ${this.species.length}] but received ${fields.length} values`,
    );
  }
}
