/** How the programs of a run are run: one value, handed down from the run to every program. */
import { cudaDevices, type ProgramOptions } from '@retroplume/native';
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

/** Of the memory of a GPU, what gates that need not be kept may take. */
const SPARE = 1 / 4;

/** Numbers of float32 for which a device of so many bytes has room, see {@link roomOf}. */
export const roomIn = (memoryBytes: number): number => Math.floor((SPARE * memoryBytes) / 4);

/** Numbers that a graph may keep for the reverse pass to spare their computing again: none on a processor, where memory is dearer than computing. */
export function roomOf({ device = 'cpu' }: Partial<Execution>): number {
  const gpu = cudaDevices().devices.find(({ index }) => (device === 'cuda' ? index === 0 : device === `cuda:${index}`));
  return gpu ? roomIn(gpu.memoryBytes) : 0;
}
