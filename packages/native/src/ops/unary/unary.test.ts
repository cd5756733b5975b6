import { allVariants, callKernel, fastVariants, type Variant } from '../../testing/call-kernel';
import { describeGolden, readGolden } from '../../testing/golden';
import { centralDifferences, dot, randomArray, relativeError } from '../../testing/oracles';

const double: Variant['options'] = { dtype: 'float64' };
const kinds = ['relu', 'softplus', 'sigmoid', 'tanh', 'exp', 'abs', 'square'];

test.each(allVariants)('unary by hand: $name', ({ options, tolerance }) => {
  const values: [string, number[], number[]][] = [
    ['relu', [-2, 0, 3, -Infinity], [0, 0, 3, 0]],
    ['softplus', [0, 100, -100], [Math.LN2, 100, Math.exp(-100)]],
    ['sigmoid', [0, Math.log(3), -200], [0.5, 0.75, 0]],
    ['tanh', [0, Math.atanh(0.5), 50, -50], [0, 0.5, 1, -1]],
    ['exp', [0, Math.LN2, -200], [1, 2, 0]],
    ['abs', [-2, 0, 3], [2, 0, 3]],
    ['square', [-2, 0, 3], [4, 0, 9]],
  ];
  for (const [kind, input, expected] of values) {
    const { output } = callKernel('unaryForward', { input, output: input.length }, { elements: input.length, kind: kinds.indexOf(kind) }, options);
    expect(relativeError(output, expected)).toBeLessThan(tolerance);
  }
});

test.each(allVariants)('a NaN passes every function: $name', ({ options }) => {
  for (let kind = 0; kind < kinds.length; kind++) {
    const { output } = callKernel('unaryForward', { input: [NaN, 1], output: 2 }, { elements: 2, kind }, options);
    expect(output[0]).toBeNaN();
    expect(output[1]).not.toBeNaN();
  }
});

test.each(allVariants)('the slope of relu and abs at 0 is 0, and accumulate adds: $name', ({ options }) => {
  for (const kind of ['relu', 'abs']) {
    const operands = { input: [0, 2], output: [0, 2], gradOutput: [5, 7], gradInput: [1, 1] };
    const { gradInput } = callKernel('unaryBackward', operands, { elements: 2, kind: kinds.indexOf(kind), accumulate: 1 }, options);
    expect([...gradInput]).toEqual([1, 8]);
  }
});

describeGolden('relu against PyTorch', () => {
  for (const name of ['relu_even', 'relu_odd']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(name);
      const [input, gradOutput] = [arrays['in.x'].data, arrays['in.gy'].data];
      const params = { elements: input.length, kind: 0 };
      const { output } = callKernel('unaryForward', { input, output: input.length }, params, options);
      expect(relativeError(output, arrays['out.y'].data)).toBeLessThan(tolerance);
      const { gradInput } = callKernel('unaryBackward', { input, output, gradOutput, gradInput: input.length }, params, options);
      expect(relativeError(gradInput, arrays['g.in.x'].data)).toBeLessThan(tolerance);
    });
  }
});

test.each(kinds.map((name, kind) => ({ name, kind })))('$name: gradient agrees with central differences in double', ({ kind }) => {
  const input = randomArray(30, 1).map((x) => 3 * x); // none within 1e-5 of a kink
  const gradOutput = randomArray(30, 2);
  const params = { elements: 30, kind };
  const forward = (x: Float64Array): Float64Array => callKernel('unaryForward', { input: x, output: 30 }, params, double).output;
  const { gradInput } = callKernel('unaryBackward', { input, output: forward(input), gradOutput, gradInput: 30 }, params, double);
  expect(
    relativeError(
      gradInput,
      centralDifferences((x) => dot(forward(x), gradOutput), input),
    ),
  ).toBeLessThan(1e-8);
});

describe.each(fastVariants)('unary, $name, against the double reference', ({ options }) => {
  test.each(kinds.map((name, kind) => ({ name, kind })))('$name', ({ kind }) => {
    const input = Float64Array.from({ length: 10007 }, (_, i) => Math.fround((i - 5003) * 0.004)); // −20 … 20
    const params = { elements: input.length, kind };
    const expected = callKernel('unaryForward', { input, output: input.length }, params, double).output;
    const actual = callKernel('unaryForward', { input, output: input.length }, params, options).output;
    // Relative to each value: small results must keep their digits too. 4e-7 is 3.4 units in the last place of float.
    const wrong = input.filter((_, i) => !(Math.abs(actual[i] - expected[i]) <= 4e-7 * Math.abs(expected[i])));
    expect([...wrong]).toEqual([]);
    const gradOutput = randomArray(input.length, 3);
    const operands = { input, output: expected, gradOutput, gradInput: input.length };
    const reference = callKernel('unaryBackward', operands, params, double).gradInput;
    expect(relativeError(callKernel('unaryBackward', operands, params, options).gradInput, reference)).toBeLessThan(1e-6);
  });
});
