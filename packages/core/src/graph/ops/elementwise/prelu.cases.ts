import type { OpCase } from '../../testing/op-cases';
import { prelu } from './prelu';

export const cases: OpCase[] = [
  {
    name: 'prelu',
    build({ g, image, weight }) {
      const x = image();
      return prelu(g, x, weight('slope', [x.shape[3]]));
    },
    gradient: ['x', 'slope'],
    tangent: [['x']],
    onnx: true,
  },
];
