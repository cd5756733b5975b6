import type { OpCase } from '../shared/op-case';
import { concat, reshape, transpose } from '../arrays/copies';
import { channelAffine } from './channel-affine';
import { multiplySteps } from './multiply-steps';
import { square } from './unary';

export const cases: OpCase[] = [
  {
    name: 'multiplySteps',
    build: ({ g, input }) => multiplySteps(g, input('x', [2, 3, 4, 5, 2]), input('factors', [2, 4, 5, 6])),
    gradient: ['x', 'factors'],
    tangent: [['x', 'factors'], ['x'], ['factors']],
  },
  {
    name: 'multiplySteps, a part of what is read',
    build: ({ g, input }) => {
      const [x, factors, other] = [input('x', [2, 3, 4, 5, 2]), input('factors', [2, 4, 5, 6]), input('other', [2, 3, 4, 5, 1])];
      const part = channelAffine(g, x, g.constant([2, -1], [2]), g.constant([0, 1], [2]));
      const joined = transpose(g, concat(g, [part, other]), [0, 2, 3, 1, 4]);
      return concat(g, [multiplySteps(g, part, factors), reshape(g, joined, [2, 4, 5, 9])]);
    },
    gradient: ['x', 'factors'],
  },
  {
    // Two steps with two channels each: the same numbers make the steps and, squared, the factors.
    name: 'multiplySteps, of one field',
    build: ({ g, image, batch }) => {
      const x = image();
      return multiplySteps(g, transpose(g, reshape(g, x, [batch, 6, 6, 2, 2]), [0, 3, 1, 2, 4]), square(g, x));
    },
    onnx: true,
  },
];
