/** Windows that are turned and made noisy, and those that a GPU takes of fields in its memory. */
import { DeviceFields, fromHalf, toHalf, windowMean, windowMeanAdjoint, windowMeanOfHalves, type WindowMeanRequest } from './fields';
import { NativeProgram } from './kernels';
import { deviceVariants } from './testing/call-kernel';
import { randomArray } from './testing/oracles';
import { normalOf, philox } from './testing/plain-noise';

const HOURS = 9;
const KEY = 2 ** 40 + 12345;
const ONE = 2 ** -3;

/** @param channels - 4 and more in fours are taken four at a time on a GPU */
function fieldsOf(channels: number): { request: WindowMeanRequest; fields: Float32Array } {
  const request = { rows: 6, cols: 7, channels, hour: 7, steps: Int32Array.of(4, 7, 1, 3, 0, 0), cropRow: 1, cropCol: 2, cropRows: 5, cropCols: 5 };
  return { request, fields: Float32Array.from(randomArray(HOURS * 6 * 7 * channels, channels)) };
}

const lengthOf = ({ steps, cropRows, cropCols, channels }: WindowMeanRequest): number => (steps.length / 2) * cropRows * cropCols * channels;

/** What comes of a window: cells of the output in their order, each with where it was before the turns. */
function augmented(plain: Float32Array, r: WindowMeanRequest): Float32Array {
  const { channels, cropCols: n, turns = 0, vector, noise, factor = 1 } = r;
  return Float32Array.from(plain, (_, i) => {
    const [k, cell] = [i % channels, Math.floor(i / channels)];
    const [step, inRow, row] = [Math.floor(cell / n / n), cell % n, Math.floor(cell / n) % n];
    let [at, to] = [row, inRow];
    let channel = k;
    let sign = 1;
    for (let turn = 0; turn < turns; turn++) {
      [at, to] = [n - 1 - to, at]; // a cell at (c, n − 1 − r) was at (r, c)
      if (k === vector?.u || k === vector?.v) {
        if (channel === vector.u) sign = -sign;
        channel = channel === vector.u ? vector.v : vector.u;
      }
    }
    const value = sign * plain[((step * n + at) * n + to) * channels + channel];
    const noisy = noise ? value * Math.max(0, 1 + noise.deviation * normalOf(inRow * channels + k, step * n + row, noise.key)) : value;
    return noisy * factor;
  });
}

const augmentations: [string, number, Partial<WindowMeanRequest>][] = [
  ['nothing', 3, {}],
  ['a quarter turn', 3, { turns: 1 }],
  ['two quarter turns of winds', 3, { turns: 2, vector: { u: 2, v: 0 } }],
  ['three quarter turns of winds', 5, { turns: 3, vector: { u: 0, v: 1 } }],
  ['a quarter turn of winds', 8, { turns: 1, vector: { u: 1, v: 6 } }],
  ['a quarter turn, four channels at a time', 4, { turns: 1 }],
  ['noise', 5, { noise: { deviation: 0.1, key: KEY } }],
  ['noise that would change signs', 21, { noise: { deviation: 1, key: 3 } }],
  ['noise, a turn and a factor', 16, { turns: 3, noise: { deviation: 0.3, key: 7 }, factor: 1.5 }],
  ['a factor', 4, { factor: 0.25 }],
  ['one hour', 4, { steps: Int32Array.of(0, 0), turns: 2 }],
];

