/** The spans of time that the steps of a CF file stand for. */
import { DataError } from '../../base/errors';
import { cfCalendar, cfDecoder } from './cf-time';
import { cfVariable, type CfContents, type CfVariable } from './netcdf-cf';

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
