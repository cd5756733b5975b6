import { allVariants, callKernel, deviceVariants, fastVariants } from '../../testing/call-kernel';
import { channelsLast, describeGolden, readGolden } from '../../testing/golden';
import { randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';

test.each(allVariants)('maxpool2x2 by hand, odd sizes: $name', ({ options }) => {
  // 3 x 3: windows {1,2,4,5}, {3,6}, {7,8}, {9} with ceil; the first alone without.
  const input = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const params = { batch: 1, height: 3, width: 3, channels: 1 };
  expect([...callKernel('maxpool2x2Forward', { input, output: 4 }, { ...params, ceil: 1 }, options).output]).toEqual([5, 6, 8, 9]);
  expect([...callKernel('maxpool2x2Forward', { input, output: 1 }, { ...params, ceil: 0 }, options).output]).toEqual([5]);
  const back = callKernel('maxpool2x2Backward', { input, gradOutput: [1, 2, 3, 4], gradInput: 9 }, { ...params, ceil: 1 }, options);
  expect([...back.gradInput]).toEqual([0, 0, 0, 0, 1, 2, 0, 3, 4]);
});

test.each(allVariants)('maxpool2x2: the first of equal maxima wins, NaN is kept: $name', ({ options }) => {
  const params = { batch: 1, height: 2, width: 2, channels: 1, ceil: 0 };
  expect([...callKernel('maxpool2x2Backward', { input: [1, 3, 3, 3], gradOutput: [1], gradInput: 4 }, params, options).gradInput]).toEqual([
    0, 1, 0, 0,
  ]);
  expect([...callKernel('maxpool2x2Forward', { input: [1, NaN, 3, 2], output: 1 }, params, options).output]).toEqual([NaN]);
});

describeGolden('maxpool2x2 against PyTorch', () => {
  for (const name of ['even_ceil', 'even_floor', 'odd_ceil', 'odd_floor', 'ties']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(`maxpool2x2_${name}`);
      const [batch, channels, height, width] = arrays['in.x'].shape;
      const params = { batch, height, width, channels, ceil: name.endsWith('ceil') ? 1 : 0 };
      const input = channelsLast(arrays['in.x']);
      const gradOutput = channelsLast(arrays['in.gy']);
      const { output } = callKernel('maxpool2x2Forward', { input, output: gradOutput.length }, params, options);
      expect(relativeError(output, channelsLast(arrays['out.y']))).toBeLessThan(tolerance);
      const { gradInput } = callKernel('maxpool2x2Backward', { input, gradOutput, gradInput: input.length }, params, options);
      expect(relativeError(gradInput, channelsLast(arrays['g.in.x']))).toBeLessThan(tolerance);
    });
  }
});

describe.each([...fastVariants, ...deviceVariants])('maxpool2x2, $name, equals the reference', ({ options }) => {
  const shapes = [
    [2, 8, 8, 24, 0],
    [1, 7, 9, 5, 1],
    [1, 7, 9, 33, 0],
    [1, 1, 1, 3, 1],
    [2, 2, 11, 48, 1],
  ];
  test.each(shapes)('batch %i, %i x %i, %i channels, ceil %i', (batch, height, width, channels, ceil) => {
    const params = { batch, height, width, channels, ceil };
    const outputs = batch * Math.floor((height + ceil) / 2) * Math.floor((width + ceil) / 2) * channels;
    const input = randomArray(batch * height * width * channels, 1).map((x) => Math.round(4 * x)); // many ties
    const gradOutput = randomArray(outputs, 2);
    const forward = (o: typeof options): Float64Array => callKernel('maxpool2x2Forward', { input, output: outputs }, params, o).output;
    const backward = (o: typeof options): Float64Array =>
      callKernel('maxpool2x2Backward', { input, gradOutput, gradInput: input.length }, params, o).gradInput;
    expect(forward(options)).toEqual(forward({ kernels: 'reference' }));
    expect(backward(options)).toEqual(backward({ kernels: 'reference' }));
  });

  const apart = shapes.flatMap((shape) => [3, 4].map((gap) => [...shape, gap])); // with a gap of 4, vectors of 16 bytes stay whole
  test.each(apart)('as channels of a larger array, adding: batch %i, %i x %i, %i channels, ceil %i, gap %i', (...shapeAndGap) => {
    const [batch, height, width, channels, ceil, gap] = shapeAndGap;
    const shape = { batch, height, width, channels, ceil };
    const strides = { inputStride: channels + gap, gradInputStride: channels + 8, addedStride: channels + 4 };
    const outputs = batch * Math.floor((height + ceil) / 2) * Math.floor((width + ceil) / 2) * channels;
    const input = randomArray(batch * height * width * channels, 1).map((x) => Math.round(4 * x));
    const gradOutput = randomArray(outputs, 2);
    const before = randomArray(input.length, 3).map((x) => Math.fround(x));
    const spreadInput = spread(input, channels, strides.inputStride);
    const { output } = callKernel('maxpool2x2Forward', { input: spreadInput, output: outputs }, { ...shape, inputStride: channels + gap }, options);
    expect(output).toEqual(callKernel('maxpool2x2Forward', { input, output: outputs }, shape, { kernels: 'reference' }).output);
    const gradients = { gradOutput, gradInput: spread(new Float64Array(before.length), channels, strides.gradInputStride) };
    const operands = { input: spreadInput, added: spread(before, channels, strides.addedStride), ...gradients };
    const { gradInput } = callKernel('maxpool2x2Backward', operands, { ...shape, ...strides }, options);
    const alone = callKernel('maxpool2x2Backward', { input, gradOutput, gradInput: input.length }, shape, { kernels: 'reference' }).gradInput;
    expect(gathered(gradInput, channels, strides.gradInputStride)).toEqual(alone.map((x, i) => Math.fround(x + before[i])));
  });
});
