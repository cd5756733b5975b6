/** Why the last run in a folder ended before its end, for scripts and schedulers: `failure.json`, which the next run takes away. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorFigures, type ErrorFigures } from '../errors';
import type { StageName, Variant } from './stage';

export const FAILURE_FILE = 'failure.json';

export interface Failure extends ErrorFigures {
  stage: StageName;
  variant: Variant;
  time: string;
}

export function forgetFailure(out: string): void {
  rmSync(join(out, FAILURE_FILE), { force: true });
}

export function leaveFailure(out: string, where: Pick<Failure, 'stage' | 'variant'>, cause: unknown): void {
  const failure: Failure = { ...errorFigures(cause), ...where, time: new Date().toISOString() };
  try {
    writeFileSync(join(out, FAILURE_FILE), `${JSON.stringify(failure, null, 2)}\n`);
  } catch {
    // On a full disk, which may be what it was to tell, the failure itself still goes to the caller.
    forgetFailure(out);
  }
}
