/** Dates and hours of observation files, in the files' time zone, as instants. */

const DATE = /^(?:(\d{4})[-/](\d{1,2})[-/](\d{1,2})|(\d{4})(\d{2})(\d{2}))/;
/** An offset of hours alone needs minutes before it: behind a date -05 may be an hour. */
const HOUR = /^(?:[T ]+(\d{1,2})(?::?(\d{2})(?::?(\d{2})(?:\.\d+)?)?)?)?\s*(Z|[+-]\d{2}:?\d{2}|(?<=:\d{2}(?:\.\d+)?)[+-]\d{2})?$/;
/** Hours by which a zone of the world is off UTC at most. */
const FARTHEST = 14;

/**
 * Reads `2017-01-02`, `2017/1/2`, `20170102` (eight digits: `2017002` is a day of the year and no date here), with or without `[T ]HH[:MM[:SS]]`,
 * with or without `Z` or `+08:00`; behind minutes `+08` will do, as DuckDB writes the zoned timestamps of Parquet.
 *
 * @param zone - IANA name; counts where the text has no offset of its own
 * @returns ms since 1970, or undefined if it is none of these, or a time that does not exist; 24:00 is the next day's 0:00
 */
export function parseTime(text: string, zone: string): number | undefined {
  const date = DATE.exec(text.trim());
  const time = date && HOUR.exec(text.trim().slice(date[0].length));
  if (!time) return undefined;
  const [year, month, day] = date.slice(1).flatMap((part) => (part === undefined ? [] : [Number(part)]));
  const [hour, minute, second] = time.slice(1, 4).map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || minute > 59 || second > 59) return undefined;
  if (hour > 24 || (hour === 24 && minute + second > 0)) return undefined;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return undefined; // 31 February
  const offset = time[4];
  if (offset === undefined) return local - zoneOffset(local, zone);
  if (offset === 'Z') return local;
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(3).replace(':', ''))];
  if (minutes > 59 || hours * 60 + minutes > FARTHEST * 60) return undefined;
  return local - Math.sign(Number(`${offset[0]}1`)) * (hours * 60 + minutes) * 60000;
}

/** Whether a text that {@link parseTime} reads is a date alone, or midnight by its own clock or that of the zone. */
export function isMidnight(text: string, zone: string): boolean {
  if (/^[^T ]+$|[T ](00?|24)(:?00)*(\.0+)?\s*(Z|[+-].*)?$/.test(text.trim())) return true;
  const time = parseTime(text, zone) ?? Number.NaN;
  return (time + offsetAt(time, zone)) % DAY_MS === 0;
}

const formats = new Map<string, Intl.DateTimeFormat>();

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Offset of a zone from UTC (ms) at a local time; in the hour that summer time skips or repeats, that before the change. */
function zoneOffset(local: number, zone: string): number {
  if (zone === 'UTC') return 0;
  // The instant itself lies between these two, and no zone changes twice in two days.
  const [offsetBefore, offsetAfter] = [offsetAt(local - DAY_MS, zone), offsetAt(local + DAY_MS, zone)];
  if (offsetBefore === offsetAfter || offsetAt(local - offsetBefore, zone) === offsetBefore) return offsetBefore;
  return offsetAt(local - offsetAfter, zone) === offsetAfter ? offsetAfter : offsetBefore;
}

/** Whether the clocks of a zone are put forward or back within three hours of an instant (ms since 1970): its local times are skipped or come twice there. */
export function clocksChange(time: number, zone: string): boolean {
  return !isSameOffset(time - 3 * HOUR_MS, time + 3 * HOUR_MS, zone);
}

/** Whether the clocks of a zone are ahead of UTC by as much at one instant (ms since 1970) as at another. */
export function isSameOffset(first: number, second: number, zone: string): boolean {
  return zone === 'UTC' || offsetAt(first, zone) === offsetAt(second, zone);
}

/** What {@link isTimeZone} takes, as errors say it. */
export const TIME_ZONE =
  'UTC, or Area/Place of an IANA time zone such as Asia/Shanghai, America/Chicago or Etc/GMT+6 (abbreviations such as CST and IST stand for several zones)';

/** Whether this is UTC, GMT or Area/Place of an IANA time zone. Intl takes abbreviations, too, and by its own choice: BST is Dhaka, CST Chicago. */
export function isTimeZone(name: unknown): name is string {
  if (typeof name !== 'string' || !/^(UTC|GMT|.+\/.+)$/i.test(name)) return false;
  if (!name.includes('/')) return true; // Intl's first answer takes 15 ms, a twentieth of the start of every command
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Offset of a zone's standard time from UTC (ms) in the year of an instant: summer time is ahead of it. */
export function standardTimeOffset(instant: Date, zone: string): number {
  const year = instant.getUTCFullYear();
  return Math.min(offsetAt(Date.UTC(year, 0, 1), zone), offsetAt(Date.UTC(year, 6, 1), zone));
}

/** The day of an instant (ms since 1970) in a zone, as `2017-01-31`. */
export function zoneDay(instant: number, zone: string): string {
  return new Date(instant + (zone === 'UTC' ? 0 : offsetAt(instant, zone))).toISOString().slice(0, 10);
}

/** By how many ms a zone is ahead of UTC at an instant (ms since 1970), summer time included. */
export function offsetAt(instant: number, zone: string): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  formats.set(zone, format);
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - Math.floor(instant / 1000) * 1000;
}
