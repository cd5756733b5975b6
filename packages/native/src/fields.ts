/** Hourly fields, in single or half precision, in the host's memory or a GPU's: windows of them are means over hours. */
import { loadAddon } from './load-addon';

/** Hourly fields `[T, H, W, C]`, the hour at which a window ends, its steps, and the rectangle of cells that is asked for. */
export interface WindowMeanRequest {
  rows: number;
  cols: number;
  channels: number;
  hour: number;
  /** pairs (first, last): each step is the mean of the hours `hour − last … hour − first`, both included */
  steps: Int32Array;
  cropRow: number;
  cropCol: number;
  cropRows: number;
  cropCols: number;
  /** quarter turns of the crop, counter-clockwise; it is square then. Default 0 */
  turns?: number;
  /** channels of a vector (u east, v north), which turns with the cells: after a quarter turn (u, v) is (−v, u) */
  vector?: { u: number; v: number };
  /** every element of the output times max(0, 1 + deviation · n), n standard normal and made of `key` (a whole number from 0) and the element's place */
  noise?: { deviation: number; key: number };
  /** times all of the output; default 1 */
  factor?: number;
  /** where the steps begin in the array that holds them, in elements; default 0 */
  stepsOffset?: number;
  /** where the factors begin in their array; default 0 */
  factorsOffset?: number;
  /** factors are `[T, H, W, C]`, one for every hour of the fields, instead of `[H, W, C]` for all; default false */
  hourlyFactors?: boolean;
  /** 1 (default): on the calling thread, also while a program runs; more: on the executor, after the runs that are queued there */
  threads?: number;
  /** of several threads: others than the executor's, so that it need not wait for a program, which leaves them idle where it runs on a GPU; default false */
  beside?: boolean;
}

/** Hourly fields `[T, H, W, C]` in half precision, in blocks of whole hours. */
export interface HalfFields {
  blocks: readonly Uint16Array[];
  /** of every block but the last, which may have fewer */
  hoursOfBlock: number;
  /** the number that 1 stands for */
  one: number;
}

interface HostFieldsAddon {
  windowMean(request: WindowMeanRequest, fields: Float32Array, factors: Float32Array | undefined, out: Float32Array): void;
  windowMeanOfHalves(request: WindowMeanRequest, fields: HalfFields, out: Float32Array): void;
  windowMeanAdjoint(request: WindowMeanRequest, fields: Float32Array | undefined, gradOut: Float32Array, gradFactors: Float32Array): void;
  fromHalf(halves: Uint16Array, out: Float32Array, oneBits: number): void;
  toHalf(values: Float32Array, halves: Uint16Array, oneBits: number): void;
}

const DEFAULTS = { stepsOffset: 0, factorsOffset: 0, hourlyFactors: false, threads: 1, beside: false };

let loaded: HostFieldsAddon | undefined;

function addon(): HostFieldsAddon {
  loaded ??= loadAddon('retroplume') as HostFieldsAddon;
  return loaded;
}

/**
 * Means over the hours of every step: `out[step, row, col, channel] = 1/n Σ_hours factors · fields` over the crop, then turned and made noisy.
 *
 * @param factors - absent = 1
 * @throws Error with `code` `ARGUMENT_INVALID` if a step, the crop or an array does not fit
 */
export function windowMean(request: WindowMeanRequest, fields: Float32Array, out: Float32Array, factors?: Float32Array): void {
  addon().windowMean({ ...DEFAULTS, ...request }, fields, factors, out);
}

/** {@link windowMean} of fields in half precision, without factors. @throws as {@link windowMean} */
export function windowMeanOfHalves(request: WindowMeanRequest, fields: HalfFields, out: Float32Array): void {
  addon().windowMeanOfHalves({ ...DEFAULTS, ...request }, fields, out);
}

/**
 * The transpose of {@link windowMean} without noise and turns with respect to its factors, added: `gradFactors += 1/n Σ fields · gradOut`.
 *
 * @param fields - absent = 1: with hourly factors that is the transpose with respect to fields
 * @throws as {@link windowMean}
 */
