import { NativeProgram } from '../../kernels';
import { allVariants, callKernel, deviceVariants, fastVariants, floatReference } from '../../testing/call-kernel';
import { randomArray } from '../../testing/oracles';

describe.each(allVariants)('stridedCopy, $name', ({ options }) => {
  test('slices, transposes and repeats', () => {
    // Columns 1 and 2 of a 2 x 3 matrix, transposed into 2 x 2.
    const input = [0, 1, 2, 10, 11, 12];
    const slice = callKernel('stridedCopy', { input: input.slice(1), output: 4 }, { d0: 2, is0: 3, os0: 1, d1: 2, is1: 1, os1: 2 }, options);
    expect([...slice.output]).toEqual([1, 11, 2, 12]);
    const repeated = callKernel('stridedCopy', { input: [5, 6], output: 6 }, { d0: 3, is0: 0, os0: 2, d1: 2, is1: 1, os1: 1 }, options);
    expect([...repeated.output]).toEqual([5, 6, 5, 6, 5, 6]);
  });

  test('an output stride of 0 sums', () => {
    const params = { d0: 3, is0: 2, os0: 0, d1: 2, is1: 1, os1: 1, accumulate: 1 };
    expect([...callKernel('stridedCopy', { input: [1, 2, 3, 4, 5, 6], output: [100, 200] }, params, options).output]).toEqual([109, 212]);
  });

  test('writes into the middle of rows and leaves the rest', () => {
    const params = { d0: 2, is0: 2, os0: 4, d1: 2, is1: 1, os1: 1 };
    const output = new Float64Array(6).fill(9);
    expect([...callKernel('stridedCopy', { input: [1, 2, 3, 4], output }, params, options).output]).toEqual([1, 2, 9, 9, 3, 4]);
  });
});

test('a view that leaves the arena is refused', () => {
  const instruction = { op: 'stridedCopy', operands: { input: 0, output: 16 }, params: { d0: 3, is0: 8, os0: 8 } };
  expect(() => new NativeProgram({ arenaElements: 32, instructions: [instruction], phases: {} })).toThrow(/"output" within the arena of 32 elements/);
});

test.each([...fastVariants, ...deviceVariants])('stridedCopy, $name, equals the reference for five dimensions', ({ options }) => {
  const sizes = [2, 3, 5, 7, 11];
  for (const order of [
    [0, 1, 2, 3, 4],
    [0, 3, 1, 2, 4],
    [4, 3, 2, 1, 0],
    [1, 0, 4, 3, 2],
  ]) {
    for (const accumulate of [0, 1]) {
      const params: Record<string, number> = { accumulate };
      const input = randomArray(2310, 1);
      order.forEach((axis, k) => {
        params[`d${k}`] = sizes[axis];
        params[`is${k}`] = sizes.slice(axis + 1).reduce((a, b) => a * b, 1);
        params[`os${k}`] = order.slice(k + 1).reduce((a, other) => a * sizes[other], 1);
      });
      const run = (o: typeof options): Float64Array => callKernel('stridedCopy', { input, output: randomArray(2310, 2) }, params, o).output;
      expect(run(options)).toEqual(run(floatReference.options));
    }
  }
});

test.each([...fastVariants, ...deviceVariants])('stridedCopy, $name, equals the reference for rows of whole vectors, and for sums', ({ options }) => {
  // A box of 3 x 5 x 8 in an array of 4 x 6 x 12; sums over two dimensions that are not neighbours, and over the innermost.
  const rows = { d0: 3, is0: 72, os0: 40, d1: 5, is1: 12, os1: 8, d2: 8, is2: 1, os2: 1 };
  const sums = { d0: 3, is0: 72, os0: 0, d1: 5, is1: 12, os1: 8, d2: 2, is2: 4, os2: 0, d3: 4, is3: 1, os3: 1 };
  const inner = { d0: 3, is0: 72, os0: 1, d1: 5, is1: 12, os1: 0, d2: 8, is2: 1, os2: 0 };
  const input = randomArray(288, 1);
  for (const params of [rows, sums, inner]) {
    for (const accumulate of [0, 1]) {
      const run = (o: typeof options): Float64Array =>
        callKernel('stridedCopy', { input, output: randomArray(120, 2) }, { ...params, accumulate }, o).output;
      expect(run(options)).toEqual(run(floatReference.options));
    }
  }
});

// Below 8192 elements one thread does it all.
test.each([...fastVariants, ...deviceVariants])('stridedCopy, $name, equals the reference where threads share it', ({ options }) => {
  const cut = { d0: 3 * 4096, is0: 2, os0: 3 };
  const uneven = { d0: 3 * 4096 + 5, is0: 2, os0: 3 };
  const turned = { d0: 9, is0: 1, os0: 1024, d1: 5, is1: 9, os1: 9216, d2: 256, is2: 45, os2: 1 };
  // Enough of them that threads that shared these would be at the same element at once.
  const sums = { d0: options.device === 'cuda' ? 6 : 400, is0: 56, os0: 0, d1: 2048, is1: 1, os1: 2 };
  const one = { d0: 3 * 4096, is0: 1, os0: 0 };
  const input = randomArray(24600, 1);
  for (const params of [cut, uneven, turned, sums, one]) {
    for (const accumulate of [0, 1]) {
      const run = (o: typeof options): Buffer =>
        Buffer.from(callKernel('stridedCopy', { input, output: randomArray(47000, 2) }, { ...params, accumulate }, o).output.buffer);
      expect(run(options).equals(run(floatReference.options))).toBe(true);
    }
  }
});
