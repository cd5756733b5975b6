/** What is copied and what is not, and that the numbers are the same either way. */
import {
  add,
  batchNormPrelu,
  channelAffine,
  compile,
  concat,
  conv2d,
  crop,
  downconv2x2,
  Graph,
  gradients,
  loss,
  lstm,
  maxpool2x2,
  multiply,
  pad,
  planProgram,
  prelu,
  relu,
  slice,
  tanh,
  upconv2x2,
  type Value,
} from '..';
import { fits, imageLayout, pixelStride } from '../ops/shared/memory-layout';
import { gradientError, type Built } from '../testing/finite-differences';

const copies = ['stridedCopy', 'fill', 'axpy', 'scale'];
const copiesOf = (g: Graph, values: Value[]): string[] => {
  const named = Object.fromEntries(values.map((value, i) => [`out${i}`, value]));
  return planProgram(g, { outputs: named })
    .spec.instructions.map(({ op }) => op)
    .filter((op) => copies.includes(op));
};

/** A level of a U-Net with its skip: `rows` odd, so that the recurrence's states are padded. */
function level(g: Graph, rows = 3): Built {
  const steps = g.input('steps', [2, 2, rows, 4, 1]);
  const vector = (name: string, length: number): Value => g.input(name, [length]);
  const weights = { weightInput: g.input('wi', [1, 8]), weightHidden: g.input('wh', [2, 8]), bias: vector('b', 8) };
  const states = pad(g, lstm(g, steps, weights, true), rows % 2, 0);
  const block = (input: Value, name: string, width: number): Value => {
    const convolved = conv2d(g, input, g.input(`${name}.w`, [3, 3, input.shape[3], width]));
    const operands = { scale: vector(`${name}.scale`, width), shift: vector(`${name}.shift`, width), slope: vector(`${name}.slope`, width) };
    const running = (what: string): Value => g.buffer(`${name}.${what}`, [width], { init: 'constant', value: 1 });
    return batchNormPrelu(g, convolved, { ...operands, runningMean: running('mean'), runningVariance: running('variance') });
  };
  const skip = block(states, 'down', 3);
  const up = upconv2x2(g, block(maxpool2x2(g, skip), 'middle', 2), g.input('up.w', [2, 2, 2, 3]));
  const joined = concat(g, [up, skip]);
  const output = crop(g, conv2d(g, joined, g.input('head.w', [1, 1, 6, 2])), rows, 4);
  return { wrt: [steps, ...Object.values(weights), g.find('down.w'), g.find('middle.slope'), g.find('up.w')], output };
}

describe('a level of a U-Net', () => {
  test.each([3, 4])('with %i rows: only zeros for the padded row and the output are copied, forward and backward', (rows) => {
    const g = new Graph();
    const { wrt, output } = level(g, rows);
    const grads = gradients(g, output, wrt, { seed: g.input('seed', output.shape) });
    const update = planProgram(g, { outputs: { output, ...Object.fromEntries(grads.map((each, i) => [`grad${i}`, each])) } }).spec.instructions;
    const copied = update.filter(({ op }) => copies.includes(op)).map(({ op, label }) => `${op} ${label}`);
    // Backward: the seed's padding is two instructions.
    const padded = ['stridedCopy pad', 'stridedCopy slice', 'stridedCopy pad', 'stridedCopy pad'];
    expect(copied).toEqual(rows === 3 ? padded : []);
  });

  test.each([3, 4])('with %i rows: gradients agree with central differences', async (rows) => {
    expect(await gradientError((g) => level(g, rows))).toBeLessThan(2e-7);
  });
});

describe('parts that are scaled before they are joined', () => {
  const scaled = (g: Graph, name: string, width: number): Value => {
    const operand = (what: string): Value =>
      g.constant(
        Float64Array.from({ length: width }, (_, i) => (what === 'scale' ? 2 + i : 0.5 * i)),
        [width],
      );
    return channelAffine(g, g.input(name, [2, 3, 2, width]), operand('scale'), operand('shift'));
  };
  const joined = (g: Graph): Built => {
    const sources = concat(g, [scaled(g, 'a', 1), scaled(g, 'b', 3)]);
    const output = conv2d(g, concat(g, [sources, scaled(g, 'c', 2)]), g.input('w', [1, 1, 6, 2]));
    return { wrt: ['a', 'b', 'c'].map((name) => g.find(name)), output };
  };

  test('are made where they are joined; of the gradient they are read there', () => {
    const g = new Graph();
    const { wrt, output } = joined(g);
    expect(copiesOf(g, [output, ...gradients(g, output, wrt, { seed: g.input('seed', output.shape) })])).toEqual([]);
  });

  test('gradients agree with central differences', async () => {
    expect(await gradientError(joined)).toBeLessThan(2e-7);
  });
});

