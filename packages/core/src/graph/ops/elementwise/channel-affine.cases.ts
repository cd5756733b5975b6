import { ofOne, type OpCase } from '../shared/op-case';
import { channelAffine } from './channel-affine';

export const cases: OpCase[] = [
  ofOne(
    'channelAffine',
    (g, x) => {
      const perChannel = (numbers: number[]): typeof x => g.constant(numbers.slice(0, x.shape[3]), [x.shape[3]]);
      return channelAffine(g, x, perChannel([2, -1, 0.5, 3]), perChannel([1, 2, 3, 4]));
    },
    { gradient: ['x'], tangent: [['x']], onnx: true },
  ),
];
