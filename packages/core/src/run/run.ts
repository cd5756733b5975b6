/** Stages of a case, run in order. */
import { join, relative, resolve } from 'node:path';
import { cudaDevices } from '@retroplume/native';
import type { Case } from '../case';
import { ConfigError, expectArgument, expectSignal, InterruptedError, type OptionNames, RetroplumeError } from '../base/errors';
import { chooseDevice, MOST_THREADS, type Device, type DeviceChoice, type Precision } from '../base/device';
import type { Profiler } from '../graph/program/profiler';
import { ALONE, giveWay, type Ranks } from '../base/process';
import type { Certificate } from '../surrogate/judgement/certificate';
import { ENSEMBLE_STAGES, PAPER_STAGES, planOf, refusePlan, stageOf, stagesBefore, type Plan } from './all-stages';
import type { CrossValidation } from '../assimilation/cross-validation/candidates';
import type { EvaluateSummary, InitialFigures } from './learning/evaluate';
import { HASHES_FILE, InputHashes } from './engine/input-hashes';
import type { LoopSummary } from './inversions/loop';
import { readRecord, type StageRecord } from './engine/record';
import { leaveFailure, runFolder, takeRunFolder } from './engine/run-folder';
import { runStage } from './engine/run-stage';
import { stageDir, STAGES, type RunContext, type Stage, type StageContext, type StageEvent, type StageName } from './engine/stage';
import { stageContext } from './stage-context';
import { isStageUpToDate } from './engine/stage-keys';
import { runStageOnRanks } from './engine/on-ranks';
import type { VerifySummary } from './results/verify';

export interface RunOptions {
  /** run folder; default `runs/<name of the case>` */
  out?: string;
  stages?: 'all' | readonly StageName[];
  threads?: number;
  /** default: that of the case, which is `auto` if it names none */
  device?: DeviceChoice;
  /** how a GPU multiplies matrices; default: that of the case, which is `float32` (exact) if it names none */
  precision?: Precision;
  /** is told once, before anything runs, where programs will, and with how many threads */
  onDevice?: (device: Device, threads: number) => void;
  /** times every instruction of the programs that run */
  profiler?: Profiler;
  onEvent?: (event: StageEvent) => void;
  signal?: AbortSignal;
  /** the processes that make the run together; default: this one alone. Where one of them throws, the caller has to end the others. */
  ranks?: Ranks;
  /**
   * what `simulate` does with runs of the user's own transport model that were made with other settings or inputs: makes them anew, or keeps those with the same
   * emissions, as the user says that they would come out the same (another command line, files written anew); default: it refuses
   */
  changedRuns?: 'replace' | 'keep';
}

/** Those that do not choose the stages. */
export const COMMON_OPTIONS: OptionNames<Omit<RunOptions, 'stages'>> = {
  out: true,
  threads: true,
  device: true,
  precision: true,
  onDevice: true,
  profiler: true,
  onEvent: true,
  signal: true,
  ranks: true,
  changedRuns: true,
};
export const RUN_OPTIONS: OptionNames<RunOptions> = { ...COMMON_OPTIONS, stages: true };

/** What one variant of a run found: the figures of `demo --json` and `verify --json`. */
export interface VariantResult extends Partial<
  Pick<VerifySummary, 'withheld' | 'used' | 'independent' | 'inventory' | 'inventoryNearMonitors' | 'audit'>
> {
  /** free-running response of the surrogate on the transport model's, by pair, such as `NOx>NO2`: mean over periods */
  response?: Record<string, { slope: number; r: number }>;
  /** where the surrogate takes initial concentrations: the response with those of each place */
  initialConcentrations?: Partial<Record<InitialFigures['from'], Record<string, { slope: number; r: number }>>>;
  certificate?: Pick<Certificate, 'verdict' | 'reasons'>;
}

export interface RunResult extends VariantResult {
  case: string;
  out: string;
  device: Device;
  /** where the case asks for it: what was tried, and what was chosen */
  crossValidation?: CrossValidation;
  /** with `loop.passes` above 1: the passes; the figures beside are those of the kept one */
  loop?: Pick<LoopSummary, 'status' | 'kept' | 'passes'>;
  report?: string;
  paperMode?: VariantResult;
  /** of the update from members alone, where the case asks for it */
  ensembleMode?: VariantResult;
  /** per stage that was run or found up to date; `paper/<stage>` for the paper's mode, `ensemble/<stage>` for the update from members alone */
  seconds: Record<string, number>;
}

/**
 * Runs stages of a case, in order: {@link runStages} of a list.
 * @param checkWhole - of a whole run, which is made from its beginning: what the first rank looks at before anything is done
 */
