import { allVariants, callKernel, deviceVariants, fastVariants, type Variant } from '../../testing/call-kernel';
import { channelsLast, describeGolden, readGolden } from '../../testing/golden';
import { centralDifferences, dot, randomArray, relativeError } from '../../testing/oracles';

const double: Variant['options'] = { dtype: 'float64' };

test.each(allVariants)('batch norm by hand: $name', ({ options, tolerance }) => {
  // (1, 3): mean 2, biased variance 1, unbiased 2; ε = 3 makes s = 1/2.
  const params = { pixels: 2, channels: 1, epsilon: 3, momentum: 0.1 };
  const operands = { input: [1, 3], scale: [4], shift: [10], runningMean: [0], runningVariance: [1], output: 2, savedMean: 1, savedInvStd: 1 };
  const result = callKernel('batchNormTrainForward', operands, params, options);
  expect([...result.output, ...result.savedMean, ...result.savedInvStd]).toEqual([8, 12, 2, 0.5]);
  expect(relativeError(result.runningMean, [0.2])).toBeLessThan(tolerance);
  expect(relativeError(result.runningVariance, [1.1])).toBeLessThan(tolerance);
});

describeGolden('batch norm against PyTorch', () => {
  for (const size of ['even', 'odd']) {
    test.each(allVariants)(`train, ${size}: $name`, ({ options, tolerance }) => {
      const { arrays, scalars } = readGolden(`batchnorm_train_${size}`);
      const [batch, channels, height, width] = arrays['in.x'].shape;
      const params = { pixels: batch * height * width, channels, epsilon: scalars.eps, momentum: scalars.momentum };
      const input = channelsLast(arrays['in.x']);
      const gradOutput = channelsLast(arrays['in.gy']);
      const scale = arrays['p.weight'].data;
      const statistics = { runningMean: arrays['in.running_mean'].data, runningVariance: arrays['in.running_var'].data };
      const outputs = { output: input.length, savedMean: channels, savedInvStd: channels };
      const forward = callKernel('batchNormTrainForward', { input, scale, shift: arrays['p.bias'].data, ...statistics, ...outputs }, params, options);
      expect(relativeError(forward.output, channelsLast(arrays['out.y']))).toBeLessThan(tolerance);
      expect(relativeError(forward.runningMean, arrays['out.running_mean'].data)).toBeLessThan(tolerance);
      expect(relativeError(forward.runningVariance, arrays['out.running_var'].data)).toBeLessThan(tolerance);
      const { savedMean, savedInvStd } = forward;
      const grads = { gradInput: input.length, gradScale: channels, gradShift: channels };
      const backward = callKernel('batchNormTrainBackward', { input, scale, savedMean, savedInvStd, gradOutput, ...grads }, params, options);
      expect(relativeError(backward.gradInput, channelsLast(arrays['g.in.x']))).toBeLessThan(tolerance);
      expect(relativeError(backward.gradScale, arrays['g.p.weight'].data)).toBeLessThan(tolerance);
      expect(relativeError(backward.gradShift, arrays['g.p.bias'].data)).toBeLessThan(tolerance);
    });

    test.each(allVariants)(`eval, ${size}: $name`, ({ options, tolerance }) => {
      const { arrays, scalars } = readGolden(`batchnorm_eval_${size}`);
      const [batch, channels, height, width] = arrays['in.x'].shape;
      const params = { pixels: batch * height * width, channels, epsilon: scalars.eps };
      const input = channelsLast(arrays['in.x']);
      const gradOutput = channelsLast(arrays['in.gy']);
      const shared = {
        input,
        scale: arrays['p.weight'].data,
        runningMean: arrays['in.running_mean'].data,
        runningVariance: arrays['in.running_var'].data,
      };
      const forward = callKernel('batchNormEvalForward', { ...shared, shift: arrays['p.bias'].data, output: input.length }, params, options);
      expect(relativeError(forward.output, channelsLast(arrays['out.y']))).toBeLessThan(tolerance);
      const grads = { gradInput: input.length, gradScale: channels, gradShift: channels };
      const backward = callKernel('batchNormEvalBackward', { ...shared, gradOutput, ...grads }, params, options);
      expect(relativeError(backward.gradInput, channelsLast(arrays['g.in.x']))).toBeLessThan(tolerance);
      expect(relativeError(backward.gradScale, arrays['g.p.weight'].data)).toBeLessThan(tolerance);
      expect(relativeError(backward.gradShift, arrays['g.p.bias'].data)).toBeLessThan(tolerance);
      const toInput = callKernel('batchNormEvalBackward', { ...shared, gradOutput, gradInput: input.length }, params, options);
      expect(toInput.gradInput).toEqual(backward.gradInput);
    });
  }
});

