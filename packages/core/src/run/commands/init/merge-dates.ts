/** Sectors of representative days: which files they are, by SMOKE's tables of merge dates. */
import { firstLine } from '../../../files/tables/table-files';
import { readMergeDates } from '../../../inventory/reading/representative-days';
import type { TimedFile } from './file-names';

const DAY_HOURS = 24;
/** SMOKE's ways of choosing days. */
const WAY = /^(aveday|mwdss|week|all)(_[NY])?$/i;

const cellsOf = (line: string): string[] => line.split(',').map((cell) => cell.trim());

/** Whether a table is one of SMOKE's merge dates, by its header: `Date, aveday_N, aveday_Y, mwdss_N …` */
export async function isMergeDates(path: string): Promise<boolean> {
  const [first, ...names] = cellsOf(await firstLine(path));
  return /^date$/i.test(first) && names.some((name) => WAY.test(name));
}

/** By which a sector's files stand for all dates. */
export interface RepresentativeDates {
  files: string[];
  column: string;
  /** further columns that would fit */
  alternatives: string[];
}

/**
 * The column of the tables by which files of some days stand for all dates; undefined where there is none, or the files are of all dates themselves.
 *
 * @param files - of one sector, each of a day
 */
export async function datesFor(files: readonly TimedFile[], tables: readonly string[]): Promise<RepresentativeDates | undefined> {
  if (tables.length === 0) return undefined;
  const days = new Set(files.map(({ hours }) => hours.first / DAY_HOURS));
  const [, ...columns] = cellsOf(await firstLine(tables[0]));
  const fitting = columns.flatMap((column) => {
    const { representedBy } = readMergeDates(tables, column);
    const standing = new Set([...representedBy.values()].map((date) => date / (DAY_HOURS * 3600e3)));
    const fits = standing.size < representedBy.size && [...standing].every((day) => days.has(day));
    return fits ? [{ column, spare: days.size - standing.size }] : [];
  });
  const smallest = Math.min(...fitting.map(({ spare }) => spare));
  const [best, ...alternatives] = fitting.filter(({ spare }) => spare === smallest).map(({ column }) => column);
  // Where as many days are there as the table has dates, the files are of all of them.
  return fitting.length === 0 || days.size >= readMergeDates(tables, best).representedBy.size
    ? undefined
    : { files: [...tables], column: best, alternatives };
}
