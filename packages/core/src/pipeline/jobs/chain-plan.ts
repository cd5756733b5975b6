/**
 * A run of a case as jobs of a scheduler, each of which waits for the one before:
 *
 *   simulate  an array, one task a run of the transport model
 *   prepare   the record of simulate, and the prepared store
 *   train     an array, one task a variant: the case's own, the paper's, other surrogates of an ensemble
 *   certify   evaluate, certify, export, and crossvalidate where it is asked for
 *   invert    an array, one task a variant
 *   report    uncertainty and loop where they are asked for, apply, verify, report
 */
import type { Case } from '../../data/case';
import { ConfigError } from '../../errors';
import { simulatedRuns } from '../case-runs';
import { isBegun, isUpToDate } from '../record';
import { STAGE_OF, stagesOf } from '../run';
import { independentVariants, variantContext } from '../run-part';
import { isSimulated, simulateStage } from '../simulate-stage';
import { keyOf, stageContext, type RunContext, type Stage, type StageContext, type StageName, type Variant } from '../stage';

export const JOB_NAMES = ['simulate', 'prepare', 'train', 'certify', 'invert', 'report'] as const;
export type JobName = (typeof JOB_NAMES)[number];

/** Which section of `jobs` says what a job asks for. */
export type JobKind = 'model' | 'network';

export interface PlannedJob {
  name: JobName;
  kind: JobKind;
  /** whether it may have several ranks */
  ranks: boolean;
  /** of `retroplume`; `{task}` stands for the task's name */
  args: readonly string[];
  /** of an array: what it has to make */
  tasks?: readonly string[];
}

export interface ChainPlan {
  /** that are needed, in order */
  jobs: PlannedJob[];
  /** whose results are there */
  upToDate: JobName[];
}

export const TASK = '{task}';

/**
 * What has to be submitted of a case: from the first job on of which something is missing, and of that only the tasks whose results are not there.
 *
 * @param contextOf - a run's context as jobs of a kind have it: threads and kind of device decide whether a training is that of the record
 */
export async function planChain(settings: Case, contextOf: (kind: JobKind) => RunContext): Promise<ChainPlan> {
  const plan: ChainPlan = { jobs: [], upToDate: [] };
  for (const { wanted, tasks, missing, ...job } of jobsOf(settings)) {
    const context = contextOf(job.kind);
    // What a job before this one changes, this one cannot know yet.
    const first = plan.jobs.length === 0;
    const done = first && (await allCurrent(context, wanted));
    const left = done ? [] : first && missing ? await missing(context) : tasks;
    // A run of the transport model may be there before its stage is done.
    if (done || left?.length === 0) plan.upToDate.push(job.name);
    else plan.jobs.push({ ...job, ...(left ? { tasks: left } : {}) });
  }
  return plan;
}

interface PossibleJob extends PlannedJob {
  /** stages that it makes */
  wanted: { stage: StageName; variant: Variant }[];
  /** of an array: those of its tasks whose results are not there */
  missing?: (context: RunContext) => Promise<string[]>;
}

function jobsOf(settings: Case): PossibleJob[] {
  const stages = stagesOf(settings);
  const only = (...names: StageName[]): StageName[] => names.filter((name) => stages.includes(name));
  const variants = independentVariants(settings);
  const perVariant = (stage: StageName): { stage: StageName; variant: Variant }[] => variants.map((variant) => ({ stage, variant }));
  const array = (name: 'train' | 'invert'): PossibleJob => ({
    name,
    kind: 'network',
    ranks: name === 'train',
    args: ['run', '--stages', name, '--variant', TASK],
    wanted: perVariant(name),
    tasks: variants,
    missing: (context) => filterAsync(variants, async (variant) => !(await isCurrent(STAGE_OF[name], variantContext(context, name, variant)))),
  });
  const single = (name: JobName, kind: JobKind, names: StageName[]): PossibleJob => ({
    name,
    kind,
    ranks: false,
    args: ['run', '--stages', names.join(',')],
    wanted: names.flatMap((stage) => paperToo(settings, stage).map((variant) => ({ stage, variant }))),
  });
  const last = only('uncertainty', 'apply', 'verify', 'loop', 'report');
  const simulate: PossibleJob = {
    name: 'simulate',
    kind: 'model',
    ranks: false,
    args: ['simulate', '--run', TASK],
    wanted: [{ stage: 'simulate', variant: 'default' }],
    tasks: simulatedRuns(settings),
    missing: (context) => missingRuns(stageContext(context, 'simulate', 'default')),
  };
  return [
    simulate,
    single('prepare', 'model', only('simulate', 'prepare')),
    array('train'),
    single('certify', 'network', only('evaluate', 'certify', 'export', 'crossvalidate')),
    array('invert'),
    single('report', last.some((stage) => ['uncertainty', 'loop'].includes(stage)) ? 'network' : 'model', last),
  ];
}

/** The variants in which a job runs a stage, as a whole run does. */
function paperToo({ paperMode }: Case, stage: StageName): Variant[] {
  return paperMode.run && ['evaluate', 'certify', 'export', 'apply', 'verify'].includes(stage) ? ['default', 'paper'] : ['default'];
}

async function allCurrent(context: RunContext, wanted: PossibleJob['wanted']): Promise<boolean> {
  for (const { stage, variant } of wanted) if (!(await isCurrent(STAGE_OF[stage], variantContext(context, stage, variant)))) return false;
  return true;
}

/** Whether a stage would be found up to date. */
async function isCurrent(stage: Stage, context: StageContext): Promise<boolean> {
  try {
    return isUpToDate(context.dir, (await keyOf(stage, context)).key);
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'STAGE_MISSING') return false;
    throw error;
  }
}

async function missingRuns(context: StageContext): Promise<string[]> {
  const { key } = await keyOf(simulateStage, context);
  const runs = simulatedRuns(context.case);
  return isBegun(context.dir, key) ? runs.filter((run) => !isSimulated(context, run)) : runs;
}

async function filterAsync<T>(values: readonly T[], keep: (value: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = [];
  for (const value of values) if (await keep(value)) kept.push(value);
  return kept;
}
