/**
 * Runs of the user's own transport model may have cost days, and `simulate` with other settings or inputs removes them all to make them anew. A key that was
 * changed for something else must not do that unasked.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../data/case';
import { ConfigError } from '../errors';
import { isMadeFile } from './case-runs';
import { keepsFolder, lastMade } from './record';
import { simulateStage } from './simulate-stage';
import { keyOf, stageContext, type RunContext } from './stage';
import { whatChanged } from './why-anew';

/** Names of the runs in the folder of `simulate` that have been made, in one period at least. */
function madeRuns(dir: string): string[] {
  const folders = existsSync(dir) ? readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
  return folders.map(({ name }) => name).filter((name) => readdirSync(join(dir, name)).some(isMadeFile));
}

/** What `simulate` would remove of runs of the user's model, and why; undefined where it would remove none. */
export async function replacedRuns(run: RunContext): Promise<{ runs: string[]; why: string } | undefined> {
  const context = stageContext(run, 'simulate', 'default');
  const { dir } = context;
  const before = lastMade(dir);
  const model = (before?.settings as Partial<Pick<Case, 'ctm'>> | undefined)?.ctm ?? run.case.ctm;
  if (before === undefined || model.kind === 'reference') return undefined;
  const runs = madeRuns(dir);
  if (runs.length === 0) return undefined;
  const mark = await keyOf(simulateStage, context);
  return keepsFolder(dir, mark) ? undefined : { runs, why: whatChanged(before, mark) };
}

/** @throws {ConfigError} `RUNS_REPLACED` */
export async function refuseReplacedRuns(run: RunContext): Promise<void> {
  const replaced = await replacedRuns(run);
  if (replaced === undefined) return;
  const { runs, why } = replaced;
  throw new ConfigError(
    'RUNS_REPLACED',
    `simulate: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} of your transport model in ${join(run.out, 'simulate')} would be removed and made anew, as this has changed since: ${why}: ` +
      'change it back, give another --out, or agree with --replace-runs',
  );
}
