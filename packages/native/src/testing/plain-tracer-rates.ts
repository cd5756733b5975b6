/** The rates of `ops/tracers/tracer_rates.h` as the equations stand there: what the kernel is tested against. */
import { TRACER_RATES, type TracerRatesRequest } from '../tracers';

/** @returns `[points, 3]` */
export function plainTracerRates(request: TracerRatesRequest, meteorology: ArrayLike<number>): Float64Array {
  const { channels, radiation, temperature, mixingRatio, rain } = request;
  return Float64Array.from({ length: (meteorology.length / channels) * TRACER_RATES.length }, (_, i) => {
    const weatherAt = (channel: number): number => meteorology[Math.floor(i / TRACER_RATES.length) * channels + channel];
    const rate = TRACER_RATES[i % TRACER_RATES.length];
    if (rate === 'light') return radiation === undefined ? 0 : Math.min(1, Math.max(0, weatherAt(radiation)) / (12 * 500));
    if (rate === 'kept') return rain === undefined ? 0 : Math.exp(-0.5 * 10 * Math.max(0, weatherAt(rain)));
    if (temperature === undefined || mixingRatio === undefined) return 0;
    const celsius = weatherAt(temperature) - 273.15;
    const saturation = 611.2 * Math.exp((17.67 * celsius) / (celsius + 243.5));
    const vapour = (1e5 * weatherAt(mixingRatio)) / (0.622 + weatherAt(mixingRatio));
    const x = Math.min(1, Math.max(0, (vapour / saturation - 0.6) / 0.4));
    return (rain !== undefined && weatherAt(rain) > 0.01 ? Math.max(x * x, 0.5) : x * x) / 6;
  });
}
