/** `retroplume run --submit`: the jobs of a case, and what was done with them. */
import { join } from 'node:path';
import { runOf, loadCase } from '@retroplume/core/case';
import { type SubmitResult, type SubmittedJob, submitChain } from '@retroplume/core/commands/jobs';
import type { RunOptions } from '@retroplume/core/run';
import { launcher } from '../process';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

export interface SubmitCommandOptions extends CommonOptions {
  /** true: the scheduler that the case names */
  submit: 'slurm' | 'pbs' | true;
  dryRun?: boolean;
  changedRuns?: RunOptions['changedRuns'];
}

/** How jobs call this program: by the launcher of an offline package, else by Node. */
function program(): string[] {
  return launcher !== undefined ? [launcher] : [process.execPath, join(__dirname, '../main.js')];
}

function row({ name, id, state, tasks, after: predecessors, script }: SubmittedJob): string {
  const taskList = tasks ? `${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}: ${tasks.join(', ')}` : '';
  const parts = [name.padEnd(12), (id ?? '').padEnd(9), state, predecessors ? `after ${predecessors.join(', ')}` : '', taskList, script ?? ''];
  return `  ${parts.filter((part) => part !== '').join('  ')}\n`;
}

function print({ jobs, chain, dryRun, scheduler }: SubmitResult): void {
  if (dryRun) {
    for (const { text, command } of jobs) if (text !== undefined) writeOut(`\n==> ${command}\n${text}`);
    writeOut('\n');
  }
  writeOut(`Jobs for ${scheduler}${dryRun ? ' (not submitted)' : ''}:\n${jobs.map(row).join('')}`);
  if (chain !== undefined) writeOut(`Chain: ${chain}\n`);
}

/** Submits what is not up to date of a case, or with `--dry-run` prints what would be. */
export async function submitCase(path: string, options: SubmitCommandOptions): Promise<void> {
  const { submit, dryRun, changedRuns, set, device, precision } = options;
  const run = runOf(path);
  const result = await submitChain(loadCase(path, set), {
    out: options.out ?? run,
    caseFrom: run,
    scheduler: submit === true ? undefined : submit,
    dryRun,
    changedRuns,
    device,
    precision,
    set,
    program: program(),
  });
  if (options.json) writeOut(`${JSON.stringify(result)}\n`);
  else print(result);
}
