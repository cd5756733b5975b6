/** The chain of jobs of a small case, with stand-ins for the schedulers' commands; test/slurm.test.ts has a real Slurm. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { loadCase } from '../../../case';
import { writeDemoWorld } from '../../../worlds/demo-world';
import { lockPart } from '../../engine/run-lock';
import { runPart } from '../../run-part';
import { beginStage } from '../../engine/record';
import { refuseReplacedRuns } from '../../transport-runs/replaced-runs';
import { runStages } from '../../run-case';
import { runContext } from '../../run';
import { simulateStage } from '../../stages/simulate-stage';
import { stageContext } from '../../stage-context';
import { type RunContext } from '../../engine/stage';
import { keyOf } from '../../engine/stage-keys';
import { SMALL_NETWORK } from '../../testing/small-settings';
import { chainPath, readChain, type Chain } from './chain-file';
import { submitChain, type SubmitOptions, type SubmitResult } from './submit-chain';

// Whatever MPI this build has.
let mockMpi: string | undefined = 'Open MPI v5.0.7';
jest.mock('@retroplume/native', () => ({
  ...jest.requireActual<typeof import('@retroplume/native')>('@retroplume/native'),
  mpiLibrary: () => mockMpi,
}));

let world: string;
let folder: string;
let bin: string;
let caseFile: string;
const before = { ...process.env };
beforeAll(async () => {
  world = mkdtempSync(join(tmpdir(), 'chain world-'));
  caseFile = await writeDemoWorld(world, { rows: 12, cols: 12, hours: 100, spinUpHours: 72, stations: 12 });
});
beforeEach(() => {
  folder = mkdtempSync(join(world, "user's run-"));
  bin = join(folder, 'bin');
  mkdirSync(bin);
  process.env['PATH'] = `${bin}${delimiter}${before['PATH']}`;
});
afterEach(() => {
  process.env = { ...before };
});
afterAll(() => rmSync(world, { recursive: true, force: true }));

/** A stand-in for a command, which notes its arguments in `calls`. */
function standIn(command: string, script: string): void {
  const path = join(bin, command);
  writeFileSync(path, `#!/bin/bash\ncalls="${join(folder, 'calls')}"\necho "${command} $*" >>"$calls"\n${script}\n`);
  chmodSync(path, 0o755);
}

