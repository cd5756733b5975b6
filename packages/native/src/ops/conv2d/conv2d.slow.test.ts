import { allVariants, callKernel, deviceVariants, fastVariants, roundedVariants, type Variant } from '../../testing/call-kernel';
import { channelsLast, describeGolden, permute, readGolden } from '../../testing/golden';
import { centralDifferences, dot, randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';
import { conv2dCases, type Conv2dCase } from './conv2d.cases';

const double: Variant['options'] = { dtype: 'float64' };

describe('conv2d by hand', () => {
  // A row of three cells, one channel, weights (1, 10, 100) in the middle row: out = 10·x + left·1 + right·100.
  const params = { batch: 1, height: 1, width: 3, inChannels: 1, outChannels: 1, kernel: 3 };
  const weight = [0, 0, 0, 1, 10, 100, 0, 0, 0];

  test.each(allVariants)('$name: forward', ({ options }) => {
    const { output } = callKernel('conv2dForward', { input: [1, 2, 3], weight, bias: [0.5], output: 3 }, { ...params, activation: 0 }, options);
    expect([...output]).toEqual([210.5, 321.5, 32.5]);
  });

  test.each(allVariants)('$name: the input gradient is the turned correlation', ({ options }) => {
    const { gradInput } = callKernel('conv2dBackwardInput', { gradOutput: [1, 2, 3], weight, gradInput: 3 }, params, options);
    expect([...gradInput]).toEqual([12, 123, 230]);
  });

  test.each(allVariants)('$name: weight and bias gradient', ({ options }) => {
    const { gradWeight, gradBias } = callKernel(
      'conv2dBackwardWeight',
      { input: [1, 2, 3], gradOutput: [1, 10, 100], gradWeight: 9, gradBias: 1 },
      params,
      options,
    );
    expect([...gradWeight]).toEqual([0, 0, 0, 210, 321, 32, 0, 0, 0]);
    expect([...gradBias]).toEqual([111]);
  });
});

describeGolden('conv2d against PyTorch', () => {
  for (const name of ['conv1x1_even', 'conv1x1_odd', 'conv3x3_even', 'conv3x3_odd']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(name);
      const [batch, inChannels, height, width] = arrays['in.x'].shape;
      const [outChannels, , kernel] = arrays['p.weight'].shape;
      const params = { batch, height, width, inChannels, outChannels, kernel };
      const input = channelsLast(arrays['in.x']);
      const weight = permute(arrays['p.weight'], [2, 3, 1, 0]);
      const gradOutput = channelsLast(arrays['in.gy']);
      const forward = callKernel('conv2dForward', { input, weight, bias: arrays['p.bias'].data, output: gradOutput.length }, params, options);
      expect(relativeError(forward.output, channelsLast(arrays['out.y']))).toBeLessThan(tolerance);
      const toInput = callKernel('conv2dBackwardInput', { gradOutput, weight, gradInput: input.length }, params, options);
      expect(relativeError(toInput.gradInput, channelsLast(arrays['g.in.x']))).toBeLessThan(tolerance);
      const toWeight = callKernel('conv2dBackwardWeight', { input, gradOutput, gradWeight: weight.length, gradBias: outChannels }, params, options);
      expect(relativeError(toWeight.gradWeight, permute(arrays['g.p.weight'], [2, 3, 1, 0]))).toBeLessThan(tolerance);
      expect(relativeError(toWeight.gradBias, arrays['g.p.bias'].data)).toBeLessThan(tolerance);
    });
  }
});

/** Inputs of a case, by a fixed seed. */
function makeCase(shape: Conv2dCase): {
  params: Record<string, number>;
  input: Float64Array;
  weight: Float64Array;
  bias: Float64Array;
  slope: Float64Array;
  gradOutput: Float64Array;
} {
  const { batch, height, width, inChannels, outChannels, kernel, activation = 0 } = shape;
  const pixels = batch * height * width;
  return {
    params: { batch, height, width, inChannels, outChannels, kernel, activation },
    input: randomArray(pixels * inChannels, 1),
    weight: randomArray(kernel * kernel * inChannels * outChannels, 2),
    bias: randomArray(outChannels, 3),
    slope: randomArray(outChannels, 4),
    gradOutput: randomArray(pixels * outChannels, 5),
  };
}

