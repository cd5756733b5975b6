import { ofOne, type OpCase } from '../../testing/op-cases';
import { dropout } from './dropout';

export const cases: OpCase[] = [
  ofOne('dropout', (g, x) => dropout(g, x, { probability: 0.4, seed: 7, step: g.scalar('step') }), { gradient: ['x'] }),
  ofOne(
    'dropout, mask given',
    (g, x) => {
      const zerosAndOnes = Array.from({ length: 180 }, (_, i) => i % 3 && 1);
      return dropout(g, x, { probability: 0.4, seed: 7, step: g.scalar('step'), mask: g.constant(zerosAndOnes, x.shape) });
    },
    { gradient: ['x'] },
  ),
];
