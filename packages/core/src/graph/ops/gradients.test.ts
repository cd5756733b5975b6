/** Every op's reverse rule against central differences on the float64 program. */
import {
  abs,
  add,
  batchNorm,
  batchNormPrelu,
  channelAffine,
  concat,
  conv2d,
  crop,
  downconv2x2,
  dropout,
  exp,
  loss,
  lstm,
  maxpool2x2,
  multiply,
  multiplySteps,
  pad,
  prelu,
  relu,
  reshape,
  scale,
  sigmoid,
  slice,
  softplus,
  square,
  subtract,
  sum,
  tanh,
  transpose,
  upconv2x2,
  weightedSum,
  type Graph,
  type Value,
} from '..';
import { gradientError, type Built } from '../testing/finite-differences';

// Differences with steps of 1e-5 carry rounding of about 1e-11 / 1e-5 and truncation of 1e-10: 1e-7 leaves room and fails on any wrong term.
const TOLERANCE = 1e-7;

const image = (g: Graph, name = 'x', channels = 3): Value => g.input(name, [2, 5, 6, channels]);
const ofOne =
  (op: (g: Graph, x: Value) => Value) =>
  (g: Graph): Built => {
    const x = image(g);
    return { wrt: [x], output: op(g, x) };
  };
const ofTwo =
  (op: (g: Graph, a: Value, b: Value) => Value) =>
  (g: Graph): Built => {
    const [a, b] = [image(g, 'a'), image(g, 'b')];
    return { wrt: [a, b], output: op(g, a, b) };
  };

function conv(kernel: number): (g: Graph) => Built {
  return (g) => {
    const [x, w, b] = [image(g), g.input('w', [kernel, kernel, 3, 4]), g.input('b', [4])];
    return { wrt: [x, w, b], output: conv2d(g, x, w, b) };
  };
}

function lstmCase(allStates: boolean, initialState: boolean, kept?: number): (g: Graph) => Built {
  return (g) => {
    const [hidden, inChannels] = [3, 2];
    const x = g.input('x', [2, 4, 2, 3, inChannels]);
    const weightInput = g.input('wi', [inChannels, 4 * hidden]);
    const weightHidden = g.input('wh', [hidden, 4 * hidden]);
    const bias = g.input('b', [4 * hidden]);
    const initial: Record<string, Value> = initialState ? { initialHidden: g.input('h0', [hidden]), initialCell: g.input('c0', [hidden]) } : {};
    const output = lstm(g, x, { weightInput, weightHidden, bias, ...initial }, allStates, kept);
    return { wrt: [x, weightInput, weightHidden, bias, ...Object.values(initial)], output };
  };
}

function norm(mode: 'train' | 'frozen'): (g: Graph) => Built {
  return (g) => {
    const x = image(g);
    const [scale, shift] = [g.input('scale', [3]), g.input('shift', [3])];
    const runningMean = g.buffer('mean', [3], { init: 'constant', value: 0 });
    const runningVariance = g.buffer('variance', [3], { init: 'constant', value: 1 });
    const output = batchNorm(g, x, { scale, shift, runningMean, runningVariance }, mode);
    return { wrt: [x, scale, shift], output, values: { mean: [0.3, -0.2, 1], variance: [0.5, 2, 1.3] } };
  };
}

function normPrelu(probability: number): (g: Graph) => Built {
  return (g) => {
    const x = image(g);
    const [scale, shift, slope] = ['scale', 'shift', 'slope'].map((name) => g.input(name, [3]));
    const runningMean = g.buffer('mean', [3], { init: 'constant', value: 0 });
    const runningVariance = g.buffer('variance', [3], { init: 'constant', value: 1 });
    const drop = probability > 0 ? { probability, seed: 7, step: g.scalar('step') } : undefined;
    const output = batchNormPrelu(g, x, { scale, shift, slope, runningMean, runningVariance }, drop);
    return { wrt: [x, scale, shift, slope], output };
  };
}

function lossCase(kind: 'l1' | 'l2' | 'huber'): (g: Graph) => Built {
  return (g) => {
    const [x, y, w] = [image(g), image(g, 'y'), image(g, 'w')];
    return { wrt: [x, y], output: loss(g, x, y, w, { kind, delta: 0.7, divisor: 13 }) };
  };
}