const calls = (): string[] =>
  existsSync(join(folder, 'calls'))
    ? readFileSync(join(folder, 'calls'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.replaceAll(folder, ''))
    : [];

/** Numbers its jobs from 11 on. */
const NUMBERS = 'n=$(grep -c "^\\(sbatch\\|qsub\\)" "$calls"); echo $((10 + n))';

const SMALL = [
  'members.count=2',
  'response.groups=[NOx]',
  'paperMode.run=false',
  'certificate.factors=[0.8]',
  'certificate.patches={count: 2, cells: 2}',
  'certificate.pairs=[{group: NOx, species: NO2}]',
];
const NETWORK = SMALL_NETWORK.map((setting) => `surrogate.${setting}`);
const CERTIFYING = ['NOx-x0.8', 'NOx-patches2-cells2-x1.5-seed17'];
const out = (...path: string[]): string => join(folder, 'run', ...path);

function submit(changes: string[] = [], options: Partial<SubmitOptions> = {}): Promise<SubmitResult> {
  const set = [...SMALL, ...changes];
  return submitChain(loadCase(caseFile, set), { out: out(), program: ['retroplume'], set, ...options });
}

const text = (name: string): string => readFileSync(out('jobs', `${name}.sh`), 'utf8');

it("removes runs of the user's own model only where it may, at once, so that no job has to", async () => {
  standIn('sbatch', NUMBERS);
  const made = out('simulate/prior/ACONC_winter.nc');
  mkdirSync(join(made, '..'), { recursive: true });
  writeFileSync(made, '');
  writeFileSync(out('simulate/partial.json'), JSON.stringify({ key: 'other', settings: { ctm: { kind: 'command' } } }));
  await expect(submit()).rejects.toThrow(expect.objectContaining({ code: 'RUNS_REPLACED' }) as Error);
  await submit([], { changedRuns: 'replace', dryRun: true });
  expect([existsSync(made), calls()]).toEqual([true, []]);
  await submit([], { changedRuns: 'replace' });
  expect([existsSync(made), calls().length]).toEqual([false, 7]);
  expect(text('simulate')).not.toContain('--changed-runs');
});

it("keeps them on the user's word at once, so that no job has to be told", async () => {
  standIn('sbatch', NUMBERS);
  const own = (script: string): string[] => [`ctm={kind: command, command: "${script} {output}"}`];
  const contextOf = (script: string): RunContext =>
    runContext(loadCase(caseFile, [...SMALL, ...own(script)]), out(), { name: 'cpu', hardware: '', precision: 'float32' }, {});
  const made = out('simulate/prior/ACONC_winter.nc');
  beginStage(out('simulate'), await keyOf(simulateStage, stageContext(contextOf('a.sh'), 'simulate', 'default')));
  mkdirSync(join(made, '..'));
  writeFileSync(made, '');
  writeFileSync(out('simulate/prior/ACONC_summer.nc'), '');
  await expect(submit(own('b.sh'))).rejects.toThrow(/--changed-runs keep keeps them/);
  const { jobs } = await submit(own('b.sh'), { changedRuns: 'keep' });
  expect(jobs[0].tasks).toEqual(['member01', 'member02', 'response-NOx', 'truth']);
  expect(existsSync(made)).toBe(true);
  expect(text('simulate')).not.toContain('--changed-runs');
  await expect(refuseReplacedRuns(contextOf('b.sh'))).resolves.toBeUndefined();
});

describe('a dry run', () => {
  it('writes the scripts of all jobs, and submits nothing', async () => {
    const { jobs, chain } = await submit([], { dryRun: true });
    expect(jobs.map(({ name, after, tasks }) => ({ name, after, tasks }))).toEqual([
      { name: 'simulate', tasks: ['prior', 'member01', 'member02', 'response-NOx', 'truth'] },
      { name: 'prepare', after: ['JOB_OF_SIMULATE'] },
      { name: 'train', after: ['JOB_OF_PREPARE'], tasks: ['default'] },
      { name: 'certify-runs', after: ['JOB_OF_PREPARE'], tasks: CERTIFYING },
      { name: 'certify', after: ['JOB_OF_TRAIN', 'JOB_OF_CERTIFY_RUNS'] },
      { name: 'invert', after: ['JOB_OF_CERTIFY'], tasks: ['default'] },
      { name: 'report', after: ['JOB_OF_INVERT'] },
    ]);
    expect(chain).toBeUndefined();
    expect(existsSync(chainPath(out()))).toBe(false);
    jobs.forEach(({ name, text: script }) => expect(text(name)).toBe(script));
    expect(jobs[0].command).toMatch(/^sbatch --parsable --array=0-4 '.*\/simulate\.sh'$/);
    expect(jobs[1].command).toMatch(/^sbatch --parsable --dependency=afterok:JOB_OF_SIMULATE '/);
    expect(jobs[4].command).toMatch(/^sbatch --parsable --dependency=afterok:JOB_OF_TRAIN:JOB_OF_CERTIFY_RUNS '/);
  });

  it('has no job for runs of certify where that makes none', async () => {
    const { jobs } = await submit(['certificate.factors=[]', 'certificate.patches.count=0'], { dryRun: true });
    expect(jobs.map(({ name }) => name)).toEqual(['simulate', 'prepare', 'train', 'certify', 'invert', 'report']);
    expect(jobs[3].after).toEqual(['JOB_OF_TRAIN']);
  });

  it.each(['slurm', 'pbs'] as const)('for %s makes scripts that bash can read, with nothing left to fill in', async (scheduler) => {
    for (const { text: script } of (await submit([], { dryRun: true, scheduler })).jobs) {
      expect(script).not.toMatch(/\{\{|undefined/);
      expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it('has jobs of variants side by side, and the stages that the case asks for', async () => {
    const changes = [
      'paperMode.run=true',
      'inversion.uncertainty.method=rto',
      'inversion.uncertainty.surrogates=2',
      'crossValidation.folds=2',
      'crossValidation.try.lengthKm=[27, 160]',
      'withheld.blockCells=4',
    ];
    const { jobs } = await submit(changes, { dryRun: true });
    for (const name of ['train', 'invert'])
      expect(jobs.find((job) => job.name === name)!.tasks).toEqual(['default', 'paper', 'surrogate-2', 'surrogate-3']);
    expect(text('certify')).toContain(' run --stages evaluate,certify,export,crossvalidate ');
    expect(text('invert')).toContain(' run --stages invert --variant "$task" ');
  });

  it.each<[string, string[], [string, string][]]>([
    ['neither', [], [['report', 'apply,verify,report']]],
    [
      'uncertainty',
      ['inversion.uncertainty.method=rto'],
      [
        ['uncertainty', 'uncertainty'],
        ['report', 'apply,verify,report'],
      ],
    ],
    [
      'a loop',
      ['loop.passes=3'],
      [
        ['verify', 'apply,verify'],
        ['pass-2', 'train,invert --variant pass-2'],
        ['verify-2', 'apply,verify --variant pass-2'],
        ['pass-3', 'train,invert --variant pass-3'],
        ['verify-3', 'apply,verify --variant pass-3'],
        ['report', 'loop,report'],
      ],
    ],
    [
      'both',
      ['inversion.uncertainty.method=rto', 'loop.passes=2'],
      [
        ['uncertainty', 'uncertainty'],
        ['verify', 'apply,verify'],
        ['pass-2', 'train,invert --variant pass-2'],
        ['verify-2', 'apply,verify --variant pass-2'],
        ['report', 'loop,report'],
      ],
    ],
  ])('runs the transport model on no GPU: with %s', async (_, changes, expected) => {
    const { jobs } = await submit([...changes, 'jobs.network.gpus=1'], { dryRun: true });
    const after = jobs.slice(jobs.findIndex(({ name }) => name === 'invert') + 1);
    expect(after.map(({ name, text: script }) => [name, / run --stages (\S+( --variant pass-\d)?) /.exec(script!)![1]])).toEqual(expected);
    expect(after.map(({ after: before }) => before)).toEqual(
      after.map((_job, i) =>
        (i === 0 || after[i - 1].name !== 'uncertainty' ? [] : ['JOB_OF_INVERT']).concat(
          i === 0 ? 'JOB_OF_INVERT' : `JOB_OF_${after[i - 1].name.toUpperCase().replace('-', '_')}`,
        ),
      ),
    );
    for (const { name, text: script } of after)
      expect(script!.includes('--device cuda')).toBe(/^(uncertainty|pass-\d)$/.test(name) || (name === 'report' && changes.join().includes('loop')));
  });

  it('puts settings where they belong', async () => {
    const settings = [
      'jobs.account=air',
      'jobs.partition=main',
      'jobs.options=["--qos=long"]',
      'jobs.setup=["module load node netcdf-c"]',
      'jobs.beside=3',
      'jobs.model={ hours: 0.5, cpus: 2, memory: 8G, options: ["--exclusive"] }',
      'jobs.network={ hours: 100.25, cpus: 8, gpus: 1, nodes: 2, tasks: 4, partition: gpu }',
      'training.batch=8',
    ];
    const { jobs } = await submit(settings, { dryRun: true });
    expect(jobs[0].command).toContain('--array=0-4%3');
    for (const line of ['time=00:30:00', 'nodes=1', 'cpus-per-task=2', 'account=air', 'partition=main', 'mem=8G', 'qos=long', 'exclusive'])
      expect(text('simulate')).toContain(`\n#SBATCH --${line}\n`);
    expect(text('simulate')).toContain('\nmodule load node netcdf-c\n');
    expect(text('simulate')).toContain('--threads 2 --device cpu --precision float32');
    expect(text('certify-runs')).toMatch(/\nretroplume certify --run "\$task" .* --threads 2 --device cpu --precision float32/);
    expect(text('certify-runs')).toContain('\n#SBATCH --mem=8G\n');
    for (const line of ['time=100:15:00', 'nodes=2', 'ntasks=4', 'cpus-per-task=8', 'gpus-per-task=1', 'partition=gpu', 'qos=long'])
      expect(text('train')).toContain(`\n#SBATCH --${line}\n`);
    expect(text('train')).toMatch(/\nsrun --mpi=pmix retroplume run --stages train .* --threads 8 --device cuda /);
    expect(text('invert')).toContain('\n#SBATCH --nodes=1\n#SBATCH --ntasks=1\n');
    expect(text('invert')).toMatch(/\nretroplume run --stages invert/);
    await submit(settings, { dryRun: true, scheduler: 'pbs' });
    for (const line of ['-A air', '-q gpu', '-l walltime=100:15:00', '-l select=2:ncpus=16:mpiprocs=2:ngpus=2'])
      expect(text('train')).toContain(`\n#PBS ${line}\n`);
    expect(text('train')).toContain('\nmpirun retroplume run');
    expect(text('simulate')).toContain('\n#PBS -l select=1:ncpus=2:mpiprocs=1:mem=8gb\n');
  });
});

describe('the ranks of a training', () => {
  const RANKS = ['jobs.network.tasks=2'];
  afterEach(() => (mockMpi = 'Open MPI v5.0.7'));

  it('are started as their MPI wants it, or as the case says', async () => {
    mockMpi = 'MPICH Version: 4.2.1';
    await submit(RANKS, { dryRun: true });
    expect(text('train')).toContain('\nsrun --mpi=pmi2 retroplume run --stages train');
    await submit([...RANKS, 'jobs.launcher=mpiexec -ppn 2'], { dryRun: true });
    expect(text('train')).toContain('\nmpiexec -ppn 2 retroplume run --stages train');
  });

  it('need a build with MPI', async () => {
    mockMpi = undefined;
    await expect(submit(RANKS, { dryRun: true })).rejects.toThrow(/2 ranks need mpi\.node, which this build does not have/);
    await submit([], { dryRun: true });
  });

  it('share every batch evenly', () => {
    const load =
      (...settings: string[]) =>
      (): unknown =>
        loadCase(caseFile, [...SMALL, ...settings]);
    expect(load('jobs.network.tasks=4')).toThrow(/training\.batch: 4 samples, in pairs of runs, do not divide among the 4 ranks .* a multiple of 8/);
    expect(load('jobs.network.tasks=2', 'paperMode.run=true', 'paperMode.training.batch=3')).toThrow(/paperMode\.training\.batch: 3 samples do not/);
    load('jobs.network.tasks=2')();
    const micro = (batch: number, parts: number): string[] => [`training.batch=${batch}`, `training.microBatches=${parts}`];
    expect(load(...micro(4, 4))).toThrow(
      /training\.microBatches: 4 samples, in pairs of runs, do not divide into 4 micro-batches: .* a multiple of 8/,
    );
    expect(load(...micro(8, 2), 'jobs.network.tasks=4')).toThrow(/2 micro-batches do not divide among the 4 ranks .* a multiple of 4/);
    load(...micro(8, 4), 'jobs.network.tasks=2')();
  });
});

describe('jobs that are submitted', () => {
  it('wait for one another, and are noted', async () => {
    standIn('sbatch', NUMBERS);
    const { jobs } = await submit();
    expect(jobs.map(({ name, id }) => `${name} ${id}`).join(', ')).toBe(
      'simulate 11, prepare 12, train 13, certify-runs 14, certify 15, invert 16, report 17',
    );
    expect(calls()[1]).toBe('sbatch --parsable --dependency=afterok:11 /run/jobs/prepare.sh');
    expect(calls()[3]).toBe('sbatch --parsable --array=0-1 --dependency=afterok:12 /run/jobs/certify-runs.sh');
    expect(calls()[4]).toBe('sbatch --parsable --dependency=afterok:13:14 /run/jobs/certify.sh');
    const { jobs: noted, ...chain } = readChain(out()) as Chain;
    expect(chain).toMatchObject({ scheduler: 'slurm', case: caseFile });
    expect(noted.map(({ id, state, after }) => ({ id, state, after }))[2]).toEqual({ id: '13', state: 'submitted', after: ['12'] });
  });

  it('are not submitted again while any of them is in the queue', async () => {
    standIn('sbatch', NUMBERS);
    standIn('squeue', '[ "$4" != 16 ] || echo PENDING');
    await submit();
    await expect(submit()).rejects.toThrow(/not through: invert 16 \(waiting\): .* scancel 16;/);
    expect(readChain(out())!.jobs.map(({ state }) => state)).toEqual(['ended', 'ended', 'ended', 'ended', 'ended', 'waiting', 'ended']);
    writeFileSync(chainPath(out()), '{');
    await expect(submit()).rejects.toThrow(/cannot be read: remove it once/);
  });

  it('are not submitted while somebody works in the run folder by hand', async () => {
    const release = lockPart(out(), 'simulate-prior');
    await expect(submit([], { dryRun: true })).rejects.toThrow(/locks\/simulate-prior\.json: this run folder is in use/);
    release();
  });

  it('are only those of which something is missing', async () => {
    standIn('sbatch', NUMBERS);
    standIn('squeue', 'true');
    const settings = loadCase(caseFile, SMALL);
    for (const run of ['prior', 'member01', 'response-NOx', 'truth']) await runPart(settings, { run }, { out: out(), threads: 1 });
    const { jobs } = await submit();
    // A single task is no array.
    expect(jobs[0]).toMatchObject({ name: 'simulate', tasks: ['member02'] });
    expect(calls()[0]).toBe('sbatch --parsable /run/jobs/simulate.sh');
    expect(text('simulate')).toContain('tasks=(member02)\n');
    await runStages(settings, { out: out(), stages: ['simulate', 'prepare'], threads: 1 });
    const later = (await submit()).jobs;
    expect(later.map(({ name, state }) => `${name}: ${state}`)).toEqual([
      'simulate: up to date',
      'prepare: up to date',
      'train: submitted',
      'certify-runs: submitted',
      'certify: submitted',
      'invert: submitted',
      'report: submitted',
    ]);
    // Other members: what was prepared is no longer what will be.
    expect((await submit(['members.seed=99'])).jobs.every(({ state }) => state === 'submitted')).toBe(true);
  });

  it('are, of runs of certify, those of which files are missing, while its certificate is not there', async () => {
    standIn('sbatch', NUMBERS);
    standIn('squeue', 'true');
    const settings = loadCase(caseFile, SMALL);
    const shown = async (...changes: string[]): Promise<string> =>
      (await submit(changes)).jobs.map(({ name, state, tasks = [] }) => [name, state, ...tasks].join(' ')).join(', ');
    await runStages(settings, { out: out(), stages: ['simulate', 'prepare'], threads: 1 });
    await runPart(settings, { run: CERTIFYING[0], stage: 'certify' }, { out: out(), threads: 1 });
    expect(await shown()).toContain(`certify-runs submitted ${CERTIFYING[1]}, certify submitted, `);
    // Another factor: the run with the old one is of no use, that in patches would be.
    expect(await shown('certificate.factors=[0.7]')).toContain(`certify-runs submitted NOx-x0.7 ${CERTIFYING[1]}, certify submitted, `);
    await runPart(settings, { run: CERTIFYING[1], stage: 'certify' }, { out: out(), threads: 1 });
    expect(await shown()).toMatch(/^simulate up to date, prepare up to date, certify-runs up to date, train submitted default, certify submitted, /);
    expect(calls().at(-3)).toMatch(/--dependency=afterok:\d+ \/run\/jobs\/certify\.sh$/);
    const short = [...SMALL, 'training.iterations=2', 'training.evaluateEvery=2', ...NETWORK, 'jobs.network.cpus=1'];
    await runStages(loadCase(caseFile, short), { out: out(), stages: ['train'], threads: 1 });
    // Trained, and a factor more to certify: nothing that was trained waits for that.
    const more = short.map((setting) => setting.replace('[0.8]', '[0.8, 0.7]'));
    expect(await shown(...more)).toMatch(
      /^simulate up to date, prepare up to date, train up to date, certify-runs submitted NOx-x0\.7, certify submitted, invert submitted default, /,
    );
    await runStages(loadCase(caseFile, short), { out: out(), stages: ['evaluate', 'certify', 'export'], threads: 1 });
    rmSync(out('certify-runs'), { recursive: true });
    expect(await shown(...short)).toMatch(/certify-runs up to date, certify up to date, invert submitted default, report submitted$/);
  });

  it('are cancelled where a later one is refused', async () => {
    standIn('sbatch', `[[ $* == *train.sh ]] && { echo "sbatch: error: invalid account" >&2; exit 1; }; ${NUMBERS}`);
    standIn('scancel', '');
    standIn('squeue', 'true');
    await expect(submit()).rejects.toThrow(/train\.sh: sbatch refused it \("sbatch: error: invalid account"\): mend jobs/);
    expect(calls()).toContain('scancel 11 12');
    expect(readChain(out())!.jobs.map(({ name, state }) => `${name} ${state}`)).toEqual(['simulate ended', 'prepare ended']);
  });

  it('need a scheduler', async () => {
    await expect(submit([], { scheduler: 'pbs' })).rejects.toThrow(/qsub was not found on PATH/);
  });

  it('of PBS leave what a job needs to have another one go on', async () => {
    standIn('qsub', `${NUMBERS}.server`);
    await submit([], { scheduler: 'pbs' });
    expect(calls()[0]).toBe('qsub -J 0-4 /run/jobs/simulate.sh');
    expect(calls()[1]).toBe('qsub -W depend=afterok:11.server /run/jobs/prepare.sh');
    expect(readFileSync(out('jobs/train.ids'), 'utf8')).toBe('13.server\n');
    expect(readFileSync(out('jobs/prepare.next'), 'utf8')).toBe('13.server prepare\n14.server prepare\n');
    for (const name of ['train', 'certify-runs']) expect(readFileSync(out(`jobs/${name}.next`), 'utf8')).toBe('15.server train certify-runs\n');
  });
});

describe('settings', () => {
  it.each([
    [['jobs.network.tasks=3', 'jobs.network.nodes=2', 'training.batch=6'], /3 ranks cannot be spread evenly over 2 nodes/],
    [['jobs.model.hours=0.02'], /jobs\.model\.hours: a limit of 0\.02 h leaves nothing before the warning/],
    [['jobs.model.memory=12K'], /expected a size such as 64G/],
    [['jobs.setup=["a\\nb"]'], /expected one line/],
  ])('%p are refused', (settings, message) => expect(() => loadCase(caseFile, settings)).toThrow(message));

  it('products that only a GPU has are refused without one', async () => {
    await expect(submit([], { dryRun: true, precision: 'tf32' })).rejects.toThrow(/precision tf32: expected a GPU/);
    expect(() => text('train')).toThrow();
    await submit(['jobs.network.gpus=1'], { dryRun: true, precision: 'tf32' });
    expect(text('train')).toContain('--device cuda --precision tf32');
    expect(text('prepare')).toContain('--device cpu --precision float32');
  });
});
