import { allVariants, callKernel, deviceVariants, fastVariants, type Variant } from '../../testing/call-kernel';
import { centralDifferences, dot, randomArray, relativeError } from '../../testing/oracles';
import { spread } from '../../testing/strided';

const double: Variant['options'] = { dtype: 'float64' };

test.each(allVariants)('multiplySteps by hand: $name', ({ options }) => {
  // One sample, two steps, two pixels, one channel: pixels 1, 2 of the first step, 3, 4 of the second.
  const params = { batch: 1, steps: 2, pixels: 2, channels: 1 };
  const [input, factors] = [
    [1, 2, 3, 4],
    [10, 20, 30, 40],
  ];
  expect([...callKernel('multiplyStepsForward', { input, factors, output: 4 }, params, options).output]).toEqual([10, 60, 60, 160]);
  const operands = { input, factors, gradOutput: [1, 2, 3, 4], gradFactors: 4, gradInput: 4 };
  const back = callKernel('multiplyStepsBackward', operands, params, options);
  expect([...back.gradFactors]).toEqual([1, 6, 6, 16]);
  expect([...back.gradInput]).toEqual([10, 90, 40, 160]);
});

/** Operands of a call: 2 samples, 3 steps. */
function drawn(
  pixels: number,
  channels: number,
): { params: Record<string, number>; input: Float64Array; factors: Float64Array; gradOutput: Float64Array } {
  const elements = 6 * pixels * channels;
  const [input, factors, gradOutput] = [1, 2, 3].map((seed) => randomArray(elements, seed));
  return { params: { batch: 2, steps: 3, pixels, channels }, input, factors, gradOutput };
}

test('multiplySteps gradients agree with central differences in double', () => {
  const { params, input, factors, gradOutput } = drawn(5, 2);
  const forward = (x: Float64Array, y: Float64Array): number =>
    dot(callKernel('multiplyStepsForward', { input: x, factors: y, output: 60 }, params, double).output, gradOutput);
  const back = callKernel('multiplyStepsBackward', { input, factors, gradOutput, gradFactors: 60, gradInput: 60 }, params, double);
  const byInput = centralDifferences((x) => forward(x, factors), input);
  const byFactors = centralDifferences((y) => forward(input, y), factors);
  expect(relativeError(back.gradInput, byInput)).toBeLessThan(1e-9);
  expect(relativeError(back.gradFactors, byFactors)).toBeLessThan(1e-9);
});

describe.each([...fastVariants, ...deviceVariants])('multiplySteps, $name, against the double reference', ({ options }) => {
  const bound = 1e-6; // one product

  test.each([
    [700, 5, 5],
    [97, 55, 69], // channels of a larger array
    [33, 4, 8], // whose rows begin at multiples of 16 bytes
    [3, 1, 1],
  ])('%i pixels, %i channels of %i', (pixels, channels, inputStride) => {
    const { params, input: images, factors, gradOutput } = drawn(pixels, channels);
    const strided = { ...params, inputStride };
    const input = spread(images, channels, inputStride);
    const forward = (o: typeof options): Float64Array =>
      callKernel('multiplyStepsForward', { input, factors, output: factors.length }, strided, o).output;
    expect(relativeError(forward(options), forward(double))).toBeLessThan(bound);
    const both = { gradFactors: factors.length, gradInput: factors.length };
    const backward = (o: typeof options): Record<string, Float64Array> =>
      callKernel('multiplyStepsBackward', { input, factors, gradOutput, ...both }, strided, o);
    const [actual, expected] = [backward(options), backward(double)];
    expect(relativeError(actual.gradFactors, expected.gradFactors)).toBeLessThan(bound);
    expect(relativeError(actual.gradInput, expected.gradInput)).toBeLessThan(bound);
    // One of the gradients alone, where the other is not asked for.
    const ofFactors = callKernel('multiplyStepsBackward', { input, gradOutput, gradFactors: factors.length }, strided, options);
    expect(ofFactors.gradFactors).toEqual(actual.gradFactors);
    const ofInput = callKernel('multiplyStepsBackward', { factors, gradOutput, gradInput: factors.length }, strided, options);
    expect(ofInput.gradInput).toEqual(actual.gradInput);
  });
});
