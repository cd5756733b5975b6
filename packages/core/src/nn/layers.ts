/**
 * The pieces that networks are made of: functions from values to values that make their own parameters, named after the place they stand in; and what all
 * networks share: the branches beside the trunk, and the multilayer perceptron of each cell (1x1 convolutions) that ends them.
 */
import { type BatchNormOperands, type Mode, batchNorm } from '../graph/ops/normalisation/batch-norm';
import { type DropoutOptions, dropout } from '../graph/ops/training/dropout';
import type { Graph, Value } from '../graph/definition/graph';
import { batchNormPrelu } from '../graph/ops/normalisation/batch-norm-prelu';
import { concat, crop, pad, slice, embedChannels } from '../graph/ops/arrays/copies';
import { conv2d } from '../graph/ops/convolution/conv2d';
import { prelu } from '../graph/ops/elementwise/prelu';
import { relu, softplus } from '../graph/ops/elementwise/unary';
import type { Activation, BranchSettings, ConvSettings, HeadSettings } from './settings';
import { expectShape } from '../graph/definition/shape';

const PRELU_SLOPE = 0.25; // He et al. 2015

/** Weight and bias of a convolution. */
interface ConvOperands {
  /** `[K, K, C_in, C_out]` */
  readonly weight: Value;
  /** `[C_out]` */
  readonly bias: Value;
}

/** A convolution's own parameters; He's variance before a rectifier, PyTorch's uniform default for outputs. */
function convOperands(
  g: Graph,
  inChannels: number,
  name: string,
  { kernel, width }: ConvSettings,
  purpose: 'rectifier' | 'output' = 'rectifier',
): ConvOperands {
  const fanIn = kernel * kernel * inChannels;
  const initializer = purpose === 'rectifier' ? ({ init: 'he', fanIn } as const) : ({ init: 'uniform', bound: 1 / Math.sqrt(fanIn) } as const);
  const weight = g.parameter(`${name}.weight`, [kernel, kernel, inChannels, width], initializer);
  return { weight, bias: g.parameter(`${name}.bias`, [width], { init: 'constant', value: 0 }) };
}

