import { fromHalf, toHalf, windowMean, windowMeanAdjoint, windowMeanOfHalves, type HalfFields, type WindowMeanRequest } from './fields';
import { randomArray } from './testing/oracles';
import * as reference from './testing/half-reference';

const FIELDS = { rows: 5, cols: 7, channels: 3 };
const HOURS = 9;
const STEPS = Int32Array.of(4, 7, 1, 3, 0, 0);
const request: WindowMeanRequest = { ...FIELDS, hour: 7, steps: STEPS, cropRow: 1, cropCol: 2, cropRows: 3, cropCols: 4 };
const whole = { cropRow: 0, cropCol: 0, cropRows: FIELDS.rows, cropCols: FIELDS.cols };
const random = (length: number, seed: number): Float32Array => Float32Array.from(randomArray(length, seed));
const fields = random(HOURS * FIELDS.rows * FIELDS.cols * FIELDS.channels, 1);
const hourlyFactors = random(fields.length, 2);

const hourSize = FIELDS.rows * FIELDS.cols * FIELDS.channels;
const stepsLength = ({ cropRows, cropCols }: WindowMeanRequest): number => (STEPS.length / 2) * cropRows * cropCols * FIELDS.channels;

/** Visits every term of the sums: the weight, and the places of step, field and factor. */
function forEachTerm(r: WindowMeanRequest, visit: (weight: number, step: number, field: number, factor: number) => void): void {
  const width = r.cropCols * r.channels;
  for (let step = 0; step < r.steps.length / 2; step++) {
    const [first, last] = r.steps.subarray(2 * step, 2 * step + 2);
    for (let hour = r.hour - last; hour <= r.hour - first; hour++) {
      for (let i = 0; i < r.cropRows * width; i++) {
        const cell = (r.cropRow + Math.floor(i / width)) * r.cols * r.channels + r.cropCol * r.channels + (i % width);
        const factor = (r.factorsOffset ?? 0) + (r.hourlyFactors ? hour * hourSize : 0) + cell;
        visit(1 / (last - first + 1), (r.stepsOffset ?? 0) + step * r.cropRows * width + i, hour * hourSize + cell, factor);
      }
    }
  }
}

const variants: [string, Partial<WindowMeanRequest>][] = [
  ['a crop', {}],
  ['the whole domain on two threads', { ...whole, threads: 2 }],
  ['a place further on in the output', { stepsOffset: 5 }],
  ['one factor for all hours', { factorsOffset: 4 }],
  ['factors of each hour, two threads', { ...whole, hourlyFactors: true, threads: 2 }],
];

describe.each(variants)('%s', (name, over) => {
  const r = { ...request, ...over };
  const factors = name.includes('factor') ? hourlyFactors : undefined;

  it('takes the mean over the hours of each step, and writes nothing else', () => {
    const length = (r.stepsOffset ?? 0) + stepsLength(r) + 2;
    const expected = new Float64Array(length);
    forEachTerm(r, (weight, step, field, factor) => (expected[step] += weight * fields[field] * (factors?.[factor] ?? 1)));
    const out = new Float32Array(length).fill(-9);
    windowMean(r, fields, out, factors);
    out.forEach((value, i) => {
      if (i < (r.stepsOffset ?? 0) || i >= length - 2) expect(value).toBe(-9);
      else expect(Math.abs(value - expected[i])).toBeLessThan(1e-6);
    });
  });

  it('adds the transpose to the gradient of the factors', () => {
    const grad = random((r.stepsOffset ?? 0) + stepsLength(r), 3);
    const expected = new Float64Array(fields.length + 4).fill(0.5);
    forEachTerm(r, (weight, step, field, factor) => (expected[factor] += weight * fields[field] * grad[step]));
    const out = new Float32Array(fields.length + 4).fill(0.5);
    windowMeanAdjoint(r, fields, grad, out);
    out.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-6));
  });

  it('adds the transpose with respect to fields where none are given', () => {
    const grad = random((r.stepsOffset ?? 0) + stepsLength(r), 3);
    const expected = new Float64Array(fields.length + 4);
    forEachTerm(r, (weight, step, _, factor) => (expected[factor] += weight * grad[step]));
    const out = new Float32Array(fields.length + 4);
    windowMeanAdjoint(r, undefined, grad, out);
    out.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-6));
  });
});

