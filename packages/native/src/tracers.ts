import { loadAddon } from './load-addon';
import type { DeviceFields } from './fields';
import type { ProgramOptions } from './kernels';

/** One of a group's tracers: of what is emitted, or of what is made of it underway. */
export interface TracerKind {
  /** hours, above 0 */
  lifetime: number;
  /** emitted above the mixed layer where that is below 300 m; default false */
  aloft?: boolean;
  /** the group's tracer, before it in the list, that it is made of; absent: it is emitted */
  precursor?: number;
  /** which of the rates is the part of the precursor that it is made of in an hour */
  rate?: number;
  /** which of the rates is the part of it that is kept in an hour; absent: all */
  kept?: number;
}

/** A period of hourly weather and emissions, and the tracers that are asked for; `src/ops/tracers/tracers.h` has the equations. */
export interface TracerRequest {
  hours: number;
  rows: number;
  cols: number;
  /** of each emitted group its tracers, which may be none */
  kinds: readonly (readonly TracerKind[])[];
  /** of the rates; default 0 */
  rateCount?: number;
  /** metres */
  cellSizeX: number;
  /** metres */
  cellSizeY: number;
  /** of the meteorology */
  channels: number;
  /** channel of the 10 m wind along the grid's x axis, m s-1 */
  windX: number;
  /** channel of the 10 m wind along the grid's y axis, m s-1 */
  windY: number;
  /** channel of the boundary-layer height, m */
  height: number;
  /** the channel holds 1 / height, m-1; default false */
  inverseHeight?: boolean;
  /** where the factors begin in their array; default 0 */
  factorsOffset?: number;
  /** factors are `[T, H, W, groups]`, one for every hour, instead of `[H, W, groups]` for all; default false */
  hourlyFactors?: boolean;
  /** the meteorology begins with the hour before: these hours go on from others; default false */
  follows?: boolean;
  /** `[T]`: hours of which tracers are asked for, not 0; the others are carried and have no field. Default: all */
  asked?: Uint8Array;
  /** 1 (default): on the calling thread; more: on the executor, after the runs that are queued there */
  threads?: number;
}

/** Where the weather that rates follow from lies in the meteorology; what no tracer needs may be absent. `src/ops/tracers/tracer_rates.h` has the equations. */
export interface TracerRatesRequest {
  /** of the meteorology */
  channels: number;
  /** W m-2 */
  radiation?: number;
  /** K */
  temperature?: number;
  /** of water vapour, kg/kg */
  mixingRatio?: number;
  /** cm in an hour */
  rain?: number;
  /** as of {@link TracerRequest} */
  threads?: number;
}

/** Rates of a point, in their order: made by light, made in clouds, kept in rain. */
export const TRACER_RATES = ['light', 'cloud', 'kept'] as const;

interface TracersAddon {
  tracers: typeof tracers;
  tracersAdjoint: typeof tracersAdjoint;
  tracerRates(request: TracerRatesRequest, meteorology: Float32Array, out: Float32Array): void;
}

/** Of what a request may leave out. */
const TRACER_DEFAULTS = { rateCount: 0, inverseHeight: false, factorsOffset: 0, hourlyFactors: false, follows: false, threads: 1 };

let loaded: TracersAddon | undefined;

function addon(): TracersAddon {
  loaded ??= loadAddon('retroplume') as TracersAddon;
  return loaded;
}

/** Memory in which the masses go over from some hours to those that follow, or in the transpose precede: two layers, with ghost cells. */
export function tracerState({ rows, cols, kinds }: TracerRequest): Float32Array {
  const stride = Math.ceil((cols + 4) / 16) * 16;
  return new Float32Array(2 * kinds.flat().length * (rows + 4) * stride);
}

/**
 * Carries emissions as tracers through all hours, from none before the first or from `state`.
 *
 * @param meteorology - `[T, H, W, channels]`, with an hour more at the beginning where the request says `follows`
 * @param rates - `[T, H, W, rateCount]`, parts in an hour
 * @param emissions - `[T, H, W, groups]`, kg m-2 s-1
 * @param out - `[hours asked for, H, W, tracers]`, kg m-3 at the ground at the end of each; group after group
 * @param factors - on the emissions; absent = 1
 * @param state - what the hours before left, at the very first a new {@link tracerState}; it is changed to what these hours leave
 * @throws Error with `code` `ARGUMENT_INVALID` if a number or an array does not fit
 */