describe('a branch that is padded and joined, of several samples', () => {
  function branched(g: Graph): Built {
    const trunk = upconv2x2(g, g.input('trunk', [2, 2, 2, 3]), g.input('up', [2, 2, 3, 3]));
    const convolved = conv2d(g, g.input('y', [2, 3, 4, 2]), g.input('w', [3, 3, 2, 5]), g.input('b', [5]));
    const branch = pad(g, prelu(g, convolved, g.input('slope', [5])), 1, 0);
    const output = crop(g, conv2d(g, concat(g, [trunk, branch]), g.input('head', [1, 1, 8, 2])), 3, 4);
    return { wrt: ['y', 'w', 'b', 'slope', 'head'].map((name) => g.find(name)), output };
  }

  test.each([
    ['its P-ReLU', ['y', 'w', 'slope'], ['pad', 'pad', 'pad', 'slice', 'slice']],
    ['the convolution with its P-ReLU', ['trunk'], ['pad', 'pad', 'pad', 'slice', 'slice']],
  ])('is written where it is joined, and its gradient read there, by %s', (_, wanted, expected) => {
    const g = new Graph();
    const { output } = branched(g);
    const seed = g.input('seed', output.shape);
    const found = gradients(
      g,
      output,
      wanted.map((name) => g.find(name)),
      { seed },
    );
    const named = Object.fromEntries(found.map((value, i) => [`grad${i}`, value]));
    const { instructions } = planProgram(g, { outputs: { output, ...named } }).spec;
    const copied = instructions.filter(({ op }) => copies.includes(op)).map(({ label }) => label);
    // The padding's zeros and the cropped output, and the seed with its zeros; of the weights, the part that belongs to the branch.
    expect(copied.sort()).toEqual(expected);
  });

  test('gradients agree with central differences', async () => {
    expect(await gradientError(branched)).toBeLessThan(2e-7);
  });
});

describe('a level of a U-Net beside one that its layers gate', () => {
  function gated(g: Graph): Built {
    const weight = (name: string, ...shape: number[]): Value => g.input(name, shape);
    const gate = (context: Value, name: string): Value => conv2d(g, context, weight(name, 1, 1, context.shape[3], 2));
    const steps = g.input('steps', [1, 2, 3, 4, 1]);
    const states = lstm(g, steps, { weightInput: weight('wi', 1, 8), weightHidden: weight('wh', 2, 8), bias: weight('b', 8) }, true);
    const tracers = channelAffine(g, g.input('tracers', [1, 3, 4, 2]), g.constant([2, 3], [2]), g.constant([0, 1], [2]));
    const known = tanh(g, conv2d(g, concat(g, [states, tracers]), weight('cell', 1, 1, 6, 3)));
    const down = relu(g, conv2d(g, pad(g, known, 1, 0), weight('down', 3, 3, 3, 2)));
    const up = relu(g, conv2d(g, concat(g, [upconv2x2(g, maxpool2x2(g, down), weight('up', 2, 2, 2, 2)), down]), weight('join', 3, 3, 4, 2)));
    const sources = pad(g, multiply(g, tracers, gate(known, 'source')), 1, 0);
    const skip = multiply(g, conv2d(g, sources, weight('carry', 3, 3, 2, 2)), gate(down, 'below'));
    const back = upconv2x2(g, downconv2x2(g, skip, weight('halve', 2, 2, 2, 2)), weight('double', 2, 2, 2, 2));
    const carried = multiply(g, conv2d(g, concat(g, [back, skip]), weight('carry2', 3, 3, 4, 2)), gate(up, 'above'));
    return { wrt: [steps, g.find('tracers')], output: carried };
  }

  test('copies zeros of padded rows, and of gradients what of the tracers is added to theirs', () => {
    const g = new Graph();
    const { wrt, output } = gated(g);
    const grads = gradients(g, output, wrt, { seed: g.input('seed', output.shape) });
    const { instructions } = planProgram(g, { outputs: { output, ofSteps: grads[0], ofTracers: grads[1] } }).spec;
    const copied = instructions.filter(({ op }) => copies.includes(op)).map(({ op, label }) => `${op} ${label}`);
    expect(copied).toEqual(['stridedCopy pad', 'stridedCopy pad', 'stridedCopy slice']);
  });

  test('gradients agree with central differences', async () => {
    expect(await gradientError(gated)).toBeLessThan(2e-7);
  });
});

