/** Tracers as the addon knows them, and the rates of what happens to them underway (`ops/tracers/tracer_rates.h` has the equations). */
import { TRACER_RATES, tracerRates, type TracerKind } from '@retroplume/native';
import { GROUPS } from '../../base/species';
import { isPrecursor, rateChannels, tracersOf, type TracerSettings } from '../../case';

export const RATE_COUNT = TRACER_RATES.length;

/** Each group's tracers as the kernel knows them. */
export function tracerKinds(settings: readonly TracerSettings[]): TracerKind[][] {
  return GROUPS.map((group) => {
    const own = tracersOf(settings, group).map((place) => settings[place]);
    return own.map(({ lifetime, aloft, washed, precursor, by }) => ({
      lifetime,
      aloft,
      ...(precursor !== undefined && by !== undefined
        ? { precursor: own.findIndex((each) => isPrecursor(each, precursor)), rate: TRACER_RATES.indexOf(by) }
        : {}),
      ...(washed ? { kept: TRACER_RATES.indexOf('kept') } : {}),
    }));
  });
}

/**
 * @param meteorology - `[T, H, W, names.length]`
 * @param names - of its channels, among them all that the tracers need
 * @returns `[T, H, W, RATE_COUNT]`; what no tracer needs is 0
 */
export function ratesOf(settings: readonly TracerSettings[], names: readonly string[], meteorology: Float32Array, threads: number): Float32Array {
  const needed = rateChannels(settings);
  const channel = (name: string): number | undefined => (needed.includes(name) ? names.indexOf(name) : undefined);
  const [radiation, temperature, mixingRatio, rain] = ['RGRND', 'TEMP2', 'Q2', 'RN'].map(channel);
  return tracerRates({ channels: names.length, radiation, temperature, mixingRatio, rain, threads }, meteorology);
}
