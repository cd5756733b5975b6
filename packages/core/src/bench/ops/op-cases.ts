/**
 * What is measured op by op: per case a group of kernels on shared operands, at the sizes that the workloads give them (workloads.ts). The trunk's
 * 182 rows are padded to 184, so that they can be halved twice; the branches' and the head's are not.
 */

/** One kernel of a case; an operand is the name of an array, or `array:operand` where their names differ. */
export interface OpCall {
  readonly op: string;
  readonly operands: readonly string[];
  readonly params: Readonly<Record<string, number>>;
}

/** An array of `length` floats; drawn ones are uniform in ±`scale` (default 1), the others are results. */
export interface CaseArray {
  readonly length: number;
  readonly draw?: boolean;
  readonly scale?: number;
}

export interface OpCase {
  readonly name: string;
  /** Which class of torch-peer/ops.py is the peer. */
  readonly kind: string;
  readonly arrays: Readonly<Record<string, CaseArray>>;
  readonly calls: readonly OpCall[];
  /** Results that must agree with the peer's before anything is timed. */
  readonly check: readonly string[];
}

/** Rows, columns, channels in and out, size of the square kernel. */
type ConvolutionSizes = readonly [height: number, width: number, inChannels: number, outChannels: number, kernel: number];

function convolution(workload: string, batch: number, [height, width, inChannels, outChannels, kernel]: ConvolutionSizes): OpCase {
  const pixels = batch * height * width;
  const params = { batch, height, width, inChannels, outChannels, kernel };
  return {
    name: `${workload} conv${kernel}x${kernel} ${batch}x${height}x${width} ${inChannels}-${outChannels}`,
    kind: 'conv2d',
    arrays: {
      input: { length: pixels * inChannels, draw: true },
      weight: { length: kernel * kernel * inChannels * outChannels, draw: true, scale: 1 / Math.sqrt(kernel * kernel * inChannels) },
      bias: { length: outChannels, draw: true },
      gradOutput: { length: pixels * outChannels, draw: true },
      output: { length: pixels * outChannels },
      gradInput: { length: pixels * inChannels },
      gradWeight: { length: kernel * kernel * inChannels * outChannels },
      gradBias: { length: outChannels },
    },
    calls: [
      { op: 'conv2dForward', operands: ['input', 'weight', 'bias', 'output'], params },
      { op: 'conv2dBackwardInput', operands: ['gradOutput', 'weight', 'gradInput'], params },
      { op: 'conv2dBackwardWeight', operands: ['input', 'gradOutput', 'gradWeight', 'gradBias'], params },
    ],
    check: ['output', 'gradInput', 'gradWeight', 'gradBias'],
  };
}

function convolutions(workload: string, batch: number, sizes: readonly ConvolutionSizes[]): OpCase[] {
  return sizes.map((each) => convolution(workload, batch, each));
}

function upconvolution(workload: string, [batch, height, width, inChannels, outChannels]: readonly number[]): OpCase {
  const pixels = batch * height * width;
  const params = { batch, height, width, inChannels, outChannels };
  return {
    name: `${workload} upconv2x2 ${batch}x${height}x${width} ${inChannels}-${outChannels}`,
    kind: 'upconv2x2',
    arrays: {
      input: { length: pixels * inChannels, draw: true },
      weight: { length: 4 * inChannels * outChannels, draw: true, scale: 1 / Math.sqrt(inChannels) },
      bias: { length: outChannels, draw: true },
      gradOutput: { length: 4 * pixels * outChannels, draw: true },
      output: { length: 4 * pixels * outChannels },
      gradInput: { length: pixels * inChannels },
      gradWeight: { length: 4 * inChannels * outChannels },
      gradBias: { length: outChannels },
    },
    calls: [
      { op: 'upconv2x2Forward', operands: ['input', 'weight', 'bias', 'output'], params },
      { op: 'upconv2x2BackwardInput', operands: ['gradOutput', 'weight', 'gradInput'], params },
      { op: 'upconv2x2BackwardWeight', operands: ['input', 'gradOutput', 'gradWeight', 'gradBias'], params },
    ],
    check: ['output', 'gradInput', 'gradWeight', 'gradBias'],
  };
}

