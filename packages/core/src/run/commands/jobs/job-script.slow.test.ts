/** What the scripts of jobs do when something happens to their program, with stand-ins for the schedulers' commands. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { loadCase, type Case } from '../../../case';
import { DataError, InterruptedError } from '../../../base/errors';
import { writeDemoWorld } from '../../../worlds/demo-world';
import { leaveFailure } from '../../engine/run-folder';
import { jobScript, type SchedulerName } from './job-script';

let world: string;
let folder: string;
let settings: Case;
beforeAll(async () => {
  world = mkdtempSync(join(tmpdir(), 'script-'));
  const file = await writeDemoWorld(world, { rows: 12, cols: 12, hours: 30, spinUpHours: 6, stations: 12 });
  settings = loadCase(file, ['jobs.restarts=2', 'jobs.warnSeconds=30', 'jobs.setup=["HELLO=world"]']);
});
beforeEach(() => {
  folder = mkdtempSync(join(world, 'run of a user-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'jobs'));
});
afterAll(() => rmSync(world, { recursive: true, force: true }));

function executable(name: string, script: string): string {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/bash\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Ends with 130 some time after SIGUSR1, as a program that writes a checkpoint. */
const STOPS = 'trap "sleep 0.3; echo checkpoint; exit 130" USR1; echo ready; while :; do sleep 0.05; done';

/** As `STOPS`, by a launcher with an exit code of its own, after the program has told of `error`. */
function launched(error: Error): string {
  leaveFailure(folder, { stage: 'invert', variant: 'default' }, error);
  renameSync(join(folder, 'failure.json'), join(folder, 'left.json'));
  return STOPS.replace('exit 130', 'cp left.json failure.json; exit 1');
}

interface Outcome {
  code: number | null;
  told: string;
  failure?: { code: string; exitCode: number; message: string; job: { id: string; log: string } };
}

