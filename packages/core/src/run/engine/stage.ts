/** What a stage is, and the engine that runs stages in order, skipping those that are up to date. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../case';
import type { Device, Precision } from '../../base/device';
import { InterruptedError, RetroplumeError } from '../../base/errors';
import type { Execution } from '../../graph';
import type { Ranks } from '../../base/ranks';
import { endAttemptsBelow } from '../../transport/external/attempts';
import type { InputHashes } from './input-hashes';
import { besideOf, changedBeside } from './external-files';
import { dropAside, setAside, takeBack } from './previous-result';
import { otherContents } from './product-contents';
import {
  beginStage,
  changedProduct,
  damagedProducts,
  finishStage,
  forsakeStage,
  isUpToDate,
  keeps,
  keepsSome,
  lastMade,
  missingParts,
  productSums,
  readRecord,
  unmadeParts,
  type StageMark,
  type StagePart,
  type StageRecord,
} from './record';
import { keyOf } from './stage-keys';
import { fewOf, whyAnew } from './explain-rerun';

/** All stages, in the order of a run. */
export const STAGES = [
  'simulate',
  'prepare',
  'train',
  'evaluate',
  'certify',
  'export',
  'preview',
  'crossvalidate',
  'invert',
  'uncertainty',
  'apply',
  'verify',
  'loop',
  'report',
] as const;
export type StageName = (typeof STAGES)[number];

/**
 * A case may be run in the paper's mode beside its own: the stages from `train` to `verify` then exist twice. Further passes of the closed loop have
 * their own `train`, `invert`, `apply` and `verify`, other surrogates of an ensemble their own `train` and `invert`.
 */
export type Variant = 'default' | 'paper' | `pass-${number}` | `surrogate-${number}`;

/** A pass of the closed loop after the first; pass 1 is the case's own stages. */
export interface LoopPass {
  number: number;
  /** the pass before it whose run of the transport model the inversion starts from */
  anchor: number;
}

export type StageEvent =
  | { kind: 'stage-start'; stage: StageName; variant: Variant }
  | { kind: 'stage-done'; stage: StageName; variant: Variant; seconds: number }
  | { kind: 'stage-skipped'; stage: StageName; variant: Variant }
  | { kind: 'progress'; stage: StageName; variant: Variant; done: number; total: number; text: string }
  | { kind: 'log'; stage: StageName; variant: Variant; text: string };

export interface RunContext extends Execution {
  caseSettings: Case;
  /** run folder */
  out: string;
  device: Device['name'];
  hardware: string;
  precision: Device['precision'];
  inputs: InputHashes;
  /** what is done with runs of the user's own model that were made with other settings: run.ts, `RunOptions` */
  changedRuns?: 'replace' | 'keep';
  /** folders of earlier stages that are taken as they are, though made with other settings or inputs than the case has now, or damaged since */
  takenAsIs?: readonly string[];
  /** makes stages of this run again, by their folders, where products of theirs turn out to be damaged that another stage is about to read; false where it may not */
  remake?: (dirs: readonly string[]) => Promise<boolean>;
  /** the processes that make the stage together; absent: this one alone */
  ranks?: Ranks;
  onEvent: (event: StageEvent) => void;
  signal: AbortSignal;
}

/** A run's context as one stage of one variant sees it. */
export interface StageContext extends RunContext {
  stage: StageName;
  variant: Variant;
  /** set in the variants `pass-N` */
  pass?: LoopPass;
  /** set in the variants `surrogate-N`: N, from 2 on */
  ensembleMember?: number;
  /** the stage's own folder */
  dir: string;
  /** the folder of an earlier stage, of the same variant where it has one */
  dirOf: (stage: StageName) => string;
  progress: (done: number, total: number, text: string) => void;
  log: (text: string) => void;
}

/** What a stage tells those after it of what it is made with. */
export type Keys = Pick<StageMark, 'key' | 'dearKey' | 'parts'>;

/** What decides a part of a stage's products, and where in the stage's folder it lies. */
export interface PartContent extends Pick<StagePart, 'entries' | 'product' | 'outlivesCase'> {
  name: string;
  settings: unknown;
  /** the part of `settings` without which nobody can say that what was made with others is still right; absent: nobody can */
  essence?: unknown;
  /** of the stage's own input files */
  inputs: readonly string[];
}

