/**
 * A part of a run by itself: one run of the transport model, or stages of one variant. Parts may be made at the same time, by the tasks of a job array: each
 * holds a lock of its own, and what the whole stage would find up to date is what they leave.
 */
import { caseOf, nearestKey, type Case } from '../case';
import type { Device } from '../base/device';
import { ConfigError, expectOptions, type OptionNames } from '../base/errors';
import { ALONE } from '../base/process';
import { STAGE_OF, stageOf } from './all-stages';
import { simulatedRuns } from '../case/case-runs';
import { certifyingRunNames, isCertifyingRunMade, makeCertifyingRun } from './transport-runs/certify-runs';
import { loopStage } from './stages/loop-stage';
import { walkPasses } from './inversions/loop-walk';
import { expectWhole } from './engine/recorded-files';
import { beginStage, isBegun, isUpToDate, type StageMark } from './engine/record';
import { refuseReplacedRuns } from './transport-runs/replaced-runs';
import { COMMON_OPTIONS, deviceOf, runContext, runTogether, tellStale, type RunOptions } from './run';
import { lockPart, lockRun } from './engine/run-lock';
import { simulateRun } from './transport-runs/simulate';
import { simulateStage } from './stages/simulate-stage';
import { makeReady } from './engine/stage-folder';
import { stageContext, passContext, surrogateContext } from './stage-context';
import {
  interruptionOf,
  PASS_STAGES,
  passOf,
  passVariant,
  type LoopPass,
  type PassStage,
  type RunContext,
  type StageContext,
  type StageName,
  type Variant,
} from './engine/stage';
import { keyOf, neededRecord } from './engine/stage-keys';
import { forgetFailureOf, leaveFailure, runFolder } from './engine/run-folder';
import { otherSurrogates } from './inversions/surrogate-ensemble';

/** One run of the transport model, by its name: of those that `simulate` makes, or of those that `certify` makes itself. */
export interface SingleRun {
  run: string;
  /** default: `simulate` */
  stage?: 'simulate' | 'certify';
}

/** Which part of a run: a run of the transport model, or stages of a variant. */
export type Part = SingleRun | { variant: Variant; stages: readonly StageName[] };

export interface PartOptions extends Omit<RunOptions, 'stages'> {
  /** how long another task may take to make the stage's folder ready, in ms */
  patience?: number;
}

const OPTIONS: OptionNames<PartOptions> = { ...COMMON_OPTIONS, patience: true };

export interface PartResult {
  case: string;
  out: string;
  device: Device;
  part: Part;
}

/** Those that are expensive and that variants have of their own, each in a folder that no other one touches. */
const VARIANT_STAGES = ['train', 'invert'] as const;

/** What a run of `certify` is made of: the hash of the inputs, and where the prior's emissions are. Nothing of a training. */
const BEFORE_CERTIFYING: readonly StageName[] = ['simulate', 'prepare'];

const PATIENCE_MS = 30_000;
const POLL_MS = 200;

/** The variants that a run of a case trains or inverts, each by itself. */
export function independentVariants(settings: Case, stage: 'train' | 'invert'): Variant[] {
  const furtherSurrogates = otherSurrogates(settings).map((member): Variant => `surrogate-${member}`);
  const { paperMode, ensembleMode } = settings;
  return [
    'default',
    ...(paperMode.run ? (['paper'] as const) : []),
    ...(ensembleMode.run && stage === 'invert' ? (['ensemble'] as const) : []),
    ...furtherSurrogates,
  ];
}

/** The passes of the closed loop behind the case's own stages, each of which waits for the one before. */
export function furtherPasses({ loop }: Case): number[] {
  return Array.from({ length: loop.passes - 1 }, (_, i) => i + 2);
}

/** The context of a stage of a variant of {@link independentVariants}. */
export function variantContext(run: RunContext, stage: StageName, variant: Variant): StageContext {
  const member = /^surrogate-(\d+)$/.exec(variant)?.[1];
  return member === undefined ? stageContext(run, stage, variant) : surrogateContext(run, stage, Number(member));
}