it.each<[string, Partial<WindowMeanRequest>, RegExp]>([
  ['a crop that leaves the fields', { cropCols: 6 }, /crop to lie inside/],
  ['an hour after the last', { hour: 9 }, /hold the hour/],
  ['a crop that leaves them to the north', { cropRows: 5 }, /crop to lie inside/],
  ['a step that begins before the first hour', { hour: 6 }, /hours of every step/],
  ['a step behind the last hour', { steps: Int32Array.of(4, 7, -1, 3, 0, 0) }, /hours of every step/],
  ['a step that ends before it begins', { steps: Int32Array.of(4, 7, 3, 1, 0, 0) }, /hours of every step/],
  ['a step without an end', { steps: Int32Array.of(4, 7, 1, 3, 0) }, /steps to be pairs/],
  ['a negative offset', { stepsOffset: -1 }, /stepsOffset/],
  ['a place past the end of the output', { stepsOffset: 1 }, /out to be long enough/],
  // Numbers whose sums and products do not fit: unchecked, they lead out of the arrays or end the process.
  ['an offset that no array has', { stepsOffset: 1e300 }, /stepsOffset to be a number of at most 2\^53/],
  ['an offset whose sum with the length does not fit', { stepsOffset: 2 ** 53 }, /out to be long enough/],
  ['an hour that no period has', { hour: 1e300 }, /hour to be a number of at most 2\^53/],
  ['fields of more elements than can be counted', { rows: 2 ** 32, cols: 2 ** 32 }, /fewer elements/],
  ['hours of more elements than can be counted', { hour: 2 ** 53, rows: 2 ** 10 }, /fewer elements/],
  ['a channel that is none in 32 bits', { vector: { u: 0, v: 2 ** 32 - 1 }, turns: 2, cropCols: 3 }, /channels of the fields in vector/],
  ['no thread', { threads: 0 }, /threads to be at least 1 and at most 1024/],
  ['no thread in 32 bits', { threads: 2 ** 32 }, /threads to be at least 1 and at most 1024/],
])('refuses %s', (_, over, message) => {
  const out = new Float32Array(stepsLength(request));
  expect(() => windowMean({ ...request, ...over }, fields, out)).toThrow(message);
});

it('refuses factors of fewer hours than the window has', () => {
  const [out, few] = [new Float32Array(stepsLength(request)), hourlyFactors.subarray(0, request.hour * hourSize)];
  expect(() => windowMean({ ...request, hourlyFactors: true }, fields, out, few)).toThrow(/factors to be long enough/);
  expect(() => windowMeanAdjoint({ ...request, hourlyFactors: true }, fields, out, few)).toThrow(/gradFactors to be long enough/);
});

describe('of fields in half precision', () => {
  const one = 2 ** -10;
  const halves = new Uint16Array(fields.length);
  toHalf(fields, halves, one);
  const inBlocks = (hoursOfBlock: number): HalfFields => ({
    blocks: Array.from({ length: Math.ceil(HOURS / hoursOfBlock) }, (_, i) =>
      halves.slice(i * hoursOfBlock * hourSize, (i + 1) * hoursOfBlock * hourSize),
    ),
    hoursOfBlock,
    one,
  });

  it.each<[string, number, Partial<WindowMeanRequest>]>([
    ['one block', HOURS, {}],
    ['blocks of four hours', 4, { ...whole, stepsOffset: 5 }],
    ['an hour a block, two threads beside', 1, { ...whole, threads: 2, beside: true }],
    ['blocks of two hours, two threads', 2, { threads: 2 }],
  ])('it is that of the same numbers to the bit: %s', (_, hoursOfBlock, over) => {
    const r = { ...request, ...over };
    const floats = new Float32Array(fields.length);
    fromHalf(halves, floats, one);
    const [out, expected] = [0, 1].map(() => new Float32Array((r.stepsOffset ?? 0) + stepsLength(r) + 2).fill(-9));
    windowMean(r, floats, expected);
    windowMeanOfHalves(r, inBlocks(hoursOfBlock), out);
    expect(out).toEqual(expected);
  });

  it.each<[string, Partial<HalfFields>, RegExp]>([
    ['too few hours', { blocks: [halves.subarray(0, 7 * hourSize)] }, /hold the hour/],
    ['a block that ends early', { blocks: [halves.subarray(0, hourSize), halves], hoursOfBlock: 3 }, /every block but the last/],
    ['a block without hours', { blocks: [halves.subarray(0, 0), halves], hoursOfBlock: HOURS }, /every block but the last/],
    ['single precision', { blocks: [fields as unknown as Uint16Array] }, /Uint16Array/],
    ['no hours in a block', { hoursOfBlock: 0 }, /hoursOfBlock/],
  ])('refuses %s', (_, over, message) => {
    expect(() => windowMeanOfHalves(request, { ...inBlocks(HOURS), ...over }, new Float32Array(stepsLength(request)))).toThrow(message);
  });
});

