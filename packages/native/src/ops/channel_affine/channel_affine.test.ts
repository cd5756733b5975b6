import { allVariants, callKernel } from '../../testing/call-kernel';
import { randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';

test.each(allVariants)('channelAffine by hand: $name', ({ options }) => {
  const params = { pixels: 2, channels: 2 };
  const forward = callKernel('channelAffineForward', { input: [1, 2, 3, 4], scale: [2, 10], shift: [0.5, -1], output: 4 }, params, options);
  expect([...forward.output]).toEqual([2.5, 19, 6.5, 39]);
  const backward = callKernel('channelAffineBackward', { scale: [2, 10], gradOutput: [1, 2, 3, 4], gradInput: 4 }, params, options);
  expect([...backward.gradInput]).toEqual([2, 20, 6, 40]);
});

test.each(allVariants)('channelAffine on sizes that fit no vector: $name', ({ options }) => {
  for (const [pixels, channels] of [
    [1000, 15],
    [33, 4],
    [5, 41],
  ]) {
    const [input, scale, shift] = [randomArray(pixels * channels, 1), randomArray(channels, 2), randomArray(channels, 3)];
    const expected = input.map((x, i) => x * scale[i % channels] + shift[i % channels]);
    const forward = callKernel('channelAffineForward', { input, scale, shift, output: input.length }, { pixels, channels }, options);
    expect(relativeError(forward.output, expected)).toBeLessThan(1e-6);
    const backward = callKernel('channelAffineBackward', { scale, gradOutput: input, gradInput: input.length }, { pixels, channels }, options);
    expect(
      relativeError(
        backward.gradInput,
        input.map((x, i) => x * scale[i % channels]),
      ),
    ).toBeLessThan(1e-6);
  }
});

test.each(allVariants)('channelAffine, output and its gradient as channels of a larger array: $name', ({ options }) => {
  for (const [pixels, channels, outputStride] of [
    [1000, 5, 69],
    [33, 4, 8], // rows of the larger array begin at multiples of 16 bytes
    [130, 41, 42],
  ]) {
    const [input, scale, shift] = [randomArray(pixels * channels, 1), randomArray(channels, 2), randomArray(channels, 3)];
    const apart = spread(input, channels, outputStride);
    const plain = callKernel('channelAffineForward', { input, scale, shift, output: input.length }, { pixels, channels }, options);
    const forward = callKernel('channelAffineForward', { input, scale, shift, output: apart }, { pixels, channels, outputStride }, options);
    expect(gathered(forward.output, channels, outputStride)).toEqual(plain.output);
    const whole = callKernel('channelAffineBackward', { scale, gradOutput: input, gradInput: input.length }, { pixels, channels }, options);
    const params = { pixels, channels, outputStride };
    const backward = callKernel('channelAffineBackward', { scale, gradOutput: apart, gradInput: input.length }, params, options);
    expect(backward.gradInput).toEqual(whole.gradInput);
  }
});
