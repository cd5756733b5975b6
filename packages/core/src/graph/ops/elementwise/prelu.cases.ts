import { type OpCase, type TimedOp, activationArrays } from '../shared/op-case';
import { prelu } from './prelu';

export const cases: OpCase[] = [
  {
    name: 'prelu',
    build: ({ g, image, weight }) => {
      const x = image();
      return prelu(g, x, weight('slope', [x.shape[3]]));
    },
    gradient: ['x', 'slope'],
    tangent: [['x']],
    onnx: true,
  },
];

/** At the largest activation of a network. */
export const timed: TimedOp<[batch: number, height: number, width: number, channels: number]> = {
  kind: 'prelu',
  kernels(batch, height, width, channels) {
    const elements = batch * height * width * channels;
    const perChannel = { length: channels, draw: true };
    const pixels = elements / channels;
    const activation = activationArrays(elements);
    return {
      title: `prelu ${batch}x${height}x${width} ${channels}`,
      arrays: { ...activation, slope: perChannel, gradSlope: { length: channels } },
      calls: [
        { op: 'preluForward', operands: ['input', 'slope', 'output'], params: { pixels, channels } },
        { op: 'preluBackward', operands: ['input', 'slope', 'gradOutput', 'gradInput', 'gradSlope'], params: { pixels, channels } },
      ],
      check: ['output', 'gradInput', 'gradSlope'],
    };
  },
  forward: ({ g, input, weight }, p) => prelu(g, input('input', [1, p.pixels, 1, p.channels]), weight('slope', [p.channels])),
};
