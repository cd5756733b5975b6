import { type OpCase, type TimedOp, activationArrays } from '../shared/op-case';
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

/** At the largest activation of a network. */
export const timed: TimedOp<[batch: number, height: number, width: number, channels: number]> = {
  kind: 'batchNorm',
  kernels(batch, height, width, channels) {
    const elements = batch * height * width * channels;
    const perChannel = { length: channels, draw: true };
    const norm = { pixels: elements / channels, channels, epsilon: 1e-5, momentum: 0.1 };
    const activation = activationArrays(elements);
    return {
      title: `batchNorm ${batch}x${height}x${width} ${channels}`,
      arrays: {
        ...activation,
        scale: perChannel,
        shift: perChannel,
        runningMean: { length: channels },
        runningVariance: { length: channels },
        savedMean: { length: channels },
        savedInvStd: { length: channels },
        gradScale: { length: channels },
        gradShift: { length: channels },
      },
      calls: [
        {
          op: 'batchNormTrainForward',
          operands: ['input', 'scale', 'shift', 'runningMean', 'runningVariance', 'output', 'savedMean', 'savedInvStd'],
          params: norm,
        },
        {
          op: 'batchNormTrainBackward',
          operands: ['input', 'scale', 'savedMean', 'savedInvStd', 'gradOutput', 'gradInput', 'gradScale', 'gradShift'],
          params: norm,
        },
      ],
      check: ['output', 'gradInput', 'gradScale', 'gradShift'],
    };
  },
};
