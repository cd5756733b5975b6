import { ofOne, ofTwo, type OpCase } from '../shared/op-case';
import { conv2d } from '../convolution/conv2d';
import { add, multiply, scale, subtract, sum } from './arithmetic';
import { tanh } from './unary';

export const cases: OpCase[] = [
  ofTwo('add', add),
  ofTwo('subtract', subtract),
  ofTwo('multiply', multiply),
  ofOne('scale', (g, x) => scale(g, x, -2.5)),
  ofTwo('sum', (g, a, b) => sum(g, [a, b, a]), { gradient: ['a', 'b'], tangent: [['a']] }),
  ofOne('several users', (g, x) => subtract(g, multiply(g, x, tanh(g, x)), add(g, scale(g, x, 0.5), x)), { onnx: true }),
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
