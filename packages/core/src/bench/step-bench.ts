/** Times one step of a workload against PyTorch in its variants, ONNX Runtime and TensorFlow.js, by turns, after all have given the same answer. */
import type { ProgramOptions } from '@retroplume/native';
import type { Field } from '../graph/onnx/onnx-model';
import type { Program } from '../graph';
import { expectSame, norm } from './timing/agreement';
import { profileKernels, type KernelShare } from './timing/kernel-profile';
import { onnxPeer, tfjsPeer, type ModelPeer } from './peers/model-peers';
import { compare, takeTurns, wallSeconds, type Comparison, type Contestant } from './timing/rounds';
import type { TfjsRuntime } from './peers/tfjs-model';
import { readPeerArray, writeArrays, type TorchPeer } from './peers/torch-peer';
import {
  drawInputs,
  exportedStep,
  gradientOf,
  inferOutput,
  inputShapes,
  LEARNING_RATE,
  stepProgram,
  weightShapes,
  type Arrays,
} from './workloads/workload-step';
import type { Step, Workload } from './workloads/workloads';

/**
 * Relative error against a peer's that still counts as the same answer. Gradients are ill-conditioned: where rounding moves an activation over a kink
 * (P-ReLU, max-pooling, the sign of the misfit), that cell's share changes. PyTorch's own two layouts differ by 2e-2 in training, ours from the better
 * one by 3e-3; on a few cells, where kinks are rare, all agree to 1e-4 (step-bench.slow.test.ts).
 */
const TOLERANCE: Tolerance = { forward: 1e-3, gradient: 5e-2 };

/** Relative errors that count as the same answer, of outputs and loss and of gradients. */
interface Tolerance {
  readonly forward: number;
  readonly gradient: number;
}

/** Rounds of the profile, of which the least of every kernel counts. */
const PROFILE_ROUNDS = 5;

/** The engines that an inversion can run on, `inversion.engine` of the case. */
export interface EngineComparison {
  /** Median of ONNX Runtime over that of the native program: above 1 native is faster. */
  readonly onnxToNative: number;
  /** Median of ONNX Runtime over that of the fastest PyTorch. Absent without PyTorch. */
  readonly onnxToTorch?: number;
}

export interface StepComparison extends Comparison {
  readonly batch: number;
  /** Absent for training, which ONNX Runtime does not do. */
  readonly engines?: EngineComparison;
  /** Bytes of our program's arena. */
  readonly arenaBytes: number;
  /** Our step by kernel, the slowest first. */
  readonly kernels: readonly KernelShare[];
}

/** The PyTorch processes of a run. */
export interface TorchPeers {
  readonly tuned: TorchPeer;
  /** As a user finds it: no malloc settings, eager, default layout. */
  readonly untuned: TorchPeer;
  /** Whether torch.compile counts. */
  readonly compiles: boolean;
}