export async function runListed(
  settings: Case,
  wanted: readonly StageName[],
  options: RunOptions,
  checkWhole?: (run: RunContext) => Promise<void>,
): Promise<RunResult> {
  const out = runFolder(settings, options.out);
  const { ranks = ALONE } = options;
  const first = ranks.rank === 0;
  const device = deviceOf(options, settings, ranks);
  const context = runContext(settings, out, device, options);
  options.onDevice?.(device, context.threads);
  if (first) await checkWhole?.(context);
  const plan = planOf(settings, wanted);
  if (first) await refusePlan(context, plan);
  const seconds: Record<string, number> = {};
  const records = new Map<string, StageRecord>();
  const log = plan.length > 0 ? stageContext(context, plan[0].stage, plan[0].variant).log : undefined;
  const release = first ? takeRunFolder(context, log) : () => undefined;
  try {
    const staleStages = checkWhole === undefined && first ? await tellStale(context, wanted[0], stagesBefore(settings, wanted)) : [];
    const note = ({ stage, variant }: Plan[number], record: StageRecord): void => {
      const label = variant === 'default' ? stage : `${variant}/${stage}`;
      seconds[label] = record.seconds;
      records.set(label, record);
    };
    const planContext: RunContext = { ...context, staleStages, remake: (dirs) => remake(planContext, plan, dirs, note) };
    for (const planned of plan)
      note(planned, await runTogether(stageOf(planned.stage, planned.variant), stageContext(planContext, planned.stage, planned.variant), planned));
  } finally {
    release();
  }
  addResponses(records, out);
  return {
    case: settings.name,
    out,
    device,
    ...variantResult(records, ''),
    ...(records.has('crossvalidate') ? { crossValidation: records.get('crossvalidate')!.summary as CrossValidation } : {}),
    ...loopResult(records),
    ...(settings.paperMode.run && wanted.some((stage) => PAPER_STAGES.includes(stage)) ? { paperMode: variantResult(records, 'paper/') } : {}),
    ...(settings.ensembleMode.run && wanted.some((stage) => ENSEMBLE_STAGES.includes(stage))
      ? { ensembleMode: variantResult(records, 'ensemble/') }
      : {}),
    ...(records.has('report') ? { report: resolve(out, (records.get('report')!.summary as { html: string }).html) } : {}),
    seconds,
  };
}

/** Makes stages of a plan again of which products are damaged, where the first rank can do so alone. @returns whether it did */
async function remake(
  run: RunContext,
  plan: Plan,
  dirs: readonly string[],
  note: (planned: Plan[number], record: StageRecord) => void,
): Promise<boolean> {
  const damaged = plan.filter(({ stage, variant }) => dirs.includes(stageDir(run.out, stage, variant)));
  const onSeveralRanks = (run.ranks?.size ?? 1) > 1;
  if (damaged.length < dirs.length || (onSeveralRanks && damaged.some(({ stage, variant }) => stageOf(stage, variant).onAllRanks))) return false;
  for (const planned of damaged)
    note(
      planned,
      await runStage(stageOf(planned.stage, planned.variant), stageContext({ ...run, ranks: undefined }, planned.stage, planned.variant)),
    );
  return true;
}

/**
 * Of the stages that are finished in a run folder, those that were made with other settings or inputs than `run` has. Each with the device and the products of
 * matrices that it had: the jobs of a chain differ in those.
 */
export async function staleStages(run: RunContext, stages: readonly StageName[] = STAGES): Promise<string[]> {
  const stale: string[] = [];
  for (const { stage, variant } of planOf(run.caseSettings, stages)) {
    const dir = stageDir(run.out, stage, variant);
    const record = readRecord(dir);
    if (!record) continue;
    const { device, precision } = record;
    if (!(await isStageUpToDate(stageOf(stage, variant), stageContext({ ...run, device, precision }, stage, variant))))
      stale.push(relative(run.out, dir));
  }
  return stale;
}

/** What is run alone takes what stages before it left, as it is: where that is no longer what the case says, or is damaged, the user should know. @returns what that is */
export async function tellStale(run: RunContext, reader: StageName, stages: readonly StageName[]): Promise<string[]> {
  const stale = await staleStages(run, stages).catch((cause: unknown) => {
    // Inputs that are gone, say: whether the stage itself can do without them is its own to tell.
    if (!(cause instanceof RetroplumeError)) throw cause;
    return [];
  });
  if (stale.length === 0) return stale;
  const { log } = stageContext(run, reader, 'default');
  log(
    `made with other settings or inputs than the case has now, or damaged since, and taken as it is: ${stale.join(', ')} ("retroplume run" makes it anew)`,
  );
  return stale;
}

