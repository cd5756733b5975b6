import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuFeatures, kernelNames, NativeProgram, type Instruction, type ProgramOptions, measurePeak } from './kernels';
import { AddonError, loadAddon } from './load-addon';

const scale = (changes: Partial<Instruction> = {}): Instruction => ({
  op: 'scale',
  operands: { input: 0, output: 16 },
  params: { elements: 3, alpha: 2 },
  label: 'twice',
  ...changes,
});
const make = (instructions: Instruction[], options?: ProgramOptions, phases: Record<string, [number, number]> = {}): NativeProgram =>
  new NativeProgram({ arenaElements: 64, instructions, phases }, options);

/** The `code` of the error that `body` throws. */
function codeOf(body: () => unknown): string | undefined {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return (error as Error & { code?: string }).code;
  }
  return undefined;
}

test('a program computes, by promise and at once, in either precision', async () => {
  for (const dtype of ['float32', 'float64'] as const) {
    const program = make([scale()], { dtype });
    expect([...program.read(0, 64)]).toEqual(new Array(64).fill(0));
    program.write(0, Float64Array.of(0.1, 2, 3));
    await program.run();
    const result = program.read(16, 3);
    expect(result).toBeInstanceOf(dtype === 'float32' ? Float32Array : Float64Array);
    expect(result[0]).toBe(dtype === 'float32' ? Math.fround(0.2) : 0.2);
    program.fill(0, 3, 5);
    program.runSync();
    expect([...program.read(16, 3)]).toEqual([10, 10, 10]);
    const [Own, Other] = dtype === 'float32' ? [Float32Array, Float64Array] : [Float64Array, Float32Array];
    const memory = new Own(5).fill(-1);
    const into = memory.subarray(1, 4);
    expect(program.read(16, 3, into)).toBe(into);
    expect([...memory]).toEqual([-1, 10, 10, 10, -1]);
    for (const wrong of [memory, new Other(3)])
      expect(() => program.read(16, 3, wrong)).toThrow(/program\.read: expected an array of 3 elements in the program's precision/);
    program.dispose();
  }
});

test('runs queue in order, and phases run their part alone', async () => {
  const program = make(
    [scale({ operands: { input: 0, output: 0 } }), scale({ op: 'fill', operands: { output: 0 }, params: { elements: 1, value: 7 } })],
    {},
    {
      double: [0, 1],
      seven: [1, 2],
    },
  );
  program.write(0, Float32Array.of(1));
  await Promise.all([program.run('double'), program.run('double')]);
  expect(program.read(0, 1)[0]).toBe(4);
  const runs = [program.run('double'), program.run('seven'), program.run('double')];
  await Promise.all(runs);
  expect(program.read(0, 1)[0]).toBe(14);
  program.dispose();
});

test.each<[string, Instruction]>([
  ['OP_UNKNOWN', scale({ op: 'scail' })],
  ['OPERAND_MISSING', scale({ operands: { input: 0 } })],
  ['OPERAND_UNKNOWN', scale({ operands: { input: 0, output: 16, ouput: 16 } })],
  ['OPERAND_OUT_OF_ARENA', scale({ operands: { input: 0, output: 62 } })],
  ['OPERAND_OUT_OF_ARENA', scale({ operands: { input: -1, output: 16 } })],
  ['OPERAND_OUT_OF_ARENA', scale({ operands: { input: 0.5, output: 16 } })],
  ['OPERAND_OUT_OF_ARENA', scale({ operands: { input: NaN, output: 16 } })],
  ['PARAM_MISSING', scale({ params: { elements: 3 } })],
  ['PARAM_UNKNOWN', scale({ params: { elements: 3, alpha: 2, beta: 1 } })],
  ['PARAM_INVALID', scale({ params: { elements: 0, alpha: 2 } })],
  ['PARAM_INVALID', scale({ params: { elements: 2.5, alpha: 2 } })],
  ['PARAM_INVALID', scale({ params: { elements: 3, alpha: NaN } })],
  ['PARAM_INVALID', scale({ params: { elements: 2 ** 31, alpha: 2 } })],
  ['PARAM_INVALID', { op: 'binary', operands: { a: 0, b: 16, output: 32 }, params: { elements: 3, kind: 3 } }],
  [
    'PARAM_INVALID',
    {
      op: 'upconv2x2Forward',
      operands: { input: 0, weight: 16, output: 32 },
      params: { batch: 1, height: 1, width: 1, inChannels: 1, outChannels: 2, outputStride: 1 },
    },
  ],
  ['PARAM_INVALID', { op: 'conv2dForward', operands: {}, params: { batch: 1, height: 1, width: 1, inChannels: 1, outChannels: 1, kernel: 2 } }],
  ['OPERAND_OUT_OF_ARENA', { op: 'maxpool2x2Forward', operands: { input: 0 }, params: { batch: 2e9, height: 2e9, width: 2e9, channels: 2e9 } }],
  [
    'OPERAND_OUT_OF_ARENA', // their product is 4 in 64 bits, and that of the output's sizes 1
    {
      op: 'maxpool2x2Forward',
      operands: { input: 0, output: 16 },
      params: { batch: 1475261437, height: 2 * 874284083, width: 2 * 716987479, channels: 1 },
    },
  ],
  [
    'OPERAND_OUT_OF_ARENA',
    { op: 'lstmForward', operands: { input: 0 }, params: { batch: 2e9, steps: 2e9, cells: 2e9, inChannels: 2e9, hidden: 2e9, allStates: 1 } },
  ],
  ['SPEC_INVALID', { op: 'scale' } as unknown as Instruction],
])('a bad instruction is refused: %s', (code, instruction) => {
  expect(codeOf(() => make([instruction]))).toBe(code);
});

test('an error names the instruction, its label, what was expected and what was received', () => {
  expect(() => make([scale(), scale({ operands: { input: 0, output: 62 } })])).toThrow(
    'instruction 1 scale (twice): expected operand "output" within the arena of 64 elements but received offset 62 and length 3',
  );
});

test('bad options, phases and ranges are refused', () => {
  expect(codeOf(() => make([], { isa: 'sse9' as 'avx2' }))).toBe('ISA_UNKNOWN');
  expect(codeOf(() => make([], { threads: 0 }))).toBe('OPTION_INVALID');
  expect(codeOf(() => make([], { dtype: 'half' as 'float32' }))).toBe('OPTION_INVALID');
  expect(codeOf(() => make([], { kernels: 'slow' as 'fast' }))).toBe('OPTION_INVALID');
  for (const arenaElements of [-1, 2 ** 50 + 1]) {
    expect(codeOf(() => new NativeProgram({ arenaElements, instructions: [], phases: {} }))).toBe('ARENA_INVALID');
  }
  const odd: [number, number][] = [[-1, 1], [1, 0], [0, 2]]; // prettier-ignore
  for (const all of odd) expect(codeOf(() => make([scale()], {}, { all }))).toBe('PHASE_INVALID');
  for (const arenaElements of [NaN, 1e300, 0.5])
    expect(codeOf(() => new NativeProgram({ arenaElements, instructions: [], phases: {} }))).toBe('SPEC_INVALID');
  expect(codeOf(() => make([scale()], {}, { all: [0, NaN] }))).toBe('SPEC_INVALID');
  const program = make([scale()]);
  expect(codeOf(() => program.runSync('forward'))).toBe('PHASE_UNKNOWN');
  expect(codeOf(() => program.read(60, 5))).toBe('RANGE_OUT_OF_ARENA');
  expect(codeOf(() => program.write(-1, new Float32Array(1)))).toBe('RANGE_OUT_OF_ARENA');
  expect(codeOf(() => program.fill(0, 65, 1))).toBe('RANGE_OUT_OF_ARENA');
  expect(codeOf(() => program.write(0, new Int32Array(1) as unknown as Float32Array))).toBe('ARGUMENT_INVALID');
  expect(codeOf(() => program.readAt(60, 5, Int32Array.of(0)))).toBe('RANGE_OUT_OF_ARENA');
  for (const places of [[1, 1], [2, 0], [-1], [4]]) expect(codeOf(() => program.readAt(0, 4, Int32Array.from(places)))).toBe('PLACES_INVALID');
  expect(codeOf(() => program.writeAt(0, 4, Int32Array.of(4), Float32Array.of(1)))).toBe('PLACES_INVALID');
  expect(() => program.readAt(0, 4, Int32Array.of(0, 7))).toThrow('expected places that ascend from 0 to less than 4 but received 7 at 1');
  expect(codeOf(() => program.readAt(0, 4, [0] as unknown as Int32Array))).toBe('ARGUMENT_INVALID');
  for (const values of [Float32Array.of(1, 2), Float64Array.of(1)])
    expect(codeOf(() => program.writeAt(0, 4, Int32Array.of(0), values))).toBe('ARGUMENT_INVALID');
  program.dispose();
});

test.each(['float32', 'float64'] as const)('some elements of a range are read, and written among zeros: %s', (dtype) => {
  const program = make([], { dtype });
  const numbers = (...values: number[]): Float32Array | Float64Array => (dtype === 'float32' ? Float32Array : Float64Array).of(...values);
  program.write(0, numbers(...Array.from({ length: 64 }, (_, i) => i + 0.5)));
  expect(program.readAt(8, 10, Int32Array.of(0, 3, 9))).toEqual(numbers(8.5, 11.5, 17.5));
  expect(program.readAt(8, 10, new Int32Array())).toEqual(numbers());
  program.writeAt(8, 6, Int32Array.of(1, 5), numbers(-1, -2));
  expect(program.read(7, 8)).toEqual(numbers(7.5, 0, -1, 0, 0, 0, -2, 14.5));
  program.writeAt(8, 2, new Int32Array(), numbers());
  expect(program.read(7, 4)).toEqual(numbers(7.5, 0, 0, 0));
  program.dispose();
});

test('memory that the system has not got is an error, not a crash', () => {
  expect(codeOf(() => new NativeProgram({ arenaElements: 2 ** 50, instructions: [], phases: {} }))).toBe('OUT_OF_MEMORY');
});

test('the arena cannot be touched while a run is under way, and a disposed program lets it finish', async () => {
  const program = make([scale()]);
  const run = program.run();
  expect(codeOf(() => program.read(0, 1))).toBe('PROGRAM_BUSY');
  expect(codeOf(() => program.write(0, new Float32Array(1)))).toBe('PROGRAM_BUSY');
  program.dispose();
  program.dispose();
  await expect(run).resolves.toBeUndefined();
  expect(codeOf(() => program.read(0, 1))).toBe('PROGRAM_DISPOSED');
  expect(codeOf(() => program.run())).toBe('PROGRAM_DISPOSED');
  expect(codeOf(() => program.runSync())).toBe('PROGRAM_DISPOSED');
});

test('dispose gives the memory back', () => {
  const elements = 16 * 1024 * 1024; // 64 MiB, touched by the zeroing
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 20; i++) new NativeProgram({ arenaElements: elements, instructions: [], phases: {} }).dispose();
  expect(process.memoryUsage().rss - before).toBeLessThan(4 * elements * 4);
});

