import { compile } from './compile';
import { Graph } from '../definition/graph';
import { gradients } from '../gradients';
import { conv2d } from '../ops/convolution/conv2d';
import { loss } from '../ops/training/loss';
import { OUTSIDE, Profiler } from './profiler';

const instruction = (op: string, seconds: number): Parameters<Profiler['record']>[2][number] => ({
  op,
  label: `the ${op}`,
  seconds,
  flops: 2e9,
  bytes: 1e9,
});

describe('the profile of made-up runs', () => {
  const profiler = new Profiler();
  profiler.record('forward', 1000, [instruction('conv', 0.5), instruction('copy', 0.25)]);
  profiler.record('backward', 2000, [instruction('conv', 0.25)]);
  // From 1000 ms to 2250 ms: 1 s in kernels.

  it('adds up the calls of a kernel, and says what is left between them', () => {
    expect(profiler.rows()).toEqual([
      { op: 'conv', calls: 2, seconds: 0.75, flops: 4e9, bytes: 2e9, share: 0.6 },
      { op: 'copy', calls: 1, seconds: 0.25, flops: 2e9, bytes: 1e9, share: 0.2 },
      { op: OUTSIDE, calls: 2, seconds: 0.25, flops: 0, bytes: 0, share: 0.2 },
    ]);
    expect(profiler.table().split('\n')[1]).toMatch(/^conv +2 +0\.750 +60\.0 % +5\.3 +2\.7$/);
  });

  it('places the calls of a run one after another in the trace', () => {
    const { traceEvents } = profiler.chromeTrace();
    expect(traceEvents.map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
      ['the conv', 1e6, 5e5],
      ['the copy', 1.5e6, 2.5e5],
      ['the conv', 2e6, 2.5e5],
    ]);
  });

  it('is empty where nothing ran', () => expect(new Profiler().rows()).toEqual([]));
});

it('sees every instruction of a program, whose results stay the same', async () => {
  const build = (profiler?: Profiler): ReturnType<typeof compile> => {
    const g = new Graph();
    const kernel = g.parameter('kernel', [3, 3, 2, 4], { init: 'constant', value: 0 });
    const out = conv2d(g, g.input('x', [1, 5, 6, 2]), kernel);
    const misfit = loss(g, out, g.input('y', [1, 5, 6, 4]), g.input('w', [1, 5, 6, 4]), { kind: 'l2', divisor: 1 });
    const [grad] = gradients(g, misfit, [kernel]);
    const program = compile(g, { outputs: { misfit, grad }, phases: { forward: [misfit], backward: [grad] }, threads: 1, profiler });
    program.setParameters(new Map([['kernel', Float32Array.from({ length: 72 }, (_, i) => Math.sin(i))]]));
    for (const [name, length] of [
      ['x', 60],
      ['y', 120],
      ['w', 120],
    ] as const)
      program.set(
        name,
        Float32Array.from({ length }, (_, i) => Math.cos(i)),
      );
    return program;
  };
  const profiler = new Profiler();
  const [plain, profiled] = [build(), build(profiler)];
  for (const program of [plain, profiled]) {
    await program.run('forward');
    await program.run('backward');
  }
  expect(profiled.get('grad')).toEqual(plain.get('grad'));
  const rows = profiler.rows();
  expect(rows.map(({ op }) => op)).toEqual(expect.arrayContaining(['conv2dForward', 'conv2dBackwardWeight', 'lossForward', 'lossBackward', OUTSIDE]));
  expect(rows.find(({ op }) => op === 'conv2dForward')!.flops).toBe(2 * 9 * 2 * 4 * 30);
  expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
  plain.dispose();
  profiled.dispose();
});
