/** How a chemical transport model is run: the reference model in this process, or the user's own by a command. */
import type { CtmSettings, PeriodSettings } from '../case';
import type { SectorFiles } from '../inventory/reading/emission-reader';
import type { ReferenceSettings } from './reference/reference-options';
import type { WindErrorSettings } from './reference/wind-error';

/** By what the model of one run differs from that of the others; reference model only. */
export interface ModelError {
  /** laid over `ctm.options` */
  options?: ReferenceSettings;
  windError?: WindErrorSettings;
}

export interface CtmRequest {
  /** name of the run: prior, updated, member-1 … */
  run: string;
  period: Pick<PeriodSettings, 'name' | 'start' | 'hours'>;
  /** I/O API files that cover the period */
  emissionFiles: string[];
  /** where those are the files of several sectors: which are whose */
  sectors?: readonly SectorFiles[];
  /** I/O API file to write: the surface concentrations of the case's species, hour by hour; where the case has columns, its layers come beside it (`layersBeside`) */
  output: string;
  /** factors on the emission groups, `[rows, cols, groups]` or one such field per hour; reference model only */
  factors?: Float32Array;
  modelError?: ModelError;
  threads?: number;
  onProgress?: (completed: number, total: number, text: string) => void;
  signal?: AbortSignal;
  /** is told what a user should know */
  log?: (text: string) => void;
}

export interface Ctm {
  /** Whether a run's output is there, with its layers where those are needed, as the case has it; the same model with the same emissions is the caller's to know. */
  isMade(output: string): boolean;
  /** Writes `request.output` and the layers, or throws and leaves no file of these names but one that was read otherwise ({@link isMade}). */
  run(request: CtmRequest): Promise<void>;
}

/** The part of `ctm` that decides what a run gives: raising the time-out or another name makes no run anew, nor does another way to read what a command has left. */
export function ctmIdentity(ctm: CtmSettings): object {
  return ctm.kind === 'command' ? { ...ctm, name: undefined, timeoutHours: undefined, output: undefined, layers: undefined } : ctm;
}
