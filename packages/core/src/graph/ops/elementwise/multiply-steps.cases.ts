import type { OpCase } from '../shared/op-case';
import { multiplySteps } from './multiply-steps';

export const cases: OpCase[] = [
  {
    name: 'multiplySteps',
    build: ({ g, input }) => multiplySteps(g, input('x', [2, 3, 4, 5, 2]), input('factors', [2, 4, 5, 6])),
    gradient: ['x', 'factors'],
    tangent: [['x', 'factors'], ['x'], ['factors']],
  },
];