export function tracers(
  request: TracerRequest,
  meteorology: Float32Array,
  rates: Float32Array,
  emissions: Float32Array,
  out: Float32Array,
  factors?: Float32Array,
  state?: Float32Array,
): void {
  addon().tracers({ ...TRACER_DEFAULTS, ...request }, meteorology, rates, emissions, out, factors, state);
}

/**
 * The transpose of {@link tracers} with respect to its factors, added to `gradFactors`. With a state, the last hours are given first.
 *
 * @throws as {@link tracers}
 */
export function tracersAdjoint(
  request: TracerRequest,
  meteorology: Float32Array,
  rates: Float32Array,
  emissions: Float32Array,
  gradOut: Float32Array,
  gradFactors: Float32Array,
  state?: Float32Array,
): void {
  addon().tracersAdjoint({ ...TRACER_DEFAULTS, ...request }, meteorology, rates, emissions, gradOut, gradFactors, state);
}

/**
 * What happens to tracers underway besides transport.
 *
 * @param meteorology - `[points, channels]`
 * @returns `[points, 3]`, parts in an hour; those whose weather is absent are 0
 * @throws Error with `code` `ARGUMENT_INVALID` if a channel or an array does not fit
 */
export function tracerRates(request: TracerRatesRequest, meteorology: Float32Array): Float32Array {
  const out = new Float32Array(Math.floor(meteorology.length / request.channels) * TRACER_RATES.length);
  addon().tracerRates({ threads: 1, ...request }, meteorology, out);
  return out;
}

interface TracersHandle {
  carry(emissions: unknown, factors: unknown, out: unknown): void;
  addAdjoint(emissions: unknown, gradOut: unknown, gradFactors: unknown): void;
  dispose(): void;
}

interface DeviceTracersAddon {
  Tracers: new (request: TracerRequest, meteorology: unknown, rates: unknown, options: Pick<ProgramOptions, 'device'>) => TracersHandle;
}

/** Of a whole period; fields say themselves of how many hours they are. */
export type DeviceTracerRequest = Omit<TracerRequest, 'factorsOffset' | 'hourlyFactors' | 'follows' | 'asked' | 'threads'>;

/**
 * As `tracers` and `tracersAdjoint` on the host, to rounding, for fields that lie on one GPU in single precision. Calls return when the work is in the
 * GPU's queue: what is asked of the fields afterwards waits for it.
 *
 * @example
 * const carried = new DeviceTracers(request, meteorology, rates, 'cuda');
 * carried.carry(emissions, factors, tracers);
 */
export class DeviceTracers {
  private readonly handle: TracersHandle;

  /**
   * @param meteorology - `[T, H, W, channels]`
   * @param rates - `[T, H, W, rateCount]`, parts in an hour; undefined where there are none
   * @param module - the addon to take, that of the fields
   * @throws Error with `code` `DEVICE_OUT_OF_MEMORY`, `DEVICE_CUDA_MISSING`, `ARGUMENT_INVALID`
   */
  constructor(
    request: DeviceTracerRequest,
    meteorology: DeviceFields,
    rates: DeviceFields | undefined,
    device: ProgramOptions['device'],
    module = 'retroplume',
  ) {
    this.handle = new (loadAddon(module) as DeviceTracersAddon).Tracers({ ...TRACER_DEFAULTS, ...request }, meteorology.handle, rates?.handle, {
      device,
    });
  }

  /**
   * @param emissions - `[T, H, W, groups]`, kg m-2 s-1
   * @param factors - on the emissions, `[1, H, W, groups]` for all hours or `[T, H, W, groups]`; absent = 1
   * @param out - `[T, H, W, tracers]`, kg m-3 at the ground at the end of each hour
   * @throws Error with `code` `ARGUMENT_INVALID` if fields do not fit
   */
  carry(emissions: DeviceFields, factors: DeviceFields | undefined, out: DeviceFields): void {
    this.handle.carry(emissions.handle, factors?.handle, out.handle);
  }

  /**
   * The transpose with respect to the factors.
   *
   * @param gradFactors - added to
   * @throws as {@link carry}
   */
  addAdjoint(emissions: DeviceFields, gradOut: DeviceFields, gradFactors: DeviceFields): void {
    this.handle.addAdjoint(emissions.handle, gradOut.handle, gradFactors.handle);
  }

  /** Releases the memory. A second dispose does nothing. */
  dispose(): void {
    this.handle.dispose();
  }

  /** For `using`: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
