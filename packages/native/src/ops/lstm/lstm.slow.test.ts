import { allVariants, callKernel, deviceVariants, fastVariants } from '../../testing/call-kernel';
import { describeGolden, permute, readGolden } from '../../testing/golden';
import { centralDifferences, dot, ofAllSizes, randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';
import { backward, double, drawnPass, forward, gradients, makeInputs, plain, sources } from './lstm.cases';

test.each(allVariants)('lstm by hand, one step from zero: $name', ({ options, tolerance }) => {
  // Weights 0, bias (i, f, g, o) = (0, 0, atanh 0.5, 0): i = o = 1/2, g = 1/2, c = 1/4, h = tanh(1/4)/2.
  const sizes = { batch: 1, steps: 1, cells: 1, inChannels: 1, hidden: 1, allStates: 1 };
  const inputs = { input: [7], weightInput: [0, 0, 0, 0], weightHidden: [0, 0, 0, 0], bias: [0, 0, Math.atanh(0.5), 0] };
  const { output, gates, cells } = forward(inputs, sizes, options);
  expect(relativeError(plain(gates, sizes, 4, options), [0.5, 0.5, 0.5, 0.5])).toBeLessThan(tolerance);
  expect(relativeError(plain(cells, sizes, 1, options), [0.25])).toBeLessThan(tolerance);
  expect(relativeError(output, [Math.tanh(0.25) / 2])).toBeLessThan(tolerance);
});

test.each([...fastVariants, ...deviceVariants])(
  'sigmoid and tanh of the gates are within 3e-7 over [-30, 30], and NaN stays NaN: $name',
  ({ options }) => {
    const hidden = 601;
    const z = Float64Array.from({ length: 4 * hidden }, (_, j) => Math.fround(((j % hidden) - 300) / 10));
    z[7] = NaN;
    const sizes = { batch: 1, steps: 1, cells: 1, inChannels: 1, hidden, allStates: 1 };
    // The step is forward from zero states, so that the gates are functions of the bias alone.
    const inputs = { input: [0], weightInput: new Float64Array(4 * hidden), weightHidden: new Float64Array(4 * hidden * hidden), bias: z };
    const gates = plain(forward(inputs, sizes, options).gates, sizes, 4, options);
    const exact = z.map((x, j) => (j >= 2 * hidden && j < 3 * hidden ? Math.tanh(x) : 1 / (1 + Math.exp(-x))));
    const wrong = gates.map((value, j) => Math.abs(value - exact[j])).filter((error, j) => j !== 7 && !(error < 3e-7));
    expect([...wrong]).toEqual([]);
    expect(gates[7]).toBeNaN();
  },
);

describeGolden('lstm against PyTorch', () => {
  for (const name of ['lstm_pixel_even', 'lstm_pixel_odd']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(name);
      const [batch, steps, inChannels, height, width] = arrays['in.x'].shape;
      const hidden = arrays['p.weight_hh'].shape[1];
      const sizes = { batch, steps, cells: height * width, inChannels, hidden, allStates: 1 };
      const inputs = {
        input: permute(arrays['in.x'], [0, 1, 3, 4, 2]),
        weightInput: permute(arrays['p.weight_ih'], [1, 0]),
        weightHidden: permute(arrays['p.weight_hh'], [1, 0]),
        bias: arrays['p.bias_ih'].data.map((b, i) => b + arrays['p.bias_hh'].data[i]),
        initialHidden: new Float64Array(hidden),
        initialCell: new Float64Array(hidden),
      };
      const saved = forward(inputs, sizes, options);
      expect(relativeError(saved.output, permute(arrays['out.y'], [0, 2, 3, 1]))).toBeLessThan(tolerance);
      const gradOutput = permute(arrays['in.gy'], [0, 2, 3, 1]);
      const grads = backward(inputs, saved, gradOutput, sizes, options);
      expect(relativeError(grads.gradInput, permute(arrays['g.in.x'], [0, 1, 3, 4, 2]))).toBeLessThan(tolerance);
      expect(relativeError(grads.gradWeightInput, permute(arrays['g.p.weight_ih'], [1, 0]))).toBeLessThan(tolerance);
      expect(relativeError(grads.gradWeightHidden, permute(arrays['g.p.weight_hh'], [1, 0]))).toBeLessThan(tolerance);
      expect(relativeError(grads.gradBias, arrays['g.p.bias_ih'].data)).toBeLessThan(tolerance);
    });
  }
});

