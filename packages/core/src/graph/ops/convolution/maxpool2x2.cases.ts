import { ofOne, type OpCase } from '../../testing/op-cases';
import { relu } from '../elementwise/unary';
import { maxpool2x2 } from './maxpool2x2';

export const cases: OpCase[] = [
  ofOne('maxpool2x2 floor', (g, x) => maxpool2x2(g, x), { gradient: ['x'], tangent: [['x']], onnx: true }),
  ofOne('maxpool2x2 ceil', (g, x) => maxpool2x2(g, x, true)),
  ofOne('maxpool2x2 of equals', (g, x) => maxpool2x2(g, relu(g, x)), { onnx: true }),
];
