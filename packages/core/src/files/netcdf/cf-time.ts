/** CF's time coordinates: numbers of a unit since a date, in a calendar, as instants; and the spans of time that the steps of a file stand for. */
import { DataError } from '../../base/errors';
import { cfVariable, type CfContents, type CfVariable } from './netcdf-cf';

const UNITS: [RegExp, number][] = [
  [/^s(ec(ond)?s?)?$/i, 1],
  [/^min(ute)?s?$/i, 60],
  [/^h((ou)?rs?)?$/i, 3600],
  [/^d(ays?)?$/i, 86400],
];
const SINCE =
  /^(\w+) since (\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d*)?)?)?(?:\s*(?:Z|UTC|GMT)|(?:\s*[+-]|\s+)0{1,2}(?::?00)?)?$/i;
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAY = 86_400_000;
/** Julian day number of 1970-01-01. */
const JULIAN_DAY_OF_1970 = 2_440_588;

/** By the names of CF: days of the Julian calendar before 15 October 1582, Gregorian throughout, 365 days a year. */
type CfCalendar = 'mixed' | 'gregorian' | 'leapless';

const CALENDARS: Record<string, CfCalendar> = {
  standard: 'mixed',
  gregorian: 'mixed',
  proleptic_gregorian: 'gregorian',
  noleap: 'leapless',
  '365_day': 'leapless',
};

/** @returns undefined for one whose dates are not those of the calendar that people use */
export function cfCalendar(name = 'standard'): CfCalendar | undefined {
  return CALENDARS[name.toLowerCase()];
}

interface Origin {
  year: number;
  /** 1 to 12 */
  month: number;
  day: number;
  /** of the day */
  seconds: number;
}

/**
 * @param units - such as `hours since 1900-01-01 00:00:0.0`
 * @param subject - file and variable, for messages
 * @returns ms since 1970 of a value; in a calendar without leap days of the date that it has there
 * @throws {DataError} `CF_TIME`
 */
export function cfDecoder(units: string, calendar: CfCalendar, subject: string): (value: number) => number {
  const match = SINCE.exec(units.trim());
  const scale = UNITS.find(([pattern]) => match && pattern.test(match[1]))?.[1];
  const [year, month, day, hour, minute, second] = (match ?? []).slice(2).map((part) => Number(part ?? 0));
  if (!match || scale === undefined || !isDate(year, month, day, calendar)) {
    throw new DataError('CF_TIME', `${subject}: "${units}" is no time that is read: write it as in "hours since 1900-01-01 00:00:00", in UTC`);
  }
  const origin = { year, month, day, seconds: (hour * 60 + minute) * 60 + second };
  if (calendar === 'leapless') return leaplessDecoder(origin, scale);
  const start = 1000 * origin.seconds + (calendar === 'mixed' && isJulian(origin) ? julianDay(origin) : utc(year, month - 1, day));
  return (value) => start + 1000 * scale * value;
}

/** The year 0 is none in the calendar that people use. */
function isDate(year: number, month: number, day: number, calendar: CfCalendar): boolean {
  const leap = month === 2 && isLeap(year, calendar) ? 1 : 0;
  return month >= 1 && month <= 12 && day >= 1 && day <= DAYS_OF_MONTHS[month - 1] + leap && (year > 0 || calendar !== 'mixed');
}

function isLeap(year: number, calendar: CfCalendar): boolean {
  if (calendar === 'leapless' || year % 4 !== 0) return false;
  return year % 100 !== 0 || year % 400 === 0 || (calendar === 'mixed' && isJulian({ year, month: 2, day: 29 }));
}

function isJulian({ year, month, day }: Omit<Origin, 'seconds'>): boolean {
  return year * 10_000 + month * 100 + day < 15821015;
}

