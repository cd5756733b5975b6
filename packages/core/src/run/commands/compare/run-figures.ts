/** What a run folder tells of its run without a look at its inputs: how far it is, and what came of it. Nothing is written, and no lock taken. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../../base/errors';
import { readJson } from '../../../files/json';
import { lastMade, readRecord, summaryIn } from '../../engine/record';
import { FAILURE_FILE, type Failure } from '../../engine/run-folder';
import { stageDir, STAGES, type StageName, type Variant } from '../../engine/stage';
import type { Comparison, VerifySummary } from '../../results/verify';

export interface StageState {
  stage: StageName;
  /** ISO 8601, when it was finished; absent: it was begun, and is not */
  finished?: string;
}

/** The case's own stages that have been begun or finished, in the order of a run. */
export function stageStates(run: string): StageState[] {
  return STAGES.flatMap((stage): StageState[] => {
    const dir = stageDir(run, stage, 'default');
    const record = readRecord(dir);
    if (record) return [{ stage, finished: new Date(Date.parse(record.startedAt) + 1000 * record.seconds).toISOString() }];
    return lastMade(dir) ? [{ stage }] : [];
  });
}

/** Why the last run in a folder ended before its end, as `invert: FILE_MISSING`; undefined where it did not, or nothing tells. */
export function lastFailure(run: string): string | undefined {
  const path = join(run, FAILURE_FILE);
  if (!existsSync(path)) return undefined;
  try {
    const { stage, code } = readJson<Failure>(path, { keys: { stage: 'string', code: 'string' }, remedy: 'run the case again' });
    return `${stage}: ${code}`;
  } catch (cause) {
    if (cause instanceof DataError) return undefined; // a run may take it away at this moment
    throw cause;
  }
}

/** Errors of a species at one kind of monitors. */
export interface ScoreFigures {
  variant: Variant;
  monitors: 'withheld' | 'used';
  species: string;
  unit: string;
  pairs: number;
  observed: number;
  /** mean absolute errors */
  prior: number;
  updated: number;
  /** correlations; NaN where nothing varies */
  rPrior: number;
  rUpdated: number;
}

/** Scores of the case's own way, of the paper's and of the update from members alone, where they were made. */
export function scoresOf(run: string): ScoreFigures[] {
  return (['default', 'paper', 'ensemble'] as const).flatMap((variant) => {
    const summary = summaryIn<VerifySummary>(stageDir(run, 'verify', variant));
    return (['withheld', 'used'] as const).flatMap((monitors) =>
      Object.entries((summary?.[monitors] ?? {}) as Record<string, Comparison>).map(([species, { unit, prior, updated }]): ScoreFigures => ({
        variant,
        monitors,
        species,
        unit,
        pairs: prior.n,
        observed: prior.meanObserved,
        prior: prior.mae,
        updated: updated.mae,
        rPrior: prior.r,
        rUpdated: updated.r,
      })),
    );
  });
}

/** Emissions of a group in the whole domain, Mt a-1. */
export interface TotalFigures {
  period: string;
  group: string;
  prior: number;
  updated: number;
}

/** As `verify` has audited them. */
export function totalsOf(run: string): TotalFigures[] {
  const { audit = [] } = summaryIn<VerifySummary>(stageDir(run, 'verify', 'default')) ?? {};
  return audit.flatMap(({ period, group, region, prior, updated }) => (region === undefined ? [{ period, group, prior, updated }] : []));
}

/** Folders within one, by name; none where it may not be read. */
export function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
      .sort();
  } catch {
    return [];
  }
}
