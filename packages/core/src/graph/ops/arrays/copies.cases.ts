import { ofOne, ofTwo, type OpCase } from '../shared/op-case';
import { add } from '../elementwise/arithmetic';
import { channelAffine } from '../elementwise/channel-affine';
import { multiplySteps } from '../elementwise/multiply-steps';
import { square, tanh } from '../elementwise/unary';
import { concat, crop, pad, reshape, slice, transpose } from './copies';

export const cases: OpCase[] = [
  ofTwo('concat channels', (g, a, b) => concat(g, [a, b]), { gradient: ['a', 'b'], tangent: [['a', 'b'], ['b']] }),
  ofTwo('concat batch', (g, a, b) => concat(g, [a, b, a], 0), { gradient: ['a', 'b'] }),
  ofTwo('concat, the first and the third change', (g, a, b) => concat(g, [square(g, a), b, a], 0), { tangent: [['a']] }),
  ofOne('slice channels', (g, x) => slice(g, x, 3, 1, 3)),
  ofOne('slice rows', (g, x) => slice(g, x, 1, 2, 4)),
  ofOne('slices that overlap', (g, x) => add(g, slice(g, x, 2, 0, 4), slice(g, x, 2, 2, 6)), { gradient: ['x'] }),
  ofOne('slices that fill an array', (g, x) => concat(g, [tanh(g, slice(g, x, 3, 2, 4)), square(g, slice(g, x, 3, 0, 2))]), { onnx: true }),
  ofOne('slices that do not fill an array', (g, x) => add(g, slice(g, x, 3, 0, 2), slice(g, x, 3, 1, 3)), { onnx: true }),
  ofOne('pad', (g, x) => pad(g, x, 3, 1)),
  ofOne('crop', (g, x) => crop(g, x, 3, 4)),
  ofOne('pad and crop', (g, x) => crop(g, square(g, pad(g, x, 3, 1)), 5, 6), { onnx: true }),
  ofOne('transpose', (g, x) => transpose(g, x, [2, 0, 3, 1])),
  ofOne('transpose rows and columns', (g, x) => square(g, transpose(g, x, [0, 2, 1, 3])), { onnx: true }),
  ofOne('reshape', (g, x) => square(g, reshape(g, x, [60, 3]))),
  {
    name: 'multiplySteps, a part of what is read',
    build: ({ g, input }) => {
      const [x, factors, second] = [input('x', [2, 3, 4, 5, 2]), input('factors', [2, 4, 5, 6]), input('other', [2, 3, 4, 5, 1])];
      const part = channelAffine(g, x, g.constant([2, -1], [2]), g.constant([0, 1], [2]));
      const joined = transpose(g, concat(g, [part, second]), [0, 2, 3, 1, 4]);
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
