/** The times of files of weather: CF's, in the calendar of the observations. */
import { DataError } from '../../base/errors';
import { cfCalendar, cfDecoder } from '../../files/netcdf/cf-time';

/**
 * @param values - the coordinate
 * @param units - such as `hours since 1900-01-01 00:00:0.0`
 * @param calendar - CF's; by default standard
 * @param subject - file and variable, for messages
 * @returns ms since 1970, to the full second
 * @throws {DataError} `CF_TIME`
 */
export function parseCfTimes(values: ArrayLike<number>, units: string, calendar: string | undefined, subject: string): number[] {
  const kind = cfCalendar(calendar);
  if (kind === undefined || kind === 'leapless') {
    throw new DataError('CF_TIME', `${subject}: the calendar ${calendar} has other days than the observations: give files of the standard calendar`);
  }
  const decode = cfDecoder(units, kind, subject);
  return Array.from(values, (value) => {
    if (Number.isFinite(value)) return 1000 * Math.round(decode(value) / 1000);
    throw new DataError('CF_TIME', `${subject}: a time is missing: make the file again`);
  });
}