/**
 * Makes a part of a run, unless it is there.
 *
 * @param source - path of the case file, or a loaded case
 * @throws {ConfigError} `RUN_UNKNOWN`, `VARIANT_UNKNOWN`: nothing of that name in this case; `VARIANT_STAGES`: no stages that variants have by themselves
 * @throws {ConfigError} `RUNS_REPLACED` as {@link runStages}
 * @throws {ConfigError} `RUN_LOCKED` if another process makes this part, or works in the whole run folder
 * @throws {RetroplumeError} of the stage that fails
 *
 * @example
 * await runPart('case.yaml', { run: 'member01' }, { out: 'runs/mine', threads: 8 });
 */
export async function runPart(source: string | Case, part: Part, options: PartOptions = {}): Promise<PartResult> {
  const settings = caseOf(source);
  expectOptions(options, 'runPart', OPTIONS);
  checkPart(settings, part);
  const out = runFolder(settings, options.out);
  const device = deviceOf(options, settings, options.ranks ?? ALONE);
  const context = runContext(settings, out, device, options);
  options.onDevice?.(device, context.threads);
  if (!('run' in part)) await makeStages(context, part);
  else if (isFirst(context)) await makeRun(context, part, options);
  return { case: settings.name, out, device, part };
}

function checkPart(settings: Case, part: Part): void {
  if ('run' in part) {
    const { run, stage = 'simulate' } = part;
    const runNames = stage === 'simulate' ? simulatedRuns(settings) : certifyingRunNames(settings);
    if (!runNames.includes(run)) throw new ConfigError('RUN_UNKNOWN', `${stage}: there is no run ${run} to make: ${suggestion(run, runNames)}`);
    return;
  }
  const variants = [...independentVariants(settings, 'invert'), ...furtherPasses(settings).map(passVariant)];
  if (!variants.includes(part.variant)) {
    throw new ConfigError('VARIANT_UNKNOWN', `run: this case has no variant ${part.variant}: ${suggestion(part.variant, variants)}`);
  }
  const ownStages = VARIANT_STAGES.filter((stage) => independentVariants(settings, stage).includes(part.variant));
  const stages: readonly StageName[] = passOf(part.variant) === undefined ? ownStages : PASS_STAGES;
  if (part.stages.length === 0 || !part.stages.every((stage) => stages.includes(stage))) {
    const received = part.stages.length === 0 ? 'none' : part.stages.join(',');
    throw new ConfigError('VARIANT_STAGES', `run: expected stages ${stages.join(' or ')} of ${part.variant} but received ${received}: set --stages`);
  }
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearestKey(name, names);
  return near !== undefined ? `did you mean ${near}?` : names.length > 0 ? `known are ${names.join(', ')}` : 'the case needs none';
}

async function makeStages(context: RunContext, { variant, stages }: Extract<Part, { variant: Variant }>): Promise<void> {
  const task = `${stages.join('-')}-${variant}`;
  const first = isFirst(context);
  const release = first ? lockPart(context.out, task) : () => undefined;
  try {
    if (first) forgetFailureOf(context.out, task);
    const pass = passOf(variant);
    if (pass !== undefined) return await makePass(context, pass, { variant, stages }, task);
    for (const stage of stages) await runTogether(stageOf(stage, variant), variantContext(context, stage, variant), { stage, variant, task });
  } finally {
    release();
  }
}

/** Stages of a pass of the loop, unless that has ended before. Of the passes before it all is taken as it is. */
async function makePass(run: RunContext, number: number, { variant, stages }: Extract<Part, { variant: Variant }>, task: string): Promise<void> {
  const pending = new Set(stages);
  const context = stageContext(run, 'loop', variant);
  let current: StageName = 'loop';
  const make = async (pass: LoopPass, names: readonly PassStage[]): Promise<boolean> => {
    for (const name of names) {
      const stageRun = passContext(run, name, pass);
      current = name;
      if (pass.number === number && pending.delete(name)) await runTogether(STAGE_OF[name], stageRun, { stage: name, variant, task });
      current = 'loop';
      neededRecord({ ...stageRun, stage: 'loop' }, name);
    }
    return pending.size > 0;
  };
  try {
    loopStage.needs.forEach((need) => neededRecord(stageContext(run, 'loop', 'default'), need));
    if ((await walkPasses(run, make, context.log)) && pending.size > 0) context.log('the loop has ended: nothing to do');
  } catch (cause) {
    // What a stage has failed of is told.
    if (current === 'loop') fail(context, task, cause);
    throw cause;
  }
}