test('batch norm gradients agree with central differences in double', () => {
  const [pixels, channels] = [5, 2];
  const params = { pixels, channels, epsilon: 1e-5, momentum: 0.1 };
  const values: Record<string, Float64Array> = { input: randomArray(10, 1), scale: randomArray(2, 2), shift: randomArray(2, 3) };
  const gradOutput = randomArray(10, 4);
  const forward = (inputs: Record<string, Float64Array>): Record<string, Float64Array> =>
    callKernel(
      'batchNormTrainForward',
      { ...inputs, runningMean: [0, 0], runningVariance: [1, 1], output: 10, savedMean: 2, savedInvStd: 2 },
      params,
      double,
    );
  const { savedMean, savedInvStd } = forward(values);
  const { input, scale } = values;
  const grads = callKernel(
    'batchNormTrainBackward',
    { input, scale, savedMean, savedInvStd, gradOutput, gradInput: 10, gradScale: 2, gradShift: 2 },
    params,
    double,
  );
  for (const [name, grad] of [
    ['input', 'gradInput'],
    ['scale', 'gradScale'],
    ['shift', 'gradShift'],
  ]) {
    const numeric = centralDifferences((x) => dot(forward({ ...values, [name]: x }).output, gradOutput), values[name]);
    expect(relativeError(grads[grad], numeric)).toBeLessThan(1e-7); // step² times a third derivative of order 100: few pixels, small variance
  }
});

test.each(allVariants)('eval gradients by hand: $name', ({ options, tolerance }) => {
  // σ² + ε = 4 makes s = 1/2: Σ G·x̂ = (1·1 + 2·3)/2
  const operands = {
    input: [1, 3],
    scale: [4],
    runningMean: [0],
    runningVariance: [1],
    gradOutput: [1, 2],
    gradInput: 2,
    gradScale: 1,
    gradShift: 1,
  };
  const { gradInput, gradScale, gradShift } = callKernel('batchNormEvalBackward', operands, { pixels: 2, channels: 1, epsilon: 3 }, options);
  expect(relativeError([...gradInput, ...gradScale, ...gradShift], [2, 4, 3.5, 3])).toBeLessThan(tolerance);
});

describe.each([...fastVariants, ...deviceVariants])('batch norm, $name, against the double reference', ({ options }) => {
  test.each([
    [1000, 24],
    [37, 5],
    [513, 96],
    [4, 1],
    [70, 33],
  ])('%i pixels, %i channels', (pixels, channels) => {
    const params = { pixels, channels, epsilon: 1e-5, momentum: 0.1 };
    const input = randomArray(pixels * channels, 1).map((x) => Math.fround(x + 30)); // a mean far from 0: the variance must not cancel
    const [scale, shift, gradOutput] = [randomArray(channels, 2), randomArray(channels, 3), randomArray(pixels * channels, 4)];
    const statistics = { runningMean: randomArray(channels, 5), runningVariance: randomArray(channels, 6).map((x) => Math.fround(Math.abs(x) + 1)) };
    const saved = { savedMean: channels, savedInvStd: channels };
    const grads = { gradInput: input.length, gradScale: channels, gradShift: channels };
    const forward = (o: typeof options): Record<string, Float64Array> =>
      callKernel('batchNormTrainForward', { input, scale, shift, ...statistics, ...saved, output: input.length }, params, o);
    const [expected, actual] = [forward(double), forward(options)];
    const backward = (o: typeof options): Record<string, Float64Array> =>
      callKernel(
        'batchNormTrainBackward',
        { input, scale, savedMean: expected.savedMean, savedInvStd: expected.savedInvStd, gradOutput, ...grads },
        params,
        o,
      );
    const evalForward = (o: typeof options): Record<string, Float64Array> =>
      callKernel('batchNormEvalForward', { input, scale, shift, ...statistics, output: input.length }, params, o);
    const evalBackward = (o: typeof options): Record<string, Float64Array> =>
      callKernel('batchNormEvalBackward', { input, scale, ...statistics, gradOutput, ...grads }, params, o);
    // x − mean loses log2(30/0.5) bits of float: 60 · 6e-8 a value
    const bound = 2e-5;
    for (const name of ['output', 'savedMean', 'savedInvStd', 'runningMean', 'runningVariance']) {
      expect(relativeError(actual[name], expected[name])).toBeLessThan(bound);
    }
    for (const run of [backward, evalForward, evalBackward]) {
      const [reference, fast] = [run(double), run(options)];
      for (const name of ['output', 'gradInput', 'gradScale', 'gradShift']) {
        if (reference[name]) expect(relativeError(fast[name], reference[name])).toBeLessThan(bound);
      }
    }
  });
});