export interface Stage {
  name: StageName;
  /** stages whose products it reads */
  needs: readonly StageName[];
  /** of a stage that it needs, the names of the parts that it reads, where nothing else there decides its result; default: all of it does */
  reads?: (settings: Case) => Partial<Record<StageName, readonly string[]>>;
  /** stages beside these whose results it takes as the case has it */
  takes?: (settings: Case) => readonly StageName[];
  /** folders beside theirs of which it reads files, where they are there: these are looked at before it is made, too */
  opens?: (context: StageContext) => string[];
  /** the part of the case that decides its result */
  settings: (context: StageContext) => unknown;
  /**
   * the part of `settings` that decides what is dear to make, where the rest only decides how it is looked at: when nothing but the rest has changed,
   * the folder is kept as it is, for `run` to take what it can use
   */
  dearSettings?: (context: StageContext) => unknown;
  /** parts of its products that are each kept for as long as what decides it stays, whatever else has changed: `run` makes those that are not there */
  parts?: (context: StageContext, before: (need: StageName) => Keys) => PartContent[];
  /** input files from outside the run folder */
  inputs: (context: StageContext) => string[];
  /** whether it reads input files of stages before it, too, through which they decide its result: none that the run has seen may have changed by its end */
  readsAgain?: true;
  /** whether what it had finished with other settings is kept until it is finished with those of now: where that takes hours and little room */
  keepsLast?: true;
  /** whether `run` is called on all ranks, which make it together; only what the first returns and writes counts */
  onAllRanks?: true;
  /** refuses what lies in the folders that it reads, before its own is made ready: a stage that is run alone takes what an earlier case has left */
  refuse?: (context: StageContext) => void;
  /** is told of products that are there and damaged, before they are removed to be made again */
  damaged?: (context: StageContext, products: readonly string[]) => void;
  /**
   * does the work; returns the products' file names, a summary for the record, files of the run outside its folder that it is known by (external-files.ts), and files in its folder
   * that others read but may be gone
   */
  run: (context: StageContext) => Promise<{ products: string[]; summary: unknown; beside?: string[]; leaves?: string[] }>;
}

/** Stages that the paper's mode shares with the default, or does not have; a pass of the loop has only those of its own. */
const SHARED: readonly StageName[] = ['simulate', 'prepare', 'preview', 'crossvalidate', 'uncertainty', 'loop', 'report'];
export const PASS_STAGES = ['train', 'invert', 'apply', 'verify'] as const satisfies readonly StageName[];
export type PassStage = (typeof PASS_STAGES)[number];

export function stageDir(out: string, stage: StageName, variant: Variant): string {
  const own = variant === 'paper' ? !SHARED.includes(stage) : variant !== 'default' && PASS_STAGES.some((name) => name === stage);
  return own ? join(out, variant, stage) : join(out, stage);
}

/** The variant of a pass of the loop. */
export function passVariant(number: number): Variant {
  return number === 1 ? 'default' : `pass-${number}`;
}

/** The pass of the loop after the first that a variant is; undefined for others. */
export function passOf(variant: Variant): number | undefined {
  return variant.startsWith('pass-') ? Number(variant.slice('pass-'.length)) : undefined;
}

export function stageContext(run: RunContext, stage: StageName, variant: Variant): StageContext {
  return {
    ...run,
    stage,
    variant,
    dir: stageDir(run.out, stage, variant),
    dirOf: (other) => stageDir(run.out, other, variant),
    progress: (done, total, text) => run.onEvent({ kind: 'progress', stage, variant, done, total, text }),
    log: (text) => run.onEvent({ kind: 'log', stage, variant, text }),
  };
}

/**
 * How a GPU multiplies, where that is not exactly: a part of the settings of stages that run the network. Threads and the kind of device decide last bits alone, and which
 * of them a job gets is chance: what took a GPU hours is not made anew by a login node. Nor is what was made with rounded products where there is none to round them.
 */
export function precisionSetting({ dir, device, precision }: StageContext): { precision?: Precision } {
  const left = (lastMade(dir)?.settings ?? {}) as { products?: Precision };
  const own = device === 'cpu' ? (left.products ?? 'float32') : precision;
  return own === 'float32' ? {} : { precision: own };
}

/**
 * What interrupted a stage, if it was that: what it threw or, where that was the signal's own error, which says nothing to a user, one that does. A stage that
 * has a checkpoint names it itself.
 */
export function interruptionOf({ stage, signal }: StageContext, cause: unknown): InterruptedError | undefined {
  if (cause instanceof InterruptedError) return cause;
  if (!signal.aborted || cause instanceof RetroplumeError) return undefined;
  return new InterruptedError('INTERRUPTED', `${stage}: interrupted: what was finished is kept: run the same command to go on`, { cause });
}

/**
 * Runs one stage unless it is up to date, and returns its record.
 * @throws {ConfigError} `STAGE_MISSING` if a stage before it has not been run
 * @throws {DataError} `INPUT_CHANGED` if an input is no longer what it was; `PRODUCT_DAMAGED` if what it reads of other stages is not, and they are not made again
 * @throws {InterruptedError} if the signal was raised; what was finished or checkpointed is kept
 */
