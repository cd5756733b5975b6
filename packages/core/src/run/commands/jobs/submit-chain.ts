/** `run --submit`: what is not up to date of a case, as a chain of jobs of a scheduler. */
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mpiLibrary } from '@retroplume/native';
import { caseOf, type Case } from '../../../case';
import { writeFileAtomic } from '../../../files/checkpoint';
import { makeFolder } from '../../../files/disk';
import { chooseDevice, type Device, type DeviceChoice, type Precision } from '../../../base/device';
import { ConfigError, expectOptions, type OptionNames } from '../../../base/errors';
import { checkInputs } from '../check/check-case';
import { beginStage, keepsFolder, lastMade } from '../../engine/record';
import { refuseReplacedRuns } from '../../transport-runs/replaced-runs';
import { runContext, type RunOptions } from '../../run';
import { lockFile, lockRun } from '../../engine/run-lock';
import { simulateStage } from '../../stages/simulate-stage';
import { stageContext } from '../../stage-context';
import { type RunContext } from '../../engine/stage';
import { keyOf } from '../../engine/stage-keys';
import { runFolder } from '../../engine/run-folder';
import { chainPath, readChain, refreshed, writeChain, type Chain, type ChainJob } from './chain-file';
import { planChain, type JobKind, type JobName, type PlannedJob } from './chain-plan';
import { defaultLauncher, isArray, jobScript, word, type SchedulerName } from './job-script';
import { cancel, cancelCommand, submit, submitCommand, type Submission } from './scheduler';

export interface SubmitOptions {
  /** run folder; default `runs/<name of the case>` */
  out?: string;
  /** default: that of the case */
  scheduler?: SchedulerName;
  /** writes the scripts, but submits nothing */
  dryRun?: boolean;
  device?: DeviceChoice;
  precision?: Precision;
  /** what the jobs are to read the case from; default: its file */
  caseFrom?: string;
  /** overrides of the case, `key=value`, which the jobs have to be given, too */
  set?: readonly string[];
  /** as of {@link RunOptions}; the folder of `simulate` is then made ready at once, so that no job has to be told it */
  changedRuns?: RunOptions['changedRuns'];
  /** command line of `retroplume`, without arguments */
  program: readonly string[];
}

const OPTIONS: OptionNames<SubmitOptions> = {
  out: true,
  scheduler: true,
  dryRun: true,
  device: true,
  precision: true,
  caseFrom: true,
  set: true,
  changedRuns: true,
  program: true,
};

export interface SubmittedJob extends ChainJob {
  /** text of the script */
  text?: string;
}

export interface SubmitResult {
  case: string;
  out: string;
  scheduler: SchedulerName;
  dryRun: boolean;
  /** where ids and states are kept; undefined with `dryRun` */
  chain?: string;
  jobs: SubmittedJob[];
}

/**
 * Writes the scripts of the jobs that a case still needs into `jobs/` of the run folder, and submits them, each to begin when those before it have ended well.
 *
 * @param source - path of the case file, or a loaded case
 * @throws {ConfigError} `SUBMIT_FOLDER` if directives of a script could not name the run folder
 * @throws {ConfigError} `CHAIN_ACTIVE` if jobs of an earlier call are still in the queue or run, `RUN_LOCKED` if a process works in the folder
 * @throws {ConfigError} `RUNS_REPLACED` if runs of the user's own transport model would be removed, unless `changedRuns` allows it
 * @throws {ConfigError} `PRECISION_NEEDS_CUDA` if the case asks for rounded products, but not for GPUs
 * @throws {ConfigError} `MPI_MISSING` if a training is to have several ranks, and this build has no MPI
 * @throws {ConfigError} `SCHEDULER_MISSING`, `SUBMIT_FAILED`: jobs that were submitted before it are cancelled
 * @throws {RetroplumeError} as `retroplume check`, where files of the case are missing or do not fit
 *
 * @example
 * await submitChain(loadCase('case.yaml'), { out: 'runs/mine', scheduler: 'slurm', dryRun: true, program: ['retroplume'] });
 */
