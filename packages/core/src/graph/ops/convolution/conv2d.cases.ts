import type { OpCase, TimedOp } from '../shared/op-case';
import { add, multiply, scale, subtract } from '../elementwise/arithmetic';
import { tanh } from '../elementwise/unary';
import { conv2d } from './conv2d';

const ofKernels = [1, 3, 7].map((kernel): OpCase => ({
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

export const cases: OpCase[] = [
  ...ofKernels,
  {
    name: 'several users, through a convolution',
    build: ({ g, image, input }) => {
      const x = image();
      const a = conv2d(g, x, input('w', [3, 3, 3, 3]));
      const b = add(g, x, tanh(g, a));
      return subtract(g, multiply(g, b, a), scale(g, x, 0.5));
    },
    tangent: [['x']],
  },
  {
    name: 'several users, also of what is passed on unchanged',
    build: ({ g, input }) => {
      const x = input('x', [2, 5, 6, 4]);
      const [w, v] = [input('w', [3, 3, 4, 4]), input('v', [1, 1, 4, 4])];
      const a = conv2d(g, x, w);
      const b = add(g, x, conv2d(g, tanh(g, a), v));
      return add(g, multiply(g, b, a), conv2d(g, b, w));
    },
    gradient: ['x', 'w', 'v'],
  },
];

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