test('a worker and a process that end in the middle of a run do so at once and in order', () => {
  const addon = join(__dirname, '..', 'build', 'Release', 'retroplume.node');
  const script = `
    const { Worker, isMainThread } = require('node:worker_threads');
    const { Program } = require(${JSON.stringify(addon)});
    const call = { op: 'scale', operands: { input: 0, output: 0 }, params: { elements: 4e6, alpha: 1 } };
    const program = new Program({ arenaElements: 4e6, instructions: Array(20000).fill(call), phases: {} });
    program.run(); // about a minute
    program.run();
    if (isMainThread) new Worker(process.env.SCRIPT, { eval: true }).on('exit', () => { console.log('worker ended'); process.exit(0); });
    else setTimeout(() => process.exit(0), 50);`;
  const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 30000, env: { ...process.env, SCRIPT: script } });
  expect(output).toBe('worker ended\n');
});

test('a worker that is terminated inside of a call ends alone: no error can be thrown in it, and it must not end the process', () => {
  const script = `
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    const { Program } = require(${JSON.stringify(join(__dirname, '..', 'build', 'Release', 'retroplume.node'))});
    const call = { op: 'scale', operands: { input: 0, output: 0 }, params: { elements: 16, alpha: 1 } };
    const calls = () => {
      parentPort.postMessage('begun');
      for (;;) new Program({ arenaElements: 16, instructions: [call, call, call], phases: {} }).dispose();
    };
    const endOne = async () => {
      const worker = new Worker(process.env.SCRIPT, { eval: true });
      await new Promise((begun) => worker.once('message', begun));
      await worker.terminate();
    };
    if (isMainThread) (async () => { for (let i = 0; i < 20; i++) await endOne(); console.log('all ended'); })();
    else calls();`;
  const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 60000, env: { ...process.env, SCRIPT: script } });
  expect(output).toBe('all ended\n');
});

