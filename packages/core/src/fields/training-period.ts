/** A period as training samples it: fields in memory, as `readPrepared` gives them, or in the prepared store, from which windows are read when they are asked for. */
import { columnGas } from '../base/species';
import { columnGaps, zeroInGaps, type ColumnGaps } from './column-gaps';
import type { MemoryBudget } from './memory-budget';
import type { HourStore } from './hour-store';
import { channelsOf, wholeGrid, part, rectangleOf, type HourlyField, type HourlyValues, type PeriodSource, type RunChannels } from './period-source';
import { type PreparedMeteorology, speciesVariable, type PreparedPeriod } from './prepared';
import { openPrepared } from './prepared-store';

/** One run of the transport model; see `PreparedRun` for shapes and units. */
export interface TrainingRun {
  emissions: HourlyValues;
  concentrations: HourlyValues;
  tracers?: HourStore;
}

export interface TrainingPeriod extends Omit<PreparedMeteorology, 'meteorology'>, RunChannels {
  /** `[T, H, W, M]` */
  meteorology: HourlyValues;
  /** in which the runs' columns are 0; absent: they have values in all hours */
  gaps?: ColumnGaps;
  runs: ReadonlyMap<string, TrainingRun>;
}

interface TrainingFields {
  /** groups and species of the case */
  channels: RunChannels;
  /** the prior run first */
  runs: readonly string[];
  /** whether the concentrations of the prior run are channels of the meteorology */
  priorConcentrations: boolean;
  /** of what is in memory */
  room: MemoryBudget;
}

/**
 * Periods of the prepared store with some of their runs. The weather of all periods is read into memory first, since every sample sees it, then run after run, as
 * far as there is room.
 *
 * @param dir - of the store
 * @throws {DataError} `PREPARED_MISSING`, `PREPARED_TIME`, `PREPARED_CHANNELS`; later, where a file has become another, `PREPARED_CHANGED` @throws {GridError} `GRID_MISMATCH`
 */
export function openTrainingPeriods(
  dir: string,
  names: readonly string[],
  { channels, runs, priorConcentrations, room }: TrainingFields,
): TrainingPeriod[] {
  const opened = names.map((name) => {
    const sources = runs.map((run) => openPrepared(dir, name, channels, run));
    return { sources, seen: priorConcentrations ? readWithPriorConcentrations(sources[0]) : sources[0] };
  });
  const weather = opened.map(({ seen }) => fieldOf(seen, 'meteorology', room));
  return opened.map(({ sources, seen }, p) => ({
    ...gapsOf(dir, seen),
    name: seen.name,
    grid: seen.grid,
    time: seen.time,
    meteorologyNames: [...seen.meteorologyNames],
    geographyNames: [...seen.geographyNames],
    groups: seen.groups,
    species: seen.species,
    meteorology: weather[p],
    geography: seen.geography(wholeGrid(seen)),
    runs: new Map(sources.map((source, r) => [runs[r], runOf(source, room)])),
  }));
}

function gapsOf(dir: string, { name, species, time }: PeriodSource): Pick<TrainingPeriod, 'gaps'> {
  const gaps = columnGaps(dir, name, species, time.count);
  return gaps ? { gaps } : {};
}

function runOf(source: PeriodSource, room: MemoryBudget): TrainingRun {
  const hasColumns = source.species.some((name) => columnGas(name) !== undefined);
  const whole: PeriodSource = hasColumns
    ? {
        ...source,
        hourly: (field, ...args) => (field === 'concentrations' ? zeroInGaps(source.hourly(field, ...args)) : source.hourly(field, ...args)),
      }
    : source;
  return { emissions: fieldOf(source, 'emissions', room), concentrations: fieldOf(whole, 'concentrations', room) };
}

/** Hours that are read at once into memory. */
const SLAB = 24;

