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

interface WindowAddon {
  windowMean(request: WindowMeanRequest, fields: Float32Array, factors: Float32Array | undefined, out: Float32Array): void;
  windowMeanOfHalves(request: WindowMeanRequest, fields: HalfFields, out: Float32Array): void;
  windowMeanAdjoint(request: WindowMeanRequest, fields: Float32Array | undefined, gradOut: Float32Array, gradFactors: Float32Array): void;
}

const DEFAULTS = { stepsOffset: 0, factorsOffset: 0, hourlyFactors: false, threads: 1, beside: false };

let loaded: WindowAddon | undefined;

function addon(): WindowAddon {
  loaded ??= loadAddon('retroplume') as WindowAddon;
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
