/** How jobs are given to Slurm and to PBS. */
import { spawnSync } from 'node:child_process';
import { ConfigError } from '../../../base/errors';
import type { SchedulerName } from './job-script';

export interface Submission {
  script: string;
  /** of an array: how many tasks, and how many of them at once (0: any) */
  tasks?: number;
  tasksAtOnce: number;
  /** jobs that have to end well first */
  predecessors: readonly string[];
}

/** The command line that submits a job. */
export function submitCommand(scheduler: SchedulerName, { script, tasks, tasksAtOnce, predecessors }: Submission): string[] {
  const range = tasks === undefined ? undefined : `0-${tasks - 1}${tasksAtOnce > 0 ? `%${tasksAtOnce}` : ''}`;
  const waits = predecessors.length > 0 ? `afterok:${predecessors.join(':')}` : undefined;
  if (scheduler === 'slurm') {
    return ['sbatch', '--parsable', ...(range ? [`--array=${range}`] : []), ...(waits ? [`--dependency=${waits}`] : []), script];
  }
  return ['qsub', ...(range ? ['-J', range] : []), ...(waits ? ['-W', `depend=${waits}`] : []), script];
}

/** @returns the job's id @throws {ConfigError} `SCHEDULER_MISSING`, `SUBMIT_FAILED` */
export function submit(scheduler: SchedulerName, submission: Submission): string {
  const [name, ...args] = submitCommand(scheduler, submission);
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8', env: process.env });
  if (error && 'code' in error && error.code === 'ENOENT') {
    throw new ConfigError('SCHEDULER_MISSING', `${name} was not found on PATH: run this on a login node of the cluster, or with --dry-run`);
  }
  const id = (stdout ?? '').trim().split('\n').at(-1)!.split(';')[0];
  if (status === 0 && id !== '') return id;
  const reply = (stderr || stdout || String(error ?? '')).trim().replace(/\s*\n\s*/g, '; ');
  throw new ConfigError(
    'SUBMIT_FAILED',
    `${submission.script}: ${name} refused it ("${reply}"): mend jobs of the case, or ask those who run the cluster`,
  );
}

/** Takes jobs out of the queue; those that are gone do not matter. */
export function cancel(scheduler: SchedulerName, ids: readonly string[]): void {
  if (ids.length > 0) spawnSync(scheduler === 'slurm' ? 'scancel' : 'qdel', ids, { env: process.env });
}

/** What a user types to cancel jobs. */
export function cancelCommand(scheduler: SchedulerName, ids: readonly string[]): string {
  return [scheduler === 'slurm' ? 'scancel' : 'qdel', ...ids].join(' ');
}
