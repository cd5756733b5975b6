import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { currentJob, isJobGone, jobState } from './current-job';

let folder: string;
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-'));
  process.env['PATH'] = `${folder}${delimiter}${before['PATH']}`;
  for (const name of ['SLURM_JOB_ID', 'SLURM_RESTART_COUNT', 'PBS_JOBID']) delete process.env[name];
});
afterEach(() => {
  process.env = { ...before };
  rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for a scheduler's command. */
function answer(command: string, script: string): void {
  writeFileSync(join(folder, command), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, command), 0o755);
}

describe('the job of this process', () => {
  it('is what the scheduler says', () => {
    expect(currentJob()).toBeUndefined();
    process.env['PBS_JOBID'] = '7.server';
    expect(currentJob()).toEqual({ scheduler: 'pbs', id: '7.server', restarts: 0 });
    answer('qstat', '[ "$1 $2" = "-f 8.server" ] || exit 64\necho "    run_count = 3"');
    process.env['PBS_JOBID'] = '8.server';
    expect(currentJob()).toEqual({ scheduler: 'pbs', id: '8.server', restarts: 2 });
    process.env['SLURM_JOB_ID'] = '12';
    expect(currentJob()).toEqual({ scheduler: 'slurm', id: '12', restarts: 0 });
    process.env['SLURM_RESTART_COUNT'] = '3';
    expect(currentJob()).toEqual({ scheduler: 'slurm', id: '12', restarts: 3 });
  });
});

describe('a job', () => {
  it.each([
    ['echo PENDING', 'waiting'],
    ['echo RUNNING; echo PENDING', 'running'],
    ['echo COMPLETING', 'running'],
    ['true', 'ended'],
    ['echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1', 'ended'],
    ['echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1', 'unknown'],
  ])('of Slurm of which squeue says `%s` is %s', (script, state) => {
    answer('squeue', `[ "$4" = 12 ] || exit 64\n${script}`);
    expect(jobState({ scheduler: 'slurm', id: '12' })).toBe(state);
    expect(isJobGone({ scheduler: 'slurm', id: '12', restarts: 0 })).toBe(['waiting', 'ended'].includes(state));
  });

  it.each([
    ['echo "    job_state = Q"', 'waiting'],
    ['echo "    job_state = R"', 'running'],
    ['echo "qstat: Unknown Job Id 12.server" >&2; exit 153', 'ended'],
    ['echo "qstat: 12.server Job has finished, use -x or -H to obtain historical job information" >&2; exit 35', 'ended'],
    ['echo "qstat: cannot connect to server" >&2; exit 255', 'unknown'],
  ])('of PBS of which qstat says `%s` is %s', (script, state) => {
    answer('qstat', script);
    expect(jobState({ scheduler: 'pbs', id: '12.server' })).toBe(state);
  });

  it('that asks about itself is gone if it has been started again since', () => {
    const job = { scheduler: 'slurm', id: '12', restarts: 1 } as const;
    expect(isJobGone(job, { ...job, restarts: 2 })).toBe(true);
    expect(isJobGone(job, job)).toBe(false);
  });
});
