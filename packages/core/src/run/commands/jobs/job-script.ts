/** The script of a job: packages/core/templates/slurm.sh or pbs.sh with the case's settings filled in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case, JobsSettings } from '../../../case';
import { TASK, type PlannedJob } from './chain-plan';

export type SchedulerName = JobsSettings['scheduler'];

interface ScriptRequest {
  settings: Case;
  scheduler: SchedulerName;
  job: PlannedJob;
  /** run folder */
  out: string;
  /** folder of scripts and logs */
  jobs: string;
  /** working directory of the job */
  folder: string;
  /** command line of `retroplume`, without arguments */
  program: readonly string[];
  /** command that starts its ranks, where there are several */
  launcher?: string;
  /** arguments after the job's own: case, overrides, device, threads */
  args: readonly string[];
}

const TEMPLATES = join(__dirname, '../../../../templates');

/** As one word of a shell. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A name that every scheduler takes. */
function plainName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 60);
}

/** As `04:30:00`. */
function clock(hours: number): string {
  const seconds = Math.floor(hours * 3600);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

function directives(scheduler: SchedulerName, options: readonly (string | undefined)[]): string {
  return options.flatMap((option) => (option === undefined ? [] : [`#${scheduler === 'slurm' ? 'SBATCH' : 'PBS'} ${option}`])).join('\n');
}

/**
 * What starts the ranks of a training where the case does not say: a plain `srun` would start single runs where Slurm's default is no MPI.
 * @param library - the MPI that mpi.node was built with, as that names itself
 */
export function defaultLauncher(scheduler: SchedulerName, library: string): string {
  if (scheduler === 'pbs') return 'mpirun';
  return library.startsWith('Open MPI') ? 'srun --mpi=pmix' : 'srun --mpi=pmi2';
}

function command({ job, launcher, program, args }: ScriptRequest): string {
  const jobArgs = [...job.args, ...args].map((arg) => (arg === TASK ? '"$task"' : word(arg)));
  return [...(launcher !== undefined ? [launcher] : []), ...program.map(word), ...jobArgs].join(' ');
}

/** Every task's name in order; the scheduler gives the index. */
function tasksOf({ scheduler, job: { tasks } }: ScriptRequest): string {
  if (!tasks) return '';
  const index = scheduler === 'slurm' ? '${SLURM_ARRAY_TASK_ID:-0}' : '${RETROPLUME_TASK:-${PBS_ARRAY_INDEX:-0}}';
  return [`tasks=(${tasks.map(word).join(' ')})`, `task_index=${index}`, 'task=${tasks[$task_index]}'].join('\n');
}

/** Options that are there only where something is asked for. */
function optionsOf({ settings: { jobs }, scheduler, job }: ScriptRequest): string {
  const { partition = jobs.partition, memory, options } = jobs[job.kind];
  const gpus = job.kind === 'network' ? jobs.network.gpus : 0;
  const resources =
    scheduler === 'slurm'
      ? [
          jobs.account && `--account=${jobs.account}`,
          partition && `--partition=${partition}`,
          memory && `--mem=${memory}`,
          gpus > 0 ? `--gpus-per-task=${gpus}` : undefined,
        ]
      : [jobs.account && `-A ${jobs.account}`, partition && `-q ${partition}`];
  return directives(scheduler, [...resources, ...jobs.options, ...options]);
}

/** The text of a job's script. */
export function jobScript(request: ScriptRequest): string {
  const { settings, scheduler, job, out, jobs: folder } = request;
  const { jobs } = settings;
  const { hours, cpus, memory } = jobs[job.kind];
  const { nodes, tasks: ranks } = job.ranks ? jobs.network : { nodes: 1, tasks: 1 };
  const gpus = job.kind === 'network' ? jobs.network.gpus : 0;
  const nodeRanks = ranks / nodes;
  const stem = join(folder, job.name);
  const values: Record<string, string | number> = {
    job: job.name,
    kind: job.kind,
    caseName: plainName(settings.name),
    jobName: `${plainName(settings.name)}-${job.name}`,
    // Slurm fills in what follows a %; of blanks it wants quotes.
    output: `"${stem.replaceAll('%', '%%')}-${isArray(job) ? '%A_%a' : '%j'}.log"`,
    time: clock(hours),
    nodes,
    ranks,
    cpus,
    nodeRanks,
    nodeCpus: nodeRanks * cpus,
    select: `${gpus > 0 ? `:ngpus=${nodeRanks * gpus}` : ''}${memory ? `:mem=${memory.toLowerCase()}b` : ''}`,
    warnSeconds: jobs.warnSeconds,
    warnAfter: Math.floor(hours * 3600) - jobs.warnSeconds,
    restarts: jobs.restarts,
    options: optionsOf(request),
    setup: jobs.setup.join('\n'),
    tasks: tasksOf(request),
    folder: word(request.folder),
    out: word(out),
    jobs: word(folder),
    logStem: word(stem),
    script: word(`${stem}.sh`),
    command: command(request),
  };
  const read = (name: string): string => readFileSync(join(TEMPLATES, name), 'utf8');
  // How a job ends is the same for all schedulers.
  const template = read(`${scheduler}.sh`).replace('{{leave}}\n', () => read('leave.sh'));
  // A line with nothing to fill in goes. What is filled in is not looked at again: a line of the user's may have braces of its own.
  return template.replace(/\{\{(\w+)\}\}(\n?)/g, (_whole, name: string, end: string, position: number) => {
    const isLine = end !== '' && (position === 0 || template[position - 1] === '\n');
    return isLine && values[name] === '' ? '' : `${values[name]}${end}`;
  });
}

/** Whether a job is an array: of a single task it is none, which not every scheduler takes. */
export function isArray({ tasks }: Pick<PlannedJob, 'tasks'>): boolean {
  return tasks !== undefined && tasks.length > 1;
}
