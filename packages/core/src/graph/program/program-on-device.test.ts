/** Programs on a GPU, as far as that can be seen without one: the emulated device of the addon for the tests, and native errors that are made up. */
import type { ProgramOptions, ProgramSpec } from '@retroplume/native';
import { DeviceError } from '../../base/errors';
import { compile } from './compile';
import { executionOf } from './execution';
import { Graph } from '../definition/graph';
import { gradients } from '../gradients';
import { conv2d } from '../ops/convolution/conv2d';
import { loss } from '../ops/training/loss';
import { tanh } from '../ops/elementwise/unary';
import { adamUpdate } from '../ops/training/updates';
import { Profiler } from './profiler';

let refusal: { code: string; message: string } | undefined;
const opened: ProgramOptions[] = [];

jest.mock('@retroplume/native', () => {
  const native = jest.requireActual<typeof import('../testing/emulated-native')>('../testing/emulated-native').emulatedNative(
    () => 'retroplume_emulated',
    () => 0,
  );
  class ToldProgram extends native.NativeProgram {
    constructor(spec: ProgramSpec, options: ProgramOptions = {}) {
      opened.push(options);
      if (refusal) throw Object.assign(new Error(refusal.message), { code: refusal.code });
      super(spec, options);
    }
  }
  return { ...native, NativeProgram: ToldProgram };
});

beforeEach(() => {
  refusal = undefined;
  opened.length = 0;
});

function tanhProgram(options: Pick<ProgramOptions, 'device' | 'precision'> & { profiler?: Profiler }): ReturnType<typeof compile> {
  const g = new Graph();
  const out = tanh(g, tanh(g, g.input('x', [3, 5])));
  return compile(g, { outputs: { out }, ...executionOf({ threads: 1, ...options }) });
}

/** A network that learns, with a parameter of 3 × 3 × 8 × 16 numbers (4.5 KiB) and a batch of 64 fields. */
function learner(shrinkBy?: string): ReturnType<typeof compile> {
  const g = new Graph();
  const kernel = g.parameter('kernel', [3, 3, 8, 16], { init: 'constant', value: 0 });
  const out = conv2d(g, g.input('x', [64, 32, 32, 8]), kernel);
  const misfit = loss(g, out, g.input('y', out.shape.slice()), g.input('w', out.shape.slice()), { kind: 'l2', divisor: 1 });
  const [grad] = gradients(g, misfit, [kernel]);
  const update = adamUpdate(g, new Map([[kernel, grad]]), { learningRate: g.scalar('rate'), step: g.scalar('step'), l2: 0, clipNorm: 1 });
  return compile(g, { outputs: { misfit }, phases: { step: [misfit, update] }, device: 'cuda:1', shrinkBy });
}

function failure(body: () => unknown): DeviceError {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(DeviceError);
    return error as DeviceError;
  }
  throw new Error('nothing was thrown');
}

describe('a program on the emulated device', () => {
  const x = Float32Array.from({ length: 15 }, (_, i) => i / 7 - 1);

  it.each([undefined, new Profiler()])('computes what the processor does, profiled or not', async (profiler) => {
    const program = tanhProgram({ device: 'cuda:0', precision: 'tf32', profiler });
    expect(opened).toEqual([expect.objectContaining({ device: 'cuda:0', precision: 'tf32', threads: 1 })]);
    program.set('x', x);
    await program.run();
    program.get('out').forEach((value, i) => expect(value).toBeCloseTo(Math.tanh(Math.tanh(x[i])), 6));
    expect(profiler?.rows().find(({ op }) => op === 'unaryForward')?.calls ?? 2).toBe(2);
    program.dispose();
  });

  it('finds the layer that made a NaN', async () => {
    const program = tanhProgram({ device: 'cuda' });
    program.set(
      'x',
      x.map(() => NaN),
    );
    await expect(program.runChecked()).rejects.toMatchObject({ code: 'NUMERICAL_NOT_FINITE' });
    program.dispose();
  });
});

describe('what a device refuses', () => {
  it('for want of memory says how much was needed, what takes it and what to lower', () => {
    refusal = {
      code: 'DEVICE_OUT_OF_MEMORY',
      message: 'device cuda: expected 17 MiB of memory for a program but the GPU has 3 MiB free of 16384 MiB: use a smaller batch',
    };
    const error = failure(() => learner('training.batch'));
    expect(error.code).toBe('DEVICE_OUT_OF_MEMORY');
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(
      /^program: expected \d+ MiB on cuda:1 for its arena \(1 MiB for parameters, gradients and optimiser, \d+ MiB for the arrays of a batch\) but the GPU has 3 MiB free of 16384 MiB: lower training\.batch, or use --device cpu$/,
    );
    expect(error.cause).toMatchObject({ code: 'DEVICE_OUT_OF_MEMORY' });
    // The batch's input (8 channels), output, target and weight (16 each) are alive together.
    const [, arena] = /expected (\d+) MiB/.exec(error.message)!;
    expect(Number(arena)).toBeGreaterThanOrEqual(Math.floor((64 * 32 * 32 * (3 * 16 + 8) * 4) / 2 ** 20));
    expect(failure(() => learner()).message).toMatch(/lower the batch, or/);
  });

  it('keeps the words of CUDA where memory ran out elsewhere', () => {
    refusal = { code: 'DEVICE_OUT_OF_MEMORY', message: 'cuda_device.cu:26: cudaGraphInstantiate(…): out of memory' };
    expect(failure(() => learner()).message).toMatch(/but CUDA says "cuda_device\.cu:26: .*: out of memory": lower the batch/);
  });

  it('on the host for want of memory says what to lower', () => {
    refusal = { code: 'OUT_OF_MEMORY', message: 'program: expected 1989 MiB of memory but the system has not that much: use a smaller batch' };
    expect(failure(() => learner('training.batch'))).toMatchObject({
      code: 'OUT_OF_MEMORY',
      exitCode: 4,
      cause: { code: 'OUT_OF_MEMORY' },
      message: 'program: expected 1989 MiB of memory but the system has not that much: lower training.batch, or run it where more memory may be used',
    });
  });

  it.each(['DEVICE_CUDA_MISSING', 'DEVICE_OP_MISSING', 'CUDA_FAILED'])('with %s is a DeviceError with the sentence as it was', (code) => {
    refusal = { code, message: 'device cuda: expected one thing but another: do this' };
    expect(failure(() => learner())).toMatchObject(refusal);
  });

  it('is not confused with other errors', () => {
    refusal = { code: 'SPEC_INVALID', message: 'no spec' };
    expect(() => learner()).toThrow(expect.not.objectContaining({ exitCode: 4 }) as Error);
  });
});
