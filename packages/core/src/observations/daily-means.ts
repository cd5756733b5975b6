/** Daily means of hourly observations, for a comparison that does not ask at which hour a plume passed. */
import { DataError } from '../base/errors';
import { instant } from '../grid/grid';
import type { Observations } from './observations';

const DAY = 24;
const HOUR_MS = 3_600_000;
/** Hours that a daily mean needs: 75 % (40 CFR part 50, appendix N, section 3). */
export const FEWEST_HOURS = 18;

/**
 * The observations as means of UTC days of which at least 18 hours have a value; NaN for the others. In zones half an hour off a day
 * begins with the first hour after midnight of UTC, which is when the returned time axis begins. Daily observations are returned as they are. Hours
 * before and after the first and last at which any station has a row are hours without a value: no station's days depend on other stations.
 *
 * @param observations - values per species `[time, station]`, ppb or µg m-3
 * @returns the same units, values `[day, station]`
 * @throws {DataError} `OBSERVATION_DAYS` if no station has such a day
 */
export function dailyMeans(observations: Observations): Observations {
  const { time, stations, values } = observations;
  if (time.stepSeconds !== 3600) return observations;
  const first = time.start.getTime();
  const start = new Date(Math.floor(first / (DAY * HOUR_MS)) * DAY * HOUR_MS + (first % HOUR_MS));
  const hoursBefore = (time.start.getTime() - start.getTime()) / HOUR_MS;
  const days = Math.ceil((hoursBefore + time.count) / DAY);
  const indexOf = (day: number): number => Math.min(time.count, Math.max(0, Math.ceil(day * DAY - hoursBefore)));
  const means = (hourly: Float32Array): Float32Array => {
    const daily = new Float32Array(days * stations.length);
    for (let day = 0; day < days; day++) {
      for (let station = 0; station < stations.length; station++) {
        let [sum, hours] = [0, 0];
        for (let hour = indexOf(day); hour < indexOf(day + 1); hour++) {
          const value = hourly[hour * stations.length + station];
          if (Number.isNaN(value)) continue;
          sum += value;
          hours++;
        }
        daily[day * stations.length + station] = hours >= FEWEST_HOURS ? sum / hours : NaN;
      }
    }
    return daily;
  };
  const daily = new Map([...values].map(([species, hourly]) => [species, means(hourly)]));
  if ([...daily.values()].every((series) => series.every(Number.isNaN))) {
    throw new DataError(
      'OBSERVATION_DAYS',
      `observations: from ${instant(time.start)} on, for ${time.count} h, no station has a UTC day with ${FEWEST_HOURS} hourly values: set inversion.dailyMeans: false, or take a longer period`,
    );
  }
  return { ...observations, time: { start, stepSeconds: DAY * 3600, count: days }, values: daily };
}
