import { allVariants, callKernel, deviceVariants, fastVariants, roundedVariants, type Variant } from '../../testing/call-kernel';
import { channelsLast, describeGolden, permute, readGolden } from '../../testing/golden';
import { centralDifferences, dot, ofAllSizes, randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';

const double: Variant['options'] = { dtype: 'float64' };

test.each(allVariants)('upconv2x2 by hand: $name', ({ options }) => {
  // One cell of value 3 becomes a block 3·(1, 2, 3, 4) + 1.
  const params = { batch: 1, height: 1, width: 1, inChannels: 1, outChannels: 1 };
  const weight = [1, 2, 3, 4];
  expect([...callKernel('upconv2x2Forward', { input: [3], weight, bias: [1], output: 4 }, params, options).output]).toEqual([4, 7, 10, 13]);
  expect([...callKernel('upconv2x2BackwardInput', { gradOutput: [1, 10, 100, 1000], weight, gradInput: 1 }, params, options).gradInput]).toEqual([
    4321,
  ]);
  const back = callKernel('upconv2x2BackwardWeight', { input: [3], gradOutput: [1, 10, 100, 1000], gradWeight: 4, gradBias: 1 }, params, options);
  expect([...back.gradWeight, ...back.gradBias]).toEqual([3, 30, 300, 3000, 1111]);
});

describeGolden('upconv2x2 against PyTorch', () => {
  for (const name of ['upconv2x2_even', 'upconv2x2_odd']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(name);
      const [batch, inChannels, height, width] = arrays['in.x'].shape;
      const outChannels = arrays['p.bias'].shape[0];
      const params = { batch, height, width, inChannels, outChannels };
      const input = channelsLast(arrays['in.x']);
      const weight = permute(arrays['p.weight'], [2, 3, 0, 1]);
      const gradOutput = channelsLast(arrays['in.gy']);
      const forward = callKernel('upconv2x2Forward', { input, weight, bias: arrays['p.bias'].data, output: gradOutput.length }, params, options);
      expect(relativeError(forward.output, channelsLast(arrays['out.y']))).toBeLessThan(tolerance);
      const toInput = callKernel('upconv2x2BackwardInput', { gradOutput, weight, gradInput: input.length }, params, options);
      expect(relativeError(toInput.gradInput, channelsLast(arrays['g.in.x']))).toBeLessThan(tolerance);
      const toWeight = callKernel(
        'upconv2x2BackwardWeight',
        { input, gradOutput, gradWeight: weight.length, gradBias: outChannels },
        params,
        options,
      );
      expect(relativeError(toWeight.gradWeight, permute(arrays['g.p.weight'], [2, 3, 0, 1]))).toBeLessThan(tolerance);
      expect(relativeError(toWeight.gradBias, arrays['g.p.bias'].data)).toBeLessThan(tolerance);
    });
  }
});