const cases: Record<string, (g: Graph) => Built> = {
  'conv2d 1x1': conv(1),
  'conv2d 3x3': conv(3),
  'conv2d 7x7': conv(7),
  upconv2x2(g) {
    const [x, w, b] = [image(g), g.input('w', [2, 2, 3, 4]), g.input('b', [4])];
    return { wrt: [x, w, b], output: upconv2x2(g, x, w, b) };
  },
  downconv2x2(g) {
    const [x, w] = [g.input('x', [2, 4, 6, 3]), g.input('w', [2, 2, 4, 3])];
    return { wrt: [x, w], output: downconv2x2(g, x, w) };
  },
  'maxpool2x2 floor': ofOne((g, x) => maxpool2x2(g, x)),
  'maxpool2x2 ceil': ofOne((g, x) => maxpool2x2(g, x, true)),
  'lstm, all states': lstmCase(true, false),
  'lstm, last state': lstmCase(false, false),
  'lstm, learned initial state, all': lstmCase(true, true),
  'lstm, learned initial state, last': lstmCase(false, true),
  'lstm, gates computed again, all states': lstmCase(true, false, 0),
  'lstm, gates computed again, learned initial state, last': lstmCase(false, true, 0),
  'lstm, gates of four cells kept, learned initial state, all': lstmCase(true, true, 4),
  'batchNorm train': norm('train'),
  'batchNorm frozen': norm('frozen'),
  batchNormPrelu: normPrelu(0),
  'batchNormPrelu with dropout': normPrelu(0.4),
  prelu(g) {
    const [x, slope] = [image(g), g.input('slope', [3])];
    return { wrt: [x, slope], output: prelu(g, x, slope) };
  },
  relu: ofOne(relu),
  softplus: ofOne(softplus),
  sigmoid: ofOne(sigmoid),
  tanh: ofOne(tanh),
  exp: ofOne(exp),
  abs: ofOne(abs),
  square: ofOne(square),
  channelAffine: ofOne((g, x) => channelAffine(g, x, g.constant([2, -1, 0.5], [3]), g.constant([1, 2, 3], [3]))),
  multiplySteps(g) {
    const [x, factors] = [g.input('x', [2, 3, 4, 5, 2]), g.input('factors', [2, 4, 5, 6])];
    return { wrt: [x, factors], output: multiplySteps(g, x, factors) };
  },
  'multiplySteps, a part of what is read': (g) => {
    const [x, factors, other] = [g.input('x', [2, 3, 4, 5, 2]), g.input('factors', [2, 4, 5, 6]), g.input('other', [2, 3, 4, 5, 1])];
    const part = channelAffine(g, x, g.constant([2, -1], [2]), g.constant([0, 1], [2]));
    const joined = transpose(g, concat(g, [part, other]), [0, 2, 3, 1, 4]);
    return { wrt: [x, factors], output: concat(g, [multiplySteps(g, part, factors), reshape(g, joined, [2, 4, 5, 9])]) };
  },
  dropout: ofOne((g, x) => dropout(g, x, { probability: 0.4, seed: 7, step: g.scalar('step') })),
  'dropout, mask given': ofOne((g, x) =>
    dropout(g, x, {
      probability: 0.4,
      seed: 7,
      step: g.scalar('step'),
      mask: g.constant(
        Array.from({ length: 180 }, (_, i) => i % 3 && 1),
        x.shape,
      ),
    }),
  ),
  add: ofTwo(add),
  subtract: ofTwo(subtract),
  multiply: ofTwo(multiply),
  scale: ofOne((g, x) => scale(g, x, -2.5)),
  sum: ofTwo((g, a, b) => sum(g, [a, b, a])),
  'concat channels': ofTwo((g, a, b) => concat(g, [a, b])),
  'concat batch': ofTwo((g, a, b) => concat(g, [a, b, a], 0)),
  'slice channels': ofOne((g, x) => slice(g, x, 3, 1, 3)),
  'slice rows': ofOne((g, x) => slice(g, x, 1, 2, 4)),
  'slices that overlap': ofOne((g, x) => add(g, slice(g, x, 2, 0, 4), slice(g, x, 2, 2, 6))),
  pad: ofOne((g, x) => pad(g, x, 3, 1)),
  crop: ofOne((g, x) => crop(g, x, 3, 4)),
  transpose: ofOne((g, x) => transpose(g, x, [2, 0, 3, 1])),
  reshape: ofOne((g, x) => square(g, reshape(g, x, [60, 3]))),
  'loss l1': lossCase('l1'),
  'loss l2': lossCase('l2'),
  'loss huber': lossCase('huber'),
  weightedSum: ofTwo((g, a, b) => {
    const term = (x: Value, y: Value): Value => loss(g, x, y, g.constant(new Float64Array(180).fill(1), x.shape), { kind: 'l2', divisor: 7 });
    return weightedSum(g, [
      { value: term(a, b), weight: 0.3 },
      { value: term(square(g, a), b), weight: 2 },
    ]);
  }),
};

describe('gradients against central differences', () => {
  test.each(Object.keys(cases))('%s', async (name) => {
    expect(await gradientError(cases[name])).toBeLessThan(TOLERANCE);
  });

  test('a value with several users: contributions add, also through one that is passed on unchanged', async () => {
    const error = await gradientError((g) => {
      const x = image(g, 'x', 4);
      const [w, v] = [g.input('w', [3, 3, 4, 4]), g.input('v', [1, 1, 4, 4])];
      const a = conv2d(g, x, w);
      const b = add(g, x, conv2d(g, tanh(g, a), v));
      return { wrt: [x, w, v], output: add(g, multiply(g, b, a), conv2d(g, b, w)) };
    });
    expect(error).toBeLessThan(TOLERANCE);
  });
});
