/** `retroplume run --dry-run`: which stages would be made, and why. */
import { runOf, loadCase } from '@retroplume/core/case';
import { type PlannedStage, type StageState, plannedWork, type RunOptions, runsInWords } from '@retroplume/core/run';
import type { StageName } from '@retroplume/core/stages';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

const WORDS: Record<StageState, string> = {
  'up to date': 'up to date',
  new: 'to be made',
  'goes on': 'begun, goes on',
  kept: 'to be made anew, but for what is still right',
  anew: 'to be made anew',
  unknown: 'not known yet',
};

type Options = CommonOptions & { stages?: StageName[]; changedRuns?: RunOptions['changedRuns'] };

function line({ stage, variant, state, why: reason, runs, replaces }: PlannedStage, replaced: boolean): string {
  const name = variant === 'default' ? stage : `${variant}/${stage}`;
  const runList = runs ? `\n    runs of the transport model: ${runs.length === 0 ? 'none' : `${runs.length} (${runs.join(', ')})`}` : '';
  const removed = replaces
    ? `\n    removes ${replaces.length} ${replaces.length === 1 ? 'run' : 'runs'} of your own model${replaced ? '' : ': refused without --changed-runs replace'}`
    : '';
  return `  ${name.padEnd(16)} ${WORDS[state]}${reason === undefined ? '' : `: ${reason}`}${runList}${removed}\n`;
}

/** Prints it on stdout. */
export async function tellPlannedWork(path: string, options: Options): Promise<void> {
  const { set, json, out = runOf(path), stages, threads, device, precision, changedRuns } = options;
  const work = await plannedWork(loadCase(path, set), { out, stages, threads, device, precision, changedRuns });
  if (json) writeOut(`${JSON.stringify(work)}\n`);
  else {
    const lines = work.stages.map((stage) => line(stage, changedRuns === 'replace')).join('');
    writeOut(
      `${work.out}:\n${lines}  in all the transport model is run ${runsInWords(work.runs)}; runs that are there and right are not made again\n`,
    );
  }
}
