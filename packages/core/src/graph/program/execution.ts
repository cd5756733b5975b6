/** How the programs of a run are run (one value, handed down from the run to every program), and what a device refuses of them, as one of our errors. */
import { type ProgramOptions, cudaDevices } from '@retroplume/native';
import type { Profiler } from './profiler';
import { ConfigError, DeviceError } from '../../base/errors';
import { GraphError } from '../definition/graph';
import type { ProgramLayout } from './program-layout';

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

const MIB = 2 ** 20;

/** What takes the memory: arrays that stay, whatever the batch, and those of the batch. Programs on a GPU are float32. */
function memorySentence(native: string, { spec, regions }: ProgramLayout, device: string, shrinkBy: string): string {
  const mebibytes = (elements: number): string => `${Math.ceil((elements * 4) / MIB)} MiB`;
  const lasting = Object.values(regions).reduce((sum, { length }) => sum + length, 0);
  const reason = /but (the GPU has .*?)(: use|$)/.exec(native)?.[1] ?? `CUDA says "${native}"`;
  return (
    `program: expected ${mebibytes(spec.arenaElements)} on ${device} for its arena (${mebibytes(lasting)} for parameters, gradients and optimiser, ` +
    `${mebibytes(spec.arenaElements - lasting)} for the arrays of a batch) but ${reason}: lower ${shrinkBy}, or use --device cpu`
  );
}

/** The host has not the memory for a program: what the addon says of it, and what to do. */
function hostMemorySentence(native: string, shrinkBy: string): string {
  return `${native.replace(/: use a smaller batch$/, '')}: lower ${shrinkBy}, or run it where more memory may be used`;
}

/** What a caller can mend, or the machine lacks, by code. The other codes are of slips of ours. */
const ERRORS_BY_CODE = [
  { codes: /^(DEVICE_|CUDA_FAILED|ISA_|OUT_OF_MEMORY)/, Refusal: DeviceError },
  { codes: /^OPTION_INVALID/, Refusal: ConfigError },
  { codes: /^PROGRAM_/, Refusal: GraphError },
];

/**
 * The error to throw for one that native code threw: a {@link DeviceError} for what a device or processor lacks (codes `DEVICE_…`, `CUDA_FAILED`, `ISA_…`,
 * `OUT_OF_MEMORY`), a {@link ConfigError} for an option (`OPTION_INVALID`), a {@link GraphError} for a program that is disposed or busy (`PROGRAM_…`),
 * else the same.
 */
export function nativeError(error: unknown, text = (error as Error).message): unknown {
  const { code } = error as { code?: string };
  const entry = code === undefined ? undefined : ERRORS_BY_CODE.find(({ codes }) => codes.test(code));
  return entry ? new entry.Refusal(code!, text, { cause: error }) : error;
}

/**
 * As {@link nativeError}, of a program: where the memory of a GPU is too small it says what takes it, and where the host's is, what to lower.
 *
 * @param shrinkBy - what a user can lower to need less memory
 */
export function programError(error: unknown, layout: ProgramLayout, device: string, shrinkBy = 'the batch'): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'DEVICE_OUT_OF_MEMORY') return nativeError(error, memorySentence(message, layout, device, shrinkBy));
  return nativeError(error, code === 'OUT_OF_MEMORY' ? hostMemorySentence(message, shrinkBy) : message);
}