describe.each(augmentations)('%s (%d channels)', (_, channels, over) => {
  const { request, fields } = fieldsOf(channels);
  const r = { ...request, ...over };
  const plain = new Float32Array(lengthOf(r));
  windowMean({ ...request, steps: r.steps }, fields, plain);
  const expected = augmented(plain, r);
  const halves = new Uint16Array(fields.length);
  toHalf(fields, halves, ONE);
  const rounded = new Float32Array(fields.length);
  fromHalf(halves, rounded, ONE);
  const ofHalves = new Float32Array(plain.length);
  windowMean(r, rounded, ofHalves);

  const expectNear = (actual: ArrayLike<number>, wanted: Float32Array): void => {
    expect(actual).toHaveLength(wanted.length);
    wanted.forEach((value, i) => expect(Math.abs(actual[i] - value)).toBeLessThan(4e-6 * Math.max(0.5, Math.abs(value))));
  };

  it.each([1, 2])('on %d threads', (threads) => {
    const out = new Float32Array(plain.length);
    windowMean({ ...r, threads }, fields, out);
    if (r.noise) expectNear(out, expected);
    else expect(out).toEqual(expected);
  });

  it('of fields in half precision', () => {
    const out = new Float32Array(plain.length);
    windowMeanOfHalves(r, { blocks: [halves], hoursOfBlock: HOURS, one: ONE }, out);
    expect(out).toEqual(ofHalves);
  });

  it.each(deviceVariants)('of fields in the memory of a GPU: $name', ({ options: { module, ...options } }) => {
    const { rows, cols } = r;
    const arena = 16 + Math.ceil(plain.length / 16) * 16 + 16;
    const program = new NativeProgram({ arenaElements: arena, instructions: [], phases: {} }, options, module);
    for (const [data, one, wanted] of [
      [fields, undefined, expected],
      [halves, ONE, ofHalves],
    ] as const) {
      const held = new DeviceFields({ hours: HOURS, rows, cols, channels, one }, options.device, module);
      held.write(0, data.subarray(0, 4 * rows * cols * channels));
      held.write(4, data.subarray(4 * rows * cols * channels));
      program.fill(0, arena, -9);
      program.stageWindow(16, held, r);
      expect(program.read(16, 1)[0]).toBe(-9); // not before a run
      held.dispose(); // what is staged of it stays
      program.runSync();
      expectNear(program.read(16, plain.length), wanted);
      expect([...program.read(0, 16), ...program.read(16 + plain.length, arena - 16 - plain.length)].every((x) => x === -9)).toBe(true);
    }
    program.dispose();
  });
});

it('a window of more steps than a launch takes', () => {
  const hours = 300;
  const fields = Float32Array.from(randomArray(hours * 4, 1));
  const steps = Int32Array.from({ length: 2 * hours }, (_, i) => hours - 1 - Math.floor(i / 2));
  const request = { rows: 1, cols: 1, channels: 4, hour: hours - 1, steps, cropRow: 0, cropCol: 0, cropRows: 1, cropCols: 1 };
  for (const { options } of deviceVariants) {
    const { module, ...rest } = options;
    const program = new NativeProgram({ arenaElements: 4 * hours, instructions: [], phases: {} }, rest, module);
    const held = new DeviceFields({ hours, rows: 1, cols: 1, channels: 4 }, rest.device, module);
    held.write(0, fields);
    program.stageWindow(0, held, request);
    program.runSync();
    expect(program.read(0, 4 * hours)).toEqual(fields);
    held.dispose();
    program.dispose();
  }
});

