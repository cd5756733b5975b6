/**
 * A run of a case as jobs of a scheduler, each of which waits for those before it:
 *
 *   simulate      an array, one task a run of the transport model
 *   prepare       the record of simulate, and the prepared store
 *   train         an array, one task a variant: the case's own, the paper's, other surrogates of an ensemble
 *   certify-runs  beside train an array, one task a run of the transport model that certify would make itself
 *   certify       evaluate, certify, export, and crossvalidate where it is asked for
 *   invert        an array, one task a variant
 *   uncertainty   where it is asked for
 *   verify        apply, verify, where a loop comes after them
 *   pass-N        train, invert of a further pass of the loop
 *   verify-N      apply, verify of that pass, so that the transport model has no GPU waiting for it
 *   report        apply, verify, or the loop of what the passes have left; report
 */
import type { Case } from '../../../case';
import { ConfigError } from '../../../base/errors';
import { stageOf, stagesOf } from '../../all-stages';
import { simulatedRuns } from '../../../case/case-runs';
import { certifyingRunNames, isCertifyingRunMade } from '../../transport-runs/certify-runs';
import { furtherPasses, independentVariants, variantContext } from '../../run-part';
import { missingRuns } from '../../transport-runs/simulate';
import { simulateStage } from '../../stages/simulate-stage';
import { stageContext, passContext } from '../../stage-context';
import {
  passOf,
  passVariant,
  type PassStage,
  type RunContext,
  type Stage,
  type StageContext,
  type StageName,
  type Variant,
} from '../../engine/stage';
import { isStageUpToDate, keyOf } from '../../engine/stage-keys';

export type JobName =
  | ('simulate' | 'prepare' | 'train' | 'certify-runs' | 'certify' | 'invert' | 'uncertainty' | 'verify' | 'report')
  | `pass-${number}`
  | `verify-${number}`;

/** Which section of `jobs` says what a job asks for. */
export type JobKind = 'model' | 'network';

export interface PlannedJob {
  name: JobName;
  kind: JobKind;
  /** jobs of the plan that have to end well first */
  predecessors: readonly JobName[];
  /** whether it may have several ranks */
  ranks: boolean;
  /** of `retroplume`; `{task}` stands for the task's name */
  args: readonly string[];
  /** of an array: what it has to make */
  tasks?: readonly string[];
}

interface ChainPlan {
  /** that are needed, in order */
  jobs: PlannedJob[];
  /** whose results are there */
  upToDate: JobName[];
}

export const TASK = '{task}';

/**
 * What has to be submitted of a case: the jobs of which something is missing, of those only the tasks whose results are not there, and all that come after them.
 *
 * @param contextOf - a run's context as jobs of a kind have it: the products of matrices decide whether a training is that of the record
 */
export async function planChain(settings: Case, contextOf: (kind: JobKind) => RunContext): Promise<ChainPlan> {
  const plan: ChainPlan = { jobs: [], upToDate: [] };
  for (const { wanted, partOf, tasks, missing, ...job } of jobsOf(settings)) {
    const context = contextOf(job.kind);
    const predecessors = job.predecessors.filter((name) => plan.jobs.some((planned) => planned.name === name));
    // What a job before this one changes, this one cannot know yet. A record of certify tells nothing of its runs while there is a training before it.
    const isDone = plan.jobs.length === 0 && ((await allCurrent(context, wanted)) || (partOf !== undefined && (await allCurrent(context, [partOf]))));
    const remaining = isDone ? [] : predecessors.length === 0 && missing ? await missing(context) : tasks;
    // A run of the transport model may be there before its stage is done.
    if (isDone || remaining?.length === 0) plan.upToDate.push(job.name);
    else plan.jobs.push({ ...job, predecessors, ...(remaining ? { tasks: remaining } : {}) });
  }
  return plan;
}

interface WantedStage {
  stage: StageName;
  variant: Variant;
}

interface PossibleJob extends PlannedJob {
  /** stages that it makes */
  wanted: WantedStage[];
  /** a stage that takes what it makes, and needs none of it once it is up to date itself */
  partOf?: WantedStage;
  /** of an array: those of its tasks whose results are not there */
  missing?: (context: RunContext) => Promise<string[]>;
}

