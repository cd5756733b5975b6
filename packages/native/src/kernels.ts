import type { DeviceFields, FieldsHandle, WindowMeanRequest } from './fields';
import { loadAddon } from './load-addon';

/** One call of a kernel. Offsets are in elements of the arena; an operand or parameter that is absent or undefined is not given. */
export interface Instruction {
  /** a name of {@link kernelNames} */
  op: string;
  operands: Record<string, number>;
  params: Record<string, number>;
  /** appears in errors, profiles and the search for NaN */
  label?: string;
}

/** A flat list of kernel calls over one arena, and names for ranges of it. */
export interface ProgramSpec {
  arenaElements: number;
  instructions: Instruction[];
  /** half-open ranges of instructions */
  phases: Record<string, [begin: number, end: number]>;
}

export interface ProgramOptions {
  /** precision of the arena; `float64` always runs the reference kernels. Default `float32`. */
  dtype?: 'float32' | 'float64';
  /** default `fast` */
  kernels?: 'fast' | 'reference';
  /** instruction set of the fast kernels; default `auto`: the widest that the processor has */
  isa?: 'auto' | 'baseline' | 'avx2' | 'avx512' | 'amx';
  /** default: what OpenMP would use (OMP_NUM_THREADS, affinity) */
  threads?: number;
  /** default `cpu`. A GPU, the first or the one of that index, runs `float32` alone, by kernels of its own. */
  device?: 'cpu' | 'cuda' | `cuda:${number}`;
  /**
   * How a GPU multiplies matrices: exactly (default), or on its tensor cores with factors rounded to 10 bits of mantissa (`tf32`) or to 7 (`bf16`).
   * Sums are float32 in either. The CPU is always exact.
   */
  precision?: 'float32' | 'tf32' | 'bf16';
  /** the {@link Ranks.collective} of the ranks that run the same program together; what they make together are `allReduce` and synchronised batch norm */
  ranks?: object;
}

/** The first operand that came out NaN or infinite. */
export interface NonFinite {
  instruction: number;
  label: string;
  operand: string;
}

/** Cost of one instruction: wall seconds of one execution, floating-point operations, least bytes of memory traffic. */
export interface InstructionProfile {
  op: string;
  label: string;
  seconds: number;
  flops: number;
  bytes: number;
}

interface ProgramHandle {
  write(offset: number, data: Float32Array | Float64Array): void;
  stage(offset: number, data: Float32Array | Float64Array): void;
  stageWindow(offset: number, fields: FieldsHandle, request: WindowMeanRequest, factors?: FieldsHandle): void;
  addWindowAdjoint(offset: number, gradFactors: FieldsHandle, request: WindowMeanRequest, fields?: FieldsHandle): void;
  read(offset: number, length: number, target?: Float32Array | Float64Array): Float32Array | Float64Array;
  readAt(offset: number, length: number, places: Int32Array): Float32Array | Float64Array;
  writeAt(offset: number, length: number, places: Int32Array, values: Float32Array | Float64Array): void;
  fill(offset: number, length: number, value: number): void;
  run(phase?: string): Promise<void>;
  runSync(phase?: string): void;
  runChecked(phase?: string): Promise<NonFinite | undefined>;
  profile(phase?: string): Promise<InstructionProfile[]>;
  dispose(): void;
}

/** What programs run with on this machine. */
export interface CpuFeatures {
  /** the widest instruction set of this processor that kernels exist for */
  isa: string;
  /** that a program takes by default */
  threads: number;
  /** that made the kernels, with its version */
  compiler: string;
}

/** A GPU that programs can run on. */
export interface CudaDevice {
  index: number;
  name: string;
  /** as `sm_90` */
  architecture: string;
  memoryBytes: number;
}

/** The GPUs of this machine, and where there are none, why. */
export interface CudaDevices {
  /** whether this build has CUDA kernels */
  built: boolean;
  reason: string;
  devices: CudaDevice[];
}

const OPTIONS: { readonly [K in keyof Required<ProgramOptions>]: true } = {
  dtype: true,
  kernels: true,
  isa: true,
  threads: true,
  device: true,
  precision: true,
  ranks: true,
};

