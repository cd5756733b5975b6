import { ofOne, ofTwo, type OpCase } from '../shared/op-case';
import { add, multiply, scale, subtract, sum } from './arithmetic';
import { tanh } from './unary';

export const cases: OpCase[] = [
  ofTwo('add', add),
  ofTwo('subtract', subtract),
  ofTwo('multiply', multiply),
  ofOne('scale', (g, x) => scale(g, x, -2.5)),
  ofTwo('sum', (g, a, b) => sum(g, [a, b, a]), { gradient: ['a', 'b'], tangent: [['a']] }),
  ofOne('several users', (g, x) => subtract(g, multiply(g, x, tanh(g, x)), add(g, scale(g, x, 0.5), x)), { onnx: true }),
];
