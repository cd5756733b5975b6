/**
 * What happens to tracers underway besides transport, from the weather at the ground, as parts in an hour:
 *
 *   light   R / (12 h · 500 W m-2)        products of sunlight, whose radicals go with the radiation R
 *   cloud   x² / 6 h, x = (rh − 0.6) / 0.4 within 0 and 1, and x² = 0.5 at least where it rains: products in clouds and haze, whose share of the air
 *           grows so with relative humidity (Sundqvist et al. 1989, Mon. Weather Rev. 117, 1641); water takes up and oxidises SO2 within hours
 *   kept    exp(−0.5 · P / 1 mm)          what is left after rain P (scavenging ratios of Simpson et al. 2012, doi:10.5194/acp-12-7825-2012, in a column of 2 km)
 *
 * Tracers are scaled by their size before the surrogate sees them, so only the shapes matter; saturation vapour by Magnus' formula at 1000 hPa.
 */
import type { TracerKind } from '@retroplume/native';
import { isPrecursor, rateChannels, type TracerSettings } from '../data/case';

/** Places of the rates in their array. */
const RATES = ['light', 'cloud', 'kept'] as const;
export const RATE_COUNT = RATES.length;

const PRESSURE = 1e5; // Pa
const MM_PER_CM = 10;

/** The kinds of tracer as the kernel knows them. */
export function tracerKinds(settings: readonly TracerSettings[]): TracerKind[] {
  return settings.map(({ lifetime, aloft, washed, precursor, by }) => ({
    lifetime,
    aloft,
    ...(precursor !== undefined && by !== undefined
      ? { precursor: settings.findIndex((each) => isPrecursor(each, precursor)), rate: RATES.indexOf(by) }
      : {}),
    ...(washed ? { kept: RATES.indexOf('kept') } : {}),
  }));
}

/**
 * @param meteorology - `[T, H, W, names.length]`
 * @param names - of its channels, among them all that the tracers need
 * @returns `[T, H, W, RATE_COUNT]`; what no tracer needs is 0
 */
export function tracerRates(settings: readonly TracerSettings[], names: readonly string[], meteorology: Float32Array): Float32Array {
  const needed = rateChannels(settings);
  const [radiation, temperature, humidity, rain] = ['RGRND', 'TEMP2', 'Q2', 'RN'].map((name) => (needed.includes(name) ? names.indexOf(name) : -1));
  const points = meteorology.length / names.length;
  const out = new Float32Array(points * RATE_COUNT);
  for (let i = 0; i < points; i++) {
    const at = i * names.length;
    if (radiation >= 0) out[i * RATE_COUNT] = Math.min(1, Math.max(0, meteorology[at + radiation]) / (12 * 500));
    if (temperature >= 0) out[i * RATE_COUNT + 1] = cloudShare(meteorology[at + temperature], meteorology[at + humidity], meteorology[at + rain]) / 6;
    if (rain >= 0) out[i * RATE_COUNT + 2] = Math.exp(-0.5 * MM_PER_CM * Math.max(0, meteorology[at + rain]));
  }
  return out;
}

/** @param temperature - K @param mixingRatio - kg/kg @param rain - cm in an hour */
function cloudShare(temperature: number, mixingRatio: number, rain: number): number {
  const celsius = temperature - 273.15;
  const saturation = 611.2 * Math.exp((17.67 * celsius) / (celsius + 243.5));
  const vapour = (PRESSURE * mixingRatio) / (0.622 + 0.378 * mixingRatio);
  const x = Math.min(1, Math.max(0, (vapour / saturation - 0.6) / 0.4));
  return rain > 0.01 ? Math.max(x * x, 0.5) : x * x;
}
