/** The files that somebody gives to `init`, each with what it is for: looked at by its header alone, as a month of emissions is many gigabytes. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ConfigError, DataError, GridError, RetroplumeError } from '../../../base/errors';
import { windowIn, type Grid } from '../../../grid/grid';
import { some } from '../inspect/inspection';
import { sniff } from '../inspect/sniff';
import { lookAtTable, type GivenTable } from './given-tables';
import { lookAtNetcdf, type GivenField } from './given-netcdf';
import { runOfName } from './file-names';
import { isMergeDates } from './merge-dates';

/** A file that was looked at and is not used. */
export interface Unused {
  path: string;
  why: string;
}

/** A line for each reason, with the files that it is of. */
export function unusedInWords(unused: readonly Unused[], folder: string): string[] {
  const reasons = [...new Set(unused.map(({ why }) => why))];
  return reasons.map((reason) => `${some(unused.filter(({ why }) => why === reason).map(({ path }) => relative(folder, path)))}: ${reason}`);
}

export interface GivenFiles {
  fields: GivenField[];
  griddescs: string[];
  tables: GivenTable[];
  /** SMOKE's tables of merge dates */
  mergeDates: string[];
  unused: Unused[];
  /** the grid of most gridded files */
  grid?: Grid;
}

/**
 * Looks at files, and at those in folders: one level, and folders of members and other runs in them.
 *
 * @throws {DataError} `FILE_MISSING`; `INIT_NONE` if no file is left; of a file that is named itself what reading throws
 * @throws {ConfigError} `INIT_FILE`, `INIT_TABLE` for a file that is named itself and nothing of a case @throws {GridError} `GRID_MISMATCH` for one on another grid
 */
export async function lookAt(paths: readonly string[]): Promise<GivenFiles> {
  const found: GivenFiles = { fields: [], griddescs: [], tables: [], mergeDates: [], unused: [] };
  const named = new Set(paths.map((each) => resolve(each)));
  for (const path of named) {
    if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path`);
    if (!statSync(path).isDirectory()) await add(found, path);
    else for (const inside of filesIn(path)) if (!named.has(inside)) await addIfUsable(found, inside);
  }
  if (found.fields.length + found.griddescs.length + found.tables.length === 0) throw nothingOfCase(paths, found);
  keepOneGrid(found, named);
  return found;
}

function nothingOfCase(paths: readonly string[], { unused }: GivenFiles): DataError {
  const first = unused.at(0);
  const why = first ? ` (${first.path}: ${first.why})` : '';
  return new DataError(
    'INIT_NONE',
    `${paths.join(', ')}: there is no file of a case (METCRO2D, GRIDCRO2D, emissions, concentrations, GRIDDESC, tables of monitors)${why}: name them, or the folders that they lie in`,
  );
}

function filesIn(folder: string): string[] {
  const paths = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name));
  const isFolder = (path: string): boolean => statSync(path).isDirectory();
  const ofRun = (path: string): boolean => Object.values(runOfName(join(path, 'x'))).some((part) => part !== false);
  const inRuns = paths.filter((path) => isFolder(path) && ofRun(path)).flatMap((path) => readdirSync(path).sort().map((name) => join(path, name))); // prettier-ignore
  return [...paths, ...inRuns].filter((path) => !isFolder(path));
}

/** In a folder lie other things, too. */
async function addIfUsable(found: GivenFiles, path: string): Promise<void> {
  try {
    await add(found, path);
  } catch (error) {
    if (!(error instanceof RetroplumeError)) throw error;
    // What to do is for who has named the file.
    found.unused.push({ path, why: error.message.replace(`${path}: `, '').replace(/: leave it out.*$/, '') });
  }
}

async function add(found: GivenFiles, path: string): Promise<void> {
  const kind = await sniff(path);
  switch (kind) {
    case 'griddesc':
      found.griddescs.push(path);
      return;
    case 'table':
    case 'parquet':
      if (kind === 'table' && (await isMergeDates(path))) found.mergeDates.push(path);
      else found.tables.push(await lookAtTable(path));
      return;
    case 'netcdf': {
      const field = lookAtNetcdf(path);
      if (typeof field === 'string') found.unused.push({ path, why: field });
      else found.fields.push(field);
      return;
    }
    default:
      throw new ConfigError('INIT_FILE', `${path}: nothing that a case is made of (retroplume inspect says what it is): leave it out`);
  }
}

/** Files must lie on the grid of the most of them, or on one that holds it. @throws {GridError} `GRID_MISMATCH` */
function keepOneGrid(found: GivenFiles, named: ReadonlySet<string>): void {
  const counts: { grid: Grid; count: number }[] = [];
  for (const { grid } of found.fields) {
    if (grid === undefined) continue;
    const same = counts.find((each) => isSame(each.grid, grid));
    if (same) same.count++;
    else counts.push({ grid, count: 1 });
  }
  const most = counts.reduce<(typeof counts)[number] | undefined>((best, each) => (best && best.count >= each.count ? best : each), undefined);
  if (most === undefined) return;
  found.grid = most.grid;
  found.fields = found.fields.filter(({ grid, path }) => {
    if (grid === undefined || holds(grid, most.grid, path)) return true;
    if (named.has(path)) most.grid.assertSame(grid, path, 'give the files of one grid');
    found.unused.push({ path, why: `on another grid than the most files: ${grid.name}, ${grid.cols} x ${grid.rows} cells` });
    return false;
  });
}

export function isSame(a: Grid, b: Grid): boolean {
  return noGridError(() => a.assertSame(b, ''));
}

const holds = (grid: Grid, wanted: Grid, path: string): boolean => noGridError(() => windowIn(grid, wanted, path));

function noGridError(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof GridError) return false;
    throw error;
  }
}
