/**
 * The scales that bring physical quantities to order one. They live inside the graph (channel-wise affine maps), so every model takes and
 * gives physical units.
 *
 * Emissions, tracers and concentrations are scaled, not shifted: zero stays zero. Emissions and tracers are divided by their root mean square over
 * cells and hours, concentrations by their standard deviation over the prior run.
 */
import { DataError } from '../errors';
import type { HourStore } from '../data/hour-store';
import type { PreparedPeriod } from '../data/prepared';

/** `normalised = (physical − offset) / scale`, one value a channel. */
export interface ChannelScale {
  offset: number[];
  scale: number[];
}

export interface Normalisation {
  emissions: ChannelScale;
  /** absent where the surrogate sees none */
  tracers?: ChannelScale;
  meteorology: ChannelScale;
  geography: ChannelScale;
  concentrations: ChannelScale;
}

interface Moments {
  sum: Float64Array;
  squares: Float64Array;
  count: number;
}

function moments(channels: number): Moments {
  return { sum: new Float64Array(channels), squares: new Float64Array(channels), count: 0 };
}

function accumulate(into: Moments, data: Float32Array, from: number, name: string): void {
  const channels = into.sum.length;
  for (let i = from; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      const value = data[i + c];
      into.sum[c] += value;
      into.squares[c] += value * value;
    }
  }
  into.count += (data.length - from) / channels;
  const bad = into.sum.findIndex((s) => !Number.isFinite(s));
  if (bad >= 0)
    throw new DataError('DATA_NOT_FINITE', `${name}: channel ${bad} holds NaN or infinite values: mend the input files and run prepare again`);
}

function forEachPart(store: HourStore, hours: number, visit: (part: Float32Array) => void): void {
  for (let first = 0; first < hours; first += store.hoursAtOnce) visit(store.hours({ first, count: Math.min(store.hoursAtOnce, hours - first) }));
}

/** Values that vary by less than this part of their size are taken for constant and only shifted. */
const CONSTANT = 1e-6;

function standardised({ sum, squares, count }: Moments): ChannelScale {
  const offset = Array.from(sum, (s) => s / count);
  const scale = offset.map((mean, c) => {
    const deviation = Math.sqrt(Math.max(0, squares[c] / count - mean * mean));
    return deviation > CONSTANT * Math.abs(mean) && deviation > 0 ? deviation : 1;
  });
  return { offset, scale };
}

function scaledOnly(scale: number[]): ChannelScale {
  return { offset: scale.map(() => 0), scale: scale.map((s) => (s > 0 ? s : 1)) };
}

/**
 * Normalisation from the prior run of all periods, spin-up left out.
 *
 * @param spinUpHours - hours at the start of each period that are not used
 * @throws {DataError} if a field holds a value that is not finite
 */
export function normalisationOf(periods: readonly PreparedPeriod[], spinUpHours: readonly number[]): Normalisation {
  const first = periods[0];
  const prior = first.runs.get('prior');
  if (!prior) throw new DataError('PRIOR_MISSING', `period ${first.name}: no prior run in the prepared store: run simulate and prepare`);
  const cells = first.grid.rows * first.grid.cols;
  const groups = prior.emissions.length / (first.time.count * cells);
  const species = prior.concentrations.length / (first.time.count * cells);
  const emissions = moments(groups);
  const tracers = prior.tracers && moments(prior.tracers.channels);
  const concentrations = moments(species);
  const meteorology = moments(first.meteorologyNames.length);
  const geography = moments(first.geographyNames.length);
  periods.forEach((period, p) => {
    const run = period.runs.get('prior')!;
    accumulate(emissions, run.emissions, 0, `${period.name}: prior emissions`);
    if (tracers)
      forEachPart(run.tracers!, period.time.count, (part) => accumulate(tracers, part, 0, `${period.name}: tracers of the prior emissions`));
    accumulate(concentrations, run.concentrations, spinUpHours[p] * cells * species, `${period.name}: prior concentrations`);
    accumulate(meteorology, period.meteorology, 0, `${period.name}: meteorology`);
    if (period.geographyNames.length > 0) accumulate(geography, period.geography, 0, `${period.name}: geography`);
  });
  const rootMeanSquare = ({ squares, count }: Moments): ChannelScale => scaledOnly(Array.from(squares, (s) => Math.sqrt(s / count)));
  return {
    emissions: rootMeanSquare(emissions),
    ...(tracers ? { tracers: rootMeanSquare(tracers) } : {}),
    concentrations: scaledOnly(standardised(concentrations).scale),
    meteorology: standardised(meteorology),
    geography: geography.count > 0 ? standardised(geography) : { offset: [], scale: [] },
  };
}
