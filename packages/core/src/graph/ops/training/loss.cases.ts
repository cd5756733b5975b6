import type { Value } from '../../definition/graph';
import { ofTwo, type OpCase, type TimedOp } from '../shared/op-case';
import { square } from '../elementwise/unary';
import { loss, weightedSum, type LossKind } from './loss';

const ofKind = (kind: LossKind): OpCase => ({
  name: `loss ${kind}`,
  build: ({ g, image }) => loss(g, image(), image('target'), image('weight'), { kind, delta: 0.7, divisor: 13 }),
  gradient: ['x', 'target'],
  onnx: true,
});

export const cases: OpCase[] = [
  ofKind('l1'),
  ofKind('l2'),
  ofKind('huber'),
  ofTwo(
    'weightedSum',
    (g, a, b) => {
      const term = (x: Value, y: Value): Value => loss(g, x, y, g.constant(new Float64Array(180).fill(1), x.shape), { kind: 'l2', divisor: 7 });
      return weightedSum(g, [
        { value: term(a, b), weight: 0.3 },
        { value: term(square(g, a), b), weight: 2 },
      ]);
    },
    { gradient: ['a', 'b'] },
  ),
];

/** At the largest activation of a network. */
export const timed: TimedOp<[batch: number, height: number, width: number, channels: number]> = {
  kind: 'l1Loss',
  kernels(batch, height, width, channels) {
    const elements = batch * height * width * channels;
    const params = { elements, kind: 0, divisor: elements };
    return {
      title: `l1 loss ${batch}x${height}x${width} ${channels}`,
      arrays: {
        prediction: { length: elements, draw: true },
        target: { length: elements, draw: true },
        weight: { length: elements, draw: true },
        loss: { length: 1 },
        gradPrediction: { length: elements },
      },
      calls: [
        { op: 'lossForward', operands: ['prediction', 'target', 'weight', 'loss:output'], params },
        { op: 'lossBackward', operands: ['prediction', 'target', 'weight', 'gradPrediction'], params },
      ],
      check: ['gradPrediction'],
    };
  },
};
