import type { Value } from '../../definition/graph';
import { ofTwo, type OpCase } from '../../testing/op-cases';
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
