/** Times single kernels against PyTorch's and, forward, those of ONNX Runtime and TensorFlow.js, by turns, after all have given the same answer. */
import { NativeProgram, type ProgramOptions, type ProgramSpec } from '@retroplume/native';
import { ConfigError } from '../../base/errors';
import { Random } from '../../base/random';
import { expectSame } from '../timing/agreement';
import { forwardPeers, type ModelPeer } from '../peers/model-peers';
import { OP_CASES, type TimedCase } from './op-cases';
import { forwardModelOf } from './op-forward-model';
import { compare, settle, worthAnother, type Comparison } from '../timing/rounds';
import type { TfjsRuntime } from '../peers/tfjs-model';
import { readPeerArray, writeArrays, type TorchPeer } from '../peers/torch-peer';

/** Relative error against PyTorch's that still counts as the same answer: both sum thousands of floats. */
const TOLERANCE = 2e-4;

/** Arrays begin at multiples of a cache line. */
const ALIGNMENT = 16;

/** A kernel's times, and what it does in a second of ours: 1e9 floating-point operations, and at least 1e9 bytes of memory traffic. */
export interface OpComparison extends Comparison {
  readonly gflops: number;
  readonly gbytes: number;
}

/**
 * The cases that are asked for.
 *
 * @param wanted - names of ops (`conv2d`, `lstm`), of kernels (`conv2dForward`) or parts of a case's name (`compact conv3x3`)
 * @param workload - only those of its sizes
 * @throws {ConfigError} `BENCH_UNKNOWN_OP` if nothing is called so, or nothing of these sizes
 */
export function chooseCases(wanted: readonly string[], workload?: string): TimedCase[] {
  const matches = (spec: TimedCase, name: string): boolean =>
    name !== '' && (spec.kind === name || spec.name.includes(name) || spec.calls.some(({ op }) => op === name));
  const ofWorkload = (spec: TimedCase): boolean => workload === undefined || spec.name.startsWith(`${workload} `);
  for (const name of wanted) {
    const named = OP_CASES.filter((spec) => matches(spec, name));
    if (named.some(ofWorkload)) continue;
    if (named.length > 0)
      throw new ConfigError('BENCH_UNKNOWN_OP', `bench: expected an op that has sizes of ${workload} but received "${name}": leave the workload out`);
    const knownKinds = [...new Set(OP_CASES.map((spec) => spec.kind))].join(', ');
    throw new ConfigError('BENCH_UNKNOWN_OP', `bench: expected an op (${knownKinds}), a kernel or a part of a case's name but received "${name}"`);
  }
  return OP_CASES.filter((spec) => ofWorkload(spec) && wanted.some((name) => matches(spec, name)));
}

interface Placed {
  readonly program: NativeProgram;
  readonly offsets: Readonly<Record<string, number>>;
}

