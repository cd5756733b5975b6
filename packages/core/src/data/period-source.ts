/** A period whose fields are taken a rectangle of cells and a span of hours at a time: from memory, or from the prepared store on disk. */
import type { Grid, TimeAxis } from '../grid/grid';
import type { PreparedPeriod } from './prepared';

/** A rectangle of cells. */
export interface Crop {
  row: number;
  col: number;
  rows: number;
  cols: number;
}

/** Consecutive hours of a period. */
export interface Hours {
  first: number;
  count: number;
}

/** Fields of the prior run over the hours of a period, channels last; see `PreparedPeriod` for units. */
export type HourlyField = 'meteorology' | 'emissions' | 'concentrations';

export type Memory = (length: number) => Float32Array;

export interface PeriodSource {
  readonly name: string;
  readonly grid: Grid;
  readonly time: TimeAxis;
  readonly meteorologyNames: readonly string[];
  readonly geographyNames: readonly string[];
  /**
   * @param memory - gives room for so many values; asked only where they have to be copied or read
   * @returns `[hours.count, crop.rows, crop.cols, channels]`, not to be written to: it may be the period's own memory
   * @throws {DataError} if the store cannot be read
   */
  hourly(field: HourlyField, crop: Crop, hours: Hours, memory?: Memory): Float32Array;
  /** `[crop.rows, crop.cols, G]`, as {@link hourly} */
  geography(crop: Crop): Float32Array;
}

/** New memory for every read. */
export const newMemory: Memory = (length) => new Float32Array(length);

/** Memory that is kept from one read to the next, as large as the largest: what an earlier read has given is lost. */
export function keptMemory(): Memory {
  let held = new Float32Array();
  return (length) => {
    if (held.length < length) held = new Float32Array(length);
    return held.subarray(0, length);
  };
}

/** Channels of a field. */
export function channelsOf(source: Pick<PeriodSource, 'meteorologyNames'>, field: HourlyField): number {
  return field === 'meteorology' ? source.meteorologyNames.length : field === 'emissions' ? 5 : 4;
}

export function wholeGrid({ grid: { rows, cols } }: Pick<PeriodSource, 'grid'>): Crop {
  return { row: 0, col: 0, rows, cols };
}

/** Of what is read at once, 16 MiB: a store of earlier versions is opened anew for every read. */
const MOST_VALUES = 2 ** 22;

/** Fields of the whole grid hour after hour, `[H, W, channels]`, in the units of `PreparedPeriod`; not to be written to. */
export function* hoursOf(
  source: PeriodSource,
  field: HourlyField,
  { first, count }: Hours = { first: 0, count: source.time.count },
): Generator<Float32Array> {
  const crop = wholeGrid(source);
  const length = crop.rows * crop.cols * channelsOf(source, field);
  const atOnce = Math.max(1, Math.floor(MOST_VALUES / length));
  for (let hour = first; hour < first + count; hour += atOnce) {
    const hours = Math.min(atOnce, first + count - hour);
    const fields = source.hourly(field, crop, { first: hour, count: hours });
    for (let i = 0; i < hours; i++) yield fields.subarray(i * length, (i + 1) * length);
  }
}

/**
 * A period in memory. Whole fields are handed out as they are, parts as copies.
 *
 * @param emissions - `[hours, H, W, 5]` instead of the prior run's
 */
export function inMemory(period: PreparedPeriod, emissions = period.runs.get('prior')?.emissions): PeriodSource {
  const { name, grid, time, meteorologyNames, geographyNames } = period;
  const fieldOf = (field: HourlyField): Float32Array => {
    if (field === 'meteorology') return period.meteorology;
    return field === 'emissions' ? emissions! : period.runs.get('prior')!.concentrations;
  };
  return {
    ...{ name, grid, time, meteorologyNames, geographyNames },
    hourly: (field, crop, hours, memory) => part(fieldOf(field), grid, channelsOf(period, field), crop, hours, memory),
    geography: (crop) => part(period.geography, grid, geographyNames.length, crop, { first: 0, count: 1 }),
  };
}

/** A rectangle and span of hours of `[T, H, W, channels]`: as it is where it is all of the grid, else a copy. */
export function part(
  data: Float32Array,
  grid: { rows: number; cols: number },
  channels: number,
  crop: Crop,
  hours: Hours,
  memory = newMemory,
): Float32Array {
  const field = grid.rows * grid.cols * channels;
  if (crop.rows === grid.rows && crop.cols === grid.cols) return data.subarray(hours.first * field, (hours.first + hours.count) * field);
  const size = crop.rows * crop.cols * channels;
  const out = memory(hours.count * size);
  for (let i = 0; i < hours.count; i++) copyHour(data, grid.rows, grid.cols, channels, hours.first + i, crop, out, i * size);
  return out;
}

/** Copies the crop of one hour's fields into `out`. */
export function copyHour(
  data: Float32Array,
  rows: number,
  cols: number,
  channels: number,
  hour: number,
  crop: Crop,
  out: Float32Array,
  offset: number,
): void {
  const width = crop.cols * channels;
  for (let r = 0; r < crop.rows; r++) {
    const from = ((hour * rows + crop.row + r) * cols + crop.col) * channels;
    out.set(data.subarray(from, from + width), offset + r * width);
  }
}