const half = (values: number[], scale?: number): number[] => {
  const out = new Uint16Array(values.length);
  toHalf(Float32Array.from(values), out, scale);
  return [...out];
};
const back = (halves: number[], scale?: number): number[] => {
  const out = new Float32Array(halves.length);
  fromHalf(Uint16Array.from(halves), out, scale);
  return [...out];
};

describe('half precision', () => {
  it('has the numbers of IEEE 754', () => {
    const known: [number, number][] = [
      [0, 0x0000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [1 / 3, 0x3555],
    ];
    expect(half(known.map(([value]) => value))).toEqual(known.map(([, bits]) => bits));
    expect(back([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001])).toEqual([1, -2, 65504, 2 ** -14, 2 ** -24]);
  });

  it('comes back from all finite halves as it went', () => {
    const all = Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    expect(half(back(all))).toEqual(all);
    expect(half(back(all, 2 ** -33), 2 ** -33)).toEqual(all);
  });

  it('rounds to nearest, ties to even, and keeps within what it can say', () => {
    // Between 1 and 2 the step is 2^-10.
    expect(half([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, 2 - 2 ** -12])).toEqual([0x3c00, 0x3c02, 0x3c01, 0x4000]);
    expect(half([1e6, -1e6, Infinity])).toEqual([0x7bff, 0xfbff, 0x7bff]);
    expect(back(half([NaN]))).toEqual([NaN]);
    expect(half([2 ** -26, 2 ** -25, 3 * 2 ** -25, 2 ** -14 - 2 ** -26])).toEqual([0, 0, 2, 0x0400]);
  });

  it('is that of the reference to the bit, of all halves and of numbers of any size', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const [own, expected] = [new Float32Array(65536), new Float32Array(65536)];
    fromHalf(all, own, 2 ** -33);
    reference.fromHalf(all, expected, 2 ** -33);
    expect(own).toEqual(expected);
    // Of every exponent, ties among them.
    const values = Float32Array.from(randomArray(60_000, 4), (x, i) => (i % 3 === 0 ? Math.round(x * 2048) / 2048 : x) * 2 ** ((i % 90) - 50));
    const [halves, theirs] = [new Uint16Array(values.length), new Uint16Array(values.length)];
    toHalf(values, halves, 0.5);
    reference.toHalf(values, theirs, 0.5);
    expect(halves).toEqual(theirs);
  });

  it('of any length, and nothing is written past it', () => {
    for (let length = 0; length < 40; length++) {
      const values = Float32Array.from({ length }, (_, i) => i + 1);
      const halves = new Uint16Array(length + 3).fill(7);
      toHalf(values, halves);
      expect([...halves.subarray(length)]).toEqual([7, 7, 7]);
      const out = new Float32Array(length + 3).fill(-9);
      fromHalf(halves.subarray(0, length), out);
      expect([...out]).toEqual([...values, -9, -9, -9]);
    }
  });

  it('is refused where there is no room', () => {
    expect(() => toHalf(new Float32Array(3), new Uint16Array(2))).toThrow(/halves to be long enough/);
    expect(() => fromHalf(new Uint16Array(3), new Float32Array(2))).toThrow(/out to be long enough/);
  });
});