/** Runs a stage on all ranks; where it fails, `failure.json` says so, once. */
export async function runTogether(stage: Stage, context: StageContext, place: Parameters<typeof leaveFailure>[1]): Promise<StageRecord> {
  const { rank } = context.ranks ?? ALONE;
  try {
    return await runStageOnRanks(stage, context);
  } catch (cause) {
    // That it was interrupted every rank knows, and the first tells.
    const isToldElsewhere = rank > 0 && cause instanceof InterruptedError;
    if (!isToldElsewhere) await giveWay(rank);
    if (!isToldElsewhere) leaveFailure(context.out, place, cause);
    throw cause;
  }
}

/** What every stage of a run is given. @throws {ConfigError} `THREADS_INVALID`, `CALL_INVALID` */
export function runContext(settings: Case, out: string, device: Device, options: RunOptions): RunContext {
  const { ranks = ALONE, threads = 2, onEvent, signal } = options;
  expectArgument(onEvent === undefined || typeof onEvent === 'function', 'onEvent', 'a function', onEvent);
  expectSignal(signal, 'signal');
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS)
    throw new ConfigError('THREADS_INVALID', `threads: expected a whole number from 1 to ${MOST_THREADS} but received ${threads}: mend the call`);
  return {
    caseSettings: settings,
    out,
    threads,
    device: device.name,
    hardware: device.hardware,
    precision: device.precision,
    profiler: options.profiler,
    inputs: new InputHashes(join(out, HASHES_FILE)),
    changedRuns: options.changedRuns,
    ranks,
    onEvent: (ranks.rank === 0 && onEvent) || (() => undefined),
    signal: signal ?? new AbortController().signal,
  };
}

/** Where a run computes. Of several ranks of one node each takes a GPU of its own, as far as there are any, unless one is named. */
export function deviceOf(options: RunOptions, settings: Case, { size, localRank }: Ranks): Device {
  const requested = options.device ?? settings.device;
  const device = chooseDevice({ device: requested, precision: options.precision ?? settings.precision });
  if (size === 1 || device.name === 'cpu' || requested?.startsWith('cuda:')) return device;
  const gpus = cudaDevices().devices;
  return chooseDevice({ device: `cuda:${gpus[localRank % gpus.length].index}`, precision: device.precision });
}

/** What `verify` says of an inventory goes with the response of the surrogate that found it, where `evaluate` was of an earlier run, too. */
function addResponses(records: Map<string, StageRecord>, out: string): void {
  for (const [variant, prefix] of [
    ['default', ''],
    ['paper', 'paper/'],
  ] as const) {
    if (!records.has(`${prefix}verify`) || records.has(`${prefix}evaluate`)) continue;
    const evaluated = readRecord(stageDir(out, 'evaluate', variant));
    if (evaluated) records.set(`${prefix}evaluate`, evaluated);
  }
}

function variantResult(records: ReadonlyMap<string, StageRecord>, prefix: string): VariantResult {
  const verify = records.get(`${prefix}verify`)?.summary as VerifySummary | undefined;
  const evaluate = records.get(`${prefix}evaluate`)?.summary as EvaluateSummary | undefined;
  const certificate = records.get(`${prefix}certify`)?.summary as Certificate | undefined;
  return {
    ...(verify ?? {}),
    ...(evaluate ? { response: responseByPair(evaluate.response) } : {}),
    ...(evaluate?.initialConcentrations ? { initialConcentrations: responseByPlace(evaluate.initialConcentrations) } : {}),
    ...(certificate ? { certificate: { verdict: certificate.verdict, reasons: certificate.reasons } } : {}),
  };
}

function loopResult(records: ReadonlyMap<string, StageRecord>): Partial<RunResult> {
  const summary = records.get('loop')?.summary as LoopSummary | undefined;
  if (!summary) return {};
  const { status, kept, passes, ...figures } = summary;
  return { ...figures, loop: { status, kept, passes } };
}

/** Mean over periods of slope and r of each pair. */
function responseByPair(response: readonly { pair: string; slope: number; r: number }[]): Record<string, { slope: number; r: number }> {
  const pairs = new Map<string, { slope: number; r: number; n: number }>();
  for (const { pair, slope, r } of response) {
    const sum = pairs.get(pair) ?? { slope: 0, r: 0, n: 0 };
    pairs.set(pair, { slope: sum.slope + slope, r: sum.r + r, n: sum.n + 1 });
  }
  return Object.fromEntries([...pairs].map(([pair, { slope, r, n }]) => [pair, { slope: slope / n, r: r / n }]));
}

function responseByPlace(figures: readonly InitialFigures[]): NonNullable<VariantResult['initialConcentrations']> {
  const places = [...new Set(figures.map(({ from }) => from))];
  return Object.fromEntries(
    places.map((place) => [place, responseByPair(figures.flatMap(({ from, response }) => (from === place ? response : [])))]),
  );
}