test('upconv2x2 gradients agree with central differences in double', () => {
  const params = { batch: 2, height: 2, width: 3, inChannels: 2, outChannels: 3 };
  const [input, weight, bias, gradOutput] = [randomArray(24, 1), randomArray(24, 2), randomArray(3, 3), randomArray(144, 4)];
  const loss = (x: ArrayLike<number>, w: ArrayLike<number>, b: ArrayLike<number>): number =>
    dot(callKernel('upconv2x2Forward', { input: x, weight: w, bias: b, output: 144 }, params, double).output, gradOutput);
  const { gradInput } = callKernel('upconv2x2BackwardInput', { gradOutput, weight, gradInput: 24 }, params, double);
  const { gradWeight, gradBias } = callKernel('upconv2x2BackwardWeight', { input, gradOutput, gradWeight: 24, gradBias: 3 }, params, double);
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

test.each([...fastVariants, ...deviceVariants])(
  'gradients of a bias keep their digits where very many cells have the same, as of an L1 loss: $name',
  ({ options }) => {
    const params = { batch: 1, height: 250, width: 120, inChannels: 1, outChannels: 2 };
    const input = randomArray(params.height * params.width, 1);
    const gradOutput = new Float64Array(8 * input.length).fill(0.1);
    const operands = { input, gradOutput, gradWeight: 8, gradBias: 2 };
    const expected = callKernel('upconv2x2BackwardWeight', operands, params, double).gradBias;
    const { gradBias } = callKernel('upconv2x2BackwardWeight', operands, params, { ...options, threads: 1 });
    expect(relativeError(gradBias, expected)).toBeLessThan(5e-6);
  },
);

test.each(allVariants)('forward, what is there is added to: $name', ({ options }) => {
  const params = { batch: 1, height: 2, width: 5, inChannels: 3, outChannels: 4 };
  const [input, weight, bias, before] = [randomArray(30, 1), randomArray(48, 2), randomArray(4, 3), randomArray(160, 4)];
  const { output } = callKernel('upconv2x2Forward', { input, weight, bias, output: 160 }, params, options);
  const sum = callKernel('upconv2x2Forward', { input, weight, bias, output: before }, { ...params, accumulate: 1 }, options).output;
  expect(
    relativeError(
      sum,
      before.map((value, i) => value + output[i]),
    ),
  ).toBeLessThan(1e-6);
});

describe.each([...fastVariants, ...deviceVariants])('upconv2x2, $name, against the double reference', ({ options }) => {
  const shapes = [
    [2, 6, 8, 48, 24],
    [1, 3, 5, 7, 5],
    [1, 5, 13, 33, 17],
    [1, 1, 1, 1, 1],
    [1, 4, 19, 64, 40],
    [2, 2, 37, 64, 32],
    [1, 2, 150, 32, 64],
  ];
  test.each(shapes)('batch %i, grid %i x %i, channels %i to %i', (batch, height, width, inChannels, outChannels) => {
    const pixels = batch * height * width;
    const input = randomArray(pixels * inChannels, 1);
    const weight = randomArray(4 * inChannels * outChannels, 2);
    const gradOutput = randomArray(4 * pixels * outChannels, 3);
    for (const accumulate of [0, 1]) {
      const params = { batch, height, width, inChannels, outChannels, accumulate };
      const before = (length: number, seed: number): Float64Array | number => (accumulate ? randomArray(length, seed) : length);
      const calls: [string, Parameters<typeof callKernel>[1], string[]][] = [
        ['upconv2x2Forward', { input, weight, bias: randomArray(outChannels, 4), output: before(gradOutput.length, 8) }, ['output']],
        ['upconv2x2BackwardInput', { gradOutput, weight, gradInput: before(input.length, 5) }, ['gradInput']],
        [
          'upconv2x2BackwardWeight',
          { input, gradOutput, gradWeight: before(weight.length, 6), gradBias: before(outChannels, 7) },
          ['gradWeight', 'gradBias'],
        ],
      ];
      for (const [op, operands, results] of calls) {
        const expected = callKernel(op, operands, params, double);
        const actual = callKernel(op, operands, params, options);
        for (const result of results) expect(relativeError(actual[result], expected[result])).toBeLessThan(1e-5);
      }
    }
  });

  test('numbers of all sizes side by side', () => {
    const params = { batch: 1, height: 2, width: 37, inChannels: 64, outChannels: 32 };
    const weight = randomArray(4 * 64 * 32, 2);
    const [input, gradOutput] = [ofAllSizes(randomArray(74 * 64, 1)), ofAllSizes(randomArray(4 * 74 * 32, 3))];
    for (const [op, operands, result] of [
      ['upconv2x2Forward', { input, weight, output: gradOutput.length }, 'output'],
      ['upconv2x2BackwardInput', { gradOutput, weight, gradInput: input.length }, 'gradInput'],
    ] as const) {
      const expected = callKernel(op, operands, params, double);
      expect(relativeError(callKernel(op, operands, params, options)[result], expected[result])).toBeLessThan(1e-5);
    }
  });

  test.each(shapes)(
    'output and its gradient as channels of a larger array: batch %i, grid %i x %i, channels %i to %i',
    (batch, height, width, inChannels, outChannels) => {
      const pixels = batch * height * width;
      const outputStride = outChannels + 9;
      const plain = { batch, height, width, inChannels, outChannels };
      const strided = { ...plain, outputStride };
      const [input, weight, gradOutput] = [
        randomArray(pixels * inChannels, 1),
        randomArray(4 * inChannels * outChannels, 2),
        randomArray(4 * pixels * outChannels, 3),
      ];
      const apart = spread(gradOutput, outChannels, outputStride);
      const { output } = callKernel('upconv2x2Forward', { input, weight, output: apart }, strided, options);
      const forward = callKernel('upconv2x2Forward', { input, weight, output: gradOutput.length }, plain, double);
      expect(relativeError(gathered(output, outChannels, outputStride), forward.output)).toBeLessThan(1e-5);
      const starts = { gradInput: randomArray(input.length, 4), gradWeight: randomArray(weight.length, 5), gradBias: randomArray(outChannels, 6) };
      for (const [op, operands, results] of [
        ['upconv2x2BackwardInput', { weight, gradInput: starts.gradInput }, ['gradInput']],
        ['upconv2x2BackwardWeight', { input, gradWeight: starts.gradWeight, gradBias: starts.gradBias }, ['gradWeight', 'gradBias']],
      ] as [string, Record<string, Float64Array>, string[]][]) {
        for (const accumulate of [0, 1]) {
          const expected = callKernel(op, { ...operands, gradOutput }, { ...plain, accumulate }, double);
          const actual = callKernel(op, { ...operands, gradOutput: apart }, { ...strided, accumulate }, options);
          for (const result of results) expect(relativeError(actual[result], expected[result])).toBeLessThan(1e-5);
        }
      }
    },
  );
});

describe.each(roundedVariants)('upconv2x2, $name', ({ options, tolerance }) => {
  test.each([
    [1, 3, 5, 7, 5],
    [2, 3, 4, 48, 24],
  ])('batch %i, grid %i x %i, channels %i to %i', (batch, height, width, inChannels, outChannels) => {
    const pixels = batch * height * width;
    const params = { batch, height, width, inChannels, outChannels };
    const [input, weight] = [randomArray(pixels * inChannels, 1), randomArray(4 * inChannels * outChannels, 2)];
    const gradOutput = randomArray(4 * pixels * outChannels, 3);
    const calls: [string, Parameters<typeof callKernel>[1], string][] = [
      ['upconv2x2Forward', { input, weight, output: gradOutput.length }, 'output'],
      ['upconv2x2BackwardInput', { gradOutput, weight, gradInput: input.length }, 'gradInput'],
      ['upconv2x2BackwardWeight', { input, gradOutput, gradWeight: weight.length }, 'gradWeight'],
    ];
    for (const [op, operands, result] of calls) {
      const error = relativeError(callKernel(op, operands, params, options)[result], callKernel(op, operands, params, double)[result]);
      expect(error).toBeLessThan(tolerance);
      expect(error).toBeGreaterThan(1e-5); // of float: rounded factors were asked for
    }
  });
});
