/** The job of a scheduler in which this process runs, and whether another job still does. */
import { spawnSync } from 'node:child_process';

export interface Job {
  scheduler: 'slurm' | 'pbs';
  id: string;
  /** how often it went back into the queue before */
  restarts: number;
}

/** From the variables that the scheduler sets; undefined outside a job. */
export function currentJob(): Job | undefined {
  const { SLURM_JOB_ID, SLURM_RESTART_COUNT, PBS_JOBID } = process.env;
  if (SLURM_JOB_ID) return { scheduler: 'slurm', id: SLURM_JOB_ID, restarts: Number(SLURM_RESTART_COUNT ?? 0) };
  return PBS_JOBID ? { scheduler: 'pbs', id: PBS_JOBID, restarts: pbsRestarts(PBS_JOBID) } : undefined;
}

/** By job, as it stays the same for as long as this process runs. */
const restartsOf = new Map<string, number>();

/** PBS tells a job neither that its node went down before nor how often; its server does. 0 where that does not answer. */
function pbsRestarts(id: string): number {
  const restarts = restartsOf.get(id);
  if (restarts !== undefined) return restarts;
  const { stdout } = spawnSync('qstat', ['-f', id], question());
  const runs = Number(/run_count = (\d+)/.exec(stdout ?? '')?.[1] ?? 1);
  restartsOf.set(id, runs - 1);
  return runs - 1;
}

/**
 * Whether what a job ran is certainly gone: a scheduler starts a job again only when the one before has ended. False where it can't tell.
 * @param askingJob - the job that asks
 */
export function isJobGone(job: Job, askingJob: Job | undefined = currentJob()): boolean {
  if (askingJob?.scheduler === job.scheduler && askingJob.id === job.id) return askingJob.restarts > job.restarts;
  return !['running', 'unknown'].includes(jobState(job));
}

export type JobState = 'waiting' | 'running' | 'ended' | 'unknown';

/** States of Slurm in which nothing of a job runs; the others that squeue shows are of jobs that begin, run, stop or end. */
const SLURM_WAITING = ['PENDING', 'REQUEUED', 'REQUEUE_HOLD', 'SPECIAL_EXIT'];

/** What the scheduler says of a job, or of all tasks of an array; `unknown` where it does not answer. */
export function jobState({ scheduler, id }: Pick<Job, 'scheduler' | 'id'>): JobState {
  return scheduler === 'slurm' ? slurmState(id) : pbsState(id);
}

/** `env`: jest's `process.env` is a copy, which is not what a child is given otherwise. */
const question = (): { encoding: 'utf8'; timeout: number; env: NodeJS.ProcessEnv } => ({ encoding: 'utf8', timeout: 30_000, env: process.env });

function slurmState(id: string): JobState {
  const { status, stdout, stderr } = spawnSync('squeue', ['--noheader', '--format=%T', '--jobs', id], question());
  if (status !== 0) return /Invalid job id/i.test(stderr ?? '') ? 'ended' : 'unknown';
  const states = stdout.split('\n').filter((line) => line !== '');
  if (states.length === 0) return 'ended';
  return states.every((state) => SLURM_WAITING.includes(state)) ? 'waiting' : 'running';
}

function pbsState(id: string): JobState {
  const { status, stdout, stderr } = spawnSync('qstat', ['-f', id], question());
  if (status !== 0) return /Unknown Job|has finished/i.test(stderr ?? '') ? 'ended' : 'unknown';
  const state = /job_state = (\w)/.exec(stdout)?.[1];
  return state === undefined ? 'unknown' : ['Q', 'H', 'W'].includes(state) ? 'waiting' : ['F', 'C', 'X'].includes(state) ? 'ended' : 'running';
}
