/** A period whose fields are taken a rectangle of cells and a span of hours at a time: from memory, or from the prepared store on disk. */
import type { Grid, TimeAxis } from '../grid/grid';
import type { HalfFields } from '@retroplume/native';

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

/** What the channels of a period's runs are, in their order. */
export interface RunChannels {
  /** emission groups */
  readonly groups: readonly string[];
  readonly species: readonly string[];
}

export interface PeriodSource extends RunChannels {
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
  let values = new Float32Array();
  return (length) => {
    if (values.length < length) values = new Float32Array(length);
    return values.subarray(0, length);
  };
}

/** Channels of a field. */
export function channelsOf({ meteorologyNames, groups, species }: RunChannels & Pick<PeriodSource, 'meteorologyNames'>, field: HourlyField): number {
  return { meteorology: meteorologyNames, emissions: groups, concentrations: species }[field].length;
}

export function wholeGrid({ grid: { rows, cols } }: { grid: Pick<Crop, 'rows' | 'cols'> }): Crop {
  return { row: 0, col: 0, rows, cols };
}

/** Most values that are read at once, 16 MiB. */
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

/** Hourly fields of a whole grid that are not in memory; a part of them is read when it is asked for. */
interface StoredValues {
  /** @returns `[hours.count, crop.rows, crop.cols, channels]`, as {@link PeriodSource.hourly} */
  rectangle(crop: Crop, hours: Hours, memory?: Memory): Float32Array;
  /** as {@link HourStore.halves} */
  halves?(crop: Crop, hours: Hours): PlacedHalves;
}

/** Hourly fields of a whole grid, channels last: `[T, H, W, channels]`, or stored. */
export type HourlyValues = Float32Array | StoredValues;

type GridSize = Pick<Grid, 'rows' | 'cols'>;

/** An array of hourly fields with some hours of a rectangle in it. */
interface Placed {
  data: Float32Array;
  /** of the fields in `data` */
  grid: GridSize;
  crop: Crop;
  /** number of the first hour in `data` */
  first: number;
}

/** Fields in half precision with some hours of a rectangle in them. */
export interface PlacedHalves {
  fields: HalfFields;
  /** of the fields */
  grid: GridSize;
  crop: Crop;
  /** number of the first hour in the fields */
  first: number;
}

/** Some hours of a rectangle without a copy: where they are in the array, or read. */
export function placed(values: HourlyValues, grid: GridSize, crop: Crop, hours: Hours, memory?: Memory): Placed {
  if (!('rectangle' in values)) return { data: values, grid, crop, first: hours.first };
  const { rows, cols } = crop;
  return { data: values.rectangle(crop, hours, memory), grid: { rows, cols }, crop: { row: 0, col: 0, rows, cols }, first: 0 };
}

/** Hours of the whole grid one after the other: together where they are in memory, else some at a time, each part lost with the next. */
export function* partsOf(values: HourlyValues, grid: GridSize, channels: number, { first, count }: Hours): Generator<Float32Array> {
  const { rows, cols } = grid;
  const atOnce = 'rectangle' in values ? Math.max(1, Math.floor(MOST_VALUES / (rows * cols * channels))) : count;
  const memory = keptMemory();
  for (let hour = first; hour < first + count; hour += atOnce) {
    yield rectangleOf(values, grid, channels, { row: 0, col: 0, rows, cols }, { first: hour, count: Math.min(atOnce, first + count - hour) }, memory);
  }
}

export function rectangleOf(values: HourlyValues, grid: GridSize, channels: number, crop: Crop, hours: Hours, memory?: Memory): Float32Array {
  return 'rectangle' in values ? values.rectangle(crop, hours, memory) : part(values, grid, channels, crop, hours, memory);
}

/** A rectangle and span of hours of `[T, H, W, channels]`: as it is where it is all of the grid, else a copy. */
export function part(data: Float32Array, grid: GridSize, channels: number, crop: Crop, hours: Hours, memory = newMemory): Float32Array {
  const field = grid.rows * grid.cols * channels;
  if (crop.rows === grid.rows && crop.cols === grid.cols) return data.subarray(hours.first * field, (hours.first + hours.count) * field);
  const size = crop.rows * crop.cols * channels;
  const out = memory(hours.count * size);
  for (let i = 0; i < hours.count; i++) copyHour({ data, grid, crop }, channels, hours.first + i, out, i * size);
  return out;
}

/** Copies the crop of one hour's fields into `out`. */
export function copyHour({ data, grid, crop }: Omit<Placed, 'first'>, channels: number, hour: number, out: Float32Array, offset: number): void {
  const width = crop.cols * channels;
  for (let r = 0; r < crop.rows; r++) {
    const start = ((hour * grid.rows + crop.row + r) * grid.cols + crop.col) * channels;
    out.set(data.subarray(start, start + width), offset + r * width);
  }
}
