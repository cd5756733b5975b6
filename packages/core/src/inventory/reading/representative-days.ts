/**
 * Emission files of a few days that stand for all others (SMOKE's representative days), and the table that says which stands for which: SMOKE's merge dates,
 * comma-separated, with a line for each date and a column for each way of choosing the days:
 *
 *   Date, aveday_N, aveday_Y,  mwdss_N,  mwdss_Y,   week_N,   week_Y,      all
 *   20160118, 20160105, 20160105, 20160111, 20160110, 20160111, 20160110, 20160118
 *
 * The file of a day holds it from 00Z on, as CMAQ needs it when it takes a file's date for its own (GR_EM_SYM_DATE_nnn).
 */
import { DataError } from '../../base/errors';
import { type TimeAxis, instant, timeAt } from '../../grid/grid';
import { readRegular } from '../../base/whole-files';
import { nearestKey } from '../../case/problems';
import { IoapiFile, headOf } from '../../files/ioapi/ioapi-file';
import type { RepresentativeDay } from '../../files/ioapi/ioapi-series';

/** Which day stands for which, both as milliseconds at 00Z. */
interface MergeDates {
  representedBy: ReadonlyMap<number, number>;
  /** the tables and their column, for messages */
  source: string;
}

const DAY = 86_400_000;
const HOUR_SECONDS = 3600;
/** A day's hours, and the instant at which it ends, which CMAQ interpolates towards. */
const STEPS = [24, 25];

/**
 * Reads one table or several, of a month each, say.
 *
 * @throws {DataError} `MERGE_DATES` for a table without the column, a line that is none of dates, or two that differ about a date; `FILE_UNREADABLE`
 */
export function readMergeDates(paths: readonly string[], column: string): MergeDates {
  const dayOf = new Map<number, number>();
  const places = new Map<number, string>();
  for (const path of paths) {
    for (const { line, date, stands } of rowsOf(path, column)) {
      const earlierDay = dayOf.get(date);
      if (earlierDay !== undefined && earlierDay !== stands) {
        throw new DataError(
          'MERGE_DATES',
          `${path}:${line}: ${column} has ${written(stands)} for ${written(date)}, but ${written(earlierDay)} in ${places.get(date)}: give each date once`,
        );
      }
      dayOf.set(date, stands);
      places.set(date, `${path}:${line}`);
    }
  }
  return { representedBy: dayOf, source: `${firstToLast(paths)} (${column})` };
}

/** Many files, for messages. */
function firstToLast(paths: readonly string[]): string {
  return paths.length > 1 ? `${paths[0]} … ${paths[paths.length - 1]}` : paths[0];
}

interface Row {
  line: number;
  date: number;
  stands: number;
}

function rowsOf(path: string, column: string): Row[] {
  const lines = textOf(path)
    .split(/\r?\n/)
    .map((text, i) => ({ line: i + 1, cells: text.split(',').map((cell) => cell.trim()) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const header = lines.shift()?.cells ?? [];
  if (header[0]?.toLowerCase() !== 'date') {
    throw new DataError(
      'MERGE_DATES',
      `${path}: expected a header line that begins with Date but received "${header.join(',').slice(0, 60)}": give SMOKE's table of merge dates`,
    );
  }
  const index = header.indexOf(column);
  if (index < 0) {
    const near = nearestKey(column, header);
    throw new DataError(
      'MERGE_DATES',
      `${path}: there is no column ${column}; it has ${header.join(', ')}: name one of these${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    );
  }
  return lines.map(({ line, cells }) => {
    const [date, stands] = [cells[0], cells[index] ?? ''].map(dateOf);
    if (date !== undefined && stands !== undefined) return { line, date, stands };
    throw new DataError(
      'MERGE_DATES',
      `${path}:${line}: expected dates such as 20160118 under Date and ${column} but received "${cells[0]}" and "${cells[index] ?? ''}": mend the table`,
    );
  });
}

function textOf(path: string): string {
  try {
    return readRegular(path).toString('utf8');
  } catch (cause) {
    throw new DataError(
      'FILE_UNREADABLE',
      `${path}: the table cannot be read (${(cause as Error).message}): give a file, and check its permissions`,
      {
        cause,
      },
    );
  }
}

/** Of `20160118`; undefined where it is no date. */
function dateOf(text: string): number | undefined {
  const [, year, month, day] = (/^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []).map(Number);
  const date = Date.UTC(year, month - 1, day);
  return Number.isNaN(date) || written(date) !== text ? undefined : date;
}

/** `20160118`. */
function written(date: number): string {
  return new Date(date).toISOString().slice(0, 10).replaceAll('-', '');
}

/**
 * For each day of a period the file of the day that stands for it.
 *
 * @param paths - those of other days may be among them
 * @throws {DataError} `MERGE_DATES` for a date that the table lacks; `REPRESENTATIVE_DAY` for a day without a file, with two, or whose file is not one of 24
 *   or 25 hourly steps
 */
export function representativeDays(paths: readonly string[], { representedBy, source }: MergeDates, period: TimeAxis): RepresentativeDay[] {
  const files = paths.map((path) => ({ path, time: timesOf(path) }));
  return daysOf(period).map((date) => {
    const stands = representedBy.get(date);
    if (stands === undefined) {
      throw new DataError('MERGE_DATES', `${source}: there is no line for ${written(date)}, a date of the period: give the table of its month, too`);
    }
    const matching = files.filter(({ time }) => time.start.getTime() === stands);
    if (matching.length !== 1) {
      throw new DataError(
        'REPRESENTATIVE_DAY',
        `${firstToLast(paths)}: expected one file that begins at ${instant(new Date(stands))}, as that day stands for ${written(date)} in ${source}, but received ${matching.map(({ path }) => path).join(', ') || 'none'}: give the file of that day, or another column`,
      );
    }
    assertDay(matching[0]);
    return { date: new Date(date), path: matching[0].path };
  });
}

/** 00Z of each day of which the period holds an hour. */
function daysOf(period: TimeAxis): number[] {
  const first = Math.floor(period.start.getTime() / DAY);
  const last = Math.floor(timeAt(period, period.count - 1).getTime() / DAY);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * DAY);
}

function timesOf(path: string): TimeAxis {
  const head = headOf(path);
  if (head) return head.time;
  const file = IoapiFile.open(path); // says what is wrong with it
  file.close();
  return file.time;
}

function assertDay({ path, time: { stepSeconds, count } }: { path: string; time: TimeAxis }): void {
  if (stepSeconds === HOUR_SECONDS && STEPS.includes(count)) return;
  throw new DataError(
    'REPRESENTATIVE_DAY',
    `${path}: expected a day of ${STEPS.join(' or ')} hourly steps but received ${count} steps of ${stepSeconds} s: give a file for each representative day`,
  );
}