function isFirst({ ranks = ALONE }: RunContext): boolean {
  return ranks.rank === 0;
}

/** By the first of several ranks; the others have nothing to do. */
function makeRun(run: RunContext, { run: name, stage = 'simulate' }: SingleRun, options: PartOptions): Promise<void> {
  const context = stageContext(run, stage, 'default');
  const task = `${stage}-${name}`;
  return stage === 'simulate' ? makeSimulated(context, { name, task }, options) : makeCertifying(context, { name, task });
}

async function makeSimulated(context: StageContext, { name, task }: { name: string; task: string }, options: PartOptions): Promise<void> {
  const { patience = PATIENCE_MS, changedRuns } = options;
  const mark = await keyOf(simulateStage, context).catch((cause: unknown) => fail(context, task, cause));
  if (isUpToDate(context.dir, mark.key, mark.parts)) return skip(context);
  if (changedRuns !== 'replace') await refuseReplacedRuns(context).catch((cause: unknown) => fail(context, task, cause));
  const release = await lockBegun(context, task, mark, performance.now() + patience);
  await atWork(context, { task, release }, () => simulateRun(context, name));
}

/** Runs of `certify` lie under a hash of what decides them, not in the stage's folder: the stage need not be begun. */
async function makeCertifying(context: StageContext, { name, task }: { name: string; task: string }): Promise<void> {
  try {
    BEFORE_CERTIFYING.forEach((need) => neededRecord(context, need));
  } catch (cause) {
    fail(context, task, cause);
  }
  await tellStale(context, 'certify', BEFORE_CERTIFYING);
  if (await isCertifyingRunMade(context, name)) return skip(context);
  await expectWhole(context, BEFORE_CERTIFYING.map(context.dirOf)).catch((cause: unknown) => fail(context, task, cause));
  const release = lockPart(context.out, task);
  await atWork(context, { task, release }, () => makeCertifyingRun(context, name));
}

function skip({ stage, variant, onEvent }: StageContext): void {
  onEvent({ kind: 'stage-skipped', stage, variant });
}

/** A task under its lock, as events and `failure.json` tell of it. */
async function atWork(context: StageContext, { task, release }: { task: string; release: () => void }, work: () => Promise<void>): Promise<void> {
  const { stage, variant, onEvent } = context;
  try {
    forgetFailureOf(context.out, task);
    onEvent({ kind: 'stage-start', stage, variant });
    const begin = performance.now();
    await work().catch((cause: unknown) => fail(context, task, cause));
    onEvent({ kind: 'stage-done', stage, variant, seconds: (performance.now() - begin) / 1000 });
  } finally {
    release();
  }
}

function fail(context: StageContext, task: string, cause: unknown): never {
  const reason = interruptionOf(context, cause) ?? cause;
  leaveFailure(context.out, { stage: context.stage, variant: context.variant, task }, reason);
  throw reason;
}

/** The lock of a run in a stage that has been begun with its key; to begin it takes the whole folder for a moment, for which tasks wait in turn. */
async function lockBegun(context: StageContext, task: string, mark: StageMark, until: number): Promise<() => void> {
  for (;;) {
    try {
      if (!isBegun(context.dir, mark.key)) await begin(context, mark);
      const release = lockPart(context.out, task);
      // Between the two locks somebody else may have begun it with other settings.
      if (isBegun(context.dir, mark.key)) return release;
      release();
    } catch (error) {
      if (!(error instanceof ConfigError && error.code === 'RUN_LOCKED') || performance.now() > until) throw error;
    }
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

async function begin(context: StageContext, mark: StageMark): Promise<void> {
  const release = lockRun(context.out);
  try {
    await makeReady(simulateStage, context, mark);
    beginStage(context.dir, mark);
  } finally {
    release();
  }
}
