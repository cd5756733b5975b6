/** The spans of time that the steps of a CF file stand for. */
import { DataError } from '../errors';
import { cfVariable, type CfContents, type CfVariable } from './netcdf-cf';

export interface TimeSpan {
  from: Date;
  to: Date;
}

const SECONDS: Record<string, number> = { second: 1, minute: 60, hour: 3600, day: 86400 };
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * From the bounds of time where the file has them (some inventories end a month at the beginning of its last day: it is the whole month); without, steps of which each lies in another month are those months.
 *
 * @throws {DataError} `CF_TIME` for units or a calendar that are not known, or steps that are neither
 */
export function spansOfTime(path: string, contents: CfContents, time: CfVariable): TimeSpan[] {
  const decode = decoder(path, time);
  const { bounds } = time.attributes ?? {};
  if (typeof bounds === 'string') {
    const edges = cfVariable(contents, bounds, path).data;
    return Array.from({ length: edges.length / 2 }, (_, i) => wholeMonth({ from: decode(edges[2 * i]), to: decode(edges[2 * i + 1]) }));
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

/** From the first of a month to some time on its last day: that month. */
function wholeMonth({ from, to }: TimeSpan): TimeSpan {
  const next = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1));
  const begins = from.getUTCDate() === 1 && from.getTime() % 86400e3 === 0;
  return begins && to < next && next.getTime() - to.getTime() <= 86400e3 ? { from, to: next } : { from, to };
}

/** Numbers of `UNIT since DATE` as instants. In a calendar without leap days the date is kept, not the number of days. */
function decoder(path: string, { name, attributes = {} }: CfVariable): (value: number) => Date {
  const { units, calendar = 'standard' } = attributes;
  const match = /^(second|minute|hour|day)s? since (\d+)-(\d+)-(\d+)(?:[T ](\d+):(\d+)(?::(\d+)(?:\.\d*)?)?)?/i.exec(String(units));
  const kind = String(calendar).toLowerCase();
  const leapless = ['noleap', '365_day'].includes(kind);
  if (!match || !(leapless || ['standard', 'gregorian', 'proleptic_gregorian'].includes(kind))) {
    throw new DataError(
      'CF_TIME',
      `${path}: ${name} is in "${String(units)}" of the calendar ${kind}: expected seconds, minutes, hours or days since a date, of the calendar standard or noleap`,
    );
  }
  const [year, month, day, hour, minute, second] = match.slice(2).map((text) => Number(text ?? 0));
  const scale = SECONDS[match[1].toLowerCase()];
  if (!leapless) {
    const start = new Date(Date.UTC(2000, month - 1, day, hour, minute, second)).setUTCFullYear(year);
    return (value) => new Date(Math.round(start + 1000 * scale * value));
  }
  const before = DAYS_OF_MONTHS.slice(0, month - 1).reduce((a, b) => a + b, 0);
  const start = ((365 * year + before + day - 1) * 24 + hour) * 3600 + minute * 60 + second;
  return (value) => {
    const seconds = start + scale * value;
    let days = Math.floor(seconds / 86400);
    const of = Math.floor(days / 365);
    days -= 365 * of;
    const m = DAYS_OF_MONTHS.findIndex((length) => days < length || ((days -= length), false));
    return new Date(Date.UTC(of, m, days + 1) + Math.round(1000 * (seconds - 86400 * Math.floor(seconds / 86400))));
  };
}
