/** `retroplume bench`: the machine's limits, then workloads and single ops against their peers. */
import { rmSync } from 'node:fs';
import type { ProgramOptions } from '@retroplume/native';
import { makeTemporaryFolder } from '../files/disk';
import { ConfigError, expectOptions, expectSignal, InterruptedError, type OptionNames } from '../base/errors';
import { describeMachine, expectFastTorch, measurePeaks, type Machine, type Peaks } from './machine';
import { measureMemory, type MemoryComparison } from './memory';
import { benchOp, chooseCases, type OpComparison } from './ops/op-bench';
import { OP_CASES, type TimedCase } from './ops/op-cases';
import { benchStep, type StepComparison, type TorchPeers } from './step-bench';
import { loadTfjs, type TfjsRuntime } from './peers/tfjs-model';
import { TorchPeer, type TorchDescription } from './peers/torch-peer';
import { drawWeights } from './workloads/workload-step';
import { STEPS, WORKLOADS, type Step, type Workload } from './workloads/workloads';

export interface BenchOptions {
  /** Names of ops, kernels, or parts of a case's name; empty: no op if a workload is named, else all. */
  readonly ops: readonly string[];
  /** One workload (with `ops`: only their cases of its sizes); absent: *compact* and *authors*, if no op is named. */
  readonly workload?: string;
  /** Steps of the workloads; absent: all. Not with `ops`. */
  readonly steps?: readonly string[];
  readonly threads: number;
  readonly isa?: ProgramOptions['isa'];
  readonly rounds: number;
  /** An interpreter with PyTorch and NumPy; absent: only ours and ONNX Runtime are timed. */
  readonly python?: string;
  /** Whether torch.compile is a peer. */
  readonly compiles: boolean;
  /** Whether to measure peak memory where that is slow, too. Not with `ops`. */
  readonly memory: boolean;
  /** Called with what is under way. */
  readonly onText?: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Called before {@link runBench} throws for the signal, with what had been measured; `interrupted` says that it is not all. */
  readonly onInterrupted?: (soFar: BenchResult & { readonly interrupted: true }) => void;
}

const OPTIONS: OptionNames<BenchOptions> = {
  ops: true,
  workload: true,
  steps: true,
  threads: true,
  isa: true,
  rounds: true,
  python: true,
  compiles: true,
  memory: true,
  onText: true,
  signal: true,
  onInterrupted: true,
};

/** Times in seconds, memory in bytes. */
export interface WorkloadResult extends Readonly<Partial<Record<Step, StepComparison>>> {
  readonly memory?: MemoryComparison;
}

export interface BenchResult {
  readonly machine: Machine;
  readonly peak: Peaks;
  readonly workloads: Readonly<Record<string, WorkloadResult>>;
  /** By case and kernel. */
  readonly ops: Readonly<Record<string, OpComparison>>;
}

/** A result to which more is added. */
type Growing = Omit<BenchResult, 'workloads' | 'ops'> & { workloads: Record<string, GrowingWorkload>; ops: Record<string, OpComparison> };
type GrowingWorkload = { -readonly [Key in keyof WorkloadResult]: WorkloadResult[Key] };

/** The workloads of the speed that is stated; `demo` is timed when it is named. */
const STATED = ['compact', 'authors'];

/** What a step and an op need of a run. */
interface Session {
  readonly options: BenchOptions;
  readonly folder: string;
  readonly torch?: TorchPeers & { readonly description: TorchDescription };
  readonly tfjs?: TfjsRuntime;
}

