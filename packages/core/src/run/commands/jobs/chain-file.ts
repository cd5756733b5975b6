/** `jobs/chain.json` of a run folder: which jobs its last `run --submit` gave to the scheduler, and what was known of them then. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../files/checkpoint';
import { DataError } from '../../../base/errors';
import { jobState, type JobState } from '../../engine/current-job';
import type { JobName } from './chain-plan';
import type { SchedulerName } from './job-script';

export interface ChainJob {
  name: JobName;
  /** as the scheduler numbers it; undefined where the job was not needed */
  id?: string;
  /** as of the last look; `up to date`: its results were there; `written`: only its script was */
  state: JobState | 'submitted' | 'up to date' | 'written';
  /** of an array: what it makes, in the order of its indices */
  tasks?: readonly string[];
  /** ids of the jobs that it waits for */
  after?: readonly string[];
  script?: string;
  /** as the scheduler submits it */
  command?: string;
}

export interface Chain {
  scheduler: SchedulerName;
  case: string;
  submitted: string;
  jobs: ChainJob[];
}

export function chainPath(out: string): string {
  return join(out, 'jobs/chain.json');
}

/** undefined where nothing was submitted. @throws {DataError} `CHAIN_UNREADABLE` */
export function readChain(out: string): Chain | undefined {
  const path = chainPath(out);
  if (!existsSync(path)) return undefined;
  try {
    const chain = JSON.parse(readFileSync(path, 'utf8')) as Chain;
    chain.jobs.map(({ name }) => name);
    return chain;
  } catch (cause) {
    throw new DataError(
      'CHAIN_UNREADABLE',
      `${path}: expected the jobs of the last run --submit but it cannot be read: remove it once none of them is in the queue any more`,
      { cause },
    );
  }
}

export function writeChain(out: string, chain: Chain): void {
  writeFileAtomic(chainPath(out), `${JSON.stringify(chain, null, 2)}\n`);
}

/** With the states that the scheduler tells now. */
export function refreshed(out: string, chain: Chain): Chain {
  return {
    ...chain,
    jobs: chain.jobs.map((job) => (job.id === undefined ? job : { ...job, state: stateOf(out, chain.scheduler, job.name, job.id) })),
  };
}

/** Of a job, and of those of PBS that went on with it. */
function stateOf(out: string, scheduler: SchedulerName, name: JobName, id: string): JobState {
  const followers = join(out, 'jobs', `${name}.ids`);
  const ids = scheduler === 'pbs' && existsSync(followers) ? readFileSync(followers, 'utf8').split('\n').filter(Boolean) : [id];
  const states = ids.map((job) => jobState({ scheduler, id: job }));
  return (['running', 'unknown', 'waiting'] as const).find((state) => states.includes(state)) ?? 'ended';
}