export async function submitChain(source: string | Case, options: SubmitOptions): Promise<SubmitResult> {
  const settings = caseOf(source);
  expectOptions(options, 'submitChain', OPTIONS);
  const out = runFolder(settings, options.out);
  const scheduler = options.scheduler ?? settings.jobs.scheduler;
  const { dryRun = false } = options;
  refuseUnspeakable(out);
  await checkInputs(settings);
  const release = lockFile(join(out, 'jobs/submitting.json'));
  try {
    refuseActive(out);
    await makeWay(contextOf(settings, out, 'model', options), options);
    const plan = await planChain(settings, (kind) => contextOf(settings, out, kind, options));
    const scripts = plan.jobs.map((job) => writeScript(settings, out, scheduler, job, options));
    const unneeded = plan.upToDate.map((name): ChainJob => ({ name, state: 'up to date' }));
    const resultOf = (jobs: SubmittedJob[]): SubmitResult => ({ case: settings.name, out, scheduler, dryRun, jobs: [...unneeded, ...jobs] });
    if (dryRun) return resultOf(scripts.map((script) => describe(scheduler, script, 'written', script.job.predecessors.map(idToCome))));
    const chain: Chain = { scheduler, case: settings.file, submitted: new Date().toISOString(), jobs: [...unneeded] };
    return { ...resultOf(submitAll(out, chain, scripts)), chain: chainPath(out) };
  } finally {
    release();
  }
}