function fieldOf(source: PeriodSource, field: HourlyField, room: MemoryBudget): HourlyValues {
  const { rows, cols } = source.grid;
  const hours = source.time.count;
  const channels = channelsOf(source, field);
  if (!room.take({ hours, rows, cols, channels })) return { rectangle: (...args) => source.hourly(field, ...args) };
  const size = rows * cols * channels;
  const out = new Float32Array(hours * size);
  for (let first = 0; first < hours; first += SLAB) {
    const count = Math.min(SLAB, hours - first);
    source.hourly(field, wholeGrid(source), { first, count }, () => out.subarray(first * size, (first + count) * size));
  }
  return out;
}

/**
 * One run of a period. Of what is in memory whole fields are handed out as they are, parts as copies.
 *
 * @param emissions - `[hours, H, W, groups]` instead of the prior run's
 */
export function sourceOf(period: TrainingPeriod, emissions = period.runs.get('prior')?.emissions): PeriodSource {
  const { name, grid, time, meteorologyNames, geographyNames, groups, species } = period;
  const valuesOf = (field: HourlyField): HourlyValues => {
    if (field === 'meteorology') return period.meteorology;
    return field === 'emissions' ? emissions! : period.runs.get('prior')!.concentrations;
  };
  return {
    name,
    grid,
    time,
    meteorologyNames,
    geographyNames,
    groups,
    species,
    hourly: (field, crop, hours, memory) => rectangleOf(valuesOf(field), grid, channelsOf(period, field), crop, hours, memory),
    geography: (crop) => part(period.geography, grid, geographyNames.length, crop, { first: 0, count: 1 }),
  };
}

/**
 * The concentrations of the transport model's prior run as further channels of the meteorology: `surrogate.priorConcentrations`. They are fixed in a run, as
 * the weather is, so that everything that takes the weather of a period (windows, tiles, rotation, normalisation, ONNX) takes them with it.
 * Names of these channels, one for each species, in the order of the species: gases in ppb, particles in µg m-3.
 */
export function priorChannels(species: readonly string[]): string[] {
  return species.map((name) => `prior_${speciesVariable(name)}`);
}

/**
 * The period with {@link priorChannels} after the channels of its meteorology: `[T, H, W, M + species]`, gases in ppb, particles in µg m-3. The prior run must be among
 * its runs.
 */
export function withPriorConcentrations(period: PreparedPeriod): PreparedPeriod {
  const { concentrations } = period.runs.get('prior')!;
  const names = priorChannels(period.species);
  return {
    ...period,
    meteorologyNames: [...period.meteorologyNames, ...names],
    meteorology: joined(period.meteorology, concentrations, names.length),
  };
}

/** The same of a period that is read as it is asked for. */
export function readWithPriorConcentrations(source: PeriodSource): PeriodSource {
  const meteorologyNames = [...source.meteorologyNames, ...priorChannels(source.species)];
  return {
    ...source,
    meteorologyNames,
    hourly(field, crop, hours, memory) {
      if (field !== 'meteorology') return source.hourly(field, crop, hours, memory);
      const points = hours.count * crop.rows * crop.cols;
      const parts = [source.hourly('meteorology', crop, hours), source.hourly('concentrations', crop, hours)];
      return joined(parts[0], parts[1], source.species.length, memory?.(points * meteorologyNames.length));
    },
  };
}

/** `[points, M]` and `[points, species]` side by side: `[points, M + species]`, 0 in gaps of columns. */
function joined(
  weather: Float32Array,
  concentrations: Float32Array,
  species: number,
  out: Float32Array = new Float32Array(weather.length + concentrations.length),
): Float32Array {
  const points = concentrations.length / species;
  const channels = weather.length / points;
  const channelCount = channels + species;
  for (let i = 0; i < points; i++) {
    for (let c = 0; c < channels; c++) out[i * channelCount + c] = weather[i * channels + c];
    for (let c = 0; c < species; c++) {
      const value = concentrations[i * species + c];
      out[i * channelCount + channels + c] = Number.isNaN(value) ? 0 : value;
    }
  }
  return out;
}