test('conv2d gradients agree with central differences in double', () => {
  const { params, input, weight, bias, gradOutput } = makeCase({ name: '', batch: 2, height: 4, width: 3, inChannels: 2, outChannels: 3, kernel: 3 });
  const loss = (x: ArrayLike<number>, w: ArrayLike<number>, b: ArrayLike<number>): number =>
    dot(callKernel('conv2dForward', { input: x, weight: w, bias: b, output: gradOutput.length }, params, double).output, gradOutput);
  const { gradInput } = callKernel('conv2dBackwardInput', { gradOutput, weight, gradInput: input.length }, params, double);
  const { gradWeight, gradBias } = callKernel('conv2dBackwardWeight', { input, gradOutput, gradWeight: weight.length, gradBias: 3 }, params, double);
  // The loss is linear in each argument: only rounding is left, about 1e-16/1e-5.
  expect(
    relativeError(
      gradInput,
      centralDifferences((x) => loss(x, weight, bias), input),
    ),
  ).toBeLessThan(1e-9);
  expect(
    relativeError(
      gradWeight,
      centralDifferences((w) => loss(input, w, bias), weight),
    ),
  ).toBeLessThan(1e-9);
  expect(
    relativeError(
      gradBias,
      centralDifferences((b) => loss(input, weight, b), bias),
    ),
  ).toBeLessThan(1e-9);
});

/** `algorithm`: by the measured rule, direct, Winograd; the CUDA kernels have one. */
const algorithms = [
  ...[0, 1, 2].flatMap((algorithm) => fastVariants.map(({ name, options }) => ({ name: `${name}, algorithm ${algorithm}`, options, algorithm }))),
  ...deviceVariants.map((variant) => ({ ...variant, algorithm: 0 })),
];

describe.each(algorithms)('conv2d, $name, against the double reference', ({ options, algorithm }) => {
  // Float sums of up to K·K·C (forward, input) or N·H·W (weight) terms of random sign, and Winograd's transforms: error well below 1e-5 of the array's maximum.
  const bound = 1e-5;
  const shapes = conv2dCases.filter(({ kernel }) => algorithm !== 2 || kernel === 3);

  test.each(shapes)('$name: forward', (shape) => {
    const { params, input, weight, bias, slope, gradOutput } = makeCase(shape);
    const operands = { input, weight, bias, slope: params.activation === 2 ? slope : undefined, output: gradOutput.length };
    const expected = callKernel('conv2dForward', operands, params, double).output;
    expect(relativeError(callKernel('conv2dForward', operands, { ...params, algorithm }, options).output, expected)).toBeLessThan(bound);
    const noBias = { ...operands, bias: undefined };
    const plain = callKernel('conv2dForward', noBias, params, double).output;
    expect(relativeError(callKernel('conv2dForward', noBias, { ...params, algorithm }, options).output, plain)).toBeLessThan(bound);
  });

  test.each(shapes)('$name: forward, into channels of a larger array', (shape) => {
    const { params, input, weight, bias, slope, gradOutput } = makeCase(shape);
    const outputStride = params.outChannels + 5;
    const operands = { input, weight, bias, slope: params.activation === 2 ? slope : undefined };
    const apart = spread(gradOutput, params.outChannels, outputStride);
    const { output } = callKernel('conv2dForward', { ...operands, output: apart }, { ...params, outputStride, algorithm }, options);
    const expected = callKernel('conv2dForward', { ...operands, output: gradOutput.length }, params, double).output;
    expect(relativeError(gathered(output, params.outChannels, outputStride), expected)).toBeLessThan(bound);
  });

  test.each(shapes.filter(({ batch }) => batch > 1))('$name: forward, into channels and rows of larger images', (shape) => {
    const { params, input, weight, bias, slope, gradOutput } = makeCase(shape);
    const { height, width, outChannels } = params;
    const outputStride = outChannels + 4;
    const image = spread(gradOutput.subarray(0, height * width * outChannels), outChannels, outputStride);
    const outputImageStride = (height + 1) * width * outputStride;
    const operands = { input, weight, bias, slope: params.activation === 2 ? slope : undefined };
    const apart = spread(new Float64Array(params.batch * image.length).fill(Number.NaN), image.length, outputImageStride);
    const asked = { ...params, outputStride, outputImageStride, algorithm };
    const { output } = callKernel('conv2dForward', { ...operands, output: apart }, asked, options);
    const expected = callKernel('conv2dForward', { ...operands, output: gradOutput.length }, params, double).output;
    const images = gathered(output, image.length, outputImageStride);
    for (let n = 0; n < params.batch; n++) {
      const own = gathered(images.subarray(n * image.length, (n + 1) * image.length), outChannels, outputStride);
      expect(relativeError(own, expected.subarray(n * own.length, (n + 1) * own.length))).toBeLessThan(bound);
    }
  });

  test.each(shapes)('$name: backward', (shape) => {
    const { params, input, weight, gradOutput } = makeCase(shape);
    for (const accumulate of [0, 1]) {
      const asked = { ...params, accumulate, algorithm };
      const toInput = { gradOutput, weight, gradInput: accumulate ? randomArray(input.length, 6) : input.length };
      const expected = callKernel('conv2dBackwardInput', toInput, asked, double).gradInput;
      expect(relativeError(callKernel('conv2dBackwardInput', toInput, asked, options).gradInput, expected)).toBeLessThan(bound);
      const toWeight = {
        input,
        gradOutput,
        gradWeight: accumulate ? randomArray(weight.length, 7) : weight.length,
        gradBias: accumulate ? randomArray(params.outChannels, 8) : params.outChannels,
      };
      const reference = callKernel('conv2dBackwardWeight', toWeight, asked, double);
      const actual = callKernel('conv2dBackwardWeight', toWeight, asked, options);
      expect(relativeError(actual.gradWeight, reference.gradWeight)).toBeLessThan(bound);
      expect(relativeError(actual.gradBias, reference.gradBias)).toBeLessThan(bound);
    }
  });

  test.each(shapes)('$name: backward, into channels of a larger array', (shape) => {
    const { params, input, weight, gradOutput } = makeCase(shape);
    const gradInputStride = params.inChannels + 5;
    for (const accumulate of [0, 1]) {
      const before = randomArray(input.length, 6);
      const expected = callKernel('conv2dBackwardInput', { gradOutput, weight, gradInput: before }, { ...params, accumulate }, double).gradInput;
      const apart = { gradOutput, weight, gradInput: spread(before, params.inChannels, gradInputStride) };
      const { gradInput } = callKernel('conv2dBackwardInput', apart, { ...params, accumulate, gradInputStride, algorithm }, options);
      expect(relativeError(gathered(gradInput, params.inChannels, gradInputStride), expected)).toBeLessThan(bound);
    }
  });

  test('the same threads give the same bits', () => {
    const { params, input, gradOutput, weight } = makeCase(conv2dCases[0]);
    const once = (): Float64Array =>
      callKernel('conv2dBackwardWeight', { input, gradOutput, gradWeight: weight.length }, { ...params, algorithm }, options).gradWeight;
    expect(once()).toEqual(once());
  });
});

