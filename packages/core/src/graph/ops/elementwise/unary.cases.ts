import { ofOne } from '../shared/op-case';
import { abs, exp, relu, sigmoid, softplus, square, tanh } from './unary';

export const cases = Object.entries({ abs, exp, relu, sigmoid, softplus, square, tanh }).map(([name, op]) =>
  ofOne(name, op, { gradient: ['x'], tangent: [['x']], onnx: true }),
);