interface StepBenchOptions extends ProgramOptions {
  readonly rounds: number;
  /** A folder of its own, through which arrays reach the peers. */
  readonly folder: string;
  readonly torch?: TorchPeers;
  readonly tfjs?: TfjsRuntime;
  readonly tolerance?: Tolerance;
  /** Called with what is under way. */
  readonly onText?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** What the functions below share. */
interface Bench {
  readonly workload: Workload;
  readonly step: Step;
  readonly weights: Arrays;
  readonly inputs: Arrays;
  readonly options: StepBenchOptions;
}

const EAGER_VARIANTS = ['eager', 'channels-last'];
const COMPILED_VARIANTS = ['compiled', 'compiled-lstm'];

const variantsOf = ({ compiles }: TorchPeers): string[] => [...EAGER_VARIANTS, ...(compiles ? COMPILED_VARIANTS : [])];

/**
 * Checks and times a step.
 *
 * @param weights - as from `drawWeights`
 * @throws {NumericalError} if ours and a peer differ
 */
export async function benchStep(workload: Workload, step: Step, weights: Arrays, options: StepBenchOptions): Promise<StepComparison> {
  const bench: Bench = { workload, step, weights, inputs: drawInputs(workload, step, workload.batch[step]), options };
  const peerModels = await modelPeers(bench);
  const program = programOf(bench, workload);
  try {
    if (options.torch) await prepareTorch(bench, options.torch);
    await checkAnswers(bench, program, peerModels);
    await program.run('step');
    const peers: Record<string, Contestant> = options.torch ? torchContestants(options.torch) : {};
    for (const { name, run } of peerModels) peers[name] = run;
    options.onText?.(
      `${workload.name} ${step}: ${options.rounds} ${options.rounds === 1 ? 'round' : 'rounds'} of ${['retroplume', ...Object.keys(peers)].join(', ')}`,
    );
    const { ours: coreSeconds, ...peerSeconds } = await takeTurns(
      { ours: () => wallSeconds(() => program.run('step')), ...peers },
      options.rounds,
      options.signal,
    );
    const kernels = await profileKernels(program, 'step', PROFILE_ROUNDS);
    const comparison = compare(coreSeconds, peerSeconds);
    return { batch: workload.batch[step], ...comparison, engines: enginesOf(comparison), arenaBytes: program.arenaBytes, kernels };
  } finally {
    program.dispose();
    for (const peer of peerModels) await peer.dispose();
  }
}

function enginesOf({ peers: { onnxruntime, ...otherPeers } }: Comparison): EngineComparison | undefined {
  if (!onnxruntime) return undefined;
  const torch = Object.entries(otherPeers).flatMap(([name, { median }]) => (name.startsWith('torch-') ? [median] : []));
  return { onnxToNative: onnxruntime.ratio, ...(torch.length > 0 && { onnxToTorch: onnxruntime.median / Math.min(...torch) }) };
}

function programOf({ step, weights, inputs, options }: Bench, workload: Workload): Program {
  const { isa, threads } = options;
  return stepProgram(workload, step, workload.batch[step], weights, inputs, { isa, threads });
}

/** Who runs the frozen step as a model. */
async function modelPeers({ workload, step, weights, inputs, options }: Bench): Promise<ModelPeer[]> {
  if (step === 'train') return [];
  const shapes = Object.entries(inputShapes(workload, step, workload.batch[step]));
  const fields = shapes.map(([name, shape]): [string, Field] => [name, { data: inputs.get(name)!, shape }]);
  const model = { weights, inputs: Object.fromEntries(fields) };
  const onnx = await onnxPeer({ ...model, ...exportedStep(workload, step) }, options.threads);
  if (step !== 'infer' || !options.tfjs) return [onnx];
  return [onnx, tfjsPeer({ ...model, outputs: { out: inferOutput(workload) } }, options.tfjs)];
}

async function prepareTorch({ workload, step, weights, inputs, options }: Bench, torch: TorchPeers): Promise<void> {
  const { folder, onText } = options;
  writeArrays(folder, weights);
  writeArrays(folder, inputs);
  const shapes = { weights: weightShapes(workload), inputs: inputShapes(workload, step, workload.batch[step]) };
  const message = { step, workload, shapes, learningRate: LEARNING_RATE, folder };
  onText?.(`${workload.name} ${step}: PyTorch makes ready${torch.compiles ? ' (torch.compile takes minutes the first time)' : ''}`);
  await torch.tuned.ask({ ...message, variants: variantsOf(torch) });
  await torch.untuned.ask({ ...message, variants: ['eager'] });
}

function torchContestants(torch: TorchPeers): Record<string, Contestant> {
  const run = (peer: TorchPeer, variant: string) => async () => (await peer.ask({ run: variant })).seconds as number;
  const tuned = variantsOf(torch).map((variant) => [`torch-${variant}`, run(torch.tuned, variant)] as const);
  return { ...Object.fromEntries(tuned), 'torch-untuned': run(torch.untuned, 'eager') };
}

/** Without dropout, whose random numbers differ: a training program of its own is made for that. */
async function checkAnswers(bench: Bench, timed: Program, peerModels: readonly ModelPeer[]): Promise<void> {
  const { workload, step, weights, options } = bench;
  const { tolerance = TOLERANCE } = options;
  if (!options.torch && peerModels.length === 0) return;
  const hasDropout = step === 'train' && workload.network.dropout > 0;
  const program = hasDropout ? programOf(bench, { ...workload, network: { ...workload.network, dropout: 0 } }) : timed;
  await program.run('step');
  const arrays = step === 'train' ? [...weights.keys()].filter((name) => program.has(gradientOf(name))) : ['emissions', 'tracers'];
  const names = ['out', 'misfit', ...arrays.map(gradientOf)].filter((name) => program.has(name));
  for (const variant of options.torch ? variantsOf(options.torch) : []) {
    await options.torch!.tuned.ask({ results: names, variant });
    const peerArrays = new Map(names.map((name) => [name, readPeerArray(options.folder, name)]));
    for (const name of names) expectSameArray(`${workload.name} ${step}, torch-${variant}: ${name}`, name, program.get(name), peerArrays, tolerance);
  }
  for (const peer of peerModels) {
    const peerArrays = new Map(names.map((name) => [name, peer.output(name)]));
    for (const name of names) expectSameArray(`${workload.name} ${step}, ${peer.name}: ${name}`, name, program.get(name), peerArrays, tolerance);
  }
  if (hasDropout) program.dispose();
}

/** A bias before a batch norm has no gradient but rounding: it is measured against the weight's beside it. */
function expectSameArray(
  subject: string,
  name: string,
  coreValues: Float32Array,
  peerArrays: ReadonlyMap<string, Float32Array>,
  tolerance: Tolerance,
): void {
  const weight = peerArrays.get(name.replace(/\.bias$/, '.weight')) ?? new Float32Array(0);
  const allowed = name === 'out' || name === 'misfit' ? tolerance.forward : tolerance.gradient;
  expectSame(subject, coreValues, peerArrays.get(name)!, allowed, Math.max(norm(peerArrays.get(name)!), norm(weight)));
}
