/** `runs`: which run folders lie below a folder, how far each is, and what came of it. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, expectText, RetroplumeError } from '../../../base/errors';
import { RUN_FILE } from '../../../case/case-source';
import { summaryIn } from '../../engine/record';
import { readRunFile } from '../../engine/run-folder';
import { stageDir } from '../../engine/stage';
import { foldersIn, lastFailure, scoresOf, stageStates, type ScoreFigures, type StageState } from './run-figures';

/** A run folder. */
export interface ListedRun {
  /** absolute */
  run: string;
  /** name of the case; absent where `run.json` is damaged, which `trouble` tells */
  case?: string;
  stages: StageState[];
  /** ISO 8601, when the last stage was finished */
  finished?: string;
  /** why the last run in it ended before its end, as `invert: FILE_MISSING` */
  failure?: string;
  /** verdict of the surrogate's certificate */
  certificate?: string;
  /** of the case's own way at withheld monitors, where none is withheld at those that were used */
  scores: ScoreFigures[];
  trouble?: string;
}

/** Folders below this are not looked into: a run folder is not kept deeper, and a disk of data may be. */
const DEEPEST = 6;

/**
 * Run folders in a folder and below it, to six levels, by path; links are not followed, and what lies in a run folder is its own.
 *
 * @throws {ConfigError} `RUNS_FOLDER` if there is no such folder
 *
 * @example
 * for (const { run, scores } of listRuns('runs')) console.log(run, scores);
 */
export function listRuns(folder: string): ListedRun[] {
  expectText(folder, 'listRuns: folder', 'the path of a folder');
  const path = resolve(folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new ConfigError('RUNS_FOLDER', `${path}: there is no such folder: give one in which run folders lie`);
  }
  return runsBelow(path, DEEPEST).map(describe);
}

function runsBelow(folder: string, levels: number): string[] {
  if (existsSync(join(folder, RUN_FILE))) return [folder];
  if (levels === 0) return [];
  return foldersIn(folder)
    .filter((name) => !name.startsWith('.') && name !== 'node_modules')
    .flatMap((name) => runsBelow(join(folder, name), levels - 1));
}

function describe(run: string): ListedRun {
  const stages = stageStates(run);
  const [finished] = stages
    .flatMap((stage) => stage.finished ?? [])
    .sort()
    .reverse();
  const scores = scoresOf(run).filter(({ variant }) => variant === 'default');
  const withheld = scores.filter(({ monitors }) => monitors === 'withheld');
  const failure = lastFailure(run);
  const certificate = summaryIn<{ verdict?: string }>(stageDir(run, 'certify', 'default'))?.verdict;
  return {
    run,
    ...nameOf(run),
    stages,
    ...(finished === undefined ? {} : { finished }),
    ...(failure === undefined ? {} : { failure }),
    ...(certificate === undefined ? {} : { certificate }),
    scores: withheld.length > 0 ? withheld : scores,
  };
}

function nameOf(run: string): Pick<ListedRun, 'case' | 'trouble'> {
  try {
    return { case: readRunFile(run).case.name };
  } catch (cause) {
    if (!(cause instanceof RetroplumeError)) throw cause;
    return { trouble: cause.message };
  }
}