/**
 * Checks and times what is asked for.
 *
 * @throws {ConfigError} for a workload, step or op that is unknown, settings of workloads beside ops, or a Python without a PyTorch that is worth
 *   comparing with
 * @throws {NumericalError} if ours and a peer differ
 * @throws {InterruptedError} if the signal is raised
 *
 * @example
 * const { ops } = await runBench({ ops: ['conv2d'], threads: 2, rounds: 5, compiles: false, memory: false });
 */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  expectOptions(options, 'runBench', OPTIONS);
  expectSignal(options.signal, 'runBench: signal');
  const workloads = chooseWorkloads(options);
  const steps = chooseSteps(options);
  const wanted = wantedCases(options);
  const peak = await measurePeaks(options.threads, options.isa);
  const folder = makeTemporaryFolder('retroplume-bench-');
  const started: TorchPeer[] = [];
  let soFar: Growing | undefined;
  try {
    const torch = options.python === undefined ? undefined : await startTorch(options.python, options, started);
    if (torch) expectFastTorch(options.python!, torch.description, peak);
    const session: Session = { options, folder, torch, tfjs: await loadTfjs() };
    const machine = describeMachine(options.threads, options.isa, { torch: torch?.description, tfjs: session.tfjs });
    soFar = { machine, peak, workloads: {}, ops: {} };
    for (const workload of workloads) await benchWorkload(workload, steps, session, (soFar.workloads[workload.name] = {}));
    for (const spec of wanted) {
      options.onText?.(spec.name);
      const { threads, isa, rounds, signal } = options;
      const kernels = await benchOp(spec, { threads, isa, rounds, folder, peer: torch?.tuned, tfjs: session.tfjs, signal });
      for (const [kernel, comparison] of kernels) soFar.ops[`${spec.name} ${kernel}`] = comparison;
    }
    return soFar;
  } catch (cause) {
    // Ctrl-C ends PyTorch's process too: whatever came of that is no failure of its own.
    if (!options.signal?.aborted) throw cause;
    const measured = soFar && [...Object.values(soFar.workloads), soFar.ops].some((results) => Object.keys(results).length > 0) ? soFar : undefined;
    if (measured) options.onInterrupted?.({ ...measured, interrupted: true });
    const remaining = measured && options.onInterrupted ? 'what had been measured until then is told' : 'nothing is left behind';
    throw new InterruptedError('INTERRUPTED', `bench: interrupted: ${remaining}`, { cause });
  } finally {
    for (const peer of started) await peer.stop();
    rmSync(folder, { recursive: true });
  }
}

function chooseWorkloads({ ops, workload }: BenchOptions): Workload[] {
  if (workload !== undefined && !WORKLOADS[workload]) {
    throw new ConfigError(
      'BENCH_UNKNOWN_WORKLOAD',
      `bench: expected one of the workloads ${Object.keys(WORKLOADS).join(', ')} but received "${workload}"`,
    );
  }
  if (ops.length > 0) return [];
  return (workload === undefined ? STATED : [workload]).map((name) => WORKLOADS[name]);
}

function chooseSteps({ steps = STEPS }: BenchOptions): Step[] {
  const unknown = steps.find((step) => !STEPS.some((knownStep) => knownStep === step));
  if (unknown === undefined) return STEPS.filter((step) => steps.includes(step));
  throw new ConfigError('BENCH_UNKNOWN_STEP', `bench: expected some of the steps ${STEPS.join(', ')} but received "${unknown}"`);
}

/** Whatever `ops` name; without ops and workload all. @throws {ConfigError} `BENCH_UNKNOWN_OP`, `BENCH_WORKLOADS_ONLY` */
function wantedCases({ ops, workload, steps, memory }: BenchOptions): TimedCase[] {
  if (ops.length === 0) return workload === undefined ? [...OP_CASES] : [];
  if (steps !== undefined || memory) {
    const idle = [...(steps !== undefined ? ['steps'] : []), ...(memory ? ['memory'] : [])].join(' and ');
    throw new ConfigError(
      'BENCH_WORKLOADS_ONLY',
      `bench: expected ${idle} with whole workloads only but received the op "${ops[0]}" too: leave one out`,
    );
  }
  return chooseCases(ops, workload);
}

/** @param started - is given each process as soon as it runs: the second may fail */
async function startTorch(
  python: string,
  { threads, compiles }: BenchOptions,
  started: TorchPeer[],
): Promise<TorchPeers & { description: TorchDescription }> {
  const { peer: tuned, description } = await TorchPeer.start({ python, threads, tuned: true, compiles });
  started.push(tuned);
  const { peer: untuned } = await TorchPeer.start({ python, threads, tuned: false, compiles: false });
  started.push(untuned);
  return { tuned, untuned, compiles: description.compiles !== null, description };
}

/** The memory of training a workload where that is asked for, first since it fails first; then its steps. Each goes into `result` once it is there. */
async function benchWorkload(
  workload: Workload,
  wanted: readonly Step[],
  { options, folder, torch, tfjs }: Session,
  result: GrowingWorkload,
): Promise<void> {
  const { threads, isa, rounds, onText, python, signal } = options;
  if (options.memory || (workload.memory.unasked && wanted.includes('train'))) {
    onText?.(`${workload.name}: peak memory of training at batch ${workload.memory.batch}`);
    result.memory = await measureMemory(workload, { threads, python, compiles: torch?.compiles ?? false, folder });
  }
  const weights = drawWeights(workload);
  for (const step of wanted) result[step] = await benchStep(workload, step, weights, { threads, isa, rounds, folder, torch, tfjs, onText, signal });
}