describe.each(deviceVariants)('the transpose of windows of fields in the memory of a GPU: $name', ({ options: { module, ...options } }) => {
  it.each<[string, number, Partial<WindowMeanRequest>]>([
    ['three channels', 3, {}],
    ['four at a time', 8, {}],
    ['steps that share hours', 4, { steps: Int32Array.of(0, 4, 2, 2, 1, 6) }],
    ['one hour', 5, { steps: Int32Array.of(3, 3) }],
  ])('with respect to fields adds to the hours that the window sees, and to no others: %s', (_, channels, over) => {
    const { request, fields } = fieldsOf(channels);
    const r = { ...request, ...over };
    const { rows, cols } = r;
    const grad = Float32Array.from(randomArray(lengthOf(r), 9));
    const program = new NativeProgram({ arenaElements: grad.length + 32, instructions: [], phases: {} }, options, module);
    const held = new DeviceFields({ hours: HOURS, rows, cols, channels }, options.device, module);
    const read = (): Float32Array => {
      const all = new Float32Array(fields.length);
      held.read(0, all.subarray(0, 2 * rows * cols * channels));
      held.read(2, all.subarray(2 * rows * cols * channels));
      return all;
    };
    expect(read().every((value) => value === 0)).toBe(true);
    held.write(0, fields);
    program.fill(0, grad.length + 32, NaN);
    program.write(16, grad);
    const expected = fields.slice();
    for (let times = 0; times < 2; times++) {
      program.addWindowAdjoint(16, held, r);
      windowMeanAdjoint({ ...r, hourlyFactors: true }, undefined, grad, expected);
    }
    read().forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-6));
    const sums = new Float32Array(2 * rows * cols * channels).fill(1);
    const before = read();
    held.addTo(1, sums);
    expect(sums).toEqual(before.slice(rows * cols * channels, 3 * rows * cols * channels).map((value) => value + 1));
    held.clear(1, 2);
    expect(read()).toEqual(before.fill(0, rows * cols * channels, 3 * rows * cols * channels));
    held.clear(HOURS, 0);
    expect(read()).toEqual(before);
    held.clear();
    expect(read().every((value) => value === 0)).toBe(true);
    held.dispose();
    program.dispose();
  });

  it.each<[string, number, Partial<WindowMeanRequest>, number]>([
    ['of all hours', 5, {}, HOURS],
    ['of all hours, four channels at a time', 8, {}, HOURS],
    ['that hours share', 5, {}, 1],
    ['that hours share, four channels at a time', 4, {}, 1],
    ['that hours share, over steps with hours in common', 3, { steps: Int32Array.of(0, 4, 2, 2, 1, 6) }, 1],
  ])('is that of windows with factors %s', (_, channels, over, factorHours) => {
    const { request, fields } = fieldsOf(channels);
    const r = { ...request, ...over, hourlyFactors: factorHours > 1 };
    const { rows, cols } = r;
    const shape = { rows, cols, channels };
    const factors = Float32Array.from(randomArray(factorHours * rows * cols * channels, 5));
    const grad = Float32Array.from(randomArray(lengthOf(r), 9));
    const program = new NativeProgram({ arenaElements: lengthOf(r), instructions: [], phases: {} }, options, module);
    const [held, heldFactors, sums] = [HOURS, factorHours, factorHours].map((hours) => new DeviceFields({ hours, ...shape }, options.device, module));
    held.write(0, fields);
    heldFactors.write(0, factors);
    const expected = new Float32Array(lengthOf(r));
    windowMean(r, fields, expected, factors);
    program.stageWindow(0, held, r, heldFactors);
    program.runSync();
    program.read(0, lengthOf(r)).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-6));
    const gradient = new Float32Array(factors.length);
    const actual = new Float32Array(factors.length);
    program.write(0, grad);
    for (let times = 0; times < 2; times++) {
      windowMeanAdjoint(r, fields, grad, gradient);
      program.addWindowAdjoint(0, sums, r, held);
    }
    sums.read(0, actual);
    actual.forEach((value, i) => expect(Math.abs(value - gradient[i])).toBeLessThan(1e-5));
    for (const each of [held, heldFactors, sums, program]) each.dispose();
  });

  it('refuses what is no such window', () => {
    const { request } = fieldsOf(4);
    const length = lengthOf(request);
    const program = new NativeProgram({ arenaElements: length, instructions: [], phases: {} }, options, module);
    const shape = { hours: HOURS, rows: request.rows, cols: request.cols, channels: 4 };
    const held = new DeviceFields(shape, options.device, module);
    const inHalf = new DeviceFields({ ...shape, one: 1 }, options.device, module);
    expect(() => program.addWindowAdjoint(0, held, { ...request, turns: 1 })).toThrow(/no augmentation/);
    expect(() => program.addWindowAdjoint(0, held, { ...request, hour: HOURS })).toThrow(/hold the hour/);
    expect(() => program.addWindowAdjoint(1, held, request)).toThrow(expect.objectContaining({ code: 'RANGE_OUT_OF_ARENA' }) as Error);
    for (const [into, of] of [
      [inHalf, held],
      [held, inHalf],
    ]) {
      expect(() => program.addWindowAdjoint(0, into, request, of)).toThrow(/single precision/);
    }
    expect(() => program.stageWindow(0, held, request, inHalf)).toThrow(/single precision/);
    const early = new DeviceFields({ ...shape, hours: 2 }, options.device, module);
    expect(() => program.stageWindow(0, held, request, early)).toThrow(/hold the hour/);
    expect(() => program.addWindowAdjoint(0, early, request, held)).toThrow(/hold the hour/);
    expect(() => program.addWindowAdjoint(0, held, request, early)).toThrow(/hold the hour/);
    early.dispose();
    expect(() => inHalf.read(0, new Float32Array(4))).toThrow(/single precision/);
    expect(() => inHalf.addTo(0, new Float32Array(4))).toThrow(/single precision/);
    expect(() => held.read(HOURS, new Float32Array(4))).toThrow(/the hours to lie in the fields/);
    expect(() => held.addTo(HOURS, new Float32Array(4))).toThrow(/the hours to lie in the fields/);
    expect(() => held.clear(1, HOURS)).toThrow(/the hours to lie in the fields/);
    expect(() => held.clear(0, -1)).toThrow(/hours to be a number of at least 0/);
    for (const each of [held, inHalf, program]) each.dispose();
    expect(() => held.clear()).toThrow(/disposed/);
  });
});

