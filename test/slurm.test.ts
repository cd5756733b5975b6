/**
 * A chain of jobs on a real Slurm of one node, which this test starts: a run of the transport model that fails and is made again by itself, a training that is
 * warned of its time limit and goes on from its checkpoint. Skipped where Slurm is not installed; tools/slurm-test.mjs runs the demo so, with a real limit.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from './testing/describe-where';
import type { Failure } from '../packages/core/src/run/engine/run-folder';
import type { SubmitResult } from '../packages/core/src/run/commands/jobs/submit-chain';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN } from './testing/small-run';

jest.setTimeout(180_000); // a busy machine

test('the long proof tells its usage, and takes no option for a folder', () => {
  const run = (word: string): [number | null, string] => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, '../tools/slurm-test.mjs'), word], { encoding: 'utf8' });
    return [status, stdout + stderr];
  };
  const usage = expect.stringMatching(/^usage: node tools\/slurm-test\.mjs \[FOLDER \[RANKS\]\]/) as string;
  expect([run('--help'), run('--hepl')]).toEqual([
    [0, usage],
    [2, usage],
  ]);
});

const CLUSTER = join(__dirname, 'testing/slurm-cluster.sh');
const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
const installed = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol'].every(
  (command) => spawnSync('sh', ['-c', `command -v ${command}`], { env: { PATH } }).status === 0,
);

const SETTINGS = [
  ...SMALL_RUN,
  ...SHORT_STAGES,
  'training.iterations=150',
  'training.evaluateEvery=50',
  'training.checkpointEvery=5',
  'inversion.iterations=1',
  'inversion.hoursPerDay=1',
  'loop.passes=2',
  'loop.iterations=5',
  'loop.smallestGain=0',
  'jobs.model.cpus=1',
  'jobs.network.cpus=1',
].flatMap((setting) => ['--set', setting]);

describeWhere(installed, 'no Slurm: apt-get install munge slurmctld slurmd slurm-client', 'a chain of jobs on a real Slurm', () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slurm-'));
    environment = { ...process.env, PATH, SLURM_CONF: join(folder, 'cluster/slurm.conf') };
    const { status, stderr } = spawnSync(CLUSTER, ['start', join(folder, 'cluster')], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`Slurm did not start: ${stderr}`);
    await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 40, spinUpHours: 6, stations: 20 });
  });
  afterAll(() => {
    spawnSync('scancel', ['--user', String(process.getuid!())], { env: environment });
    spawnSync(CLUSTER, ['stop', join(folder, 'cluster')]);
    rmSync(folder, { recursive: true, force: true });
  });

  const at = (...path: string[]): string => join(folder, 'run', ...path);

  function ask(command: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: environment });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  const retroplume = (out: string, command: string, ...more: string[]): string =>
    ask(process.execPath, MAIN, command, join(folder, 'case.yaml'), '--out', join(folder, out), ...SETTINGS, ...more);
  const submit = (): SubmitResult => JSON.parse(retroplume('run', 'run', '--submit', '--json')) as SubmitResult;

  async function until(what: () => boolean): Promise<void> {
    const end = Date.now() + 150_000;
    while (!what()) {
      if (Date.now() > end) throw new Error(`waited in vain: ${ask('squeue')}`);
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }

  const idle = (): boolean => ask('squeue', '--noheader') === '';

  it('cancels what waits for a run that failed, and tells the cause', async () => {
    retroplume('run', 'simulate', '--run', 'prior', '--threads', '1');
    writeFileSync(at('simulate/member02'), 'in the way of a folder');
    const { jobs } = submit();
    expect(jobs[0].tasks).toEqual(['member01', 'member02', 'response-NOx', 'truth']);
    const chain = ['simulate', 'prepare', 'train', 'certify-runs', 'certify', 'invert', 'verify', 'pass-2', 'verify-2', 'report'];
    expect(jobs.map(({ name }) => name)).toEqual(chain);
    await until(idle);
    const failure = JSON.parse(readFileSync(at('failure.json'), 'utf8')) as Failure;
    expect(failure).toMatchObject({ task: 'simulate-member02', exitCode: 1, job: { log: at(`jobs/simulate-${jobs[0].id}_1.log`) } });
    expect(readFileSync(failure.job!.log!, 'utf8')).toContain(failure.message);
    expect(ask('scontrol', 'show', 'job', jobs.at(-1)!.id!)).toContain('JobState=CANCELLED');
    expect(existsSync(at('prepare'))).toBe(false);
  });

  it('makes that run alone when submitted again, and goes through to the report, a job that was warned of its limit going on from its checkpoint', async () => {
    rmSync(at('simulate/member02'));
    const { jobs } = submit();
    expect(jobs[0].tasks).toEqual(['member02']);
    const [, , train] = jobs;
    await until(() => existsSync(at('train/checkpoint.safetensors')));
    ask('scancel', '--batch', '--signal=USR1', train.id!);
    await until(() => ask('squeue', '--noheader', '--format=%T', '--jobs', train.id!) === 'PENDING\n');
    expect(existsSync(at('train/record.json'))).toBe(false);
    expect((JSON.parse(readFileSync(at('failure.json'), 'utf8')) as Failure).code).toBe('INTERRUPTED');
    await until(idle);
    expect(readFileSync(at(`jobs/train-${train.id}.log`), 'utf8')).toContain('near its time limit: back into the queue (restart 1 of at most 10)');
    expect(existsSync(at('failure.json'))).toBe(false);
    expect(readFileSync(at('report/report.html'), 'utf8')).toContain('id="table-loop"');
    // What the passes have left is what the loop would have made.
    const report = readFileSync(at(`jobs/report-${jobs.at(-1)!.id}.log`), 'utf8');
    for (const stage of ['train', 'invert', 'apply', 'verify']) expect(report).toContain(`${stage} (pass 2) is up to date`);
    expect(submit().jobs.every(({ state }) => state === 'up to date')).toBe(true);
  });

  it('has trained what a run without interruption trains, to the bit', () => {
    retroplume('undisturbed', 'run', '--stages', 'simulate,prepare,train', '--threads', '1');
    const [here, there] = ['run', 'undisturbed'].map((out) => readFileSync(join(folder, out, 'train/weights.safetensors')));
    expect(here.equals(there)).toBe(true);
  });
});