export function windowMeanAdjoint(
  request: WindowMeanRequest,
  fields: Float32Array | undefined,
  gradOut: Float32Array,
  gradFactors: Float32Array,
): void {
  addon().windowMeanAdjoint({ ...DEFAULTS, ...request }, fields, gradOut, gradFactors);
}

/**
 * From IEEE 754 half precision, in which fields are kept in half the room: 11 bits of a number, rounded to nearest, within ±65504; larger ones become that.
 * out = halves · one
 *
 * @throws Error with `code` `ARGUMENT_INVALID` if `out` is shorter
 */
export function fromHalf(halves: Uint16Array, out: Float32Array, oneBits = 1): void {
  addon().fromHalf(halves, out, oneBits);
}

/** halves = values / one @throws Error with `code` `ARGUMENT_INVALID` if `halves` is shorter */
export function toHalf(values: Float32Array, halves: Uint16Array, oneBits = 1): void {
  addon().toHalf(values, halves, oneBits);
}

/** Of fields `[hours, rows, cols, channels]`. */
export interface DeviceFieldsShape {
  hours: number;
  rows: number;
  cols: number;
  channels: number;
  /** the number that 1 stands for in half precision; absent: single precision */
  one?: number;
}

/** What the addon knows the fields by. */
export interface FieldsHandle {
  write(firstHour: number, data: Float32Array | Uint16Array): void;
  read(firstHour: number, target: Float32Array): void;
  addTo(firstHour: number, target: Float32Array): void;
  clear(firstHour: number, hours: number): void;
  dispose(): void;
}

interface FieldsAddon {
  Fields: new (shape: DeviceFieldsShape, options: { device?: string }) => FieldsHandle;
}

/**
 * Room for hourly fields on a GPU, of which programs on it take windows without the host; zeros at first.
 *
 * @example
 * const fields = new DeviceFields({ hours: 744, rows: 182, cols: 232, channels: 14 }, 'cuda');
 * fields.write(0, meteorology);
 * program.stageWindow(offset, fields, request);
 */
export class DeviceFields {
  /** for {@link NativeProgram.stageWindow} */
  readonly handle: FieldsHandle;

  /**
   * @param module - the addon to take, that of the program
   * @throws Error with `code` `DEVICE_OUT_OF_MEMORY`, `DEVICE_CUDA_MISSING`, `ARGUMENT_INVALID`
   */
  constructor(
    readonly shape: DeviceFieldsShape,
    device: 'cpu' | 'cuda' | `cuda:${number}` | undefined,
    module = 'retroplume',
  ) {
    this.handle = new (loadAddon(module) as FieldsAddon).Fields(shape, { device });
  }

  /**
   * Copies consecutive hours of the whole grid to the GPU, and waits for it.
   *
   * @param data - a Uint16Array of half-precision numbers where the fields are in half precision, else a Float32Array
   * @throws Error with `code` `ARGUMENT_INVALID` if they are not all in the fields
   */
  write(firstHour: number, data: Float32Array | Uint16Array): void {
    this.handle.write(firstHour, data);
  }

  /** Fills `into` with consecutive hours of fields in single precision. @throws as {@link write} */
  read(firstHour: number, target: Float32Array): void {
    this.handle.read(firstHour, target);
  }

  /** Adds consecutive hours of fields in single precision to `into`. @throws as {@link write} */
  addTo(firstHour: number, target: Float32Array): void {
    this.handle.addTo(firstHour, target);
  }

  /** All numbers of some hours become 0; default: of all. @throws as {@link write} */
  clear(firstHour = 0, hours = this.shape.hours - firstHour): void {
    this.handle.clear(firstHour, hours);
  }

  /** Releases the memory, once no window of it is staged. A second dispose does nothing. */
  dispose(): void {
    this.handle.dispose();
  }

  /** For `using`: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