describe.each(algorithms.filter(({ algorithm }) => algorithm !== 2))('conv2d, $name, of single cells', ({ options, algorithm }) => {
  test.each(conv2dCases.filter(({ kernel }) => kernel === 1))('$name: from channels of a larger array', (shape) => {
    const { params, input, weight, gradOutput } = makeCase(shape);
    const apart = { ...params, inputStride: params.inChannels + 5, algorithm };
    const calls = { conv2dForward: { weight, output: gradOutput.length }, conv2dBackwardWeight: { gradOutput, gradWeight: weight.length } };
    for (const [op, operands] of Object.entries(calls)) {
      const result = op === 'conv2dForward' ? 'output' : 'gradWeight';
      const expected = callKernel(op, { input, ...operands }, params, double)[result];
      const actual = callKernel(op, { input: spread(input, params.inChannels, apart.inputStride), ...operands }, apart, options)[result];
      expect(relativeError(actual, expected)).toBeLessThan(1e-5);
    }
  });

  test('wider kernels take an input in one piece', () => {
    const { params, input, weight, gradOutput } = makeCase(conv2dCases[0]);
    const apart = { ...params, inputStride: params.inChannels + 1, algorithm };
    const operands = { input: spread(input, params.inChannels, apart.inputStride), weight, output: gradOutput.length };
    expect(() => callKernel('conv2dForward', operands, apart, options)).toThrow(
      'expected cells of the input side by side but received inputStride 17',
    );
  });
});

