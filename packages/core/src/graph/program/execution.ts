/** How the programs of a run are run: one value, handed down from the run to every program. */
import { cudaDevices, type ProgramOptions } from '@retroplume/native';
import type { Profiler } from './profiler';

/** A part of the context of a run. */
export interface Execution {
  threads: number;
  /** default `cpu` */
  device?: ProgramOptions['device'];
  /** of matrices, on a GPU; default `float32` */
  precision?: ProgramOptions['precision'];
  /** times every instruction, at the price of two clock reads each */
  profiler?: Profiler;
}

/** The execution alone, out of a larger context: options of `compile`. */
export function executionOf({ threads, device, precision, profiler }: Execution): Execution {
  return { threads, device, precision, profiler };
}

/** Of the memory of a GPU, what gates that need not be kept may take, and what the fields that batches are drawn from may. */
const SPARE = 1 / 4;
const FIELDS = 1 / 2;

/** Whether the gates and cell states that LSTMs keep are packed, sixteen bits each: on a GPU that rounds factors of products. */
export function packsTraces({ device = 'cpu', precision = 'float32' }: Pick<Execution, 'device' | 'precision'>): boolean {
  return device !== 'cpu' && precision !== 'float32';
}

/** Numbers, packed or of float32, for which a device of so many bytes has room, see {@link roomOf}. */
export const roomIn = (memoryBytes: number, packed: boolean): number => Math.floor((SPARE * memoryBytes) / (packed ? 2 : 4));

/** Bytes of the GPU's memory; none on a processor. */
function memoryOf({ device = 'cpu' }: Partial<Execution>): number {
  const gpu = cudaDevices().devices.find(({ index }) => (device === 'cuda' ? index === 0 : device === `cuda:${index}`));
  return gpu?.memoryBytes ?? 0;
}

/** Numbers that a graph may keep for the reverse pass to spare their computing again: none on a processor, where memory is dearer than computing. */
export function roomOf(execution: Partial<Execution>): number {
  return roomIn(memoryOf(execution), packsTraces(execution));
}

/** Bytes of fields that a GPU may hold, beside the programs that see them; none on a processor. */
export function bytesOfFields(execution: Partial<Execution>): number {
  return FIELDS * memoryOf(execution);
}