test('runChecked names the first operand that is not finite', async () => {
  const program = make([
    scale({ label: 'fine', operands: { input: 32, output: 48 } }),
    scale(),
    scale({ label: 'later', operands: { input: 16, output: 16 } }),
  ]);
  await expect(program.runChecked()).resolves.toBeUndefined();
  program.write(0, Float32Array.of(1, Infinity, 1));
  await expect(program.runChecked()).resolves.toEqual({ instruction: 1, label: 'twice', operand: 'output' });
  program.dispose();
});

test('runChecked looks at rows that lie apart, at what lies between them not, and at what is changed in place', async () => {
  // Four cells of two channels, three apart.
  const params = { batch: 1, height: 1, width: 1, inChannels: 1, outChannels: 2, outputStride: 3 };
  const rows: Instruction = { op: 'upconv2x2Forward', label: 'rows', operands: { input: 0, weight: 8, output: 16 }, params };
  const clip: Instruction = { op: 'clipNorm', label: 'clip', operands: { gradient: 40 }, params: { elements: 2, maxNorm: 1 } };
  const program = make([rows, clip]);
  program.fill(16, 12, NaN);
  await expect(program.runChecked()).resolves.toBeUndefined();
  program.write(40, Float32Array.of(NaN, 1));
  await expect(program.runChecked()).resolves.toEqual({ instruction: 1, label: 'clip', operand: 'gradient' });
  program.write(0, Float32Array.of(1));
  program.write(15, Float32Array.of(Infinity)); // the weight of the last cell's last channel
  await expect(program.runChecked()).resolves.toEqual({ instruction: 0, label: 'rows', operand: 'output' });
  program.dispose();
});

