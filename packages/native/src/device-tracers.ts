/** Tracers of one period's emissions, carried in a GPU's memory. */
import type { DeviceFields } from './device-fields';
import type { ProgramOptions } from './kernels';
import { loadAddon } from './load-addon';
import { TRACER_DEFAULTS, type TracerRequest } from './tracers';

interface TracersHandle {
  carry(emissions: unknown, factors: unknown, out: unknown): void;
  addAdjoint(emissions: unknown, gradOut: unknown, gradFactors: unknown): void;
  dispose(): void;
}

interface TracersAddon {
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
    this.handle = new (loadAddon(module) as TracersAddon).Tracers({ ...TRACER_DEFAULTS, ...request }, meteorology.handle, rates?.handle, { device });
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
}
