import { allVariants, callKernel, deviceVariants, fastVariants, roundedVariants } from '../../testing/call-kernel';
import { randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';

const words = new Uint32Array(1);
const float = new Float32Array(words.buffer);

/** The lowest bit of a number as a float. */
function markOf(x: number): number {
  float[0] = x;
  return words[0] & 1;
}

/** The numbers as floats, every third marked. */
function markThirds(values: Float64Array): Float64Array {
  return values.map((x, i) => {
    float[0] = x;
    words[0] = (words[0] & ~1) | (i % 3 === 0 ? 1 : 0);
    return float[0];
  });
}

const variants = [
  ...fastVariants.flatMap((variant) => [1, 2].map((algorithm) => ({ ...variant, name: `${variant.name}, algorithm ${algorithm}`, algorithm }))),
  ...[{ name: 'reference', options: { kernels: 'reference' as const }, tolerance: 1e-5 }, ...deviceVariants].map((variant) => ({
    ...variant,
    algorithm: 0,
  })),
];

describe.each(variants)('a convolution marks the result of its P-ReLU: $name', ({ options, algorithm }) => {
  test.each([
    [2, 9, 13, 8, 12],
    [1, 6, 7, 5, 1],
    [1, 5, 11, 16, 21],
  ])('batch %i, grid %i x %i, channels %i to %i', (batch, height, width, inChannels, outChannels) => {
    const shape = { batch, height, width, inChannels, outChannels, kernel: 3, algorithm };
    const [cells, taps] = [batch * height * width, 9 * inChannels * outChannels];
    const operands = { input: randomArray(cells * inChannels, 1), weight: randomArray(taps, 2), bias: randomArray(outChannels, 3) };
    const slope = randomArray(outChannels, 4); // of both signs
    const forward = (activation: number): Float64Array => {
      const slopes = activation === 2 ? { slope } : {};
      return callKernel('conv2dForward', { ...operands, ...slopes, output: cells * outChannels }, { ...shape, activation }, options).output;
    };
    const [plain, activated] = [forward(0), forward(2)];
    expect(Array.from(activated, markOf)).toEqual(Array.from(plain, (z) => (z > 0 ? 1 : 0)));
    const expected = plain.map((z, i) => (z > 0 ? z : slope[i % outChannels] * z));
    expect(relativeError(activated, expected)).toBeLessThan(2e-7); // units in the last place
  });
});

interface Reverse {
  kernel: string;
  params: Record<string, number>;
  operands: Record<string, Float64Array>;
  /** of the gradient */
  cells: number;
  channels: number;
}

const conv = (batch: number, height: number, width: number, inChannels: number, outChannels: number, kernel: number): Reverse => ({
  kernel: 'conv2dBackwardInput',
  params: { batch, height, width, inChannels, outChannels, kernel },
  operands: { gradOutput: randomArray(batch * height * width * outChannels, 1), weight: randomArray(kernel ** 2 * inChannels * outChannels, 2) },
  cells: batch * height * width,
  channels: inChannels,
});

const upconv = (batch: number, height: number, width: number, inChannels: number, outChannels: number, gap: number): Reverse => ({
  kernel: 'upconv2x2BackwardInput',
  params: { batch, height, width, inChannels, outChannels, outputStride: outChannels + gap },
  operands: {
    gradOutput: spread(randomArray(4 * batch * height * width * outChannels, 1), outChannels, outChannels + gap),
    weight: randomArray(4 * inChannels * outChannels, 2),
  },
  cells: batch * height * width,
  channels: inChannels,
});

const cases: [string, Reverse][] = [
  ['conv2d 3x3', conv(2, 9, 13, 12, 8, 3)],
  ['conv2d 3x3, one channel', conv(1, 7, 9, 1, 4, 3)],
  ['conv2d 3x3, channels one past a tile', conv(1, 6, 11, 33, 16, 3)],
  ['conv2d 1x1', conv(1, 8, 31, 64, 4, 1)],
  ['conv2d of few cells, whose sums are cut into shares', conv(1, 4, 4, 24, 96, 3)],
  ['upconv2x2', upconv(1, 5, 13, 48, 24, 0)],
  ['upconv2x2 of channels of a larger array', upconv(2, 2, 37, 33, 17, 8)],
];

describe.each(variants)('a data gradient is multiplied by a derivative: $name', ({ options, algorithm }) => {
  const tested = cases.filter(([, { params }]) => algorithm !== 2 || params.kernel === 3);

  /** With the derivative, and what it must be: the gradient without it times the factors. */
  function compare({ kernel, params, operands, cells, channels }: Reverse, derivative: number, gap: number, accumulate: number): number {
    const before = randomArray(cells * channels, 3);
    const activated = markThirds(randomArray(cells * channels, 4));
    const slope = derivative === 2 ? { slope: randomArray(channels, 5) } : {};
    const gradInput = accumulate ? before : cells * channels;
    const own: Record<string, number> = kernel === 'conv2dBackwardInput' ? { algorithm } : {};
    const plain = callKernel(kernel, { ...operands, gradInput }, { ...params, accumulate }, { dtype: 'float64' }).gradInput;
    const asked = { ...params, ...own, accumulate, derivative, activatedStride: channels + gap };
    const given = { ...operands, ...slope, activated: spread(activated, channels, channels + gap), gradInput };
    const expected = plain.map((x, i) => {
      if (derivative === 1) return activated[i] > 0 ? x : 0;
      return markOf(activated[i]) === 1 ? x : x * slope.slope![i % channels];
    });
    return relativeError(callKernel(kernel, given, asked, options).gradInput, expected);
  }

  test.each(tested)('%s', (_, reverse) => {
    for (const derivative of [1, 2]) {
      for (const gap of [0, 3, 4]) {
        for (const accumulate of [0, 1]) expect(compare(reverse, derivative, gap, accumulate)).toBeLessThan(1e-5);
      }
    }
  });
});

test.each(roundedVariants)('tiles of 3x3 convolutions with rounded factors multiply by a derivative, too: $name', ({ options, tolerance }) => {
  const { kernel, params, operands, cells, channels } = conv(1, 10, 17, 24, 32, 3);
  const activated = markThirds(randomArray(cells * channels, 4));
  const slope = randomArray(channels, 5);
  const plain = callKernel(kernel, { ...operands, gradInput: cells * channels }, params, options).gradInput;
  const given = { ...operands, activated, slope, gradInput: cells * channels };
  const { gradInput } = callKernel(kernel, given, { ...params, derivative: 2 }, options);
  const expected = plain.map((x, i) => (markOf(activated[i]) === 1 ? x : x * slope[i % channels]));
  expect(relativeError(gradInput, expected)).toBeLessThan(Math.min(tolerance, 1e-6));
});

describe.each(allVariants.filter(({ options }) => options.dtype !== 'float64'))('elementwise, $name', ({ options }) => {
  test.each([
    [2, 8, 8, 24, 0, 4],
    [1, 7, 9, 5, 1, 3],
    [1, 7, 9, 33, 0, 0],
    [1, 2, 11, 48, 1, 8],
  ])('maxpool2x2 adds, and multiplies by the derivative: batch %i, grid %i x %i, %i channels, ceil %i, gap %i', (...sizes) => {
    const [batch, height, width, channels, ceil, gap] = sizes;
    const [cells, stride] = [batch * height * width, channels + gap];
    const params = { batch, height, width, channels, ceil };
    const outputs = batch * Math.floor((height + ceil) / 2) * Math.floor((width + ceil) / 2) * channels;
    const input = markThirds(randomArray(cells * channels, 1));
    const [gradOutput, added, slope] = [randomArray(outputs, 2), randomArray(cells * channels, 3), randomArray(channels, 4)];
    const pooled = callKernel('maxpool2x2Backward', { input, gradOutput, gradInput: cells * channels }, params, { dtype: 'float64' }).gradInput;
    for (const derivative of [0, 1, 2]) {
      const factor = (i: number): number => {
        if (derivative === 0) return 1;
        if (derivative === 1) return input[i] > 0 ? 1 : 0;
        return markOf(input[i]) === 1 ? 1 : slope[i % channels];
      };
      const given = { input, gradOutput, added: spread(added, channels, stride), ...(derivative === 2 && { slope }), gradInput: cells * channels };
      const { gradInput } = callKernel('maxpool2x2Backward', given, { ...params, addedStride: stride, derivative }, options);
      expect(
        relativeError(
          gradInput,
          pooled.map((x, i) => (x + added[i]) * factor(i)),
        ),
      ).toBeLessThan(1e-6);
    }
  });

  test.each([
    [500, 24, 4],
    [65, 33, 5],
  ])('preluBackward by a marked result: %i pixels, %i channels, gap %i', (pixels, channels, gap) => {
    const [activated, slope, gradOutput] = [
      markThirds(randomArray(pixels * channels, 1)),
      randomArray(channels, 2),
      randomArray(pixels * channels, 3),
    ];
    const stride = channels + gap;
    const operands = { input: spread(activated, channels, stride), slope, gradOutput, gradInput: pixels * channels };
    const { gradInput } = callKernel('preluBackward', operands, { pixels, channels, inputStride: stride, marked: 1 }, options);
    const expected = gradOutput.map((x, i) => (markOf(activated[i]) === 1 ? x : x * slope[i % channels]));
    expect(relativeError(gathered(gradInput, channels, channels), expected)).toBeLessThan(1e-6);
  });
});
