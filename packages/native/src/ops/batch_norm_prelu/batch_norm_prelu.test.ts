import { allVariants, callKernel, deviceVariants, fastVariants, type Variant } from '../../testing/call-kernel';
import { centralDifferences, dot, randomArray, relativeError } from '../../testing/oracles';

type Arrays = Record<string, Float64Array>;
interface Case {
  pixels: number;
  channels: number;
  /** Channels of the array that output and gradOutput are part of. */
  outputStride: number;
  probability: number;
}

const double: Variant['options'] = { dtype: 'float64' };
const cases: Case[] = [
  { pixels: 1000, channels: 24, outputStride: 24, probability: 0.1 },
  { pixels: 197, channels: 32, outputStride: 64, probability: 0.3 },
  { pixels: 513, channels: 96, outputStride: 96, probability: 0 },
  { pixels: 64, channels: 16, outputStride: 40, probability: 0 },
  { pixels: 37, channels: 5, outputStride: 7, probability: 0.5 },
  { pixels: 70, channels: 33, outputStride: 33, probability: 0.1 },
  { pixels: 2, channels: 1, outputStride: 3, probability: 0 },
];
const nameOf = ({ pixels, channels, outputStride, probability }: Case): string =>
  `${pixels} pixels, ${channels} of ${outputStride} channels, p = ${probability}`;

const params = (each: Case): Record<string, number> => ({ ...each, epsilon: 1e-5, momentum: 0.1, seed: 77 });

function inputsOf({ pixels, channels }: Case): Arrays {
  const vector = (seed: number): Float64Array => randomArray(channels, seed);
  return {
    input: randomArray(pixels * channels, 1).map((x) => Math.fround(x + 3)), // a mean far from 0: the variance must not cancel
    scale: vector(2),
    shift: vector(3),
    slope: vector(4), // of either sign
    step: Float64Array.of(5),
    runningMean: vector(6),
    runningVariance: vector(7).map((x) => Math.fround(Math.abs(x) + 1)),
  };
}

/** Length of the array that holds output or gradOutput, from its first element to its last. */
const reach = ({ pixels, channels, outputStride }: Case): number => (pixels - 1) * outputStride + channels;

const forward = (each: Case, inputs: Arrays, options: Variant['options']): Arrays => {
  const { channels } = each;
  return callKernel(
    'batchNormPreluForward',
    { ...inputs, output: new Float64Array(reach(each)), savedMean: channels, savedInvStd: channels },
    params(each),
    options,
  );
};

function backward(
  each: Case,
  { input, scale, shift, slope, step }: Arrays,
  saved: Arrays,
  gradOutput: Float64Array,
  options: Variant['options'],
): Arrays {
  const { savedMean, savedInvStd } = saved;
  const { channels } = each;
  const gradients = { gradInput: input.length, gradScale: channels, gradShift: channels, gradSlope: channels };
  return callKernel(
    'batchNormPreluBackward',
    { input, scale, shift, slope, step, savedMean, savedInvStd, gradOutput, ...gradients },
    params(each),
    options,
  );
}

/** The channels of a part of a larger array, next to each other. */
function packed({ pixels, channels, outputStride }: Case, array: Float64Array): Float64Array {
  return Float64Array.from({ length: pixels * channels }, (_, e) => array[Math.floor(e / channels) * outputStride + (e % channels)]);
}

