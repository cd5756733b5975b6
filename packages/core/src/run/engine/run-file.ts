/**
 * `run.json` in a run folder: the case as the last command read it, with what was laid over it, and how it was run. A case is a file that its user edits and
 * a command line that nobody keeps; this is what a bundle can be made of.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expectArgument } from '../../base/call';
import type { Case } from '../../case';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json-file';
import { ConfigError, RetroplumeError } from '../../base/errors';
import { ALONE } from '../../base/ranks';
import type { RunContext } from './stage';
import { codeVersion, VERSIONS } from '../../base/versions';

export const RUN_FILE = 'run.json';

/** The run folder of a case, absolute. @param out - where the caller names one @throws {ConfigError} `RUN_FOLDER_NAME` */
export function runFolder({ name }: Pick<Case, 'name'>, out = `runs/${name}`): string {
  expectArgument(typeof out === 'string', 'out', 'the path of a run folder', out);
  const path = resolve(out);
  if (path.includes('\\'))
    throw new ConfigError(
      'RUN_FOLDER_NAME',
      `${path}: a run folder with a backslash in its path, at which netCDF makes no files: give another --out`,
    );
  return path;
}

export interface RunFile {
  /** a case file of its own: all defaults in place, all paths absolute */
  case: Omit<Case, 'file'>;
  /** where it was read from: keys of stages tell paths from there */
  file: string;
  threads: number;
  /** processes that trained together */
  ranks: number;
  device: RunContext['device'];
  precision: RunContext['precision'];
  hardware: string;
  versions: Record<string, string>;
  /** git's name for the code, with `-dirty` where it had been changed; null where it did not run from a clone */
  commit: string | null;
}

export function writeRunFile({ out, caseSettings: { file, ...settings }, threads, ranks = ALONE, device, precision, hardware }: RunContext): void {
  const content: RunFile = {
    case: settings,
    file,
    threads,
    ranks: ranks.size,
    device,
    precision,
    hardware,
    versions: VERSIONS,
    commit: codeVersion(),
  };
  writeFileAtomic(join(out, RUN_FILE), `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * @throws {ConfigError} `RUN_FILE_MISSING` if the folder holds no run of this version
 * @throws {DataError} `JSON_UNREADABLE` if the file is damaged
 */
export function readRunFile(out: string): RunFile {
  const path = join(out, RUN_FILE);
  if (!existsSync(path)) {
    throw new ConfigError(
      'RUN_FILE_MISSING',
      `${path}: no such file: give a run folder; "retroplume run" writes it, and makes nothing anew that is up to date`,
    );
  }
  return readJson(path, { keys: { case: 'object', versions: 'object' }, remedy: 'run the case again, which writes it anew' });
}

/** The name of the case of the last run in a folder, where it is another one; undefined where it is this one, or where nothing tells. */
export function otherCaseIn(out: string, name: string): string | undefined {
  if (!existsSync(join(out, RUN_FILE))) return undefined;
  try {
    const { case: before } = readRunFile(out);
    return before.name === name ? undefined : before.name;
  } catch (cause) {
    // What tells nothing is written anew.
    if (cause instanceof RetroplumeError) return undefined;
    throw cause;
  }
}

/** A case may be renamed on purpose; who gave the folder of another one by mistake should know before its stages are made anew. */
export function tellOtherCase({ out, caseSettings: { name } }: RunContext, log: (text: string) => void): void {
  const other = otherCaseIn(out, name);
  if (other === undefined) return;
  log(
    `the last run in ${out} was of the case "${other}", not "${name}": its stages are made anew where settings or inputs differ (stop with Ctrl-C and give another --out to keep it)`,
  );
}
