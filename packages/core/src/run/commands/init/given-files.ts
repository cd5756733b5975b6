/** The files that somebody gives to `init`, each with what it is for: looked at by its header alone, as a month of emissions is many gigabytes. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ConfigError, DataError, GridError, RetroplumeError } from '../../../base/errors';
import { windowIn, type Grid } from '../../../grid/grid';
import { shortList } from '../inspect/inspection';
import { sniff } from '../inspect/sniff';
import { lookAtTable, type GivenTable } from './given-tables';
import { lookAtNetcdf, type GivenField } from './given-netcdf';
import { runOfName } from './file-names';
import { isMergeDates } from './merge-dates';

/** A file that was looked at and is not used. */
export interface Unused {
  path: string;
  reason: string;
}

/** A line for each reason, with the files that it is of. */
export function unusedInWords(unused: readonly Unused[], folder: string): string[] {
  const reasons = [...new Set(unused.map(({ reason }) => reason))];
  return reasons.map(
    (reason) => `${shortList(unused.filter((file) => file.reason === reason).map(({ path }) => relative(folder, path)))}: ${reason}`,
  );
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
  const files: GivenFiles = { fields: [], griddescs: [], tables: [], mergeDates: [], unused: [] };
  const named = new Set(paths.map((path) => resolve(path)));
  for (const path of named) {
    if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path`);
    if (!statSync(path).isDirectory()) await add(files, path);
    else for (const inside of filesIn(path)) if (!named.has(inside)) await addIfUsable(files, inside);
  }
  if (files.fields.length + files.griddescs.length + files.tables.length === 0) throw nothingOfCase(paths, files);
  keepOneGrid(files, named);
  return files;
}

function nothingOfCase(paths: readonly string[], { unused }: GivenFiles): DataError {
  const first = unused.at(0);
  const example = first ? ` (${first.path}: ${first.reason})` : '';
  return new DataError(
    'INIT_NONE',
    `${paths.join(', ')}: there is no file of a case (METCRO2D, GRIDCRO2D, emissions, concentrations, GRIDDESC, tables of monitors)${example}: name them, or the folders that they lie in`,
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
async function addIfUsable(files: GivenFiles, path: string): Promise<void> {
  try {
    await add(files, path);
  } catch (error) {
    if (!(error instanceof RetroplumeError)) throw error;
    // What to do is for who has named the file.
    files.unused.push({ path, reason: error.message.replace(`${path}: `, '').replace(/: leave it out.*$/, '') });
  }
}

async function add(files: GivenFiles, path: string): Promise<void> {
  const kind = await sniff(path);
  switch (kind) {
    case 'griddesc':
      files.griddescs.push(path);
      return;
    case 'table':
    case 'parquet':
      if (kind === 'table' && (await isMergeDates(path))) files.mergeDates.push(path);
      else files.tables.push(await lookAtTable(path));
      return;
    case 'netcdf': {
      const field = lookAtNetcdf(path);
      if (typeof field === 'string') files.unused.push({ path, reason: field });
      else files.fields.push(field);
      return;
    }
    default:
      throw new ConfigError('INIT_FILE', `${path}: nothing that a case is made of (retroplume inspect says what it is): leave it out`);
  }
}

/** Files must lie on the grid of the most of them, or on one that holds it. @throws {GridError} `GRID_MISMATCH` */
function keepOneGrid(files: GivenFiles, named: ReadonlySet<string>): void {
  const counts: { grid: Grid; count: number }[] = [];
  for (const { grid } of files.fields) {
    if (grid === undefined) continue;
    const match = counts.find((entry) => isSame(entry.grid, grid));
    if (match) match.count++;
    else counts.push({ grid, count: 1 });
  }
  const commonest = counts.reduce<(typeof counts)[number] | undefined>(
    (best, entry) => (best && best.count >= entry.count ? best : entry),
    undefined,
  );
  if (commonest === undefined) return;
  files.grid = commonest.grid;
  files.fields = files.fields.filter(({ grid, path }) => {
    if (grid === undefined || holds(grid, commonest.grid, path)) return true;
    if (named.has(path)) commonest.grid.assertSame(grid, path, 'give the files of one grid');
    files.unused.push({ path, reason: `on another grid than the most files: ${grid.name}, ${grid.cols} x ${grid.rows} cells` });
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