/** The addon reads the options that it knows, and would run on without others. @throws Error with `code` OPTION_INVALID */
function checkNames(options: ProgramOptions = {}): void {
  const [unknown] = Object.entries({ ...options }).find(([name, value]) => value !== undefined && !Object.hasOwn(OPTIONS, name)) ?? [];
  if (unknown === undefined) return;
  const names = Object.keys(OPTIONS).join(', ');
  throw Object.assign(new Error(`options: there is no option ${unknown}: use one of ${names}`), { code: 'OPTION_INVALID' });
}

interface KernelAddon {
  Program: new (spec: ProgramSpec, options?: ProgramOptions) => ProgramHandle;
  kernelNames(): string[];
  cpuFeatures(): CpuFeatures;
  cudaDevices(): CudaDevices;
}

const loaded = new Map<string, KernelAddon>();

function addon(name = 'retroplume'): KernelAddon {
  const loadedAddon = loaded.get(name) ?? (loadAddon(name) as KernelAddon);
  loaded.set(name, loadedAddon);
  return loadedAddon;
}

/**
 * A program bound to native memory: one arena, zeroed, and instructions that were checked against it once.
 *
 * Runs are queued on the executor's thread, in order, shared by all programs; while one is under way the arena can be neither read nor
 * written. Results are the same, bit for bit, for the same number of threads and the same instruction set. Errors carry a `code`:
 * `OP_UNKNOWN`, `OPERAND_MISSING`, `OPERAND_UNKNOWN`, `OPERAND_OUT_OF_ARENA`, `PARAM_MISSING`, `PARAM_UNKNOWN`, `PARAM_INVALID`, `PHASE_INVALID`,
 * `PHASE_UNKNOWN`, `SPEC_INVALID`, `OPTION_INVALID`, `ISA_UNKNOWN`, `ISA_UNSUPPORTED`, `OUT_OF_MEMORY`, `RANGE_OUT_OF_ARENA`, `PLACES_INVALID`, `PROGRAM_BUSY`,
 * `PROGRAM_DISPOSED`, `ARGUMENT_INVALID`; with a GPU `DEVICE_CUDA_MISSING`, `DEVICE_OUT_OF_MEMORY`, `DEVICE_OP_MISSING`, `CUDA_FAILED`; without
 * one `STAGING_UNSUPPORTED`; with ranks `RANKS_MISSING`, `MPI_FAILED`.
 *
 * @example
 * const program = new NativeProgram({
 *   arenaElements: 32,
 *   instructions: [{ op: 'scale', operands: { input: 0, output: 16 }, params: { elements: 3, alpha: 2 } }],
 *   phases: {},
 * });
 * program.write(0, Float32Array.of(1, 2, 3));
 * await program.run();
 * program.read(16, 3); // 2, 4, 6
 * program.dispose();
 */
export class NativeProgram {
  readonly #handle: ProgramHandle;

  /** @param module - the addon to take; tests have one whose device is emulated */
  constructor(spec: ProgramSpec, options?: ProgramOptions, module?: string) {
    checkNames(options);
    this.#handle = new (addon(module).Program)(spec, options);
  }

  /** Copies `data` into the arena, converted to the program's precision. */
  write(offset: number, data: Float32Array | Float64Array): void {
    this.#handle.write(offset, data);
  }

  /**
   * As {@link write}, but also while a run is under way, which does not see it: `data` is in the arena when the next run begins. GPUs only
   * (`STAGING_UNSUPPORTED`): their copies go past the computation.
   */
  stage(offset: number, data: Float32Array | Float64Array): void {
    this.#handle.stage(offset, data);
  }

  /**
   * As {@link stage}, of a window that the GPU itself takes of fields in its memory when the next run begins, before it: as `windowMean`.
   *
   * @param factors - of all hours, or one that they share; absent = 1
   * @throws Error with `code` `ARGUMENT_INVALID`, as `windowMean`, or where the fields are not on the program's GPU
   */
  stageWindow(offset: number, fields: DeviceFields, request: WindowMeanRequest, factors?: DeviceFields): void {
    this.#handle.stageWindow(offset, fields.handle, request, factors?.handle);
  }

