import type { OpCase, TimedOp } from '../shared/op-case';
import { conv2d } from './conv2d';

export const cases = [1, 3, 7].map((kernel): OpCase => ({
  name: `conv2d ${kernel}x${kernel}`,
  build: ({ g, image, weight }) => {
    const x = image();
    const [inChannels, outChannels] = [x.shape[3], 7 - x.shape[3]];
    return conv2d(g, x, weight('w', [kernel, kernel, inChannels, outChannels]), weight('b', [outChannels]));
  },
  gradient: ['x', 'w', 'b'],
  tangent: [['x']],
  onnx: true,
}));

/** At rows, columns, channels in and out, and the size of the square kernel. */
export const timed: TimedOp<[batch: number, height: number, width: number, inChannels: number, outChannels: number, kernel: number]> = {
  kind: 'conv2d',
  kernels(batch, height, width, inChannels, outChannels, kernel) {
    const pixels = batch * height * width;
    const params = { batch, height, width, inChannels, outChannels, kernel };
    return {
      title: `conv${kernel}x${kernel} ${batch}x${height}x${width} ${inChannels}-${outChannels}`,
      arrays: {
        input: { length: pixels * inChannels, draw: true },
        weight: { length: kernel * kernel * inChannels * outChannels, draw: true, scale: 1 / Math.sqrt(kernel * kernel * inChannels) },
        bias: { length: outChannels, draw: true },
        gradOutput: { length: pixels * outChannels, draw: true },
        output: { length: pixels * outChannels },
        gradInput: { length: pixels * inChannels },
        gradWeight: { length: kernel * kernel * inChannels * outChannels },
        gradBias: { length: outChannels },
      },
      calls: [
        { op: 'conv2dForward', operands: ['input', 'weight', 'bias', 'output'], params },
        { op: 'conv2dBackwardInput', operands: ['gradOutput', 'weight', 'gradInput'], params },
        { op: 'conv2dBackwardWeight', operands: ['input', 'gradOutput', 'gradWeight', 'gradBias'], params },
      ],
      check: ['output', 'gradInput', 'gradWeight', 'gradBias'],
    };
  },
  forward({ g, input, weight }, p) {
    const x = input('input', [p.batch, p.height, p.width, p.inChannels]);
    return conv2d(g, x, weight('weight', [p.kernel, p.kernel, p.inChannels, p.outChannels]), weight('bias', [p.outChannels]));
  },
};