describe.each(cases.map((each) => ({ name: nameOf(each), each })))('batch norm with P-ReLU and dropout, $name', ({ each }) => {
  const { pixels, channels, probability } = each;
  const inputs = inputsOf(each);
  const gradOutput = randomArray(reach(each), 8);
  const saved = forward(each, inputs, double);
  const elements = pixels * channels;

  test('in double it is the three ops one after the other, forward and backward', () => {
    const { input, scale, shift, slope, step, runningMean, runningVariance } = inputs;
    const shape = { pixels, channels };
    const norm = { ...shape, epsilon: 1e-5, momentum: 0.1 };
    const statistics = { runningMean, runningVariance, savedMean: channels, savedInvStd: channels };
    const normalized = callKernel('batchNormTrainForward', { input, scale, shift, ...statistics, output: elements }, norm, double);
    const activated = callKernel('preluForward', { input: normalized.output, slope, output: elements }, shape, double);
    const drop = { elements, probability, seed: 77 };
    const { output } = callKernel('dropoutForward', { input: activated.output, step, output: elements }, drop, double);
    expect(relativeError(packed(each, saved.output), output)).toBeLessThan(1e-12);
    for (const name of ['savedMean', 'savedInvStd', 'runningMean', 'runningVariance'])
      expect(relativeError(saved[name], normalized[name])).toBeLessThan(1e-12);

    const undropped = callKernel('dropoutBackward', { gradOutput: packed(each, gradOutput), step, gradInput: elements }, drop, double);
    const ofPrelu = { input: normalized.output, slope, gradOutput: undropped.gradInput, gradInput: elements, gradSlope: channels };
    const unbent = callKernel('preluBackward', ofPrelu, shape, double);
    const { savedMean, savedInvStd } = saved;
    const ofNorm = {
      input,
      scale,
      savedMean,
      savedInvStd,
      gradOutput: unbent.gradInput,
      gradInput: elements,
      gradScale: channels,
      gradShift: channels,
    };
    const expected: Arrays = { ...callKernel('batchNormTrainBackward', ofNorm, norm, double), gradSlope: unbent.gradSlope };
    const actual = backward(each, inputs, saved, gradOutput, double);
    for (const name of ['gradInput', 'gradScale', 'gradShift', 'gradSlope']) expect(relativeError(actual[name], expected[name])).toBeLessThan(1e-9);
  });

  test.each([
    ...allVariants.filter(({ options }) => options.dtype !== 'float64'),
    { ...fastVariants[0], name: 'one thread', options: { threads: 1 } },
  ])('$name against double', ({ options }) => {
    const actual = forward(each, inputs, options);
    // x − mean loses log2(3/0.5) bits of float; two pixels are ±1 once normalised, whatever their difference.
    const bound = 2e-5;
    for (const name of ['output', 'savedMean', 'savedInvStd', 'runningMean', 'runningVariance'])
      expect(relativeError(actual[name], saved[name])).toBeLessThan(bound);
    const [fast, reference] = [options, double].map((o) => backward(each, inputs, saved, gradOutput, o));
    const gradients = ['gradInput', 'gradScale', 'gradShift', 'gradSlope'].filter((name) => pixels > 2 || name !== 'gradInput'); // cancels for two
    for (const name of gradients) expect(relativeError(fast[name], reference[name])).toBeLessThan(bound);
  });
});

test('gradients agree with central differences in double', () => {
  const each = { pixels: 6, channels: 2, outputStride: 3, probability: 0.4 };
  const inputs = inputsOf(each);
  const gradOutput = randomArray(reach(each), 8);
  const grads = backward(each, inputs, forward(each, inputs, double), gradOutput, double);
  for (const name of ['input', 'scale', 'shift', 'slope']) {
    const numeric = centralDifferences((x) => dot(forward(each, { ...inputs, [name]: x }, double).output, gradOutput), inputs[name]);
    const gradient = grads[`grad${name[0].toUpperCase()}${name.slice(1)}`];
    expect(relativeError(gradient, numeric)).toBeLessThan(1e-6); // step² times a third derivative of order 100: few pixels, small variance
  }
});

test('by hand: two pixels are −1 and 1 once normalised', () => {
  const operands = {
    input: [1, 3],
    scale: [2],
    shift: [1],
    slope: [0.5],
    runningMean: [0],
    runningVariance: [1],
    savedMean: 1,
    savedInvStd: 1,
    output: 2,
  };
  const result = callKernel('batchNormPreluForward', operands, { pixels: 2, channels: 1, epsilon: 0, momentum: 0.5 }, double);
  expect([...result.output]).toEqual([-0.5, 3]); // z = −1, 3
  expect([...result.runningMean, ...result.runningVariance]).toEqual([1, 1.5]); // batch: 2, and 2 with m − 1
});

test.each([...fastVariants, ...deviceVariants])('$name repeats bit for bit', ({ options }) => {
  const each = { pixels: 500, channels: 24, outputStride: 24, probability: 0.1 };
  const inputs = inputsOf(each);
  const gradOutput = randomArray(reach(each), 8);
  const saved = forward(each, inputs, options);
  const [once, again] = [0, 1].map(() => backward(each, inputs, saved, gradOutput, options));
  expect(again).toEqual(once);
});
