import { deviceVariants } from '../../testing/call-kernel';
import { fromHalf } from '../../testing/half-reference';
import { randomArray, relativeError } from '../../testing/oracles';
import { backward, double, drawnPass, forward, gradients, makeInputs, plain } from './lstm.cases';

const deviceProducts = deviceVariants.flatMap(({ options: { module } }) =>
  ([['float32', 1e-5] as const, ['tf32', 1e-3], ['bf16', 1e-2]] as const).map(([precision, tolerance]) => ({ module, precision, tolerance })),
);

describe.each(deviceProducts)('lstm on a device, $module, products $precision, against the double reference', ({ module, precision, tolerance }) => {
  const options = { device: 'cuda', module, precision } as const;
  const shapes = [
    [1, 3, 70, 13, 16, 1],
    [1, 2, 40, 41, 64, 0],
    [2, 3, 5, 3, 5, 1],
    [1, 2, 3, 2, 88, 1], // tiles of 32 cells backward
    // Too many for the tensor cores: units backward, which reads what they packed forward; inputs forward, where nothing is packed
    ...(precision === 'tf32'
      ? [
          [1, 2, 4, 1, 171, 0],
          [1, 2, 4, 290, 7, 1],
        ]
      : []),
  ];
  test.each(shapes)('batch %i, %i steps, %i cells, channels %i to %i, allStates %i', (batch, steps, cells, inChannels, hidden, allStates) => {
    const sizes = { batch, steps, cells, inChannels, hidden, allStates };
    const { inputs, expected, gradOutput } = drawnPass(sizes);
    const reference = backward(inputs, expected, gradOutput, sizes, double);
    for (const kept of [{ keptCells: Math.floor(cells / 3) }, { keptCells: Math.floor(cells / 3), packed: 1 }, { keptCells: cells, packed: 1 }]) {
      const saved = forward(inputs, { ...sizes, ...kept }, options);
      expect(relativeError(saved.output, expected.output)).toBeLessThan(tolerance);
      const grads = backward(inputs, saved, gradOutput, { ...sizes, ...kept }, options);
      for (const name of gradients) expect(relativeError(grads[name], reference[name])).toBeLessThan(tolerance);
      // Rounded factors, not exact ones: the products are those that were asked for.
      if (precision !== 'float32' && hidden < 100 && inChannels < 100)
        expect(relativeError(grads.gradWeightInput, reference.gradWeightInput)).toBeGreaterThan(tolerance / 100);
    }
  });
});

/** Cell states [N, T, P, D] as a device keeps them where products are rounded: in half precision, rows of whole words. */
function packedStates(cells: Float64Array, rows: number, hidden: number): Float32Array {
  const words = Math.ceil(hidden / 2);
  const halves = new Uint16Array(Float32Array.from(cells.slice(0, rows * words)).buffer);
  const states = new Float32Array(halves.length);
  fromHalf(halves, states);
  return states.filter((_, i) => i % (2 * words) < hidden);
}

describe.each(deviceProducts.filter(({ precision }) => precision !== 'float32'))('cell states kept on a device, $module, $precision', (variant) => {
  const options = { device: 'cuda', module: variant.module, precision: variant.precision } as const;
  test.each([5, 6])('are rounded to half precision, and NaN and infinity stay: %i units', (hidden) => {
    const sizes = { batch: 2, steps: 3, cells: 35, inChannels: 1, hidden, allStates: 1, keptCells: 34, packed: 1 };
    // Weights of zero: nothing is rounded but what is kept.
    const made = makeInputs(sizes);
    const weights = { weightInput: new Float64Array(4 * hidden), weightHidden: new Float64Array(4 * hidden * hidden) };
    const inputs: Record<string, Float64Array> = { ...made, ...weights };
    inputs.initialCell = inputs.initialCell.map((c, unit) => (unit === 1 ? Infinity : c));
    inputs.bias = inputs.bias.map((b, j) => (j % hidden === 4 ? NaN : j % hidden === 2 ? 1e-4 * b : b));
    inputs.initialCell[2] = 0; // unit 2 stays below the smallest normal number
    const saved = forward(inputs, sizes, options);
    const rows = 2 * 3 * 34;
    const kept = packedStates(saved.cells, rows, hidden);
    const expected = plain(forward(inputs, { ...sizes, packed: 0 }, double).cells, { ...sizes, cells: 34 }, 1, double);
    expect(kept).toHaveLength(expected.length);
    for (let i = 0; i < kept.length; i++) {
      if (Number.isFinite(expected[i])) expect(Math.abs(kept[i] - expected[i])).toBeLessThan(2 ** -11 * Math.abs(expected[i]) + 4e-7);
      else expect(kept[i]).toBe(expected[i]);
    }
    const { gradBias } = backward(inputs, saved, randomArray(saved.output.length, 9), sizes, options);
    for (const gate of [0, 1, 2, 3]) expect(gradBias[gate * hidden + 4]).toBeNaN();
  });
});

test.each(
  deviceVariants.flatMap((variant) => [
    { ...variant, batch: 1, cells: 34000 },
    { ...variant, batch: 283, cells: 120 },
  ]),
)('cells that are computed again in several chunks on a device, $name: batch $batch, $cells cells', ({ options, batch, cells }) => {
  const sizes = { batch, steps: 2, cells, inChannels: 1, hidden: 1, allStates: 1, keptCells: 70 };
  const inputs = makeInputs(sizes);
  const saved = forward(inputs, sizes, options);
  const gradOutput = randomArray(saved.output.length, 9);
  const grads = backward(inputs, saved, gradOutput, sizes, options);
  const reference = backward(inputs, undefined, gradOutput, sizes, double);
  for (const name of gradients) expect(relativeError(grads[name], reference[name])).toBeLessThan(2e-5);
});

test.each(deviceVariants)('states that do not fit into a multiprocessor are refused, $name', ({ options }) => {
  const sizes = { batch: 1, steps: 1, cells: 1, inChannels: 1, hidden: 310, allStates: 0 };
  expect(() => backward(makeInputs(sizes), undefined, randomArray(310, 9), sizes, options)).toThrow(
    'lstmBackward: expected inChannels + 7 hidden up to about 2100 on a device but received 2171',
  );
});