function lstm(workload: string, [batch, steps, cells, inChannels, hidden]: readonly number[], allStates: boolean): OpCase {
  const params = { batch, steps, cells, inChannels, hidden, allStates: allStates ? 1 : 0 };
  const states = batch * steps * cells * hidden;
  const kept = batch * steps * cells * Math.ceil(hidden / 16) * 16; // whole vectors, of the widest kind
  const shown = allStates ? states : batch * cells * hidden;
  return {
    name: `${workload} lstm ${batch}x${steps}x${cells} ${inChannels}-${hidden}`,
    kind: 'lstm',
    arrays: {
      input: { length: batch * steps * cells * inChannels, draw: true },
      weightInput: { length: inChannels * 4 * hidden, draw: true, scale: 1 / Math.sqrt(inChannels) },
      weightHidden: { length: hidden * 4 * hidden, draw: true, scale: 1 / Math.sqrt(hidden) },
      bias: { length: 4 * hidden, draw: true },
      gradOutput: { length: shown, draw: true },
      output: { length: shown },
      gates: { length: 4 * kept },
      cells: { length: kept },
      gradInput: { length: batch * steps * cells * inChannels },
      gradWeightInput: { length: inChannels * 4 * hidden },
      gradWeightHidden: { length: hidden * 4 * hidden },
      gradBias: { length: 4 * hidden },
    },
    calls: [
      { op: 'lstmForward', operands: ['input', 'weightInput', 'weightHidden', 'bias', 'output', 'gates', 'cells'], params },
      {
        op: 'lstmBackward',
        operands: [
          'input',
          'weightInput',
          'weightHidden',
          'gates',
          'cells',
          'gradOutput',
          'gradInput',
          'gradWeightInput',
          'gradWeightHidden',
          'gradBias',
        ],
        params,
      },
    ],
    check: ['output', 'gradInput', 'gradWeightInput', 'gradWeightHidden', 'gradBias'],
  };
}

/** The element-wise ops on the largest activation of a workload. */
function elementwise(workload: string, [batch, height, width, channels]: readonly number[]): OpCase[] {
  const pixels = batch * height * width;
  const elements = pixels * channels;
  const size = `${batch}x${height}x${width} ${channels}`;
  const activation = {
    input: { length: elements, draw: true },
    gradOutput: { length: elements, draw: true },
    output: { length: elements },
    gradInput: { length: elements },
  };
  const perChannel = { length: channels, draw: true };
  const pooled = elements / 4;
  const pool = { batch, height, width, channels, ceil: 0 };
  const norm = { pixels, channels, epsilon: 1e-5, momentum: 0.1 };
  const dropout = { elements, probability: 0.1, seed: 1 };
  const loss = { elements, kind: 0, divisor: elements };
  return [
    {
      name: `${workload} prelu ${size}`,
      kind: 'prelu',
      arrays: { ...activation, slope: perChannel, gradSlope: { length: channels } },
      calls: [
        { op: 'preluForward', operands: ['input', 'slope', 'output'], params: { pixels, channels } },
        { op: 'preluBackward', operands: ['input', 'slope', 'gradOutput', 'gradInput', 'gradSlope'], params: { pixels, channels } },
      ],
      check: ['output', 'gradInput', 'gradSlope'],
    },
    {
      name: `${workload} batchNorm ${size}`,
      kind: 'batchNorm',
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
    },
    {
      name: `${workload} maxpool2x2 ${size}`,
      kind: 'maxpool2x2',
      arrays: { ...activation, gradOutput: { length: pooled, draw: true }, output: { length: pooled } },
      calls: [
        { op: 'maxpool2x2Forward', operands: ['input', 'output'], params: pool },
        { op: 'maxpool2x2Backward', operands: ['input', 'gradOutput', 'gradInput'], params: pool },
      ],
      check: ['output', 'gradInput'],
    },
    {
      name: `${workload} dropout ${size}`,
      kind: 'dropout', // its random numbers differ from PyTorch's: nothing to compare but the time
      arrays: activation,
      calls: [
        { op: 'dropoutForward', operands: ['input', 'output'], params: dropout },
        { op: 'dropoutBackward', operands: ['gradOutput', 'gradInput'], params: dropout },
      ],
      check: [],
    },
    {
      name: `${workload} l1 loss ${size}`,
      kind: 'l1Loss',
      arrays: {
        prediction: { length: elements, draw: true },
        target: { length: elements, draw: true },
        weight: { length: elements, draw: true },
        loss: { length: 1 },
        gradPrediction: { length: elements },
      },
      calls: [
        { op: 'lossForward', operands: ['prediction', 'target', 'weight', 'loss:output'], params: loss },
        { op: 'lossBackward', operands: ['prediction', 'target', 'weight', 'gradPrediction'], params: loss },
      ],
      check: ['gradPrediction'],
    },
  ];
}

