/** Why the last run in a folder ended before its end, for scripts and schedulers: `failure.json`, which the next run takes away. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeSharedFile } from '../../files/checkpoint';
import { errorFigures, type ErrorFigures } from '../../base/errors';
import { currentJob } from './current-job';
import type { StageName, Variant } from './stage';

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

export function leaveFailure(out: string, where: Pick<Failure, 'stage' | 'variant' | 'task'>, cause: unknown): void {
  const job = currentJob();
  const failure: Failure = {
    ...errorFigures(cause),
    ...where,
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
