/** The files that somebody gives to `init`, each with what it is for: looked at by its header alone, as a month of emissions is many gigabytes. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ConfigError, DataError, RetroplumeError } from '../../../base/errors';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import type { IoapiVariable } from '../../../files/ioapi/ioapi-header';
import type { Grid } from '../../../grid/grid';
import { some } from '../inspect/inspection';
import { unitOf } from '../inspect/ioapi';
import { sniff } from '../inspect/sniff';
import { lookAtTable, type GivenTable } from './given-tables';
import { runOfName } from './file-names';
import type { Hours } from './shared-hours';

type FieldRole = 'weather' | 'geography' | 'emissions' | 'concentrations';

/** An I/O API file. */
export interface GivenField {
  role: FieldRole;
  path: string;
  grid: Grid;
  /** empty of geography */
  hours: Hours;
  variables: IoapiVariable[];
}

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
  unused: Unused[];
}

/** MCIP's names, of which METCRO2D has at least two. */
const WEATHER = ['TEMP2', 'PBL', 'PRSFC', 'WSPD10', 'RGRND'];
const HOUR = 3600;

/**
 * Looks at files, and at those in folders: one level, and folders of members in them.
 *
 * @throws {DataError} `FILE_MISSING`; `INIT_FILE` for a file that is named and nothing of a case, `INIT_NONE` if no file is left; what reading throws
 */
export async function lookAt(paths: readonly string[]): Promise<GivenFiles> {
  const found: GivenFiles = { fields: [], griddescs: [], tables: [], unused: [] };
  for (const path of new Set(paths.map((each) => resolve(each)))) {
    if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path`);
    if (!statSync(path).isDirectory()) await add(found, path);
    else for (const inside of filesIn(path)) await addIfUsable(found, inside);
  }
  if (found.fields.length + found.griddescs.length + found.tables.length > 0) return found;
  throw new DataError(
    'INIT_NONE',
    `${paths.join(', ')}: there is no file of a case (METCRO2D, GRIDCRO2D, emissions, concentrations, GRIDDESC, tables of monitors): name them, or the folders that they lie in`,
  );
}

function filesIn(folder: string): string[] {
  const paths = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name));
  const isFolder = (path: string): boolean => statSync(path).isDirectory();
  const members = paths.filter((path) => isFolder(path) && runOfName(join(path, 'x')).member !== undefined);
  const inMembers = members.flatMap((path) => readdirSync(path).sort().map((name) => join(path, name))); // prettier-ignore
  return [...paths, ...inMembers].filter((path) => !isFolder(path));
}

/** In a folder lie other things, too. */
async function addIfUsable(found: GivenFiles, path: string): Promise<void> {
  try {
    await add(found, path);
  } catch (error) {
    if (!(error instanceof RetroplumeError)) throw error;
    found.unused.push({ path, why: error.code === 'INIT_FILE' ? 'nothing that a case is made of' : error.message.replace(`${path}: `, '') });
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
      found.tables.push(await lookAtTable(path));
      return;
    case 'netcdf': {
      const field = lookAtField(path);
      if (typeof field === 'string') found.unused.push({ path, why: field });
      else found.fields.push(field);
      return;
    }
    default:
      throw new ConfigError(
        'INIT_FILE',
        `${path}: nothing that a case is made of: leave it out (retroplume inspect says what it is; weather of WRF or CF files is named by hand, docs/gridded-data.md)`,
      );
  }
}

/** @returns why it is not used, if so @throws {DataError} if it is no I/O API file */
function lookAtField(path: string): GivenField | string {
  const file = IoapiFile.open(path);
  file.close();
  const { grid, variables, time } = file;
  const first = Math.round(time.start.getTime() / 3600e3);
  const made = (role: FieldRole, hours: Hours): GivenField => ({ role, path, grid, hours, variables });
  const has = (names: readonly string[]): number => names.filter((name) => variables.some((each) => each.name === name)).length;
  if (time.stepSeconds === 0) {
    return has(['HT', 'LWMASK']) > 0 ? made('geography', { first: 0, end: 0 }) : 'it does not change in time, and holds neither HT nor LWMASK';
  }
  if (grid.cols === 1 && grid.rows > 1) return 'in-line point sources: make a sector of them with their stack groups (docs/emissions.md)';
  const hours = { first, end: first + time.count };
  const units = variables.map(({ units }) => unitOf(units));
  const most = (kind: string): boolean => 2 * units.filter((unit) => unit === kind).length >= variables.length;
  const role = has(WEATHER) >= 2 ? 'weather' : most('emission') ? 'emissions' : most('concentration') ? 'concentrations' : undefined;
  if (role === undefined) return 'neither METCRO2D nor emissions nor concentrations by its variables and units';
  return time.stepSeconds === HOUR ? made(role, hours) : `its steps are of ${time.stepSeconds} s, and a case is made of hourly files`;
}
