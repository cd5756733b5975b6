import type { OpCase } from '../../testing/op-cases';
import { batchNorm, type Mode } from './batch-norm';

const build = (mode: Mode): OpCase['build'] =>
  function ({ g, image, weight, statistics }) {
    const x = image();
    const channels = x.shape[3];
    const [runningMean, runningVariance] = [statistics('mean', channels), statistics('variance', channels)];
    return batchNorm(g, x, { scale: weight('scale', [channels]), shift: weight('shift', [channels]), runningMean, runningVariance }, mode);
  };

export const cases: OpCase[] = [
  { name: 'batchNorm train', build: build('train'), gradient: ['x', 'scale', 'shift'] },
  { name: 'batchNorm frozen', build: build('frozen'), gradient: ['x', 'scale', 'shift'], tangent: [['x']], onnx: true },
];
