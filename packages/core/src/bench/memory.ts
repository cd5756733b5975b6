/** Peak resident memory of a training step, ours and PyTorch's, each in a process of its own that does nothing else. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeviceError } from '../base/errors';
import { TorchPeer, writeArrays } from './peers/torch-peer';
import { drawInputs, drawWeights, inputShapes, LEARNING_RATE, weightShapes } from './workloads/workload-step';
import type { Workload } from './workloads/workloads';

/** The compiled program: from `src`, where tests run, as from `dist`. */
const CHILD = join(__dirname, '..', '..', 'dist', 'bench', 'memory-child.js');

/** The second step has all that a step ever needs: Adam's moments exist, and buffers are kept. */
const STEPS = 2;

/** Bytes, of the whole process: interpreter, libraries and, once, inputs included. */
export interface MemoryComparison {
  readonly batch: number;
  readonly ours: number;
  /** PyTorch by variant, with the malloc that a user has: the tuned one keeps more. */
  readonly peers: Readonly<Record<string, number>>;
  /** The least of the peers over ours. */
  readonly ratio?: number;
}

interface MemoryOptions {
  readonly threads: number;
  readonly python?: string;
  readonly compiles: boolean;
  /** A folder of its own, through which arrays reach the peers. */
  readonly folder: string;
}

/**
 * Measures the training step of a workload at its `memory.batch`.
 *
 * @throws {DeviceError} `BENCH_MEMORY` if our process ends before it has trained, for want of memory
 */
export async function measureMemory(workload: Workload, options: MemoryOptions): Promise<MemoryComparison> {
  const coreBytes = await ownPeak(workload, options.threads);
  const peers = options.python !== undefined && workload.memory.peers ? await torchPeaks(workload, options.python, options) : {};
  const smallest = Math.min(...Object.values(peers));
  return { batch: workload.memory.batch, ours: coreBytes, peers, ...(Number.isFinite(smallest) && { ratio: smallest / coreBytes }) };
}

async function ownPeak(workload: Workload, threads: number): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CHILD, JSON.stringify(workload), String(threads), String(STEPS)]);
    return Number(stdout);
  } catch (cause) {
    throw new DeviceError('BENCH_MEMORY', `bench: ${workload.name}: the process that trains ended early: ${reasonOf(cause)}`, { cause });
  }
}

/** The sentence of the error in a process that ended, or the signal: the system kills what takes too much memory. */
function reasonOf(cause: unknown): string {
  const { stderr = '', signal } = cause as { stderr?: string; signal?: string | null };
  return /^\w*Error: (.*)$/m.exec(stderr)?.[1] ?? (signal ? `${signal}, perhaps for want of memory` : (cause as Error).message.split('\n')[0]);
}

async function torchPeaks(workload: Workload, python: string, { threads, compiles, folder }: MemoryOptions): Promise<Record<string, number>> {
  const { batch } = workload.memory;
  writeArrays(folder, drawWeights(workload));
  writeArrays(folder, drawInputs(workload, 'train', batch));
  const shapes = { weights: weightShapes(workload), inputs: inputShapes(workload, 'train', batch) };
  const peaks: Record<string, number> = {};
  for (const variant of ['eager', 'channels-last', ...(compiles ? ['compiled-lstm'] : [])]) {
    const { peer } = await TorchPeer.start({ python, threads, tuned: false, compiles });
    try {
      await peer.ask({ step: 'train', workload, shapes, learningRate: LEARNING_RATE, variants: [variant], folder });
      for (let step = 1; step < STEPS; step++) await peer.ask({ run: variant });
      peaks[`torch-${variant}`] = (await peer.ask({ peak: true })).peak as number;
    } finally {
      await peer.stop();
    }
  }
  return peaks;
}
