/** What the functions of this room are handed. */
import type { Case, InversionSettings, SurrogateSettings, TrainingSettings } from '../case';
import type { Execution } from '../graph';

/** The settings that count: those of the case, of its paper's mode, of a pass of the loop, of a surrogate of an ensemble. */
export interface VariantSettings {
  surrogate: SurrogateSettings;
  training: TrainingSettings;
  inversion: InversionSettings;
}

/** The case, the settings that count, and the folders of what was made before. */
export interface Workspace extends Execution {
  caseSettings: Case;
  settings: VariantSettings;
  /** where what was made before lies, of the same variant where it has one */
  dirOf: (made: 'simulate' | 'prepare' | 'train' | 'evaluate' | 'certify' | 'export' | 'invert' | 'apply') => string;
  log: (text: string) => void;
  signal: AbortSignal;
}