/** Runs the script of the first training job, sends the signal once its program is at work. */
async function runScript(
  program: string,
  variables: Record<string, string>,
  { scheduler = 'slurm', signal, workIn = folder }: { scheduler?: SchedulerName; signal?: NodeJS.Signals; workIn?: string } = {},
): Promise<Outcome> {
  const jobs = join(folder, 'jobs');
  const script = jobScript({
    settings,
    scheduler,
    job: { name: 'train', kind: 'network', predecessors: [], ranks: true, args: ['run', '--variant', '{task}'], tasks: ['default', 'paper'] },
    out: folder,
    jobs,
    folder: workIn,
    program: [executable('program', program)],
    args: ['case.yaml'],
  });
  const path = join(jobs, 'train.sh');
  writeFileSync(path, script);
  const env = { PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`, ...variables };
  const child = spawn('bash', [path], { env });
  const log = join(jobs, 'train-7.server.log');
  let told = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (told += data.toString()));
  const seen = (): string => told + (existsSync(log) ? readFileSync(log, 'utf8') : '');
  const timer = setInterval(() => {
    if (!seen().includes('ready')) return;
    clearInterval(timer);
    if (signal) child.kill(signal);
  }, 20);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(timer);
  const failure = join(folder, 'failure.json');
  return { code, told: seen(), ...(existsSync(failure) ? { failure: JSON.parse(readFileSync(failure, 'utf8')) as Outcome['failure'] } : {}) };
}

it.each<SchedulerName>(['slurm', 'pbs'])(
  "leaves braces in the user's own lines as they are, and no line for what is not asked for: %s",
  (scheduler) => {
    const setup = ['export JOB={{job}}', '{{command}}'];
    const script = jobScript({
      settings: { ...settings, jobs: { ...settings.jobs, setup } },
      scheduler,
      out: folder,
      jobs: join(folder, 'jobs'),
      folder,
      job: { name: 'train', kind: 'network', predecessors: [], ranks: false, args: ['run'] },
      program: ['retroplume'],
      args: ['case.yaml'],
    });
    expect(script).toContain('|| leave 1\nexport JOB={{job}}\n{{command}}\n\n#'); // it has no tasks
    expect(script.match(/\{\{/g)).toHaveLength(2);
  },
);

describe('a job of Slurm', () => {
  const job = { SLURM_JOB_ID: '7' };
  const task = { ...job, SLURM_ARRAY_JOB_ID: '6', SLURM_ARRAY_TASK_ID: '1' };

  it('knows what its program has told itself without a temporary folder', async () => {
    writeFileSync(join(folder, 'failure.json'), '{"code": "DATA_BAD"}');
    utimesSync(join(folder, 'failure.json'), 1, 1);
    const { failure } = await runScript('kill -9 $$', { ...job, TMPDIR: join(folder, 'missing') });
    expect(failure).toMatchObject({ code: 'JOB_ENDED', exitCode: 137 });
    expect(readdirSync(join(folder, 'jobs'))).toEqual(['train.sh']);
  });

  it('gives its program the task of its index, and the name of its log', async () => {
    const { code, told, failure } = await runScript('echo "$* $RETROPLUME_JOB_LOG"', task);
    expect({ code, failure }).toEqual({ code: 0, failure: undefined });
    expect(told).toBe(`run --variant paper case.yaml ${folder}/jobs/train-6_1.log\n`);
  });

  it('goes back into the queue near its time limit, once the program has written its checkpoint', async () => {
    executable('scontrol', 'echo "scontrol $*"');
    const { code, told, failure } = await runScript(STOPS, task, { signal: 'SIGUSR1' });
    expect(told).toBe('ready\ncheckpoint\njob 6_1: near its time limit: back into the queue (restart 1 of at most 2)\nscontrol requeue 7\n');
    expect({ code, failure }).toEqual({ code: 130, failure: undefined });
  });

  it('hands the warning on until the program listens', async () => {
    executable('scontrol', 'echo "scontrol $*"');
    const { code, told } = await runScript(`trap "" USR1; echo ready; sleep 1; ${STOPS.replace('echo ready; ', '')}`, task, { signal: 'SIGUSR1' });
    expect(told).toMatch(/^ready\ncheckpoint\n.*\nscontrol requeue 7\n$/);
    expect(code).toBe(130);
  });

  it.each(['INTERRUPTED', 'INVERSION_INTERRUPTED', 'CROSS_VALIDATION_INTERRUPTED'])(
    "goes back into the queue where the ranks' launcher ends with a code of its own: %s",
    async (code) => {
      executable('scontrol', 'echo "scontrol $*"');
      const { told } = await runScript(launched(new InterruptedError(code, 'stopped: run the same command again')), job, { signal: 'SIGUSR1' });
      expect(told).toContain('scontrol requeue 7');
    },
  );

  it('ends where the program failed meanwhile, by whatever code', async () => {
    executable('scontrol', 'echo "scontrol $*"');
    const failed = await runScript(launched(new DataError('DISK_FULL', 'no room: make some')), job, { signal: 'SIGUSR1' });
    expect(failed.told).not.toContain('scontrol');
    expect(failed).toMatchObject({ code: 1, failure: { code: 'DISK_FULL' } });
  });

  it('does so a stated number of times, and says what it ended with', async () => {
    executable('scontrol', 'echo "scontrol $*"');
    const { code, told, failure } = await runScript(STOPS, { ...job, SLURM_RESTART_COUNT: '2' }, { signal: 'SIGUSR1' });
    expect(told).toMatch(/its time limit has come 2 times after a restart: raise jobs\.network\.hours or jobs\.restarts\n$/);
    expect(code).toBe(130);
    expect(failure).toMatchObject({ code: 'JOB_ENDED', exitCode: 130, job: { id: '7', log: join(folder, 'jobs/train-7.log') } });
  });

  it('does not where a user cancels it', async () => {
    executable('scontrol', 'echo "scontrol $*"');
    const { code, told } = await runScript(STOPS.replace('USR1', 'TERM'), job, { signal: 'SIGTERM' });
    expect(told).toBe('ready\ncheckpoint\n');
    expect(code).toBe(130);
  });

  it('tells of a program that was killed or could not begin, but leaves what that has told itself', async () => {
    const killed = await runScript('kill -9 $$', job);
    expect(killed).toMatchObject({ code: 137, failure: { code: 'JOB_ENDED', exitCode: 137 } });
    expect(killed.failure!.message).toBe('job train 7 ended with exit code 137: see its log');
    rmSync(join(folder, 'failure.json'));
    expect(await runScript('exit 0', job, { workIn: join(folder, 'missing') })).toMatchObject({
      code: 1,
      failure: { code: 'JOB_ENDED', exitCode: 1 },
    });
    const told = await runScript(`sleep 0.1; echo '{"code": "DATA_BAD"}' >"${folder}/failure.json"; exit 3`, job);
    expect(told).toMatchObject({ code: 3, failure: { code: 'DATA_BAD' } });
  });
});

describe('a job of PBS', () => {
  const job = { PBS_JOBID: '7.server', PBS_ARRAY_INDEX: '1' };

  it('has another one go on near its time limit, for which those that wait for it wait, and for what else they waited for', async () => {
    executable('qsub', `echo "qsub $*" >>"${folder}/calls"; echo 9.server`);
    executable('qalter', `echo "qalter $*" >>"${folder}/calls"`);
    // Two that ended well, forgotten or kept in the history, and one of which nothing is learned.
    executable(
      'qstat',
      'case $1 in 3.*) echo "qstat: Unknown Job Id 3.server";; 4.*) echo "qstat: 4.server Job has finished, use -x";; ' +
        '5.*) echo "qstat: cannot connect to server";; *) exit 0;; esac >&2; exit 1',
    );
    writeFileSync(join(folder, 'jobs/train.ids'), '6[].server\n');
    writeFileSync(join(folder, 'jobs/certify-runs.ids'), '3.server\n4.server\n5.server\n');
    writeFileSync(join(folder, 'jobs/train.next'), '8.server train\n10.server train certify-runs\n');
    const { code, told, failure } = await runScript(STOPS, job, { scheduler: 'pbs', signal: 'SIGUSR1' });
    expect(told).toContain('checkpoint\njob 7.server: near its time limit: another job goes on (restart 1 of at most 2)\n');
    expect({ code, failure }).toEqual({ code: 0, failure: undefined });
    expect(readFileSync(join(folder, 'calls'), 'utf8').replaceAll(folder, '')).toBe(
      'qsub -v RETROPLUME_RESTARTS=1,RETROPLUME_TASK=1 /jobs/train.sh\n' +
        'qalter -W depend=afterok:6[].server:9.server 8.server\n' +
        'qalter -W depend=afterok:6[].server:9.server:5.server 10.server\n',
    );
  });

  it('that goes on with a task has its index, and is at its limit at last', async () => {
    executable('qsub', 'exit 1');
    const { code, told } = await runScript(
      `echo "$*"; ${STOPS}`,
      { PBS_JOBID: '7.server', RETROPLUME_TASK: '1', RETROPLUME_RESTARTS: '2' },
      { scheduler: 'pbs', signal: 'SIGUSR1' },
    );
    expect(told).toContain('run --variant paper case.yaml\n');
    expect(told).toContain('its time limit has come 2 times after a restart');
    expect(code).toBe(130);
  });

  it("has another one go on where the ranks' launcher ends with a code of its own", async () => {
    executable('qsub', 'echo 9.server');
    const stopped = launched(new InterruptedError('INVERSION_INTERRUPTED', 'stopped: run the same command again'));
    const { code, told } = await runScript(stopped, job, { scheduler: 'pbs', signal: 'SIGUSR1' });
    expect(told).toContain('near its time limit: another job goes on');
    expect(code).toBe(0);
  });

  it('fails where none can go on', async () => {
    executable('qsub', 'echo "qsub: refused" >&2; exit 1');
    const { code, failure } = await runScript(STOPS, job, { scheduler: 'pbs', signal: 'SIGUSR1' });
    expect({ code, failure: failure?.code }).toEqual({ code: 130, failure: 'JOB_ENDED' });
  });
});
