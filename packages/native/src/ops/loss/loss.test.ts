import { allVariants, callKernel, deviceVariants, fastVariants, type Variant } from '../../testing/call-kernel';
import { channelsLast, describeGolden, readGolden } from '../../testing/golden';
import { centralDifferences, randomArray, relativeError } from '../../testing/oracles';

const double: Variant['options'] = { dtype: 'float64' };
const kinds = ['l1', 'l2', 'huber'];

test.each(allVariants)('loss by hand, with a NaN under weight 0: $name', ({ options }) => {
  const operands = { prediction: [1, 2, 3, 4], target: [0, 5, NaN, 4], weight: [1, 2, 0, 1] };
  const expected = {
    l1: { loss: 3.5, gradient: [0.5, -1, 0, 0] }, // (1 + 2·3)/2
    l2: { loss: 4.75, gradient: [0.5, -3, 0, 0] }, // (1/2 + 2·9/2)/2
    huber: { loss: 4.25, gradient: [0.5, -2, 0, 0] }, // δ = 2: (1/2 + 2·2·(3 − 1))/2
  };
  kinds.forEach((name, kind) => {
    const { loss, gradient } = expected[name as keyof typeof expected];
    const params = { elements: 4, kind, delta: 2, divisor: 2 };
    expect([...callKernel('lossForward', { ...operands, output: 1 }, params, options).output]).toEqual([loss]);
    expect([...callKernel('lossBackward', { ...operands, gradPrediction: 4 }, params, options).gradPrediction]).toEqual(gradient);
    const seeded = callKernel('lossBackward', { ...operands, gradOutput: [-2], gradPrediction: 4 }, params, options);
    expect([...seeded.gradPrediction].map((x) => x + 0)).toEqual(gradient.map((x) => -2 * x + 0));
  });
});

test.each(allVariants)('a NaN that is not masked shows: $name', ({ options }) => {
  for (let kind = 0; kind < 3; kind++) {
    const operands = { prediction: [1, NaN], target: [0, 0], weight: [1, 1] };
    const params = { elements: 2, kind, delta: 1, divisor: 1 };
    expect(callKernel('lossForward', { ...operands, output: 1 }, params, options).output[0]).toBeNaN();
    expect(callKernel('lossBackward', { ...operands, gradPrediction: 2 }, params, options).gradPrediction[1]).toBeNaN();
  }
});

describeGolden('masked l1 against PyTorch', () => {
  for (const size of ['even', 'odd']) {
    for (const divisorKind of ['mask', 'paper']) {
      test.each(allVariants)(`${divisorKind}, ${size}: $name`, ({ options, tolerance }) => {
        const { arrays, scalars } = readGolden(`masked_l1_${divisorKind}_${size}`);
        const [batch, channels, height, width] = arrays['in.yhat'].shape;
        const mask = arrays['in.mask'].data;
        const prediction = channelsLast(arrays['in.yhat']);
        const weight = prediction.map((_, i) => mask[Math.floor(i / channels) % (height * width)]);
        const divisor = divisorKind === 'mask' ? weight.reduce((a, b) => a + b, 0) : batch * channels * height * width;
        const params = { elements: prediction.length, kind: 0, divisor };
        const operands = { prediction, target: channelsLast(arrays['in.obs']), weight };
        const { output } = callKernel('lossForward', { ...operands, output: 1 }, params, options);
        expect(relativeError(output, [scalars.loss])).toBeLessThan(tolerance);
        const { gradPrediction } = callKernel('lossBackward', { ...operands, gradPrediction: prediction.length }, params, options);
        expect(relativeError(gradPrediction, channelsLast(arrays['g.in.yhat']))).toBeLessThan(tolerance);
      });
    }
  }
});

test.each(kinds.map((name, kind) => ({ name, kind })))('$name: gradient agrees with central differences in double', ({ kind }) => {
  const [prediction, target, weight] = [randomArray(20, 1), randomArray(20, 2), randomArray(20, 3)];
  const params = { elements: 20, kind, delta: 0.4, divisor: 3 };
  const loss = (x: Float64Array): number => callKernel('lossForward', { prediction: x, target, weight, output: 1 }, params, double).output[0];
  const { gradPrediction } = callKernel('lossBackward', { prediction, target, weight, gradPrediction: 20 }, params, double);
  expect(relativeError(gradPrediction, centralDifferences(loss, prediction))).toBeLessThan(1e-8);
});

test.each([...fastVariants, ...deviceVariants])('loss, $name, against the double reference, and the same bits twice', ({ options }) => {
  for (const elements of [1, 17, 10007]) {
    const operands = {
      prediction: randomArray(elements, 1),
      target: randomArray(elements, 2),
      weight: randomArray(elements, 3).map((x) => (x > 0.5 ? 0 : x)),
    };
    for (let kind = 0; kind < 3; kind++) {
      const params = { elements, kind, delta: 0.4, divisor: elements };
      const run = (o: typeof options): number => callKernel('lossForward', { ...operands, output: 1 }, params, o).output[0];
      const back = (o: typeof options): Float64Array =>
        callKernel('lossBackward', { ...operands, gradPrediction: elements }, params, o).gradPrediction;
      expect(Math.abs(run(options) - run(double))).toBeLessThan(1e-7);
      expect(run(options)).toBe(run(options));
      expect(relativeError(back(options), back(double))).toBeLessThan(1e-6);
    }
  }
});
