import { allVariants, callKernel, deviceVariants, fastVariants, type Variant } from '../../testing/call-kernel';
import { channelsLast, describeGolden, readGolden } from '../../testing/golden';
import { centralDifferences, dot, randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';

const double: Variant['options'] = { dtype: 'float64' };

test.each(allVariants)('prelu by hand: $name', ({ options }) => {
  const params = { pixels: 2, channels: 2 };
  const input = [1, -2, -3, 0];
  expect([...callKernel('preluForward', { input, slope: [0.5, 0.25], output: 4 }, params, options).output]).toEqual([1, -0.5, -1.5, 0]);
  const back = callKernel('preluBackward', { input, slope: [0.5, 0.25], gradOutput: [1, 2, 4, 8], gradInput: 4, gradSlope: 2 }, params, options);
  expect([...back.gradInput]).toEqual([1, 0.5, 2, 2]);
  expect([...back.gradSlope]).toEqual([-12, -4]);
});

describeGolden('prelu against PyTorch', () => {
  for (const name of ['prelu_even', 'prelu_odd', 'prelu_zero']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(name);
      const [batch, channels, height, width] = arrays['in.x'].shape;
      const params = { pixels: batch * height * width, channels };
      const [input, gradOutput, slope] = [channelsLast(arrays['in.x']), channelsLast(arrays['in.gy']), arrays['p.weight'].data];
      const { output } = callKernel('preluForward', { input, slope, output: input.length }, params, options);
      expect(relativeError(output, channelsLast(arrays['out.y']))).toBeLessThan(tolerance);
      const back = callKernel('preluBackward', { input, slope, gradOutput, gradInput: input.length, gradSlope: channels }, params, options);
      expect(relativeError(back.gradInput, channelsLast(arrays['g.in.x']))).toBeLessThan(tolerance);
      expect(relativeError(back.gradSlope, arrays['g.p.weight'].data)).toBeLessThan(tolerance);
    });
  }
});

test('prelu gradients agree with central differences in double', () => {
  const params = { pixels: 6, channels: 3 };
  const [input, slope, gradOutput] = [randomArray(18, 1), randomArray(3, 2), randomArray(18, 3)]; // no input within 1e-5 of the kink
  const forward = (x: Float64Array, a: Float64Array): number =>
    dot(callKernel('preluForward', { input: x, slope: a, output: 18 }, params, double).output, gradOutput);
  const back = callKernel('preluBackward', { input, slope, gradOutput, gradInput: 18, gradSlope: 3 }, params, double);
  expect(
    relativeError(
      back.gradInput,
      centralDifferences((x) => forward(x, slope), input),
    ),
  ).toBeLessThan(1e-9);
  expect(
    relativeError(
      back.gradSlope,
      centralDifferences((a) => forward(input, a), slope),
    ),
  ).toBeLessThan(1e-9);
});

describe.each([...fastVariants, ...deviceVariants])('prelu, $name, against the double reference', ({ options }) => {
  test.each([
    [500, 24],
    [7, 1],
    [65, 33],
    [130, 5],
  ])('%i pixels, %i channels', (pixels, channels) => {
    const params = { pixels, channels };
    const [input, slope, gradOutput] = [randomArray(pixels * channels, 1), randomArray(channels, 2), randomArray(pixels * channels, 3)];
    const forward = (o: typeof options): Float64Array => callKernel('preluForward', { input, slope, output: input.length }, params, o).output;
    const backward = (o: typeof options): Record<string, Float64Array> =>
      callKernel('preluBackward', { input, slope, gradOutput, gradInput: input.length, gradSlope: channels }, params, o);
    expect(relativeError(forward(options), forward(double))).toBeLessThan(1e-6);
    expect(relativeError(backward(options).gradInput, backward(double).gradInput)).toBeLessThan(1e-6);
    expect(relativeError(backward(options).gradSlope, backward(double).gradSlope)).toBeLessThan(1e-5);
  });

  test.each([
    [5, 7],
    [200, 24],
  ])('output and its gradient as rows and channels of larger images: %i pixels, %i channels', (pixels, channels) => {
    const [images, outputStride] = [3, channels + 4];
    const outputImageStride = (pixels + 2) * outputStride;
    const all = images * pixels * channels;
    const [input, slope, gradOutput] = [randomArray(all, 1), randomArray(channels, 2), randomArray(all, 3)];
    const params = { pixels: images * pixels, channels };
    const apart = { ...params, images, outputStride, outputImageStride };
    const span = (pixels - 1) * outputStride + channels;
    const parted = (array: Float64Array): Float64Array => {
      const whole = new Float64Array(images * span);
      const size = pixels * channels;
      for (let n = 0; n < images; n++) whole.set(spread(array.subarray(n * size, (n + 1) * size), channels, outputStride), n * span);
      return spread(whole, span, outputImageStride);
    };
    const { output } = callKernel('preluForward', { input, slope, output: parted(gradOutput) }, apart, options);
    const expected = callKernel('preluForward', { input, slope, output: all }, params, double).output;
    const written = parted(expected);
    expect(
      relativeError(
        output.filter((x) => !Number.isNaN(x)),
        written.filter((x) => !Number.isNaN(x)),
      ),
    ).toBeLessThan(1e-6);
    const gradients = { gradInput: all, gradSlope: channels };
    const reference = callKernel('preluBackward', { input, slope, gradOutput, ...gradients }, params, double);
    const actual = callKernel('preluBackward', { input, slope, gradOutput: parted(gradOutput), ...gradients }, apart, options);
    expect(relativeError(actual.gradInput, reference.gradInput)).toBeLessThan(1e-6);
    expect(relativeError(actual.gradSlope, reference.gradSlope)).toBeLessThan(1e-5);
  });

  test('output and its gradient as channels of a larger array', () => {
    const [pixels, channels, outputStride] = [130, 21, 30];
    const [plain, strided] = [
      { pixels, channels },
      { pixels, channels, outputStride },
    ];
    const [input, slope, gradOutput] = [randomArray(pixels * channels, 1), randomArray(channels, 2), randomArray(pixels * channels, 3)];
    const apart = spread(gradOutput, channels, outputStride);
    const { output } = callKernel('preluForward', { input, slope, output: apart }, strided, options);
    const expected = callKernel('preluForward', { input, slope, output: input.length }, plain, double).output;
    expect(relativeError(gathered(output, channels, outputStride), expected)).toBeLessThan(1e-6);
    const gradients = { gradInput: input.length, gradSlope: channels };
    const reference = callKernel('preluBackward', { input, slope, gradOutput, ...gradients }, plain, double);
    const actual = callKernel('preluBackward', { input, slope, gradOutput: apart, ...gradients }, strided, options);
    expect(relativeError(actual.gradInput, reference.gradInput)).toBeLessThan(1e-6);
    expect(relativeError(actual.gradSlope, reference.gradSlope)).toBeLessThan(1e-5);
  });
});
