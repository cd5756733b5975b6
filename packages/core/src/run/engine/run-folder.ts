/**
 * What a run folder tells of its run. `run.json` holds the case as the last command read it, with what was laid over it, and how it was run: a case is a file that its
 * user edits and a command line that nobody keeps; this is what a bundle can be made of. `failure.json` tells scripts and schedulers why the last run ended before its
 * end; the next run takes it away.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expectArgument, ConfigError, errorFigures, RetroplumeError, type ErrorFigures } from '../../base/errors';
import { RUN_FILE, type Case } from '../../case';
import { writeFileAtomic, writeSharedFile } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import { codeVersion } from '../../base/code-version';
import { ALONE, VERSIONS } from '../../base/process';
import { currentJob } from './current-job';
import { lockRun } from './run-lock';
import type { RunContext, StageName, Variant } from './stage';

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
    const { case: lastCase } = readRunFile(out);
    return lastCase.name === name ? undefined : lastCase.name;
  } catch (cause) {
    // What tells nothing is written anew.
    if (cause instanceof RetroplumeError) return undefined;
    throw cause;
  }
}

/** A case may be renamed on purpose; who gave the folder of another one by mistake should know before its stages are made anew. */
export function tellOtherCase({ out, caseSettings: { name } }: RunContext, log: (text: string) => void): void {
  const lastName = otherCaseIn(out, name);
  if (lastName === undefined) return;
  log(
    `the last run in ${out} was of the case "${lastName}", not "${name}": its stages are made anew where settings or inputs differ (stop with Ctrl-C and give another --out to keep it)`,
  );
}

export const FAILURE_FILE = 'failure.json';

export interface Failure extends ErrorFigures {
  stage: StageName;
  variant: Variant;
  /** of a task of a job array: its name, such as `simulate-member03` */
  task?: string;
  time: string;
  /** of the scheduler, where the run was one */
  job?: { id: string; log?: string };
}

export function forgetFailure(out: string): void {
  rmSync(join(out, FAILURE_FILE), { force: true });
}

/** Of one task of several that run side by side: leaves what the others have told. */
export function forgetFailureOf(out: string, task: string): void {
  try {
    if ((JSON.parse(readFileSync(join(out, FAILURE_FILE), 'utf8')) as Partial<Failure>).task === task) forgetFailure(out);
  } catch {
    // None, or one that another task writes at this moment.
  }
}

export function leaveFailure(out: string, place: Pick<Failure, 'stage' | 'variant' | 'task'>, cause: unknown): void {
  const job = currentJob();
  const failure: Failure = {
    ...errorFigures(cause),
    ...place,
    time: new Date().toISOString(),
    ...(job ? { job: { id: job.id, log: process.env['RETROPLUME_JOB_LOG'] } } : {}),
  };
  try {
    writeSharedFile(join(out, FAILURE_FILE), `${JSON.stringify(failure, null, 2)}\n`);
  } catch {
    // On a full disk, which may be what it was to tell, the failure itself still goes to the caller.
    forgetFailure(out);
  }
}

/**
 * Takes a run folder for this process, makes it tell of this run, and forgets why the last one failed.
 *
 * @param log - is told where the last run in it was of another case
 * @returns gives it back
 * @throws {ConfigError} `RUN_LOCKED` if another process works in it
 */
export function takeRunFolder(run: RunContext, log?: (text: string) => void): () => void {
  const release = lockRun(run.out);
  try {
    forgetFailure(run.out);
    if (log) tellOtherCase(run, log);
    writeRunFile(run);
    return release;
  } catch (cause) {
    release();
    throw cause;
  }
}
