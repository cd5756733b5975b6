/** A case by the path that somebody gives: its file, or a run folder, which holds the case as the last command in it read it. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../base/errors';
import { readJson } from '../files/json';
import { readSource, type CaseSource } from './source';

/** In a run folder: the case under `case`, and under `file` where it was read from. */
export const RUN_FILE = 'run.json';

export interface CaseFileSource extends CaseSource {
  /** the case file, absolute: of a run folder the one that its case was read from */
  file: string;
  /** the run folder, where the case is of one */
  run?: string;
}

/** The run folder that a case is given as, absolute; undefined for a case file. */
export function runOf(path: string): string | undefined {
  return existsSync(path) && statSync(path).isDirectory() ? resolve(path) : undefined;
}

/** @throws {ConfigError} `RUN_FILE_MISSING` for a folder without a run; as {@link readSource} @throws {DataError} `JSON_UNREADABLE` */
export function readCaseSource(path: string, overrides: readonly string[]): CaseFileSource {
  const run = runOf(path);
  if (run === undefined) {
    const file = resolve(path); // first: it tells where the folder that this was started in is gone
    return { ...readSource(path, overrides), file };
  }
  const runFile = join(path, RUN_FILE);
  if (!existsSync(runFile)) {
    const inIt = existsSync(join(path, 'case.yaml')) ? `, such as ${join(path, 'case.yaml')}` : '';
    throw new ConfigError('RUN_FILE_MISSING', `${path}: a folder without ${RUN_FILE}, so no run folder: give a case file${inIt}, or a run folder`);
  }
  const { file } = readJson<{ file?: unknown }>(runFile, {
    keys: { case: 'object' },
    remedy: 'give the case file, and run it again, which writes it anew',
  });
  return { ...readSource(runFile, overrides, 'case'), file: typeof file === 'string' ? file : resolve(runFile), run };
}