test('runChecked looks at what an instruction writes only where it is asked to', async () => {
  const params = { batch: 1, steps: 2, pixels: 1, channels: 2 };
  const program = make([{ op: 'multiplyStepsBackward', label: 'back', operands: { gradOutput: 0, factors: 8, gradInput: 16 }, params }]);
  await expect(program.runChecked()).resolves.toBeUndefined();
  program.write(3, Float32Array.of(NaN));
  await expect(program.runChecked()).resolves.toEqual({ instruction: 0, label: 'back', operand: 'gradInput' });
  program.dispose();
});

test('profile gives a time, operations and bytes for every instruction', async () => {
  const elements = 1e6;
  const program = new NativeProgram({
    arenaElements: 2e6,
    instructions: [
      { op: 'scale', operands: { input: 0, output: 1e6 }, params: { elements, alpha: 2 }, label: 'long' },
      { op: 'scale', operands: { input: 0, output: 16 }, params: { elements: 1, alpha: 2 }, label: 'short' },
    ],
    phases: {},
  });
  await program.run();
  const seconds = { long: Infinity, short: Infinity };
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    const [long, short] = await program.profile();
    const wall = (performance.now() - started) / 1e3;
    expect(long).toMatchObject({ op: 'scale', label: 'long', flops: elements, bytes: 8 * elements });
    expect(short.label).toBe('short');
    expect(long.seconds + short.seconds).toBeLessThan(wall);
    seconds.long = Math.min(seconds.long, long.seconds);
    seconds.short = Math.min(seconds.short, short.seconds);
  }
  // 8 MB take far more than one element; the best of five, since another process may hold the core during one.
  expect(seconds.long).toBeGreaterThan(seconds.short);
  program.dispose();
});

test('the kernels and the processor can be listed', () => {
  const list = readFileSync(join(__dirname, 'ops/kernel_list.h'), 'utf8');
  const listed = [...list.matchAll(/^KERNEL\((\w+),/gm)].map(([, name]) => name);
  expect(listed).toContain('conv2dForward');
  expect(kernelNames()).toEqual([...listed, 'allReduce'].sort());
  expect(['baseline', 'avx2', 'avx512', 'amx']).toContain(cpuFeatures().isa);
  expect(cpuFeatures().threads).toBeGreaterThan(0);
});

test('an addon that is not built says how to build it', () => {
  expect(() => loadAddon('absent')).toThrow(AddonError);
  expect(() => loadAddon('absent')).toThrow(/npm run setup/);
});

test('the machine does some work, and no more than any processor of today', async () => {
  const peak = await measurePeak(1);
  expect(peak.gflops).toBeGreaterThan(1);
  expect(peak.gflops).toBeLessThan(1000);
  expect(peak.gbytes).toBeGreaterThan(0.2);
  expect(peak.gbytes).toBeLessThan(1000);
});

test('a wider instruction set does more', async () => {
  const [narrow, widest] = [await measurePeak(1, 'baseline'), await measurePeak(1)];
  expect(widest.gflops).toBeGreaterThan(0.9 * narrow.gflops);
});

test('refuses what it cannot measure with', () => {
  const codeOf = (call: () => unknown): unknown => {
    try {
      call();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(codeOf(() => measurePeak(0))).toBe('ARGUMENT_INVALID');
  expect(codeOf(() => measurePeak(1, 'avx1024'))).toBe('ISA_UNKNOWN');
});
