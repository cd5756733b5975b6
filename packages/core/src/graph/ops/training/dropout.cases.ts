import { activationArrays, ofOne, type OpCase, type TimedOp } from '../shared/op-case';
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

/** At the largest activation of a network. Its random numbers differ from PyTorch's: nothing to compare but the time. */
export const timed: TimedOp<[batch: number, height: number, width: number, channels: number]> = {
  kind: 'dropout',
  kernels(batch, height, width, channels) {
    const elements = batch * height * width * channels;
    const params = { elements, probability: 0.1, seed: 1 };
    return {
      title: `dropout ${batch}x${height}x${width} ${channels}`,
      arrays: activationArrays(elements),
      calls: [
        { op: 'dropoutForward', operands: ['input', 'output'], params },
        { op: 'dropoutBackward', operands: ['gradOutput', 'gradInput'], params },
      ],
      check: [],
    };
  },
};
