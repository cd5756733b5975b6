/**
 * The processes ("ranks") that mpirun or srun has started to work on one run together, over `mpi.node`, which is loaded when several have been. Errors
 * are Errors with the code `MPI_FAILED` in MPI's own words, or {@link AddonError} where the module is missing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AddonError, loadAddon } from '../load-addon';

/**
 * What ranks do together. Every method but `abort` is collective: all ranks call the same ones in the same order, and the next only when the one before
 * is done, runs of programs with {@link collective} included. Waiting ranks sleep; the event loop stays free.
 */
export interface Ranks {
  /** 0 … size − 1 */
  readonly rank: number;
  readonly size: number;
  /** this process among those of its node, and how many they are */
  readonly localRank: number;
  readonly localSize: number;
  /** what programs take as option `ranks`; undefined for one process alone */
  readonly collective?: object;
  /**
   * Replaces `data` by the sum over ranks of it and of `more`, in the order of ranks and, within a rank, of its arrays: in double, so that it is the same
   * bits on every rank, and with any number of ranks that hold the same arrays between them. All are of one kind and length, and as many on all ranks.
   */
  sum(data: Float32Array | Float64Array, ...otherArrays: (Float32Array | Float64Array)[]): Promise<void>;
  /** What each rank gives, of any length, in the order of ranks. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** @returns what rank 0 gives; the others' argument does not matter */
  broadcast(bytes?: Uint8Array): Promise<Uint8Array>;
  /** Returns when all ranks have called it. */
  barrier(): Promise<void>;
  /** Parts from the others, once all have called it. Nothing may be called afterwards. */
  finalize(): void;
  /** Ends all processes at once; the launcher ends with this exit code. */
  abort(exitCode: number): never;
}

/** One process alone. */
export const ALONE: Ranks = {
  rank: 0,
  size: 1,
  localRank: 0,
  localSize: 1,
  sum: (data, ...otherArrays) => {
    if (otherArrays.length > 0) addInto(data, otherArrays);
    return Promise.resolve();
  },
  gather: (bytes) => Promise.resolve([bytes]),
  broadcast: (bytes = new Uint8Array()) => Promise.resolve(bytes),
  barrier: () => Promise.resolve(),
  finalize: () => undefined,
  abort: (exitCode) => process.exit(exitCode),
};

/** In double, some elements at a time: sums of all would be memory to fetch in every step. */
function addInto(data: Float32Array | Float64Array, otherArrays: readonly (Float32Array | Float64Array)[]): void {
  const sums = new Float64Array(4096);
  for (let begin = 0; begin < data.length; begin += sums.length) {
    const count = Math.min(sums.length, data.length - begin);
    sums.fill(0);
    for (const array of [data, ...otherArrays]) for (let i = 0; i < count; i++) sums[i] += array[begin + i];
    data.set(sums.subarray(0, count), begin);
  }
}

interface Addon {
  Ranks: new () => Ranks;
  library(): string;
}

/** What the launcher says of a process that it started. */
export interface Launched {
  rank: number;
  /** undefined where the launcher does not say */
  size?: number;
}

/** Variables of launchers that speak to MPI: Open MPI's mpirun; MPICH's, Intel MPI's and `srun --mpi=pmi2`; `srun --mpi=pmix`. */
const LAUNCHERS = [
  { rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE' },
  { rank: 'PMI_RANK', size: 'PMI_SIZE' },
  { rank: 'PMIX_RANK', size: 'SLURM_STEP_NUM_TASKS' },
] as const;

/** Whether an MPI launcher has started this process; a plain run never loads MPI. */
export function launchedByMpi(environment: NodeJS.ProcessEnv = process.env): Launched | undefined {
  const launcher = LAUNCHERS.find(({ rank }) => /^\d+$/.test(environment[rank] ?? ''));
  if (!launcher) return undefined;
  const size = Number(environment[launcher.size]);
  return { rank: Number(environment[launcher.rank]), ...(size > 0 ? { size } : {}) };
}

/** The environment without what a launcher has put into it: a child that is an MPI program of its own would take itself for one of these ranks. */
export function withoutLauncher(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(OMPI|PMIX|PRTE|PMI)_/.test(name)));
}

let joined: Ranks | undefined;

/**
 * Joins the other processes of the launcher; {@link ALONE} where there is none or it started only one.
 *
 * @throws {AddonError} `ADDON_MISSING` if this build has no mpi.node
 * @throws {Error} `MPI_MISMATCH` if the launcher belongs to another MPI than the build
 */
export function joinRanks(environment: NodeJS.ProcessEnv = process.env): Ranks {
  const launched = launchedByMpi(environment);
  if (!launched || launched.size === 1) return ALONE;
  joined ??= new (loadForRanks(launched).Ranks)();
  if (launched.size === undefined || launched.size === joined.size) return joined;
  // Each process would take itself for the only one.
  const mismatch = `the launcher has started ${launched.size} processes but ${mpiLibrary()} sees ${joined.size}`;
  joined.finalize();
  throw Object.assign(
    new Error(`mpi: ${mismatch}: start them with the mpirun of that MPI, or by srun --mpi=pmix, or build with the launcher's MPI (MPI_HOME)`),
    {
      code: 'MPI_MISMATCH',
    },
  );
}

/** Long enough that the first rank, which fails alike where all do, has told it and ended the others. */
const GIVE_WAY_MS = 2000;

/** What a rank does that fails, before it tells so: so that what befalls all of them is told once. */
export async function giveWay(rank: number): Promise<void> {
  if (rank > 0) await sleep(GIVE_WAY_MS);
}

/** The MPI that mpi.node was built with, as its library names itself; undefined where it was not built. */
export function mpiLibrary(): string | undefined {
  try {
    // The first line; MPICH's goes on with how it was configured.
    return load()
      .library()
      .split(/[\n\0]/)[0]
      .replace(/\s+/g, ' ')
      .trim();
  } catch (error) {
    if (error instanceof AddonError && error.code === 'ADDON_MISSING') return undefined;
    throw error;
  }
}

/** @throws {AddonError} `ADDON_MISSING`, with what to do where processes of one run were started */
function loadForRanks({ rank, size }: Launched): Addon {
  try {
    return load();
  } catch (cause) {
    if (!(cause instanceof AddonError) || cause.code !== 'ADDON_MISSING') throw cause;
    const processName = size === undefined ? `process ${rank}` : `process ${rank} of ${size}`;
    throw new AddonError(
      'ADDON_MISSING',
      `mpi.node: the launcher has started this as ${processName} but this build has no MPI: load one (mpicxx on PATH), delete packages/native/build and run npm run setup, or start one process`,
      { cause },
    );
  }
}

function load(): Addon {
  // UCX, which Open MPI may link, tries out its hooks on the heap's end when it is loaded: it moves the end by a page and back. Memory that another thread of Node
  // takes in between is lost (a crash in one of a hundred starts). Without these hooks it keeps no cache of registered memory.
  process.env['UCX_MEM_EVENTS'] ??= 'no';
  return loadAddon('mpi') as Addon;
}
