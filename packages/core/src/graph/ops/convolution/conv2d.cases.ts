import type { OpCase } from '../../testing/op-cases';
import { conv2d } from './conv2d';

export const cases = [1, 3, 7].map((kernel): OpCase => ({
  name: `conv2d ${kernel}x${kernel}`,
  build({ g, image, weight }) {
    const x = image();
    const [inChannels, outChannels] = [x.shape[3], 7 - x.shape[3]];
    return conv2d(g, x, weight('w', [kernel, kernel, inChannels, outChannels]), weight('b', [outChannels]));
  },
  gradient: ['x', 'w', 'b'],
  tangent: [['x']],
  onnx: true,
}));