export async function runStage(stage: Stage, context: StageContext): Promise<StageRecord> {
  const { variant, dir, onEvent } = context;
  if (context.signal.aborted) throw new InterruptedError('INTERRUPTED', `${stage.name}: interrupted before it began: run the same command to go on`);
  const mark = await keyOf(stage, context);
  if (stage.keepsLast && takeBack(dir, mark.key)) context.log('has its former settings again: taken back as it was finished with them');
  const changed = await changedBeside(dir);
  if (isUpToDate(dir, mark.key, mark.parts) && changed.length === 0) {
    if (stage.keepsLast) dropAside(dir);
    onEvent({ kind: 'stage-skipped', stage: stage.name, variant });
    return readRecord(dir) as StageRecord;
  }
  stage.refuse?.(context);
  if (!(await isWholeBefore(stage, context))) return runStage(stage, context);
  onEvent({ kind: 'stage-start', stage: stage.name, variant });
  await makeReady(stage, context, mark, changed);
  const aside = stage.keepsLast && setAside(dir, mark);
  if (aside) context.log(`what it had finished is kept in ${aside} until then: with its former settings it is there again`);
  const begun = beginStage(dir, mark);
  if (mark.trusted) tellTrusted(context, begun);
  const missing = missingParts(dir, begun);
  const startedAt = new Date();
  const start = performance.now();
  const {
    products,
    summary,
    beside = [],
    leaves = [],
  } = await stage.run(context).catch((cause: unknown) => {
    throw interruptionOf(context, cause) ?? cause;
  });
  try {
    if (stage.readsAgain) await context.inputs.expectUnchanged();
    else for (const { path } of mark.inputs) await context.inputs.describe(path);
  } catch (cause) {
    if (context.inputs.changed.size > 0) forsakeStage(dir, begun, missing, context.inputs.changed);
    throw cause;
  }
  const seconds = (performance.now() - start) / 1000;
  const record: StageRecord = {
    stage: stage.name,
    ...begun,
    device: context.device,
    hardware: context.hardware,
    precision: context.precision,
    threads: context.threads,
    ...(stage.onAllRanks && context.ranks && context.ranks.size > 1 ? { ranks: context.ranks.size } : {}),
    startedAt: startedAt.toISOString(),
    seconds,
    products,
    ...(await productSums(dir, [...products, ...leaves])),
    ...(beside.length > 0 ? { beside: await besideOf(dir, beside) } : {}),
    summary,
  };
  finishStage(dir, record);
  if (stage.keepsLast) dropAside(dir);
  onEvent({ kind: 'stage-done', stage: stage.name, variant, seconds });
  return record;
}

/** Whether what a stage is about to read is whole; false where it was not, and has been made again. @throws {DataError} `PRODUCT_DAMAGED` */
async function isWholeBefore(stage: Stage, context: StageContext): Promise<boolean> {
  const others = await otherContents(context, foldersRead(stage, context));
  if (others.length === 0) return true;
  if (await context.remake?.([...new Set(others.map(({ dir }) => dir))])) return false;
  throw changedProduct(others[0].path);
}

/** Folders of other stages of which a stage reads files. */
function foldersRead(stage: Stage, context: StageContext): string[] {
  const { caseSettings, out, pass, dirOf } = context;
  const before = Array.from({ length: (pass?.number ?? 1) - 1 }, (_, i) => passVariant(i + 1));
  return [
    ...[...stage.needs, ...(stage.takes?.(caseSettings) ?? [])].map(dirOf),
    ...(stage.opens?.(context) ?? []),
    ...before.flatMap((variant) => PASS_STAGES.map((name) => stageDir(out, name, variant))),
  ];
}

/** Before a stage's folder is made ready: tells why it is run again, also of what is kept there and damaged, and ends what still writes into it. */
export async function makeReady(
  stage: Pick<Stage, 'damaged'>,
  context: StageContext,
  mark: StageMark,
  beside: readonly { path: string; trouble: string }[] = [],
): Promise<void> {
  const { dir, log } = context;
  if (keepsSome(dir, mark)) await otherContents(context, [dir]);
  tellWhyAnew(context, mark, beside);
  const record = readRecord(dir);
  const isKept = keeps(dir, mark);
  const damaged = record ? damagedProducts(dir, record).filter(({ product }) => isKept(product)) : [];
  if (record && record.key !== mark.key) for (const { product, trouble } of damaged) log(`${join(dir, product)} ${trouble}: it is made again`);
  stage.damaged?.(
    context,
    damaged.map(({ product }) => product).filter((product) => existsSync(join(dir, product))),
  );
  await endAttemptsBelow(dir, log);
}

function tellTrusted({ log }: StageContext, { parts = {} }: Pick<StageMark, 'parts'>): void {
  const names = Object.keys(parts).filter((name) => parts[name].madeWith !== undefined);
  if (names.length > 0) log(`kept on your word, though made with other settings or inputs: ${fewOf(names)}`);
}

/** Why a stage is run again that has been run before; before its folder is made ready, which removes what tells. */
function tellWhyAnew({ dir, stage, log }: StageContext, mark: StageMark, beside: readonly { path: string; trouble: string }[] = []): void {
  const why = whyAnew(dir, mark);
  if (why !== undefined) return log(why);
  const record = readRecord(dir);
  const products = record ? damagedProducts(dir, record).map(({ product, trouble }) => ({ path: join(dir, product), trouble })) : [];
  const damaged = [...products, ...beside];
  const unmade = record ? unmadeParts(record, mark) : [];
  if (unmade.length > 0) log(`has not made ${fewOf(unmade)}: ${stage} is run again`);
  if (damaged.length === 0) return;
  const [{ path, trouble }, ...more] = damaged;
  log(`${path} ${trouble}${more.length > 0 ? `, and ${more.length} more are damaged` : ''}: ${stage} is run again`);
}