function adam(elements: number): OpCase {
  const drawn = { length: elements, draw: true };
  return {
    name: `adam ${elements} parameters`,
    kind: 'adam', // updates in place, so rounds differ: correctness is the tests' business
    arrays: {
      parameter: drawn,
      gradient: drawn,
      firstMoment: { length: elements },
      secondMoment: { length: elements },
      learningRate: { length: 1 },
      step: { length: 1 },
    },
    calls: [
      {
        op: 'adam',
        operands: ['parameter', 'gradient', 'firstMoment', 'secondMoment', 'learningRate', 'step'],
        params: { elements, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, l2: 1e-4 },
      },
    ],
    check: [],
  };
}

/** Every op at the sizes that the workloads give it. */
export const OP_CASES: readonly OpCase[] = [
  lstm('demo', [8, 16, 48 * 48, 15, 16], true),
  ...convolutions('demo', 8, [
    [48, 48, 256, 24, 3],
    [48, 48, 24, 24, 3],
    [24, 24, 24, 48, 3],
    [24, 24, 48, 48, 3],
    [12, 12, 48, 96, 3],
    [12, 12, 96, 96, 3],
    [48, 48, 48, 24, 3],
    [48, 48, 24, 64, 1],
    [48, 48, 64, 4, 1],
  ]),
  upconvolution('demo', [8, 12, 12, 96, 48]),
  upconvolution('demo', [8, 24, 24, 48, 24]),
  ...elementwise('demo', [8, 48, 48, 24]),
  adam(300000),
  lstm('compact', [2, 8, 182 * 232, 13, 16], true),
  ...convolutions('compact', 2, [
    [184, 232, 128, 32, 3],
    [184, 232, 32, 32, 3],
    [184, 232, 64, 32, 3],
    [92, 116, 32, 64, 3],
    [92, 116, 64, 64, 3],
    [92, 116, 128, 64, 3],
    [46, 58, 64, 128, 3],
    [46, 58, 128, 128, 3],
    [182, 232, 4, 16, 3],
    [182, 232, 16, 16, 3],
    [182, 232, 64, 64, 1],
    [182, 232, 64, 4, 1],
  ]),
  upconvolution('compact', [2, 46, 58, 128, 64]),
  upconvolution('compact', [2, 92, 116, 64, 32]),
  ...elementwise('compact', [2, 184, 232, 32]),
  lstm('authors', [1, 24, 182 * 232, 41, 64], false),
  ...convolutions('authors', 1, [
    [184, 232, 64, 64, 3],
    [184, 232, 128, 64, 3],
    [92, 116, 64, 128, 3],
    [92, 116, 128, 128, 3],
    [92, 116, 256, 128, 3],
    [46, 58, 128, 128, 3],
    [182, 232, 1, 8, 7],
    [182, 232, 8, 8, 3],
    [182, 232, 27, 32, 7],
    [182, 232, 32, 16, 3],
    [182, 232, 16, 8, 3],
    [182, 232, 80, 64, 1],
    [182, 232, 64, 1, 1],
  ]),
  upconvolution('authors', [1, 46, 58, 128, 128]),
  upconvolution('authors', [1, 92, 116, 128, 64]),
];
