import type { OpCase } from '../../testing/op-cases';
import { downconv2x2, upconv2x2 } from './upconv2x2';

export const cases: OpCase[] = [
  {
    name: 'upconv2x2',
    build({ g, image, weight }) {
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
    build({ g, image, weight }) {
      const x = image('x', 4);
      return downconv2x2(g, x, weight('w', [2, 2, 7 - x.shape[3], x.shape[3]]));
    },
    gradient: ['x', 'w'],
    tangent: [['x']],
    onnx: true,
  },
];