/** conv2d with its own weight and bias. */
export function convLayer(g: Graph, input: Value, name: string, settings: ConvSettings, purpose?: 'rectifier' | 'output'): Value {
  const { weight, bias } = convOperands(g, input.shape[3], name, settings, purpose);
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
function activate(g: Graph, input: Value, activation: Activation): Value {
  switch (activation) {
    case 'relu':
      return relu(g, input);
    case 'softplus':
      return softplus(g, input);
    case 'none':
      return input;
  }
}

/** What a network sees. All arrays are normalised (dimensionless). */
export interface NetworkInputs {
  /** `[N, T, H, W, C]`: emissions and meteorology, oldest step first */
  steps: Value;
  /** `[N, T, H, W, E]`: of the steps, the emissions, 0 where there are none; the response-unet needs it */
  emissions?: Value;
  /** `[N, H, W, K]`: what the air holds of the emissions at the end of the last step, linear in them */
  tracers?: Value;
  /** `[N, H, W, S]`: concentrations before the window */
  y?: Value;
  /** `[N, H, W, G]` */
  geography?: Value;
}

/** What the perceptrons see: `[N, H', W', C]` each. */
interface Features {
  readonly trunk: Value;
  readonly y?: Value;
  readonly geography?: Value;
}

/**
 * Adds the branches to the trunk and turns each cell's features into species. What the trunk has padded is cut off at the very end: cells know
 * nothing of each other here, and the result is the smallest array to cut.
 *
 * @param trunk - `[N, H', W', C]`, H' ≥ H and W' ≥ W
 * @returns `[N, H, W, species]`
 */
export function head(g: Graph, trunk: Value, inputs: NetworkInputs, settings: HeadSettings, mode: Mode): Value {
  const [batch, , height, width] = inputs.steps.shape;
  if (inputs.y) expectShape('network', 'y', inputs.y, [batch, height, width, 'S']);
  if (inputs.geography) expectShape('network', 'geography', inputs.geography, [batch, height, width, 'G']);
  const padded = (value: Value): Value => pad(g, value, trunk.shape[1] - height, trunk.shape[2] - width);
  const y = inputs.y && padded(branch(g, inputs.y, 'y', settings.yBranch, mode));
  const geography = inputs.geography && padded(branch(g, inputs.geography, 'geography', settings.geographyBranch, mode));
  const features = { trunk, y, geography };
  if (!settings.perSpeciesHead) return crop(g, perceptron(g, features, 'head', settings.species, settings), height, width);
  const hasOwnY = settings.yBranch.perChannel === true && inputs.y?.shape[3] === settings.species;
  const perceptrons = mode === 'frozen' ? joinedPerceptrons : perceptronEach;
  return crop(g, perceptrons(g, features, hasOwnY, settings), height, width);
}

function perceptron(g: Graph, features: Features, name: string, species: number, { headWidth, headActivation }: HeadSettings): Value {
  const hidden = relu(g, convLayer(g, joined(g, features), `${name}.conv0`, { kernel: 1, width: headWidth }));
  return activate(g, convLayer(g, hidden, `${name}.conv1`, { kernel: 1, width: species }, 'output'), headActivation);
}

function joined(g: Graph, { trunk, y, geography }: Features): Value {
  return concat(
    g,
    [trunk, y, geography].filter((value) => value !== undefined),
  );
}

/**
 * One perceptron for each species.
 *
 * @param hasOwnY - each species sees its own part of y; else all see the whole
 */
function perceptronEach(g: Graph, { trunk, y, geography }: Features, hasOwnY: boolean, settings: HeadSettings): Value {
  const outputs = Array.from({ length: settings.species }, (_, s) => {
    const headInputs = { trunk, y: y && hasOwnY ? ownPart(g, y, s, settings.species) : y, geography };
    return perceptron(g, headInputs, `head.species${s}`, 1, settings);
  });
  return concat(g, outputs);
}

function ownPart(g: Graph, y: Value, s: number, species: number): Value {
  const width = y.shape[3] / species;
  return slice(g, y, 3, s * width, (s + 1) * width);
}

/**
 * What {@link perceptronEach} computes, as two convolutions with the weights of all species: the features are put together once instead of for each species,
 * and their gradient is written once instead of added up. Frozen weights are joined once; in training they would be in every step, and their gradients cut.
 */
function joinedPerceptrons(g: Graph, features: Features, hasOwnY: boolean, { species, headWidth, headActivation }: HeadSettings): Value {
  const input = joined(g, features);
  const ownWidth = features.y && hasOwnY ? features.y.shape[3] / species : 0;
  const seenWidth = input.shape[3] - (species - 1) * ownWidth;
  const perSpecies = Array.from({ length: species }, (_, s) => ({
    conv0: convOperands(g, seenWidth, `head.species${s}.conv0`, { kernel: 1, width: headWidth }),
    conv1: convOperands(g, headWidth, `head.species${s}.conv1`, { kernel: 1, width: 1 }, 'output'),
  }));
  const conv0 = perSpecies.map((operands) => operands.conv0);
  const hidden = relu(g, joinedLayer(g, input, 'head.conv0', conv0, features.trunk.shape[3], ownWidth));
  const conv1 = perSpecies.map((operands) => operands.conv1);
  return activate(g, joinedLayer(g, hidden, 'head.conv1', conv1, 0, headWidth), headActivation);
}

/**
 * One convolution with the outputs of several side by side. Of the input channels that each sees `ownWidth` from `ownBegin` on are its own: they lie one
 * behind the other in `input`, and the weights of all others are 0 there. The rest all see.
 */
function joinedLayer(g: Graph, input: Value, name: string, operands: readonly ConvOperands[], ownBegin: number, ownWidth: number): Value {
  const [, , inChannels, width] = operands[0].weight.shape;
  const rows = (begin: number, end: number): Value[] => (begin < end ? operands.map(({ weight }) => slice(g, weight, 2, begin, end)) : []);
  const shared = (begin: number, end: number): Value[] => (begin < end ? [concat(g, rows(begin, end))] : []);
  const ownEnd = ownBegin + ownWidth;
  const embedded = rows(ownBegin, ownEnd).map((part, i) => embedChannels(g, part, i * width, operands.length * width));
  const weight = concat(g, [...shared(0, ownBegin), ...embedded, ...shared(ownEnd, inChannels)], 2);
  const biases = operands.map(({ bias }) => bias);
  return conv2d(g, input, weight, concat(g, biases), name);
}
