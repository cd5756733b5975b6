import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describeWhere } from '../../../test/testing/describe-where';
import { cudaDevices, NativeProgram, type ProgramSpec } from './kernels';

/** Doubles what lies at 0 into 16. */
const spec: ProgramSpec = {
  arenaElements: 32,
  instructions: [{ op: 'scale', operands: { input: 0, output: 16 }, params: { elements: 2, alpha: 2 } }],
  phases: { all: [0, 1] },
};

const codeOf = (body: () => unknown): unknown => {
  try {
    body();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
};

/** What stands for a GPU here, and the variable that says how much shared memory it has for a block. */
const modules = [
  ['retroplume_emulated', 'RETROPLUME_EMULATED_SHARED'],
  ...(cudaDevices().built ? [['retroplume_ptx', 'RETROPLUME_PTX_SHARED']] : []),
];

describe.each(modules)('a program on a device (%s)', (module, sharedVariable) => {
  const onDevice = (): NativeProgram => new NativeProgram(spec, { device: 'cuda:1' }, module);

  test('what is staged while a run is under way is there for the next one', async () => {
    const program = onDevice();
    program.write(0, Float32Array.of(1, 2));
    const first = program.run('all');
    program.stage(0, Float32Array.of(10, 20));
    await first;
    expect([...program.read(0, 2)]).toEqual([1, 2]);
    expect([...program.read(16, 2)]).toEqual([2, 4]);
    const second = program.run('all');
    program.stage(0, Float64Array.of(100, 200));
    program.stage(1, Float64Array.of(300));
    await second;
    expect([...program.read(16, 2)]).toEqual([20, 40]);
    program.runSync('all');
    expect([...program.read(16, 2)]).toEqual([200, 600]);
    program.dispose();
    expect(codeOf(() => program.stage(0, Float32Array.of(1)))).toBe('PROGRAM_DISPOSED');
  });

  test('arrays that cross in several parts arrive whole, from doubles too', () => {
    const length = 2 ** 22 + 12345;
    const program = new NativeProgram({ arenaElements: length + 16, instructions: [], phases: {} }, { device: 'cuda' }, module);
    const numbers = Float32Array.from({ length }, (_, i) => (i * 2654435761) % 1e6);
    program.write(16, numbers);
    expect(Buffer.compare(Buffer.from(program.read(16, length).buffer), Buffer.from(numbers.buffer))).toBe(0);
    program.write(0, Float64Array.from(numbers.subarray(0, 2 ** 21)));
    expect(program.read(0, 2 ** 21)).toEqual(numbers.subarray(0, 2 ** 21));
    program.fill(5, length, 3);
    const filled = program.read(4, length + 2) as Float32Array;
    expect([filled[0], filled.subarray(1, -1).every((each) => each === 3), filled.at(-1)]).toEqual([numbers[4], true, numbers[length - 11]]);
    expect(program.read(length, 0)).toHaveLength(0);
    program.dispose();
  });

  test('some elements cross alone, more the second time than the first', () => {
    const length = 3000;
    const program = new NativeProgram({ arenaElements: length + 16, instructions: [], phases: {} }, { device: 'cuda' }, module);
    const numbers = Float32Array.from({ length }, (_, i) => i + 0.25);
    for (const every of [300, 7]) {
      const places = Int32Array.from({ length: Math.ceil(length / every) }, (_, i) => i * every);
      program.write(8, numbers);
      const values = program.readAt(8, length, places) as Float32Array;
      expect(values).toEqual(Float32Array.from(places, (place) => place + 0.25));
      program.writeAt(9, length - 2, places.subarray(0, -1), values.subarray(0, -1));
      const expected = numbers.map((value, i) => (i === 0 || i === length - 1 ? value : 0));
      places.subarray(0, -1).forEach((place) => (expected[1 + place] = place + 0.25));
      expect(program.read(8, length)).toEqual(expected);
    }
    expect(program.readAt(8, length, new Int32Array())).toHaveLength(0);
    program.writeAt(8, length, new Int32Array(), new Float32Array());
    expect((program.read(8, length) as Float32Array).every((value) => value === 0)).toBe(true);
    expect(codeOf(() => program.readAt(8, length, Int32Array.of(length)))).toBe('PLACES_INVALID');
    program.dispose();
  });

  test.each(['float32', 'tf32', 'bf16'] as const)('packed weights are those that were written or staged last (%s)', async (precision) => {
    // The gradient of a 3 x 3 convolution of four channels with respect to its input, with the middle tap alone: gradOutput times the weight.
    const params = { batch: 1, height: 4, width: 4, inChannels: 4, outChannels: 4, kernel: 3 };
    const [gradOutput, weight, gradInput, single] = [0, 64, 256, 320];
    const gradient = { op: 'conv2dBackwardInput', operands: { gradOutput, weight, gradInput }, params };
    const middle = { input: single, output: weight + 4 * 16 };
    const instructions = [{ op: 'scale', operands: middle, params: { elements: 16, alpha: 1 } }, gradient];
    const make = (spec: Pick<ProgramSpec, 'instructions'>): NativeProgram => {
      const program = new NativeProgram({ arenaElements: 400, phases: {}, ...spec }, { device: 'cuda', precision }, module);
      program.fill(gradOutput, 64, 1);
      return program;
    };
    const diagonal = (value: number): Float32Array => Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? value : 0));

    const frozen = make({ instructions: [gradient] });
    const gives = async (): Promise<unknown[]> => {
      await frozen.run();
      return [...new Set(frozen.read(gradInput, 64))];
    };
    expect(await gives()).toEqual([0]);
    for (const value of [2, 3]) {
      frozen.write(middle.output, diagonal(value));
      expect([await gives(), await gives()]).toEqual([[value], [value]]);
    }
    const places = Int32Array.of(0, 5, 10, 15);
    frozen.writeAt(middle.output, 16, places, Float32Array.of(4, 4, 4, 4));
    expect(await gives()).toEqual([4]);
    for (const value of [5, 6]) {
      frozen.stage(middle.output, diagonal(value));
      expect(await gives()).toEqual([value]);
    }
    frozen.dispose();

    const changing = make({ instructions });
    for (const value of [7, 8]) {
      changing.write(single, diagonal(value));
      changing.runSync();
      expect([...new Set(changing.read(gradInput, 64))]).toEqual([value]);
    }
    changing.dispose();
  });

  test('one run under way at most, a range in the arena, numbers', async () => {
    const program = onDevice();
    const runs = [program.run(), program.run()];
    expect(codeOf(() => program.stage(0, Float32Array.of(1)))).toBe('PROGRAM_BUSY');
    await Promise.all(runs);
    expect(codeOf(() => program.stage(31, Float32Array.of(1, 2)))).toBe('RANGE_OUT_OF_ARENA');
    expect(codeOf(() => program.stage(0, [1] as unknown as Float32Array))).toBe('ARGUMENT_INVALID');
    program.dispose();
  });

  test('the first NaN is found in its memory, and every instruction is timed', async () => {
    const program = onDevice();
    program.write(0, Float32Array.of(1, NaN));
    expect(await program.runChecked()).toEqual({ instruction: 0, label: '', operand: 'output' });
    program.write(0, Float32Array.of(1, 2));
    expect(await program.runChecked()).toBeUndefined();
    const [{ op, seconds }] = await program.profile();
    expect([op, seconds > 0]).toEqual(['scale', true]);
    program.dispose();
  });

  test('a run that fails leaves the program free', () => {
    // On a card with hardly any shared memory for a block, which the convolution asks for: the host takes that from the environment, before a device is opened.
    const script = `
      const { NativeProgram } = require(${JSON.stringify(join(__dirname, '../dist'))});
      const params = { batch: 1, height: 4, width: 4, inChannels: 4, outChannels: 4, kernel: 3, activation: 0 };
      const spec = { arenaElements: 512, phases: {}, instructions: [{ op: 'conv2dForward', operands: { input: 0, weight: 64, bias: 208, output: 256 }, params }] };
      const program = new NativeProgram(spec, { device: 'cuda' }, ${JSON.stringify(module)});
      const told = [];
      const tell = (error) => told.push(error.code);
      program.run().catch(tell).then(() => program.read(0, 1).length).then((length) => told.push(length), tell).then(() => console.log(told.join()));`;
    const env = { ...process.env, [sharedVariable]: '64' };
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env });
    expect([stdout.trim(), stderr]).toEqual(['CUDA_FAILED,1', '']);
  });

  test('float32 and fast kernels only', () => {
    for (const options of [{ dtype: 'float64' }, { kernels: 'reference' }] as const) {
      expect(codeOf(() => new NativeProgram(spec, { ...options, device: 'cuda' }, module))).toBe('OPTION_INVALID');
    }
    for (const device of ['gpu', 'cuda:', 'cuda:x', 'cuda:-1', 'cuda:1000'] as unknown as 'cuda'[]) {
      expect(codeOf(() => new NativeProgram(spec, { device }))).toBe('OPTION_INVALID');
    }
    expect(codeOf(() => new NativeProgram(spec, { precision: 'fp8' as 'tf32' }))).toBe('OPTION_INVALID');
  });
});

