/** A second, independent opinion: TensorFlow.js in plain JavaScript and, where tfjs-node loads, over libtensorflow; forward and gradients, float32. */
import * as tf from '@tensorflow/tfjs';
import { compile, conv2d, gradients, Graph, lstm, maxpool2x2, upconv2x2, type Value } from '..';
import { describeWhere } from '../../../../../test/testing/describe-where';
import { Random } from '../../base/random';
import { fill } from '../testing/finite-differences';
import { relativeError } from '../testing/golden';

// Both add in float32, in different orders, over at most some hundred terms.
const TOLERANCE = 1e-5;

interface Case {
  shapes: Record<string, number[]>;
  ours: (g: Graph, leaves: Record<string, Value>) => Value;
  theirs: (leaves: Record<string, tf.Tensor>) => tf.Tensor;
}

const image = (t: tf.Tensor): tf.Tensor4D => t as tf.Tensor4D;

/** tf.basicLSTMCell orders its gates i, g, f, o and joins both weights: ours are put in that order. */
function lstmSteps({ x, weightInput, weightHidden, bias }: Record<string, tf.Tensor>): tf.Tensor {
  const hidden = weightHidden.shape[0];
  const reordered = (t: tf.Tensor): tf.Tensor => {
    const [i, f, g, o] = tf.split(t, 4, t.rank - 1);
    return tf.concat([i, g, f, o], t.rank - 1);
  };
  const kernel = reordered(tf.concat([weightInput, weightHidden], 0)) as tf.Tensor2D;
  const offsets = reordered(bias) as tf.Tensor1D;
  const [batch, steps, rows, cols, channels] = x.shape;
  const cells = batch * rows * cols;
  let c = tf.zeros<tf.Rank.R2>([cells, hidden]);
  let h = c;
  const states: tf.Tensor[] = [];
  for (const step of tf.unstack(tf.transpose(x, [1, 0, 2, 3, 4]))) {
    [c, h] = tf.basicLSTMCell(tf.scalar(0), kernel, offsets, tf.reshape<tf.Rank.R2>(step, [cells, channels]), c, h);
    states.push(h);
  }
  return tf.reshape(tf.concat(states, 1), [batch, rows, cols, steps * hidden]);
}

const cases: Record<string, Case> = {
  'conv2d 3x3': {
    shapes: { x: [2, 7, 6, 5], w: [3, 3, 5, 4] },
    ours: (g, { x, w }) => conv2d(g, x, w),
    theirs: ({ x, w }) => tf.conv2d(image(x), image(w), 1, 'same'),
  },
  'conv2d 7x7': {
    shapes: { x: [1, 9, 8, 2], w: [7, 7, 2, 3] },
    ours: (g, { x, w }) => conv2d(g, x, w),
    theirs: ({ x, w }) => tf.conv2d(image(x), image(w), 1, 'same'),
  },
  upconv2x2: {
    shapes: { x: [2, 3, 4, 5], w: [2, 2, 5, 3] },
    ours: (g, { x, w }) => upconv2x2(g, x, w),
    theirs: ({ x, w }) => tf.conv2dTranspose(image(x), tf.transpose(image(w), [0, 1, 3, 2]), [2, 6, 8, 3], 2, 'valid'),
  },
  'maxpool2x2 floor': {
    shapes: { x: [2, 7, 6, 3] },
    ours: (g, { x }) => maxpool2x2(g, x),
    theirs: ({ x }) => tf.maxPool(image(x), 2, 2, 'valid'),
  },
  'maxpool2x2 ceil': {
    shapes: { x: [2, 7, 5, 3] },
    ours: (g, { x }) => maxpool2x2(g, x, true),
    theirs: ({ x }) => tf.maxPool(image(x), 2, 2, 'same'),
  },
  lstm: {
    shapes: { x: [2, 3, 2, 3, 4], weightInput: [4, 20], weightHidden: [5, 20], bias: [20] },
    ours: (g, { x, weightInput, weightHidden, bias }) => lstm(g, x, { weightInput, weightHidden, bias }, true),
    theirs: lstmSteps,
  },
};

/** Why tfjs-node does not load. */
function lackOfTfjsNode(): string | undefined {
  try {
    jest.requireActual('@tensorflow/tfjs-node');
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0].trim();
  }
}

async function expectAgreement(name: string): Promise<void> {
  const { shapes, ours, theirs } = cases[name];
  const g = new Graph();
  const leaves = Object.fromEntries(Object.entries(shapes).map(([leaf, shape]) => [leaf, g.input(leaf, shape)]));
  const output = ours(g, leaves);
  const grads = gradients(g, output, Object.values(leaves), { seed: g.input('seed', output.shape) });
  const program = compile(g, {
    outputs: { output, ...Object.fromEntries(grads.map((gradient, i) => [`gradient${i}`, gradient])) },
    dtype: 'float64',
  });
  fill(program, new Random(6));
  await program.run();

  const tensors = Object.entries(shapes).map(([leaf, shape]) => tf.tensor(Float32Array.from(program.get(leaf)), shape));
  const call = (...given: tf.Tensor[]): tf.Tensor => theirs(Object.fromEntries(Object.keys(shapes).map((leaf, i) => [leaf, given[i]])));
  expect(relativeError(program.get('output'), call(...tensors).dataSync())).toBeLessThan(TOLERANCE);
  const theirGrads = tf.grads(call)(tensors, tf.tensor(Float32Array.from(program.get('seed')), [...output.shape]));
  theirGrads.forEach((gradient, i) => expect(relativeError(program.get(`gradient${i}`), gradient.dataSync())).toBeLessThan(TOLERANCE));
  program.dispose();
}

function agrees(backend: string): void {
  beforeAll(async () => {
    jest.spyOn(console, 'warn').mockImplementation(); // plain JavaScript recommends tfjs-node
    expect(await tf.setBackend(backend)).toBe(true);
  });

  test.each(Object.keys(cases))('%s agrees, forward and gradients', expectAgreement);
}

const lack = lackOfTfjsNode();
describe('TensorFlow.js in plain JavaScript', () => agrees('cpu'));
describeWhere(lack === undefined, `no tfjs-node: ${lack}`, 'TensorFlow.js over libtensorflow', () => agrees('tensorflow'));