/** In a line of a script that the scheduler reads, not the shell, there is no writing these that both schedulers know. @throws {ConfigError} `SUBMIT_FOLDER` */
function refuseUnspeakable(out: string): void {
  if (!/["\p{Cc}]/u.test(out)) return;
  throw new ConfigError(
    'SUBMIT_FOLDER',
    `${JSON.stringify(out)}: expected a run folder without double quotes and line ends in its path, which a job's script has to name to the scheduler: give another --out`,
  );
}

/** While no run by hand is at work. @throws {ConfigError} `RUN_LOCKED`, `RUNS_REPLACED` */
async function makeWay(context: RunContext, { changedRuns, dryRun = false }: SubmitOptions): Promise<void> {
  const release = lockRun(context.out);
  try {
    if (changedRuns !== 'replace') await refuseReplacedRuns(context);
    if (changedRuns === undefined || dryRun) return;
    const simulate = stageContext(context, 'simulate', 'default');
    const mark = await keyOf(simulateStage, simulate);
    if (lastMade(simulate.dir) !== undefined && !keepsFolder(simulate.dir, mark)) beginStage(simulate.dir, mark);
  } finally {
    release();
  }
}

interface Script {
  job: PlannedJob;
  text: string;
  submission: Omit<Submission, 'predecessors'>;
}

/** Stands in a command that is only shown for the id that the scheduler will give: there is none before a job is submitted. */
function idToCome(name: JobName): string {
  return `JOB_OF_${name.toUpperCase().replaceAll('-', '_')}`;
}

function refuseActive(out: string): void {
  const lastChain = readChain(out);
  if (!lastChain) return;
  const chain = refreshed(out, lastChain);
  writeChain(out, chain);
  const active = chain.jobs.filter(({ id, state }) => id !== undefined && state !== 'ended');
  if (active.length === 0) return;
  const activeText = active.map(({ name, id, state }) => `${name} ${id} (${state})`).join(', ');
  throw new ConfigError(
    'CHAIN_ACTIVE',
    `${out}: jobs of this run folder are not through: ${activeText}: wait for them, or cancel them: ${cancelCommand(
      chain.scheduler,
      active.map(({ id }) => id!),
    )}; if the scheduler has forgotten them, remove ${chainPath(out)}`,
  );
}

/** The device by name as jobs of a kind are told it. */
function deviceOf({ device, jobs }: Case, kind: JobKind, requested: DeviceChoice | undefined): DeviceChoice {
  if (kind === 'model') return 'cpu';
  const choice = requested ?? device;
  return choice === 'auto' ? (jobs.network.gpus > 0 ? 'cuda' : 'cpu') : choice;
}

/** Rounded products are of GPUs only, which jobs without the network have none of. */
function precisionOf({ precision }: Case, kind: JobKind, requested: Precision | undefined): Precision {
  return kind === 'model' ? 'float32' : (requested ?? precision);
}

/** As jobs of a kind will have it: for keys of records, which tell kinds of device only. */
function contextOf(settings: Case, out: string, kind: JobKind, { device, precision, changedRuns }: SubmitOptions): RunContext {
  const choice = deviceOf(settings, kind, device);
  const multiply = precisionOf(settings, kind, precision);
  // No GPU is looked for here: a login node has none.
  const computing: Device =
    choice === 'cpu' ? chooseDevice({ device: 'cpu', precision: multiply }) : { name: 'cuda:0', hardware: '', precision: multiply };
  return runContext(settings, out, computing, { threads: settings.jobs[kind].cpus, changedRuns });
}

/** What starts the ranks of a training; undefined for one. @throws {ConfigError} `MPI_MISSING` */
function launcherOf({ jobs }: Case, scheduler: SchedulerName): string | undefined {
  const { tasks } = jobs.network;
  if (tasks === 1) return undefined;
  const library = mpiLibrary();
  if (library === undefined) {
    throw new ConfigError(
      'MPI_MISSING',
      `jobs.network.tasks: ${tasks} ranks need mpi.node, which this build does not have: load MPI, delete packages/native/build and run npm run setup, or set 1`,
    );
  }
  return jobs.launcher ?? defaultLauncher(scheduler, library);
}

function writeScript(settings: Case, out: string, scheduler: SchedulerName, job: PlannedJob, options: SubmitOptions): Script {
  const jobs = join(out, 'jobs');
  const path = join(jobs, `${job.name}.sh`);
  const { caseFrom = settings.file, device, precision, set = [], program } = options;
  const args = [
    caseFrom,
    '--out',
    out,
    '--threads',
    String(settings.jobs[job.kind].cpus),
    '--device',
    deviceOf(settings, job.kind, device),
    '--precision',
    precisionOf(settings, job.kind, precision),
    ...set.flatMap((setting) => ['--set', setting]),
  ];
  const launcher = job.ranks ? launcherOf(settings, scheduler) : undefined;
  const text = jobScript({ launcher, settings, scheduler, job, out, jobs, folder: process.cwd(), program, args });
  makeFolder(jobs);
  writeFileAtomic(path, text);
  for (const suffix of ['ids', 'next']) rmSync(join(jobs, `${job.name}.${suffix}`), { force: true });
  return { job, text, submission: { script: path, ...(isArray(job) ? { tasks: job.tasks!.length } : {}), tasksAtOnce: settings.jobs.beside } };
}

function describe(scheduler: SchedulerName, { job, text, submission }: Script, state: ChainJob['state'], predecessors: string[]): SubmittedJob {
  const command = submitCommand(scheduler, { ...submission, predecessors })
    .map(word)
    .join(' ');
  return {
    name: job.name,
    state,
    tasks: job.tasks,
    ...(predecessors.length > 0 ? { after: predecessors } : {}),
    script: submission.script,
    command,
    text,
  };
}

/** One after the other; the chain's file tells after each what has been submitted. */
function submitAll(out: string, chain: Chain, scripts: readonly Script[]): SubmittedJob[] {
  const submitted: SubmittedJob[] = [];
  try {
    for (const script of scripts) {
      const predecessors = submitted.flatMap(({ name, id }) => (script.job.predecessors.includes(name) ? [id!] : []));
      const { text, ...job } = {
        ...describe(chain.scheduler, script, 'submitted', predecessors),
        id: submit(chain.scheduler, { ...script.submission, predecessors }),
      };
      submitted.push({ ...job, text });
      chain.jobs.push(job);
      writeChain(out, chain);
      noteForRestarts(out, chain.scheduler, chain.jobs);
    }
  } catch (error) {
    cancel(
      chain.scheduler,
      submitted.map(({ id }) => id!),
    );
    writeChain(out, refreshed(out, chain));
    throw error;
  }
  return submitted;
}

/**
 * A job of PBS that has another one go on at its time limit tells the jobs that wait for it to wait for that, too: templates/pbs.sh. A waiting job is noted with the
 * names of all that it waits for, as its whole condition has to be given anew.
 */
function noteForRestarts(out: string, scheduler: SchedulerName, jobs: readonly ChainJob[]): void {
  if (scheduler !== 'pbs') return;
  const { name, id, after = [] } = jobs.at(-1)!;
  const predecessors = jobs.filter((job) => job.id !== undefined && after.includes(job.id)).map((job) => job.name);
  writeFileAtomic(join(out, 'jobs', `${name}.ids`), `${id}\n`);
  for (const predecessor of predecessors) appendFileSync(join(out, 'jobs', `${predecessor}.next`), `${[id, ...predecessors].join(' ')}\n`);
}