test.each([0, 1])('lstm gradients agree with central differences in double, allStates %i', (allStates) => {
  const sizes = { batch: 2, steps: 3, cells: 2, inChannels: 2, hidden: 3, allStates };
  const inputs = makeInputs(sizes);
  const saved = forward(inputs, sizes, double);
  const gradOutput = randomArray(saved.output.length, 9);
  const grads = backward(inputs, saved, gradOutput, sizes, double);
  for (let k = 0; k < sources.length; k++) {
    const loss = (x: Float64Array): number => dot(forward({ ...inputs, [sources[k]]: x }, sizes, double).output, gradOutput);
    // step² = 1e-10 times a third derivative of order 1
    expect(relativeError(grads[gradients[k]], centralDifferences(loss, inputs[sources[k]]))).toBeLessThan(1e-8);
  }
});

test('keptCells is at most the number of cells', () => {
  const sizes = { batch: 1, steps: 1, cells: 2, inChannels: 1, hidden: 1, allStates: 0, keptCells: 3 };
  expect(() => forward(makeInputs(sizes), sizes, double)).toThrow('keptCells exceeds cells');
});

test('lstm whose reference computes the gates again gives the same gradients', () => {
  const sizes = { batch: 2, steps: 3, cells: 4, inChannels: 2, hidden: 3, allStates: 1 };
  const inputs = makeInputs(sizes);
  const saved = forward(inputs, sizes, double);
  const gradOutput = randomArray(saved.output.length, 9);
  const kept = backward(inputs, saved, gradOutput, sizes, double);
  for (const keptCells of [0, 1, 3]) {
    const some = forward(inputs, { ...sizes, keptCells }, double);
    const again = backward(inputs, some, gradOutput, { ...sizes, keptCells }, double);
    for (const name of gradients) expect(again[name]).toEqual(kept[name]);
  }
});

test('lstm without gates and cells gives the same output', () => {
  const sizes = { batch: 1, steps: 4, cells: 37, inChannels: 3, hidden: 5, allStates: 0 };
  const inputs = makeInputs(sizes);
  for (const { options } of allVariants) {
    const { output } = callKernel('lstmForward', { ...inputs, output: 37 * 5 }, sizes, options);
    expect(output).toEqual(forward(inputs, sizes, options).output);
  }
});