test.each(fastVariants)('an output so large that it is stored past the caches is the same as its halves, which are not: $name', ({ options }) => {
  const [width, channels] = [2 ** 18, 16]; // 4 Mi floats (streamsRows); each cell of a 1x1 convolution is a sum of its own
  const input = randomArray(width * channels, 1);
  const [weight, bias] = [randomArray(channels * channels, 2), randomArray(channels, 3)];
  const convolve = (cells: Float64Array): Float64Array => {
    const params = { batch: 1, height: 1, width: cells.length / channels, inChannels: channels, outChannels: channels, kernel: 1 };
    return callKernel('conv2dForward', { input: cells, weight, bias, output: cells.length }, params, options).output;
  };
  const [whole, ...halves] = [input, input.slice(0, input.length / 2), input.slice(input.length / 2)].map(convolve);
  const different = whole.filter((value, i) => value !== halves[Math.floor((2 * i) / whole.length)][i % halves[0].length]);
  expect(different.length).toBe(0);
});

describe.each(roundedVariants)('conv2d, $name', ({ options, tolerance }) => {
  // Every tile, with rows copied by one float and by four; tiles of cells with their border where channels come by fours.
  const names = [
    'odd everything',
    'channels fill several tiles',
    'channels one past a tile',
    '5x5',
    'single column',
    'several blocks of tiles',
    'prelu',
  ];
  const tested = conv2dCases.filter(({ name }) => names.includes(name) || name.startsWith('sixteen'));
  const rounds = (actual: Float64Array, expected: Float64Array): void => {
    const error = relativeError(actual, expected);
    expect(error).toBeLessThan(tolerance);
    expect(error).toBeGreaterThan(1e-5); // of float: rounded factors were asked for
  };

  test.each(tested)('$name', (shape) => {
    const { params, input, weight, bias, slope, gradOutput } = makeCase(shape);
    const calls: [string, Parameters<typeof callKernel>[1], string][] = [
      ['conv2dForward', { input, weight, bias, slope: params.activation === 2 ? slope : undefined, output: gradOutput.length }, 'output'],
      ['conv2dBackwardInput', { gradOutput, weight, gradInput: input.length }, 'gradInput'],
      ['conv2dBackwardWeight', { input, gradOutput, gradWeight: weight.length }, 'gradWeight'],
    ];
    for (const [op, operands, result] of calls) {
      rounds(callKernel(op, operands, params, options)[result], callKernel(op, operands, params, double)[result]);
    }
  });

  test('the bias gradient is a sum without products, and exact', () => {
    const { params, input, weight, gradOutput } = makeCase(conv2dCases[0]);
    const operands = { input, gradOutput, gradWeight: weight.length, gradBias: params.outChannels };
    const expected = callKernel('conv2dBackwardWeight', operands, params, double).gradBias;
    expect(relativeError(callKernel('conv2dBackwardWeight', operands, params, options).gradBias, expected)).toBeLessThan(1e-6);
  });
});

describe.each(algorithms)('conv2d, $name, gradients of a bias', ({ options, algorithm }) => {
  test.each(algorithm === 2 ? [3] : [1, 3])('keep their digits where very many cells have the same, as of an L1 loss: kernel %i', (kernel) => {
    const params = { batch: 1, height: 500, width: 240, inChannels: 1, outChannels: 2, kernel };
    const input = randomArray(params.height * params.width, 1);
    const gradOutput = new Float64Array(2 * input.length).fill(0.1);
    const operands = { input, gradOutput, gradWeight: 2 * kernel ** 2, gradBias: 2 };
    const expected = callKernel('conv2dBackwardWeight', operands, params, double).gradBias;
    // One float after the other rounds the same way for long: 6e-4 in the head of a batch of eight on the paper's grid.
    const { gradBias } = callKernel('conv2dBackwardWeight', operands, { ...params, algorithm }, { ...options, threads: 1 });
    expect(relativeError(gradBias, expected)).toBeLessThan(5e-6);
  });
});

describe.each([...deviceVariants, ...roundedVariants.filter(({ options }) => options.precision === 'tf32')])(
  'conv2d of so many cells that tiles are twice as high, $name',
  ({ options, tolerance }) => {
    test.each(options.precision === 'tf32' ? [1, 16] : [1])('%i channels', (inChannels) => {
      const shape = { name: '', batch: 1, height: 260, width: 261, inChannels, outChannels: 18, kernel: 3 };
      const { params, input, weight, bias, gradOutput } = makeCase(shape);
      const operands = { input, weight, bias, output: gradOutput.length };
      const expected = callKernel('conv2dForward', operands, params, double).output;
      expect(relativeError(callKernel('conv2dForward', operands, params, options).output, expected)).toBeLessThan(tolerance);
    });
  },
);