/** Every array of a case in one arena, and the calls of its kernels there. */
export function placeCase(spec: TimedCase): { spec: ProgramSpec; offsets: Readonly<Record<string, number>> } {
  const offsets: Record<string, number> = {};
  let end = ALIGNMENT;
  for (const [name, { length }] of Object.entries(spec.arrays)) {
    offsets[name] = end;
    end += Math.ceil(length / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
  }
  const operand = (text: string): [string, number] => {
    const [array, name = array] = text.split(':');
    return [name, offsets[array]];
  };
  const instructions = spec.calls.map(({ op, operands, params }) => ({ op, operands: Object.fromEntries(operands.map(operand)), params }));
  return { spec: { arenaElements: end, instructions, phases: {} }, offsets };
}

function place(opCase: TimedCase, options: ProgramOptions): Placed {
  const { spec, offsets } = placeCase(opCase);
  return { program: new NativeProgram(spec, options), offsets };
}

/** Random inputs of a case, by name. */
function drawArrays(spec: TimedCase): [string, Float32Array][] {
  const random = new Random(1).fork(spec.name);
  return Object.entries(spec.arrays)
    .filter(([, array]) => array.draw)
    .map(([name, { length, scale = 1 }]) => {
      const stream = random.fork(name);
      return [name, Float32Array.from({ length }, () => scale * (2 * stream.uniform() - 1))];
    });
}

/** Scalars that an optimiser reads. */
function setScalars({ program, offsets }: Placed): void {
  if (offsets.step !== undefined) program.fill(offsets.step, 1, 1);
  if (offsets.learningRate !== undefined) program.fill(offsets.learningRate, 1, 1e-3);
}

interface OpBenchOptions extends ProgramOptions {
  readonly rounds: number;
  /** A folder of its own, through which arrays reach the peer. */
  readonly folder: string;
  readonly peer?: TorchPeer;
  readonly tfjs?: TfjsRuntime;
  readonly signal?: AbortSignal;
}

/**
 * Times the kernels of one case.
 *
 * @returns by kernel
 * @throws {NumericalError} if ours and a peer differ
 */
export async function benchOp(
  spec: TimedCase,
  { rounds, folder, peer, tfjs, signal, ...options }: OpBenchOptions,
): Promise<Map<string, OpComparison>> {
  const placed = place(spec, options);
  const arrays = drawArrays(spec);
  const model = forwardModelOf(spec, new Map(arrays));
  const modelPeers = model ? await forwardPeers(model, options.threads, tfjs) : [];
  try {
    for (const [name, data] of arrays) placed.program.write(placed.offsets[name], data);
    setScalars(placed);
    if (peer) {
      writeArrays(folder, arrays);
      await peer.ask({ op: spec, folder });
    }
    return await timeKernels(spec, placed, { rounds, folder, peer, modelPeers, signal });
  } finally {
    for (const modelPeer of modelPeers) await modelPeer.dispose();
    placed.program.dispose();
  }
}

/** Seconds of a contestant's rounds, by kernel. */
type Seconds = Record<string, number[]>;

/**
 * One contestant's turn. Its first run does not count: it would be timed how the threads wake and how the caches lose what the others left there, which
 * takes as long as a small kernel, while in a step the threads are awake.
 */
async function turn<T>(run: () => Promise<T>): Promise<T> {
  await settle();
  await run();
  return run();
}

type Turns = Pick<OpBenchOptions, 'rounds' | 'folder' | 'peer' | 'signal'> & { readonly modelPeers: readonly ModelPeer[] };

async function timeKernels(spec: TimedCase, placed: Placed, { rounds, folder, peer, modelPeers, signal }: Turns): Promise<Map<string, OpComparison>> {
  const noSeconds = (): Seconds => Object.fromEntries(spec.calls.map(({ op }) => [op, []]));
  const coreSeconds = noSeconds();
  const peerSeconds = new Map<string, Seconds>();
  const add = (variant: string, kernel: string, seconds: number): void => {
    if (!peerSeconds.has(variant)) peerSeconds.set(variant, noSeconds());
    peerSeconds.get(variant)![kernel].push(seconds);
  };
  /** The first kernel of a case is its forward pass. */
  const forward = spec.calls[0].op;
  let profile = await placed.program.profile();
  for (let round = 0; round < rounds; round++) {
    signal?.throwIfAborted();
    profile = await turn(() => placed.program.profile());
    for (const { op, seconds } of profile) coreSeconds[op].push(seconds);
    const torch = peer ? (await turn(() => peer.ask({ run: null }))).seconds : {};
    for (const [variant, kernels] of Object.entries(torch as Record<string, Record<string, number>>)) {
      for (const [op, seconds] of Object.entries(kernels)) add(variant, op, seconds);
    }
    for (const { name, run } of modelPeers) {
      if (worthAnother(coreSeconds[forward], peerSeconds.get(name)?.[forward] ?? [])) add(name, forward, await turn(run));
    }
    if (round > 0) continue;
    if (peer) await checkAnswers(spec, placed, folder, peer);
    checkForward(spec, placed, modelPeers);
  }
  const peersOf = (op: string): Seconds =>
    Object.fromEntries(
      [...peerSeconds].map(([variant, seconds]): [string, number[]] => [variant, seconds[op]]).filter(([, seconds]) => seconds.length > 0),
    );
  return new Map(
    profile.map(({ op, flops, bytes }) => {
      const comparison = compare(coreSeconds[op], peersOf(op));
      return [op, { ...comparison, gflops: flops / comparison.ours.median / 1e9, gbytes: bytes / comparison.ours.median / 1e9 }];
    }),
  );
}

function checkForward(spec: TimedCase, { program, offsets }: Placed, modelPeers: readonly ModelPeer[]): void {
  for (const peer of modelPeers) {
    const coreOutput = program.read(offsets.output, spec.arrays.output.length) as Float32Array;
    expectSame(`${spec.name}, ${peer.name}: output`, coreOutput, peer.output('out'), TOLERANCE);
  }
}

async function checkAnswers(spec: TimedCase, { program, offsets }: Placed, folder: string, peer: TorchPeer): Promise<void> {
  await peer.ask({ results: spec.check });
  for (const name of spec.check) {
    const coreGradient = program.read(offsets[name], spec.arrays[name].length) as Float32Array;
    expectSame(`${spec.name}: ${name}`, coreGradient, readPeerArray(folder, name), TOLERANCE);
  }
}
