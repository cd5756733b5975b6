import { allVariants, callKernel, deviceVariants, fastVariants, floatReference, type Variant } from '../../testing/call-kernel';
import { describeGolden, readGolden } from '../../testing/golden';
import { relativeError } from '../../testing/oracles';

function keep(elements: number, probability: number, seed: number, step: number, options?: Variant['options']): Float64Array {
  const ones = new Float64Array(elements).fill(1);
  const { output } = callKernel('dropoutForward', { input: ones, step: [step], output: elements }, { elements, probability, seed }, options);
  return output.map((x) => (x === 0 ? 0 : 1));
}

test.each(allVariants)('dropout with a mask, by hand: $name', ({ options }) => {
  const params = { elements: 3, probability: 0.5, seed: 1 };
  expect([...callKernel('dropoutForward', { input: [1, 2, 3], mask: [1, 0, 1], output: 3 }, params, options).output]).toEqual([2, 0, 6]);
});

test.each(allVariants)('a dropped value is 0 even where it was infinite: $name', ({ options }) => {
  const input = new Float64Array(200).fill(Infinity);
  const params = { elements: 200, probability: 0.5, seed: 1 };
  const generated = callKernel('dropoutForward', { input, step: [3], output: 200 }, params, options).output;
  const expected = [...keep(200, 0.5, 1, 3, options)].map((kept) => (kept === 1 ? Infinity : 0));
  expect([...generated]).toEqual(expected);
  const mask = expected.map((x) => (x === 0 ? 0 : 1));
  expect([...callKernel('dropoutForward', { input, mask, output: 200 }, params, options).output]).toEqual(expected);
});

describeGolden('dropout against PyTorch', () => {
  for (const name of ['dropout_mask_even', 'dropout_mask_odd']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(name);
      const [input, mask, gradOutput] = [arrays['in.x'].data, arrays['in.keep'].data, arrays['in.gy'].data];
      const params = { elements: input.length, probability: 0.1, seed: 0 };
      const { output } = callKernel('dropoutForward', { input, mask, output: input.length }, params, options);
      expect(relativeError(output, arrays['out.y'].data)).toBeLessThan(tolerance);
      const { gradInput } = callKernel('dropoutBackward', { mask, gradOutput, gradInput: input.length }, params, options);
      expect(relativeError(gradInput, arrays['g.in.x'].data)).toBeLessThan(tolerance);
    });
  }
});

test('the generator is Philox 4x32-7: its published answer for counter and key 0 is 5f6fb709 0d893f64 4f121f81 4f730a48', () => {
  // Half h decides about element 8·h of a block. Dropped where half < p·2¹⁶: a probability above half/2¹⁶ drops the element, half/2¹⁶ keeps it.
  const halves = [0xb709, 0x5f6f, 0x3f64, 0x0d89, 0x1f81, 0x4f12, 0x0a48, 0x4f73];
  halves.forEach((half, h) => {
    expect(keep(64, (half + 1) / 2 ** 16, 0, 0)[8 * h]).toBe(0);
    expect(keep(64, half / 2 ** 16, 0, 0)[8 * h]).toBe(1);
  });
});

test('dropout keeps the stated share, without neighbours or steps being related', () => {
  const n = 100000;
  const probability = 0.3;
  const first = keep(n, probability, 7, 1);
  const second = keep(n, probability, 7, 2);
  const mean = (x: Float64Array): number => x.reduce((a, b) => a + b, 0) / n;
  const standardError = Math.sqrt((probability * (1 - probability)) / n);
  expect(Math.abs(mean(first) - 0.7)).toBeLessThan(4 * standardError);
  const correlation = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, x, i) => sum + (x - 0.7) * (b[i] - 0.7), 0) / (n * probability * (1 - probability));
  expect(Math.abs(correlation(first, second))).toBeLessThan(4 / Math.sqrt(n));
  const shifted = Float64Array.from(first, (_, i) => first[(i + 1) % n]);
  expect(Math.abs(correlation(first, shifted))).toBeLessThan(4 / Math.sqrt(n));
  expect(Math.abs(correlation(first, keep(n, probability, 8, 1)))).toBeLessThan(4 / Math.sqrt(n));
});

test.each(allVariants)('the backward pass makes the same mask again: $name', ({ options }) => {
  const elements = 1003;
  const params = { elements, probability: 0.2, seed: 42 };
  const ones = new Float64Array(elements).fill(1);
  const { gradInput } = callKernel('dropoutBackward', { step: [3], gradOutput: ones, gradInput: elements }, params, options);
  const { output } = callKernel('dropoutForward', { input: ones, step: [3], output: elements }, params, options);
  expect(gradInput).toEqual(output);
});

test.each([...fastVariants, ...deviceVariants])('every instruction set drops the same elements: $name', ({ options }) => {
  expect(keep(1003, 0.2, 42, 5, options)).toEqual(keep(1003, 0.2, 42, 5, floatReference.options));
  // The largest seed, and a step of more than 32 bits.
  const [seed, step] = [2 ** 31 - 1, 2 ** 33];
  expect(keep(130, 0.5, seed, step, options)).toEqual(keep(130, 0.5, seed, step, floatReference.options));
});
