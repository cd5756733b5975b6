/** CF's time coordinates: numbers of a unit since a date. */
import { DataError } from '../../errors';

const UNITS: [RegExp, number][] = [
  [/^s(ec(ond)?s?)?$/i, 1],
  [/^min(ute)?s?$/i, 60],
  [/^h((ou)?rs?)?$/i, 3600],
  [/^d(ays?)?$/i, 86400],
];
const CALENDARS = ['standard', 'gregorian', 'proleptic_gregorian'];

/**
 * @param values - the coordinate
 * @param units - such as `hours since 1900-01-01 00:00:0.0`
 * @param calendar - CF's; by default standard
 * @param subject - file and variable, for messages
 * @returns ms since 1970, to the full second
 * @throws {DataError} `CF_TIME`
 */
export function parseCfTimes(values: ArrayLike<number>, units: string, calendar: string | undefined, subject: string): number[] {
  const match = /^(\w+) since (\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d*)?)?)?\s*(?:Z|UTC|\+?00?:?00)?$/i.exec(
    units.trim(),
  );
  const seconds = UNITS.find(([pattern]) => match && pattern.test(match[1]))?.[1];
  if (!match || seconds === undefined) {
    throw new DataError('CF_TIME', `${subject}: "${units}" is no time that is read: write it as in "hours since 1900-01-01 00:00:00", in UTC`);
  }
  if (calendar !== undefined && !CALENDARS.includes(calendar.toLowerCase())) {
    throw new DataError('CF_TIME', `${subject}: the calendar ${calendar} has other days than the observations: give files of the standard calendar`);
  }
  const [year, month, day, hour, minute, second] = match.slice(2).map((part) => Number(part ?? 0));
  const origin = Date.UTC(year, month - 1, day, hour, minute, second);
  return Array.from(values, (value) => {
    if (Number.isFinite(value)) return origin + 1000 * Math.round(value * seconds);
    throw new DataError('CF_TIME', `${subject}: a time is missing: make the file again`);
  });
}
