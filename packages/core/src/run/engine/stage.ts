/** What a stage is. */
import { join } from 'node:path';
import type { Case } from '../../case';
import type { Device, Precision } from '../../base/device';
import { InterruptedError, RetroplumeError } from '../../base/errors';
import type { Workspace } from '../../assimilation/workspace';
import type { Execution } from '../../graph/program/execution';
import type { Ranks } from '../../base/process';
import type { InputHashes } from './input-hashes';
import { lastMade, type StageMark, type StagePart } from './record';

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
 * A case may be run in the paper's mode beside its own: the stages from `train` to `verify` then exist twice. The update from members alone (`ensemble`) has its own
 * `invert`, `apply` and `verify`; further passes of the closed loop have `train`, too; other surrogates their own `train` and `invert`.
 */
export type Variant = 'default' | 'paper' | 'ensemble' | `pass-${number}` | `surrogate-${number}`;

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
  staleStages?: readonly string[];
  /** makes stages of this run again, by their folders, where products of theirs turn out to be damaged that another stage is about to read; false where it may not */
  remake?: (dirs: readonly string[]) => Promise<boolean>;
  /** the processes that make the stage together; absent: this one alone */
  ranks?: Ranks;
  onEvent: (event: StageEvent) => void;
  signal: AbortSignal;
}

/** A run's context as one stage of one variant sees it. */
export interface StageContext extends RunContext, Workspace {
  stage: StageName;
  variant: Variant;
  inputs: InputHashes;
  /** set in the variants `pass-N` */
  pass?: LoopPass;
  /** set in the variants `surrogate-N`: N, from 2 on */
  ensembleMember?: number;
  /** the context of another stage of the variant, or of this one in a run that differs */
  contextOf: (stage: StageName, run?: Partial<RunContext>) => StageContext;
  /** the stage's own folder */
  dir: string;
  /** the folder of an earlier stage, of the same variant where it has one */
  dirOf: (stage: StageName) => string;
  progress: (finished: number, total: number, text: string) => void;
  log: (text: string) => void;
}

/** What a stage tells those after it of what it is made with. */
export type Keys = Pick<StageMark, 'key' | 'expensiveKey' | 'parts'>;

/** What decides a part of a stage's products, and where in the stage's folder it lies. */
export interface PartContent extends Pick<StagePart, 'entries' | 'product' | 'alongside' | 'outlivesCase'> {
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
   * the part of `settings` that decides what is expensive to make, where the rest only decides how it is looked at: when nothing but the rest has changed,
   * the folder is kept as it is, for `run` to take what it can use
   */
  expensiveSettings?: (context: StageContext) => unknown;
  /** of `inputs`, those that have no part in what is expensive */
  cheapInputs?: (context: StageContext) => string[];
  /** parts of its products that are each kept for as long as what decides it stays, whatever else has changed: `run` makes those that are not there */
  parts?: (context: StageContext, keysOf: (need: StageName) => Keys) => PartContent[];
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
   * does the work; returns the products' file names, a summary for the record, files of the run outside its folder that it is known by (recorded-files.ts), and files in its folder
   * that others read but may be gone
   */
  run: (context: StageContext) => Promise<{ products: string[]; summary: unknown; externalFiles?: string[]; leaves?: string[] }>;
}

/** Stages that the paper's mode shares with the default, or does not have; a pass of the loop has only those of its own. */
const SHARED: readonly StageName[] = ['simulate', 'prepare', 'preview', 'crossvalidate', 'uncertainty', 'loop', 'report'];
export const PASS_STAGES = ['train', 'invert', 'apply', 'verify'] as const satisfies readonly StageName[];
export type PassStage = (typeof PASS_STAGES)[number];

export function stageDir(out: string, stage: StageName, variant: Variant): string {
  const isSeparate = variant === 'paper' ? !SHARED.includes(stage) : variant !== 'default' && PASS_STAGES.some((name) => name === stage);
  return isSeparate ? join(out, variant, stage) : join(out, stage);
}

/** The variant of a pass of the loop. */
export function passVariant(number: number): Variant {
  return number === 1 ? 'default' : `pass-${number}`;
}

/** The pass of the loop after the first that a variant is; undefined for others. */
export function passOf(variant: Variant): number | undefined {
  return variant.startsWith('pass-') ? Number(variant.slice('pass-'.length)) : undefined;
}

/**
 * How a GPU multiplies, where that is not exactly: a part of the settings of stages that run the network. Threads and the kind of device decide last bits alone, and which
 * of them a job gets is chance: what took a GPU hours is not made anew by a login node. Nor is what was made with rounded products where there is none to round them.
 */
export function precisionSetting({ dir, device, precision }: StageContext): { precision?: Precision } {
  const lastSettings = (lastMade(dir)?.settings ?? {}) as { precision?: Precision };
  const usedPrecision = device === 'cpu' ? (lastSettings.precision ?? 'float32') : precision;
  return usedPrecision === 'float32' ? {} : { precision: usedPrecision };
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