describe.each([...fastVariants, ...deviceVariants])('lstm, $name, against the double reference', ({ options }) => {
  const shapes = [
    [2, 16, 50, 15, 16, 1],
    [1, 3, 1, 1, 1, 1],
    [1, 3, 7, 3, 5, 1],
    [1, 5, 33, 7, 3, 0],
    [2, 4, 67, 13, 17, 1],
    [1, 2, 40, 41, 64, 0],
    [1, 3, 129, 5, 24, 1],
    [1, 3, 37, 70, 20, 1],
  ];
  test.each(shapes)('batch %i, %i steps, %i cells, channels %i to %i, allStates %i', (batch, steps, cells, inChannels, hidden, allStates) => {
    const sizes = { batch, steps, cells, inChannels, hidden, allStates };
    const { inputs, expected, gradOutput } = drawnPass(sizes);
    const actual = forward(inputs, sizes, options);
    expect(relativeError(actual.output, expected.output)).toBeLessThan(1e-5);
    for (const [name, parts] of [
      ['gates', 4],
      ['cells', 1],
    ] as const) {
      const [ours, reference] = [plain(actual[name], sizes, parts, options), plain(expected[name], sizes, parts, double)];
      expect(relativeError(ours, reference)).toBeLessThan(1e-5);
    }
    for (const accumulate of [0, 1]) {
      const before = accumulate ? (length: number): Float64Array => randomArray(length, 11) : undefined;
      const reference = backward(inputs, expected, gradOutput, { ...sizes, accumulate }, double, before);
      for (const keptCells of [0, Math.floor(cells / 3), cells]) {
        const saved = forward(inputs, { ...sizes, keptCells }, options);
        const grads = backward(inputs, saved, gradOutput, { ...sizes, keptCells, accumulate }, options, before);
        for (const name of gradients) expect(relativeError(grads[name], reference[name])).toBeLessThan(2e-5);
      }
    }
  });

  test('numbers of all sizes side by side', () => {
    const sizes = { batch: 1, steps: 3, cells: 67, inChannels: 41, hidden: 32, allStates: 1 };
    const made = makeInputs(sizes);
    const inputs = { ...made, input: ofAllSizes(made.input) };
    const expected = forward(inputs, sizes, double);
    const gradOutput = ofAllSizes(randomArray(expected.output.length, 9));
    const reference = backward(inputs, expected, gradOutput, sizes, double);
    const saved = forward(inputs, sizes, options);
    expect(relativeError(saved.output, expected.output)).toBeLessThan(1e-5);
    const grads = backward(inputs, saved, gradOutput, sizes, options);
    for (const name of gradients) expect(relativeError(grads[name], reference[name])).toBeLessThan(2e-5);
  });

  test.each([0, 1])('output and gradOutput may be channels and rows of larger images, allStates %i', (allStates) => {
    const sizes = { batch: 3, steps: 3, cells: 7, inChannels: 3, hidden: 5, allStates };
    const inputs = makeInputs(sizes);
    const states = 5 * (allStates ? 3 : 1);
    const outputStride = states + 4;
    const image = 6 * outputStride + states;
    const params = { ...sizes, outputStride, outputImageStride: image + 11 };
    const gradOutput = randomArray(3 * 7 * states, 9);
    const images = [0, 1, 2].flatMap((n) => [...spread(gradOutput.subarray(n * 7 * states, (n + 1) * 7 * states), states, outputStride)]);
    const apart = spread(Float64Array.from(images), image, params.outputImageStride);
    const { output } = callKernel('lstmForward', { ...inputs, output: apart }, params, options);
    const made = gathered(output, image, params.outputImageStride);
    const rows = [0, 1, 2].flatMap((n) => [...gathered(made.subarray(n * image, (n + 1) * image), states, outputStride)]);
    expect(Float64Array.from(rows)).toEqual(forward(inputs, sizes, options).output);
    const expected = backward(inputs, undefined, gradOutput, sizes, options);
    const actual = backward(inputs, undefined, apart, params, options);
    for (const name of gradients) expect(actual[name]).toEqual(expected[name]);
  });

  test('gradInput may hold some channels of the input only', () => {
    const sizes = { batch: 2, steps: 3, cells: 19, inChannels: 13, hidden: 8, allStates: 0 };
    const inputs = makeInputs(sizes);
    const gradOutput = randomArray(2 * 19 * 8, 9);
    const all = backward(inputs, undefined, gradOutput, sizes, options).gradInput;
    const operands = { ...inputs, gradOutput, gradInput: 2 * 3 * 19 * 5 };
    const part = callKernel('lstmBackward', operands, { ...sizes, keptCells: 0, gradBegin: 4, gradChannels: 5 }, options).gradInput;
    expect(
      relativeError(
        part,
        all.filter((_, i) => i % 13 >= 4 && i % 13 < 9),
      ),
    ).toBeLessThan(1e-6);
    expect(() => callKernel('lstmBackward', operands, { ...sizes, keptCells: 0, gradBegin: 9, gradChannels: 5 }, options)).toThrow(
      'exceeds inChannels',
    );
  });

  test('gates without cell states, which nothing could use, are refused', () => {
    const sizes = { batch: 1, steps: 2, cells: 3, inChannels: 2, hidden: 4, allStates: 0 };
    const { gates } = forward(makeInputs(sizes), sizes, options);
    expect(() => callKernel('lstmForward', { ...makeInputs(sizes), output: 12, gates: gates.length }, { ...sizes, keptCells: 3 }, options)).toThrow(
      'gates and cells are kept together',
    );
  });

  test('a gradient that is not asked for changes no other, and the same threads give the same bits', () => {
    const sizes = { batch: 1, steps: 3, cells: 45, inChannels: 6, hidden: 8, allStates: 1 };
    const inputs = makeInputs(sizes);
    const saved = forward(inputs, sizes, options);
    const gradOutput = randomArray(saved.output.length, 9);
    const all = backward(inputs, saved, gradOutput, sizes, options);
    expect(backward(inputs, saved, gradOutput, sizes, options)).toEqual(all);
    const { bias: _bias, ...others } = inputs;
    const operands = { ...others, gates: saved.gates, cells: saved.cells, gradOutput, gradInput: inputs.input.length };
    expect(callKernel('lstmBackward', operands, sizes, options).gradInput).toEqual(all.gradInput);
  });
});

test.each(fastVariants)(
  'gates so many that they are stored past the caches give the same gradients as gates computed again: $name',
  ({ options }) => {
    const sizes = { batch: 1, steps: 1, cells: 2 ** 16, inChannels: 1, hidden: 16, allStates: 0 }; // 4 Mi floats (exceedsCaches)
    const inputs = makeInputs(sizes);
    const saved = forward(inputs, sizes, options);
    const gradOutput = randomArray(saved.output.length, 9);
    const [kept, again] = [saved, undefined].map((given) => backward(inputs, given, gradOutput, sizes, options));
    for (const name of gradients) expect(relativeError(kept[name], again[name])).toBeLessThan(1e-5);
  },
);

test.each(allVariants)('exact products keep nothing in memory for packed numbers: $name', ({ options }) => {
  const sizes = { batch: 1, steps: 2, cells: 5, inChannels: 2, hidden: 3, allStates: 0, packed: 1 };
  const inputs = makeInputs(sizes);
  const saved = forward(inputs, sizes, options);
  expect([...saved.gates, ...saved.cells].every(Number.isNaN)).toBe(true);
  const gradOutput = randomArray(saved.output.length, 9);
  const [given, again] = [saved, undefined].map((kept) => backward(inputs, kept, gradOutput, sizes, options));
  for (const name of gradients) expect(given[name]).toEqual(again[name]);
});
