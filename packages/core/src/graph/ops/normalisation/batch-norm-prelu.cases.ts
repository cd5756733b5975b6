import type { OpCase } from '../shared/op-case';
import { batchNormPrelu } from './batch-norm-prelu';

const withDropout = (name: string, probability: number): OpCase => ({
  name,
  build: ({ g, image, weight, statistics }) => {
    const x = image();
    const [scale, shift, slope] = ['scale', 'shift', 'slope'].map((operand) => weight(operand, [3]));
    const [runningMean, runningVariance] = [statistics('mean', 3), statistics('variance', 3)];
    const drop = probability > 0 ? { probability, seed: 7, step: g.scalar('step') } : undefined;
    return batchNormPrelu(g, x, { scale, shift, slope, runningMean, runningVariance }, drop);
  },
  gradient: ['x', 'scale', 'shift', 'slope'],
});

export const cases: OpCase[] = [withDropout('batchNormPrelu', 0), withDropout('batchNormPrelu with dropout', 0.4)];
