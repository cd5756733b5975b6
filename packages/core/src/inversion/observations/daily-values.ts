/**
 * Daily values of hourly series, as standards and benchmarks are written in: the mean of a day, and the maximum of its 8-hour running means (MDA8).
 *
 * MDA8 follows the rule for the US standard of 2015 (40 CFR part 50, appendix U, section 3): the 17 windows of 8 hours that begin at 07:00 … 23:00,
 * so that the last ends at 07:00 of the next day and no hour of the night counts for two days; a window needs 6 of its 8 hours (75 %), a day 13 of its
 * 17 windows (75 %). A mean of a day needs 18 of its 24 hours (75 %; appendix N, section 3). Days are those of local standard time.
 *
 * An hour counts where it is observed *and* simulated by every run, so that all means of a window are over the same hours. Each run's maximum is its
 * own: its window need not be that of the observations. Nothing is truncated to whole ppb, as it is for compliance.
 */
import { expectArgument, expectNumbers, expectObject } from '../../base/errors';
import { FEWEST_HOURS } from '../../observations/daily-means';

/** Hourly series of one station without a missing step, NaN where a value is missing; all of one length and in one unit. */
export interface HourlySeries {
  observed: ArrayLike<number>;
  /** of each run */
  simulated: readonly ArrayLike<number>[];
}

/** One value per valid day. */
export interface DailyValues {
  observed: number[];
  /** of each run */
  simulated: number[][];
}

const HOUR_MS = 3_600_000;
const DAY = 24;
const WINDOW = { hours: 8, needed: 6, firstStart: 7, lastStart: 23, neededStarts: 13 };

/**
 * Maximum daily 8-hour means.
 *
 * @param firstHour - of the series, in whole hours since 1970 of the local time by which days are told
 * @returns in the unit of the series, one value for each valid day
 *
 * @example
 * const firstHour = Date.UTC(2017, 5, 1) / 3_600_000 - 5; // a series from 1 June 2017 0:00 UTC on, at UTC − 5
 * const { observed, simulated } = maximumDaily8hMeans({ observed: hourly, simulated: [priorRun, updatedRun] }, firstHour);
 */
export function maximumDaily8hMeans(series: HourlySeries, firstHour: number): DailyValues {
  return daily(series, firstHour, (day, mean) => {
    const windows: number[][] = [];
    for (let start = day + WINDOW.firstStart; start <= day + WINDOW.lastStart; start++) {
      const means = mean(start, WINDOW.hours, WINDOW.needed);
      if (means) windows.push(means);
    }
    return windows.length < WINDOW.neededStarts ? undefined : windows[0].map((_, run) => Math.max(...windows.map((means) => means[run])));
  });
}

/**
 * Means from midnight to midnight.
 *
 * @param firstHour - as of {@link maximumDaily8hMeans}
 * @returns in the unit of the series, one value for each valid day
 */
export function dailyMeans(series: HourlySeries, firstHour: number): DailyValues {
  return daily(series, firstHour, (day, mean) => mean(day, DAY, FEWEST_HOURS));
}

/** The hour, counted from 1970 in a time `offset` ms ahead of UTC, in which an instant lies. */
export function hourOf(instant: Date, offset: number): number {
  return Math.floor((instant.getTime() + offset) / HOUR_MS);
}

/** Observed mean, then that of each run, over `hours` hours from `start`; undefined with fewer than `needed` of them. */
type WindowMean = (start: number, hours: number, needed: number) => number[] | undefined;

function daily(series: HourlySeries, firstHour: number, valueOf: (day: number, mean: WindowMean) => number[] | undefined): DailyValues {
  expectObject(series, 'series', 'hourly series, such as { observed, simulated: [run] },');
  expectNumbers(series.observed, 'series.observed');
  expectArgument(Array.isArray(series.simulated), 'series.simulated', 'a list with the series of each run', series.simulated);
  expectArgument(Number.isInteger(firstHour), 'firstHour', 'a whole number of hours since 1970', firstHour);
  const allSeries = [series.observed, ...series.simulated];
  const mean: WindowMean = (start, hours, needed) => {
    const places = Array.from({ length: hours }, (_, k) => start - firstHour + k).filter((t) =>
      allSeries.every((values) => Number.isFinite(values[t])),
    );
    return places.length < needed ? undefined : allSeries.map((values) => places.reduce((sum, t) => sum + values[t], 0) / places.length);
  };
  const values: number[][] = [];
  const end = firstHour + series.observed.length;
  for (let day = DAY * Math.floor(firstHour / DAY); day < end; day += DAY) {
    const value = valueOf(day, mean);
    if (value) values.push(value);
  }
  return { observed: values.map(([observed]) => observed), simulated: series.simulated.map((_, run) => values.map((value) => value[run + 1])) };
}
