/** How the programs of a run are run: one value, handed down from the run to every program. */
import type { ProgramOptions } from '@retroplume/native';
import type { Profiler } from './profiler';

/** A part of the context of a run. */
export interface Execution {
  threads: number;
  /** default `cpu` */
  device?: ProgramOptions['device'];
  /** of matrices, on a GPU; default `float32` */
  products?: ProgramOptions['products'];
  /** times every instruction, at the price of two clock reads each */
  profiler?: Profiler;
}

/** The execution alone, out of a larger context: options of `compile`. */
export function executionOf({ threads, device, products, profiler }: Execution): Execution {
  return { threads, device, products, profiler };
}
