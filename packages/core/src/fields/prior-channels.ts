/**
 * The concentrations of the transport model's prior run as further channels of the meteorology: `surrogate.priorConcentrations`. They are fixed in a run, as
 * the weather is, so that everything that takes the weather of a period (windows, tiles, rotation, normalisation, ONNX) takes them with it.
 */
import { channelsOf, type PeriodSource } from './period-source';
import { SPECIES } from '../base/species';
import { speciesVariable, type PreparedPeriod } from './prepared';

/** Names of the four channels, in the order of {@link SPECIES}: gases in ppb, PM2.5 in µg m-3. */
export const PRIOR_CHANNELS = SPECIES.map((species) => `prior_${speciesVariable(species)}`);

/** The period with {@link PRIOR_CHANNELS} after the channels of its meteorology: `[T, H, W, M + 4]`, gases in ppb, PM2.5 in µg m-3. The prior run must be among its runs. */
export function withPriorConcentrations(period: PreparedPeriod): PreparedPeriod {
  const { concentrations } = period.runs.get('prior')!;
  return { ...period, meteorologyNames: [...period.meteorologyNames, ...PRIOR_CHANNELS], meteorology: joined(period.meteorology, concentrations) };
}

/** The same of a period that is read as it is asked for. */
export function readWithPriorConcentrations(source: PeriodSource): PeriodSource {
  const meteorologyNames = [...source.meteorologyNames, ...PRIOR_CHANNELS];
  return {
    ...source,
    meteorologyNames,
    hourly(field, crop, hours, memory) {
      if (field !== 'meteorology') return source.hourly(field, crop, hours, memory);
      const points = hours.count * crop.rows * crop.cols;
      const parts = [source.hourly('meteorology', crop, hours), source.hourly('concentrations', crop, hours)];
      return joined(parts[0], parts[1], memory?.(points * channelsOf({ meteorologyNames }, 'meteorology')));
    },
  };
}

/** `[points, M]` and `[points, 4]` side by side: `[points, M + 4]`. */
function joined(
  weather: Float32Array,
  concentrations: Float32Array,
  out: Float32Array = new Float32Array(weather.length + concentrations.length),
): Float32Array {
  const points = concentrations.length / PRIOR_CHANNELS.length;
  const channels = weather.length / points;
  const all = channels + PRIOR_CHANNELS.length;
  for (let i = 0; i < points; i++) {
    for (let c = 0; c < channels; c++) out[i * all + c] = weather[i * channels + c];
    for (let c = 0; c < PRIOR_CHANNELS.length; c++) out[i * all + channels + c] = concentrations[i * PRIOR_CHANNELS.length + c];
  }
  return out;
}