function jobsOf(settings: Case): PossibleJob[] {
  const stages = stagesOf(settings);
  const ofCase = (...names: StageName[]): StageName[] => names.filter((name) => stages.includes(name));
  const array = (name: 'train' | 'invert', predecessors: JobName[], variants = independentVariants(settings, name)): PossibleJob => ({
    name,
    kind: 'network',
    predecessors,
    ranks: name === 'train',
    args: ['run', '--stages', name, '--variant', TASK],
    wanted: variants.map((variant) => ({ stage: name, variant })),
    tasks: variants,
    missing: (context) =>
      filterAsync(variants, async (variant) => !(await isCurrent(stageOf(name, variant), variantContext(context, name, variant)))),
  });
  const single = (name: JobName, kind: JobKind, predecessors: JobName[], names: StageName[]): PossibleJob => ({
    name,
    kind,
    predecessors,
    ranks: false,
    args: ['run', '--stages', names.join(',')],
    wanted: names.flatMap((stage) => inVariants(settings, stage)),
  });
  const simulate: PossibleJob = {
    name: 'simulate',
    kind: 'model',
    predecessors: [],
    ranks: false,
    args: ['simulate', '--run', TASK],
    wanted: [{ stage: 'simulate', variant: 'default' }],
    tasks: simulatedRuns(settings),
    missing: async (context) => {
      const simulateContext = stageContext(context, 'simulate', 'default');
      return missingRuns(simulateContext, await keyOf(simulateStage, simulateContext));
    },
  };
  const inverted: JobName[] = ['invert', 'uncertainty'];
  const certifying = certifyingRunNames(settings);
  const certifyRuns: PossibleJob = {
    name: 'certify-runs',
    kind: 'model',
    predecessors: ['prepare'],
    ranks: false,
    args: ['certify', '--run', TASK],
    wanted: inVariants(settings, 'certify'),
    tasks: certifying,
    missing: (context) => filterAsync(certifying, async (run) => !(await isCertifyingRunMade(stageContext(context, 'certify', 'default'), run))),
  };
  return [
    simulate,
    single('prepare', 'model', ['simulate'], ofCase('simulate', 'prepare')),
    array('train', ['prepare']),
    ...(certifying.length > 0 ? [certifyRuns] : []),
    single('certify', 'network', ['train', 'certify-runs'], ofCase('evaluate', 'certify', 'export', 'crossvalidate')),
    array('invert', ['certify']),
    ...(stages.includes('uncertainty') ? [single('uncertainty', 'network', ['invert'], ['uncertainty'])] : []),
    ...(stages.includes('loop')
      ? [
          single('verify', 'model', inverted, ['apply', 'verify']),
          ...passesOf(settings),
          single('report', 'network', [verifyOf(settings.loop.passes)], ['loop', 'report']),
        ]
      : [single('report', 'model', inverted, ['apply', 'verify', 'report'])]),
  ];
}

/** Two jobs for each further pass of the loop; where that ends before, the others find nothing to do. */
function passesOf(settings: Case): PossibleJob[] {
  return furtherPasses(settings).flatMap((pass): PossibleJob[] => {
    const variant = passVariant(pass);
    const job = (name: JobName, kind: JobKind, predecessor: JobName, stages: PassStage[]): PossibleJob => ({
      name,
      kind,
      predecessors: [predecessor],
      ranks: false,
      args: ['run', '--stages', stages.join(','), '--variant', variant],
      wanted: stages.map((stage) => ({ stage, variant })),
      partOf: { stage: 'loop', variant: 'default' },
    });
    return [
      job(`pass-${pass}`, 'network', verifyOf(pass - 1), ['train', 'invert']),
      job(verifyOf(pass), 'model', `pass-${pass}`, ['apply', 'verify']),
    ];
  });
}

function verifyOf(pass: number): JobName {
  return pass === 1 ? 'verify' : `verify-${pass}`;
}

/** A stage in the variants in which a job runs it, as a whole run does. */
function inVariants({ paperMode, ensembleMode }: Case, stage: StageName): WantedStage[] {
  const paperToo = paperMode.run && ['evaluate', 'certify', 'export', 'apply', 'verify'].includes(stage);
  const ensembleToo = ensembleMode.run && ['apply', 'verify'].includes(stage);
  return [
    { stage, variant: 'default' },
    ...(paperToo ? [{ stage, variant: 'paper' } as const] : []),
    ...(ensembleToo ? [{ stage, variant: 'ensemble' } as const] : []),
  ];
}

async function allCurrent(context: RunContext, wanted: readonly WantedStage[]): Promise<boolean> {
  for (const entry of wanted) {
    const current = await filterAsync(contextsOf(context, entry), (candidate) => isCurrent(stageOf(entry.stage, entry.variant), candidate));
    if (current.length === 0) return false;
  }
  return true;
}

/** As what a stage may have been made: a pass of the loop starts from any of those before it. */
function contextsOf(context: RunContext, { stage, variant }: WantedStage): StageContext[] {
  const number = passOf(variant);
  if (number === undefined) return [variantContext(context, stage, variant)];
  return Array.from({ length: number - 1 }, (_, i) => passContext(context, stage, { number, anchor: i + 1 }));
}

/** Whether a stage would be found up to date. */
async function isCurrent(stage: Stage, context: StageContext): Promise<boolean> {
  try {
    return await isStageUpToDate(stage, context);
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'STAGE_MISSING') return false;
    throw error;
  }
}

async function filterAsync<T>(values: readonly T[], keep: (value: T) => Promise<boolean>): Promise<T[]> {
  const passed: T[] = [];
  for (const value of values) if (await keep(value)) passed.push(value);
  return passed;
}