  /**
   * The transpose of {@link stageWindow} with respect to the factors, as `windowMeanAdjoint`: adds fields times the gradient at `offset`, which is laid out
   * as the window, over the hours of each step to `gradFactors`, of all hours or of one that they share.
   *
   * @param fields - absent = 1: with factors of all hours that is the transpose with respect to fields
   * @throws as {@link stageWindow}; `PROGRAM_BUSY` while a run is under way
   */
  addWindowAdjoint(offset: number, gradFactors: DeviceFields, request: WindowMeanRequest, fields?: DeviceFields): void {
    this.#handle.addWindowAdjoint(offset, gradFactors.handle, request, fields?.handle);
  }

  /**
   * A copy of `length` elements, in the program's precision.
   *
   * @param target - takes them, of that length and precision; absent: a new array @throws Error with `code` `ARGUMENT_INVALID` if it has another
   */
  read(offset: number, length: number, target?: Float32Array | Float64Array): Float32Array | Float64Array {
    return this.#handle.read(offset, length, target);
  }

  /**
   * Of the `length` elements at `offset` those at `places` alone, which cross from a GPU as no others do.
   *
   * @param places - from 0 on, ascending @throws Error with `code` `PLACES_INVALID`
   */
  readAt(offset: number, length: number, places: Int32Array): Float32Array | Float64Array {
    return this.#handle.readAt(offset, length, places);
  }

  /** Those become `values`, in the program's precision, and the others of the `length` elements 0. @throws as {@link readAt} */
  writeAt(offset: number, length: number, places: Int32Array, values: Float32Array | Float64Array): void {
    this.#handle.writeAt(offset, length, places, values);
  }

  fill(offset: number, length: number, value: number): void {
    this.#handle.fill(offset, length, value);
  }

  /** Runs a phase, or everything, on the executor's thread. */
  run(phase?: string): Promise<void> {
    return this.#handle.run(phase);
  }

  /** As {@link run}, but waits: the event loop stands still. For small programs and tests. */
  runSync(phase?: string): void {
    this.#handle.runSync(phase);
  }

  /** Runs until an instruction writes a NaN or an infinity; undefined if none does. Slower than {@link run}. */
  runChecked(phase?: string): Promise<NonFinite | undefined> {
    return this.#handle.runChecked(phase);
  }

  /** Runs once and times every instruction. */
  profile(phase?: string): Promise<InstructionProfile[]> {
    return this.#handle.profile(phase);
  }

  /** Releases the memory, at once or when the runs under way are done. Later calls throw `PROGRAM_DISPOSED`; a second dispose does nothing. */
  dispose(): void {
    this.#handle.dispose();
  }

  /** For `using`: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Names of all kernels that a program can call. */
export function kernelNames(): string[] {
  return addon().kernelNames();
}

/** What programs run with here. */
export function cpuFeatures(): CpuFeatures {
  return addon().cpuFeatures();
}

/** The GPUs that `device: 'cuda'` can mean. */
export function cudaDevices(): CudaDevices {
  return addon().cudaDevices();
}

/** What the processor does at most with a number of threads. */
export interface Peak {
  /** 10⁹ operations a second, a fused multiply-add being two: from registers, nothing else under way */
  gflops: number;
  /** 10⁹ bytes a second between memory and processor, as STREAM's triad counts them (what is read and what is written) */
  gbytes: number;
}

interface PeakAddon {
  measurePeak(threads: number, isa: string): Promise<Peak>;
}

/**
 * Measures the machine: about a second, and 200 MB of memory.
 *
 * @param isa - instruction set of the probe; default: the widest that there is
 * @throws Error with `code` `ISA_UNKNOWN`, `ISA_UNSUPPORTED` or `ARGUMENT_INVALID`
 */
export function measurePeak(threads: number, isa = 'auto'): Promise<Peak> {
  return (loadAddon('retroplume') as PeakAddon).measurePeak(threads, isa);
}
