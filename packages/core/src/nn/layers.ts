/** The pieces that networks are made of: functions from values to values that make their own parameters, named after the place they stand in. */
import {
  batchNorm,
  batchNormPrelu,
  concat,
  conv2d,
  dropout,
  prelu,
  relu,
  slice,
  softplus,
  type BatchNormOperands,
  type DropoutOptions,
  type Graph,
  type Mode,
  type Value,
} from '../graph';
import type { Activation, BranchSettings, ConvSettings } from './settings';

const PRELU_SLOPE = 0.25; // He et al. 2015

/** Weight and bias of a convolution. */
export interface ConvOperands {
  /** `[K, K, C_in, C_out]` */
  readonly weight: Value;
  /** `[C_out]` */
  readonly bias: Value;
}

/** A convolution's own parameters; He's variance before a rectifier, PyTorch's uniform default for outputs. */
export function convOperands(
  g: Graph,
  inChannels: number,
  name: string,
  { kernel, width }: ConvSettings,
  before: 'rectifier' | 'output' = 'rectifier',
): ConvOperands {
  const fanIn = kernel * kernel * inChannels;
  const initializer = before === 'rectifier' ? ({ init: 'he', fanIn } as const) : ({ init: 'uniform', bound: 1 / Math.sqrt(fanIn) } as const);
  const weight = g.parameter(`${name}.weight`, [kernel, kernel, inChannels, width], initializer);
  return { weight, bias: g.parameter(`${name}.bias`, [width], { init: 'constant', value: 0 }) };
}

/** conv2d with its own weight and bias. */
export function convLayer(g: Graph, input: Value, name: string, settings: ConvSettings, before?: 'rectifier' | 'output'): Value {
  const { weight, bias } = convOperands(g, input.shape[3], name, settings, before);
  return conv2d(g, input, weight, bias);
}

/** Batch norm's own parameters and running statistics. */
function normOperands(g: Graph, input: Value, name: string): BatchNormOperands {
  const shape = [input.shape.at(-1)!];
  const scale = g.parameter(`${name}.scale`, shape, { init: 'constant', value: 1 });
  const shift = g.parameter(`${name}.shift`, shape, { init: 'constant', value: 0 });
  const runningMean = g.buffer(`${name}.runningMean`, shape, { init: 'constant', value: 0 });
  const runningVariance = g.buffer(`${name}.runningVariance`, shape, { init: 'constant', value: 1 });
  return { scale, shift, runningMean, runningVariance };
}

/** Batch norm with its own parameters and running statistics. */
export function normLayer(g: Graph, input: Value, name: string, mode: Mode): Value {
  return batchNorm(g, input, normOperands(g, input, name), mode);
}

function slopeOf(g: Graph, input: Value, name: string): Value {
  return g.parameter(`${name}.slope`, [input.shape.at(-1)!], { init: 'constant', value: PRELU_SLOPE });
}

/** P-ReLU with its own slopes. */
export function preluLayer(g: Graph, input: Value, name: string): Value {
  return prelu(g, input, slopeOf(g, input, name));
}

interface BlockOptions {
  readonly batchNorm: boolean;
  readonly dropout: number;
  readonly mode: Mode;
}

/** 3x3 conv → batch norm → P-ReLU → dropout, the last three as the options say. */
export function block(g: Graph, input: Value, name: string, width: number, options: BlockOptions): Value {
  const convolved = convLayer(g, input, `${name}.conv`, { kernel: 3, width });
  const drop = dropOptions(g, name, options);
  if (options.batchNorm && options.mode === 'train') {
    const operands = { ...normOperands(g, convolved, `${name}.norm`), slope: slopeOf(g, convolved, `${name}.prelu`) };
    return batchNormPrelu(g, convolved, operands, drop);
  }
  const normalized = options.batchNorm ? normLayer(g, convolved, `${name}.norm`, options.mode) : convolved;
  const activated = preluLayer(g, normalized, `${name}.prelu`);
  return drop ? dropout(g, activated, drop) : activated;
}

/** Dropout in training; its stream of random numbers is named after the place. */
function dropOptions(g: Graph, name: string, { dropout: probability, mode }: BlockOptions): DropoutOptions | undefined {
  if (mode !== 'train' || probability === 0) return undefined;
  return { probability, seed: streamOf(name), step: g.scalar('step') };
}

/** A 24-bit number from a name (FNV-1a), exact in float32. */
function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193);
  return (hash >>> 8) & 0xffffff;
}

/** A stack of conv → P-ReLU; one stack for each channel if the settings say so, side by side in the result. */
export function branch(g: Graph, input: Value, name: string, settings: BranchSettings, mode: Mode): Value {
  const normalized = settings.normalizeInput ? normLayer(g, input, `${name}.norm`, mode) : input;
  const stack = (value: Value, prefix: string): Value =>
    settings.layers.reduce((x, layer, i) => preluLayer(g, convLayer(g, x, `${prefix}.conv${i}`, layer), `${prefix}.prelu${i}`), value);
  if (!settings.perChannel) return stack(normalized, name);
  return concat(
    g,
    channelsOf(g, normalized).map((channel, i) => stack(channel, `${name}.channel${i}`)),
  );
}

function channelsOf(g: Graph, input: Value): Value[] {
  return Array.from({ length: input.shape[3] }, (_, i) => slice(g, input, 3, i, i + 1));
}

/** An activation by name. */
export function activate(g: Graph, input: Value, activation: Activation): Value {
  switch (activation) {
    case 'relu':
      return relu(g, input);
    case 'softplus':
      return softplus(g, input);
    case 'none':
      return input;
  }
}
