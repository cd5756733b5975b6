/** What the functions of this room are handed. */
import type { Device, Precision } from '../base/device';
import type { Ranks } from '../base/process';
import type { Case, InversionSettings, SurrogateSettings, TrainingSettings } from '../case';
import type { Execution } from '../graph/program/execution';

/** The settings that count: those of the case, of its paper's mode, of a pass of the loop, of a surrogate of an ensemble. */
export interface VariantSettings {
  surrogate: SurrogateSettings;
  training: TrainingSettings;
  inversion: InversionSettings;
}

/** A stage whose folder or result is read here. */
export type Made = 'simulate' | 'prepare' | 'train' | 'evaluate' | 'certify' | 'export' | 'invert' | 'apply';

/** The case, the settings that count, what was made before, and who is told. */
export interface Workspace extends Execution {
  caseSettings: Case;
  settings: VariantSettings;
  /** `paper`: its mode beside the case's own */
  variant: string;
  device: Device['name'];
  precision: Precision;
  /** for what is written */
  dir: string;
  /** where what was made before lies, of the same variant where it has one */
  dirOf: (stage: Made) => string;
  /** what was found when it was made; undefined where it was not */
  summaryOf: <T>(stage: Made) => T | undefined;
  /** refuses files of a folder that are not what was recorded of them */
  expectUnchanged: (dir: string, files: readonly string[]) => Promise<void>;
  /** the same object for as long as files from outside count as unchanged */
  inputs: object;
  ranks?: Ranks;
  log: (text: string) => void;
  progress: (stepsDone: number, total: number, text: string) => void;
  signal: AbortSignal;
}