describe('noise', () => {
  it('is made by Philox 4x32-7: its published answer for counter and key 0', () => {
    expect(philox([0, 0, 0, 0], 0).map((word) => word.toString(16))).toEqual(['5f6fb709', 'd893f64', '4f121f81', '4f730a48']);
  });

  it('is normal, without neighbours, rows or keys being related', () => {
    const n = 400;
    const request = { rows: n, cols: n, channels: 1, hour: 0, steps: Int32Array.of(0, 0), cropRow: 0, cropCol: 0, cropRows: n, cropCols: n };
    const numbers = (key: number): Float64Array => {
      const out = new Float32Array(n * n);
      windowMean({ ...request, noise: { deviation: 0.1, key } }, new Float32Array(n * n).fill(1), out);
      return Float64Array.from(out, (x) => (x - 1) / 0.1);
    };
    const x = numbers(1);
    const moment = (power: number): number => x.reduce((sum, each) => sum + each ** power, 0) / x.length;
    // Standard errors of the moments of a normal number: √(1, 2, 15, 96) / √n.
    [0, 1, 0, 3].forEach((expected, i) => expect(Math.abs(moment(i + 1) - expected)).toBeLessThan((4 * Math.sqrt([1, 2, 15, 96][i])) / n));
    const tail = x.filter((each) => Math.abs(each) > 3).length / x.length;
    expect(tail / 2.6998e-3).toBeGreaterThan(0.8);
    expect(tail / 2.6998e-3).toBeLessThan(1.2);
    const related = (other: (i: number) => number): number => x.reduce((sum, each, i) => sum + each * other(i), 0) / x.length;
    const second = numbers(2);
    for (const distance of [1, 16, 32, 64, n]) expect(Math.abs(related((i) => x[(i + distance) % x.length]))).toBeLessThan(4 / n);
    expect(Math.abs(related((i) => second[i]))).toBeLessThan(4 / n);
  });
});

describe('refuses', () => {
  const { request, fields } = fieldsOf(4);
  const out = new Float32Array(lengthOf(request));

  it.each<[string, Partial<WindowMeanRequest>, RegExp]>([
    ['to turn what is no square', { turns: 1, cropCols: 4 }, /a square crop to turn/],
    ['winds that the fields have not', { turns: 1, vector: { u: 0, v: 4 } }, /channels of the fields in vector/],
    ['a key below zero', { noise: { deviation: 1, key: -1 } }, /key to be a number of at least 0/],
  ])('%s', (_, over, message) => {
    expect(() => windowMean({ ...request, ...over }, fields, out)).toThrow(message);
  });

  it.each([{ turns: 1 }, { noise: { deviation: 1, key: 3 } }, { factor: 2 }])('the transpose of a window with %j', (over) => {
    expect(() => windowMeanAdjoint({ ...request, ...over }, fields, out, new Float32Array(fields.length))).toThrow(/no augmentation/);
  });

  const [{ options }] = deviceVariants;
  const { module, ...onDevice } = options;
  const shape = { hours: HOURS, rows: request.rows, cols: request.cols, channels: 4 };

  it('fields on a processor, of no hours, of more than was given room, and of the other precision', () => {
    expect(() => new DeviceFields(shape, 'cpu', module)).toThrow(/a GPU as options\.device/);
    expect(() => new DeviceFields({ ...shape, hours: 0 }, 'cuda', module)).toThrow(/hours to be at least 1/);
    const held = new DeviceFields(shape, 'cuda', module);
    expect(() => held.write(1, fields)).toThrow(/the hours to lie in the fields/);
    expect(() => held.write(-1, fields.subarray(0, 4))).toThrow(/the hours to lie in the fields/);
    expect(() => held.write(0, new Uint16Array(4))).toThrow(/data to be a Float32Array/);
    held.dispose();
    held.dispose();
    expect(() => held.write(0, fields)).toThrow(/disposed/);
  });

  it('windows of fields of another shape, of hours that they have not, of another memory, and past the arena', () => {
    const program = new NativeProgram({ arenaElements: lengthOf(request), instructions: [], phases: {} }, onDevice, module);
    const held = new DeviceFields(shape, 'cuda', module);
    expect(() => program.stageWindow(0, held, { ...request, rows: 7 })).toThrow(/the shape of the fields/);
    expect(() => program.stageWindow(0, held, { ...request, hour: HOURS })).toThrow(/hold the hour/);
    expect(() => program.stageWindow(1, held, request)).toThrow(expect.objectContaining({ code: 'RANGE_OUT_OF_ARENA' }) as Error);
    const onHost = new NativeProgram({ arenaElements: 16, instructions: [], phases: {} }, {}, module);
    expect(() => onHost.stageWindow(0, held, request)).toThrow(/fields on the program's GPU/);
    expect(() => program.stageWindow(0, { handle: {} } as DeviceFields, request)).toThrow(/fields on the program's GPU/);
    held.dispose();
    expect(() => program.stageWindow(0, held, request)).toThrow(/disposed/);
    for (const each of [program, onHost]) each.dispose();
  });
});