describeWhere(cudaDevices().built, 'CUDA, which is not compiled here', 'what only CUDA itself tells', () => {
  test('a step that cannot be recorded is launched as it is, and recorded the next time', () => {
    const script = `
      const { NativeProgram } = require(${JSON.stringify(join(__dirname, '../dist'))});
      const program = new NativeProgram(${JSON.stringify(spec)}, { device: 'cuda' }, 'retroplume_ptx');
      const told = [];
      for (const x of [1, 2, 3]) { program.write(0, Float32Array.of(x, 5)); program.runSync('all'); told.push(...program.read(16, 2)); }
      console.log(told.join());`;
    const env = { ...process.env, RETROPLUME_PTX_FAILED_CAPTURES: '1' };
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env });
    expect([stdout.trim(), stderr]).toEqual(['2,10,4,10,6,10', '']);
  });

  test('memory that a device does not have', () => {
    const script = `
      const { NativeProgram } = require(${JSON.stringify(join(__dirname, '../dist'))});
      try { new NativeProgram({ arenaElements: 2 ** 20, instructions: [], phases: {} }, { device: 'cuda' }, 'retroplume_ptx'); }
      catch (error) { console.log(error.code, error.message); }`;
    const env = { ...process.env, RETROPLUME_PTX_MEMORY: String(2 ** 21) };
    expect(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env }).stdout.trim()).toBe(
      'DEVICE_OUT_OF_MEMORY device cuda: expected 4 MiB of memory for a program but the GPU has 2 MiB free of 2 MiB: use a smaller batch',
    );
  });
});

test('staging on the CPU is refused: nothing would be gained', () => {
  const program = new NativeProgram(spec);
  expect(codeOf(() => program.stage(0, Float32Array.of(1)))).toBe('STAGING_UNSUPPORTED');
  program.dispose();
});

test('a GPU that is not there is refused with the reason, and what is there is told', () => {
  const { devices, reason } = cudaDevices();
  expect(reason === '').toBe(devices.length > 0);
  expect(() => new NativeProgram(spec, { device: 'cuda:99' })).toThrow(/device cuda: /);
  expect(codeOf(() => new NativeProgram(spec, { device: 'cuda:99' }))).toBe('DEVICE_CUDA_MISSING');
});
