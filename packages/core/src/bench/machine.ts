/** What a figure was measured on: it means nothing without. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import { cpuFeatures, measurePeak, type Peak } from '@retroplume/native';
import { ConfigError } from '../base/errors';
import type { TfjsRuntime } from './peers/tfjs-model';
import type { TorchDescription } from './peers/torch-peer';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly isa: string;
  readonly threads: number;
  readonly node: string;
  /** Of our kernels. */
  readonly compiler: string;
  /** Of Retroplume, where it runs from a git checkout. */
  readonly commit?: string;
  readonly torch?: TorchDescription;
  /** Version of ONNX Runtime. */
  readonly onnxruntime: string;
  /** Version of TensorFlow.js, where there is one. */
  readonly tfjs?: string;
  /** Which it runs on: `tensorflow` where tfjs-node loads. */
  readonly tfjsBackend?: string;
  /** Runnable processes when the run began, averaged over a minute: above 1, others had a share of the machine. */
  readonly load: number;
}

/** Limits of the machine with all threads of the run, and with one. */
export interface Peaks extends Peak {
  readonly oneThread: Peak;
}

export async function measurePeaks(threads: number, isa: string | undefined): Promise<Peaks> {
  const oneThread = await measurePeak(1, isa);
  return { ...(threads === 1 ? oneThread : await measurePeak(threads, isa)), oneThread };
}

interface Peers {
  readonly torch?: TorchDescription;
  readonly tfjs?: TfjsRuntime;
}

export function describeMachine(threads: number, isa: string | undefined, { torch, tfjs }: Peers): Machine {
  const onnxruntime = createRequire(__filename)('onnxruntime-node/package.json') as { version: string };
  const features = cpuFeatures();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    isa: isa === undefined || isa === 'auto' ? features.isa : isa,
    threads,
    node: process.version,
    compiler: features.compiler,
    commit: commit(),
    torch,
    onnxruntime: onnxruntime.version,
    tfjs: tfjs?.version,
    tfjsBackend: tfjs?.backend,
    load: loadavg()[0],
  };
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['-C', __dirname, 'describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** A library for matrix products that deserves the name reaches half of the peak; the reference BLAS, a hundredth. */
const LEAST_GEMM_SHARE = 0.1;

/**
 * That a PyTorch is what a careful user has: with oneDNN and a BLAS of this century. A figure against another would say nothing.
 *
 * @throws {ConfigError} `BENCH_PEER_SLOW`
 */
export function expectFastTorch(python: string, { oneDnn, gemmGflops }: TorchDescription, { gflops }: Peak): void {
  const remedy = 'use a PyTorch built with oneDNN and MKL or OpenBLAS';
  if (!oneDnn) throw new ConfigError('BENCH_PEER_SLOW', `--python ${python}: expected a PyTorch with oneDNN but this one has none: ${remedy}`);
  if (gemmGflops >= LEAST_GEMM_SHARE * gflops) return;
  throw new ConfigError(
    'BENCH_PEER_SLOW',
    `--python ${python}: expected matrix products near the machine's ${gflops.toFixed(0)} GFLOP/s but PyTorch's reach ${gemmGflops.toFixed(1)} (a reference BLAS?): ${remedy}`,
  );
}
