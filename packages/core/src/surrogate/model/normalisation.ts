/**
 * The scales that bring physical quantities to order one. They live inside the graph (channel-wise affine maps), so every model takes and
 * gives physical units.
 *
 * Emissions, tracers and concentrations are scaled, not shifted: zero stays zero. Emissions and tracers are divided by their root mean square over
 * cells and hours, concentrations by their standard deviation over the prior run.
 */
import { DataError } from '../../base/errors';
import { channelsOf, partsOf, type HourlyField, type HourlyValues, type Hours } from '../../fields/period-source';
import { hoursWithValues } from '../../fields/column-gaps';
import type { TrainingPeriod } from '../../fields/training-period';

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
  /** of the values, those that are a 0 in a gap of columns; absent: none */
  gaps?: Float64Array;
}

function moments(channels: number): Moments {
  return { sum: new Float64Array(channels), squares: new Float64Array(channels), count: 0 };
}

function accumulate(target: Moments, data: Float32Array, name: string): void {
  const channels = target.sum.length;
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      const value = data[i + c];
      target.sum[c] += value;
      target.squares[c] += value * value;
    }
  }
  target.count += data.length / channels;
  const bad = target.sum.findIndex((s) => !Number.isFinite(s));
  if (bad >= 0)
    throw new DataError('DATA_NOT_FINITE', `${name}: channel ${bad} holds NaN or infinite values: mend the input files and run prepare again`);
}

/** Adds those of a period without its spin-up. */
function withGaps({ sum, gaps = new Float64Array(sum.length) }: Moments, period: TrainingPeriod, spinUpHours: number): Float64Array {
  const { grid, time } = period;
  const present = hoursWithValues(period.gaps!, spinUpHours, time.count);
  return gaps.map((count, c) => count + grid.rows * grid.cols * (time.count - spinUpHours - present[c]));
}

/** Values that vary by less than this part of their size are taken for constant and only shifted. */
const CONSTANT = 1e-6;

function standardised({ sum, squares, count, gaps }: Moments): ChannelScale {
  const counts = Array.from(sum, (_, c) => count - (gaps?.[c] ?? 0));
  const offset = Array.from(sum, (s, c) => s / counts[c]);
  const scale = offset.map((mean, c) => {
    const deviation = Math.sqrt(Math.max(0, squares[c] / counts[c] - mean * mean));
    return deviation > CONSTANT * Math.abs(mean) && deviation > 0 ? deviation : 1;
  });
  return { offset, scale };
}

function scaledOnly(scale: number[]): ChannelScale {
  return { offset: scale.map(() => 0), scale: scale.map((s) => (s > 0 ? s : 1)) };
}

/**
 * Normalisation from the prior run of all periods: concentrations without the spin-up, emissions and weather with it, since windows reach back into it.
 *
 * @param spinUpHours - of each period
 * @throws {DataError} if a field holds a value that is not finite
 */
export function normalisationOf(periods: readonly TrainingPeriod[], spinUpHours: readonly number[]): Normalisation {
  const first = periods[0];
  const prior = first.runs.get('prior');
  if (!prior) throw new DataError('PRIOR_MISSING', `period ${first.name}: no prior run in the prepared store: run simulate and prepare`);
  const momentsOf = (field: HourlyField): Moments => moments(channelsOf(first, field));
  const [emissions, concentrations, meteorology] = [momentsOf('emissions'), momentsOf('concentrations'), momentsOf('meteorology')];
  const tracers = prior.tracers && moments(prior.tracers.channels);
  const geography = moments(first.geographyNames.length);
  periods.forEach((period, p) => {
    const run = period.runs.get('prior')!;
    const allHours = { first: 0, count: period.time.count };
    const add = (target: Moments, values: HourlyValues, subject: string, hours: Hours = allHours): void => {
      for (const part of partsOf(values, period.grid, target.sum.length, hours)) accumulate(target, part, `${period.name}: ${subject}`);
    };
    add(emissions, run.emissions, 'prior emissions');
    if (tracers) add(tracers, run.tracers!, 'tracers of the prior emissions');
    add(concentrations, run.concentrations, 'prior concentrations', { first: spinUpHours[p], count: allHours.count - spinUpHours[p] });
    if (period.gaps) concentrations.gaps = withGaps(concentrations, period, spinUpHours[p]);
    add(meteorology, period.meteorology, 'meteorology');
    if (period.geographyNames.length > 0) accumulate(geography, period.geography, `${period.name}: geography`);
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
