import { ofOne, type OpCase, type TimedOp, activationArrays } from '../shared/op-case';
import { relu } from '../elementwise/unary';
import { maxpool2x2 } from './maxpool2x2';

export const cases: OpCase[] = [
  ofOne('maxpool2x2 floor', (g, x) => maxpool2x2(g, x), { gradient: ['x'], tangent: [['x']], onnx: true }),
  ofOne('maxpool2x2 ceil', (g, x) => maxpool2x2(g, x, true)),
  ofOne('maxpool2x2 of equals', (g, x) => maxpool2x2(g, relu(g, x)), { onnx: true }),
];

/** At the largest activation of a network. */
export const timed: TimedOp<[batch: number, height: number, width: number, channels: number]> = {
  kind: 'maxpool2x2',
  kernels(batch, height, width, channels) {
    const elements = batch * height * width * channels;
    const pooled = elements / 4;
    const pool = { batch, height, width, channels, ceil: 0 };
    const activation = activationArrays(elements);
    return {
      title: `maxpool2x2 ${batch}x${height}x${width} ${channels}`,
      arrays: { ...activation, gradOutput: { length: pooled, draw: true }, output: { length: pooled } },
      calls: [
        { op: 'maxpool2x2Forward', operands: ['input', 'output'], params: pool },
        { op: 'maxpool2x2Backward', operands: ['input', 'gradOutput', 'gradInput'], params: pool },
      ],
      check: ['output', 'gradInput'],
    };
  },
  forward: ({ g, input }, p) => maxpool2x2(g, input('input', [p.batch, p.height, p.width, p.channels])),
};