describe('what has to be copied', () => {
  const image = (g: Graph, name = 'x'): Value => g.input(name, [1, 4, 4, 2]);
  const up = (g: Graph, name: string): Value => upconv2x2(g, g.input(name, [1, 2, 2, 2]), g.input(`${name}.w`, [2, 2, 2, 2]));

  test('inputs, and what is joined twice', () => {
    const g = new Graph();
    const a = up(g, 'a');
    expect(copiesOf(g, [concat(g, [image(g), a])])).toEqual(['stridedCopy']);
    expect(copiesOf(g, [concat(g, [a, a])])).toEqual(['stridedCopy', 'stridedCopy']);
    expect(copiesOf(g, [concat(g, [up(g, 'b'), a])])).toEqual([]);
    expect(copiesOf(g, [concat(g, [up(g, 'c'), a]), concat(g, [a, up(g, 'd')])])).toEqual(['stridedCopy']);
  });

  test('what a kernel reads or makes that knows no strides', () => {
    const g = new Graph();
    const [a, b] = [up(g, 'a'), up(g, 'b')];
    expect(copiesOf(g, [concat(g, [a, b]), tanh(g, a)])).toEqual(['stridedCopy']);
    const before = tanh(g, b); // whether it is read before or after it is joined
    expect(copiesOf(g, [before, concat(g, [a, b])])).toEqual(['stridedCopy']);
    expect(copiesOf(g, [concat(g, [tanh(g, a), b])])).toEqual(['stridedCopy']);
  });

  test('what the host reads, and what another phase has made', () => {
    const g = new Graph();
    const [a, b] = [up(g, 'a'), up(g, 'b')];
    const joined = concat(g, [a, b]);
    expect(copiesOf(g, [joined, a])).toEqual(['stridedCopy']);
    const { spec } = planProgram(g, { outputs: { joined }, phases: { first: [b], second: [joined] } });
    expect(spec.instructions.filter(({ op }) => op === 'stridedCopy')).toHaveLength(1);
  });

  test('a slice whose sum would spoil what others read', () => {
    const g = new Graph();
    const whole = conv2d(g, image(g), g.input('w', [1, 1, 2, 4]));
    const pooled = maxpool2x2(g, slice(g, whole, 3, 0, 2));
    const misfit = loss(g, add(g, pooled, pooled), g.input('t', pooled.shape), g.input('m', pooled.shape), { kind: 'l2', divisor: 1 });
    const [grad] = gradients(g, misfit, [g.find('w')]);
    expect(copiesOf(g, [grad, relu(g, whole)])).toContain('stridedCopy'); // the gradient of a slice begins with zeros
  });
});

test('overwriting the joined array waits for the readers of its parts', () => {
  const g = new Graph();
  const up = (name: string): Value => upconv2x2(g, g.input(name, [1, 2, 2, 2]), g.input(`${name}.w`, [2, 2, 2, 2]));
  const [a, b] = [up('a'), up('b')];
  const activated = relu(g, concat(g, [a, b])); // could be written over its input, were `a` not read again
  const pooled = maxpool2x2(g, a);
  const program = compile(g, { outputs: { activated, pooled }, dtype: 'float64' });
  for (const name of ['a', 'b']) program.set(name, new Float64Array(8).fill(-1));
  for (const name of ['a.w', 'b.w']) program.set(name, new Float64Array(16).fill(1));
  program.runSync();
  expect([...program.get('activated')]).toEqual(new Array<number>(64).fill(0));
  expect([...program.get('pooled')]).toEqual(new Array<number>(8).fill(-2));
  program.dispose();
});

test('strides that operands may have', () => {
  const shape = [2, 3, 4, 5];
  const channelsOfSeven = [84, 28, 7, 1];
  const paddedRows = [100, 20, 5, 1];
  const paddedColumns = [90, 30, 5, 1];
  const allowed = (strides: number[]): boolean[] => ([undefined, 'pixels', 'images', 'box'] as const).map((spread) => fits(strides, shape, spread));
  expect(allowed(channelsOfSeven)).toEqual([false, true, true, true]);
  expect(allowed(paddedRows)).toEqual([false, false, true, true]);
  expect(allowed(paddedColumns)).toEqual([false, false, false, true]);
  expect(allowed([140, 28, 7, 1])).toEqual([false, false, true, true]); // channels of seven, of padded rows
  expect(fits(paddedRows, [1, 3, 4, 5], undefined)).toBe(true); // one sample is in one piece
  expect(pixelStride(channelsOfSeven, shape)).toBe(7);
  expect(imageLayout(channelsOfSeven, shape)).toEqual({ outputStride: 7 });
  expect(imageLayout([140, 28, 7, 1], shape)).toEqual({ outputStride: 7, outputImageStride: 140 });
  expect(imageLayout([140, 28, 7, 1], [1, 3, 4, 5])).toEqual({ outputStride: 7 });
  expect(imageLayout([12, 1], [3, 5])).toEqual({ outputStride: 12 });
  expect(pixelStride([1, 1, 1, 1], [1, 1, 1, 5])).toBe(5);
});
