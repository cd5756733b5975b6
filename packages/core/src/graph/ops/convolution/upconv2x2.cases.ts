import type { OpCase, TimedOp } from '../shared/op-case';
import { downconv2x2, upconv2x2 } from './upconv2x2';

export const cases: OpCase[] = [
  {
    name: 'upconv2x2',
    build: ({ g, image, weight }) => {
      const x = image();
      const [inChannels, outChannels] = [x.shape[3], 7 - x.shape[3]];
      return upconv2x2(g, x, weight('w', [2, 2, inChannels, outChannels]), weight('b', [outChannels]));
    },
    gradient: ['x', 'w', 'b'],
    tangent: [['x']],
    onnx: true,
  },
  {
    name: 'downconv2x2',
    build: ({ g, image, weight }) => {
      const x = image('x', 4);
      return downconv2x2(g, x, weight('w', [2, 2, 7 - x.shape[3], x.shape[3]]));
    },
    gradient: ['x', 'w'],
    tangent: [['x']],
    onnx: true,
  },
];

/** At rows, columns and channels of the input, and channels of the output. */
export const timed: TimedOp<[batch: number, height: number, width: number, inChannels: number, outChannels: number]> = {
  kind: 'upconv2x2',
  kernels(batch, height, width, inChannels, outChannels) {
    const pixels = batch * height * width;
    const params = { batch, height, width, inChannels, outChannels };
    return {
      title: `upconv2x2 ${batch}x${height}x${width} ${inChannels}-${outChannels}`,
      arrays: {
        input: { length: pixels * inChannels, draw: true },
        weight: { length: 4 * inChannels * outChannels, draw: true, scale: 1 / Math.sqrt(inChannels) },
        bias: { length: outChannels, draw: true },
        gradOutput: { length: 4 * pixels * outChannels, draw: true },
        output: { length: 4 * pixels * outChannels },
        gradInput: { length: pixels * inChannels },
        gradWeight: { length: 4 * inChannels * outChannels },
        gradBias: { length: outChannels },
      },
      calls: [
        { op: 'upconv2x2Forward', operands: ['input', 'weight', 'bias', 'output'], params },
        { op: 'upconv2x2BackwardInput', operands: ['gradOutput', 'weight', 'gradInput'], params },
        { op: 'upconv2x2BackwardWeight', operands: ['input', 'gradOutput', 'gradWeight', 'gradBias'], params },
      ],
      check: ['output', 'gradInput', 'gradWeight', 'gradBias'],
    };
  },
  forward({ g, input, weight }, p) {
    const x = input('input', [p.batch, p.height, p.width, p.inChannels]);
    return upconv2x2(g, x, weight('weight', [2, 2, p.inChannels, p.outChannels]), weight('bias', [p.outChannels]));
  },
};