/** Midnight of a date of the Julian calendar, ms since 1970. @see Explanatory Supplement to the Astronomical Almanac (1992), eq. 12.92 */
function julianDay({ year, month, day }: Origin): number {
  const yearsBack = month < 3 ? 1 : 0; // years begin in March, so that the leap day is their last
  const [years, months] = [year + 4800 - yearsBack, month + 12 * yearsBack - 3];
  const number = day + Math.floor((153 * months + 2) / 5) + 365 * years + Math.floor(years / 4) - 32083;
  return (number - JULIAN_DAY_OF_1970) * DAY;
}

/** `Date.UTC`, for which the years 0 to 99 are of the twentieth century. */
function utc(year: number, month: number, day: number): number {
  return new Date(Date.UTC(2000, month, day)).setUTCFullYear(year, month, day);
}

function leaplessDecoder({ year, month, day, seconds: ofDay }: Origin, scale: number): (value: number) => number {
  const daysBefore = DAYS_OF_MONTHS.slice(0, month - 1).reduce((a, b) => a + b, 0);
  const start = (365 * year + daysBefore + day - 1) * 86400 + ofDay;
  return (value) => {
    const seconds = start + scale * value;
    let days = Math.floor(seconds / 86400);
    const yearOfDays = Math.floor(days / 365);
    days -= 365 * yearOfDays;
    const m = DAYS_OF_MONTHS.findIndex((length) => days < length || ((days -= length), false));
    return utc(yearOfDays, m, days + 1) + 1000 * (seconds - 86400 * Math.floor(seconds / 86400));
  };
}

export interface TimeSpan {
  from: Date;
  to: Date;
}

/**
 * From the bounds of time where the file has them (some inventories end a month, or a year, at the beginning of its last day: it is the whole month); without, steps of which each lies in another month are those months.
 *
 * @throws {DataError} `CF_TIME` for no step at all, units or a calendar that are not known, or steps that are neither
 */
export function spansOfTime(path: string, contents: CfContents, time: CfVariable): TimeSpan[] {
  if (time.data.length === 0) throw new DataError('CF_TIME', `${path}: ${time.name} has no step: make the file again, or give another`);
  const decode = decoder(path, time);
  const { bounds } = time.attributes ?? {};
  if (typeof bounds === 'string') {
    const edges = cfVariable(contents, bounds, path).data;
    return Array.from({ length: edges.length / 2 }, (_, i) => wholeMonths({ from: decode(edges[2 * i]), to: decode(edges[2 * i + 1]) }));
  }
  const months = Array.from(time.data, (value) => decode(value)).map((date) => 12 * date.getUTCFullYear() + date.getUTCMonth());
  if (months.some((month, i) => i > 0 && month !== months[i - 1] + 1)) {
    throw new DataError(
      'CF_TIME',
      `${path}: the steps of ${time.name} are not months, and there are no bounds that say what they are: add ${time.name}_bnds`,
    );
  }
  const begin = (month: number): Date => new Date(Date.UTC(Math.floor(month / 12), month % 12));
  return months.map((month) => ({ from: begin(month), to: begin(month + 1) }));
}

/** From the first of a month to some time on the last day of that or a later one: whole months. */
function wholeMonths({ from, to }: TimeSpan): TimeSpan {
  const next = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1));
  const begins = from.getUTCDate() === 1 && from.getTime() % 86400e3 === 0;
  return begins && from < to && next.getTime() - to.getTime() <= 86400e3 ? { from, to: next } : { from, to };
}

/** @throws {DataError} `CF_TIME` */
function decoder(path: string, { name, attributes = {} }: CfVariable): (value: number) => Date {
  const { units, calendar = 'standard' } = attributes;
  const kind = cfCalendar(String(calendar));
  if (kind === undefined) {
    throw new DataError(
      'CF_TIME',
      `${path}: ${name}: the calendar ${String(calendar)} is not read: give a file of the calendar standard, proleptic_gregorian or noleap`,
    );
  }
  const decode = cfDecoder(String(units), kind, `${path}: ${name}`);
  return (value) => {
    if (Number.isFinite(value)) return new Date(Math.round(decode(value)));
    throw new DataError('CF_TIME', `${path}: ${name}: a time is missing: make the file again`);
  };
}
