/** What both networks share: the branches beside the trunk, and the multilayer perceptron of each cell (1x1 convolutions) that ends them. */
import { concat, conv2d, crop, pad, relu, slice, type Graph, type Mode, type Value } from '../graph';
import { embedChannels } from '../graph/ops/arrays/copies';
import { expectShape } from '../graph/definition/shape';
import { activate, branch, convLayer, convOperands, type ConvOperands } from './layers';
import type { HeadSettings } from './settings';

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
  const each = Array.from({ length: settings.species }, (_, s) => {
    const seen = { trunk, y: y && hasOwnY ? ownPart(g, y, s, settings.species) : y, geography };
    return perceptron(g, seen, `head.species${s}`, 1, settings);
  });
  return concat(g, each);
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
  const each = Array.from({ length: species }, (_, s) => ({
    conv0: convOperands(g, seenWidth, `head.species${s}.conv0`, { kernel: 1, width: headWidth }),
    conv1: convOperands(g, headWidth, `head.species${s}.conv1`, { kernel: 1, width: 1 }, 'output'),
  }));
  const conv0 = each.map((operands) => operands.conv0);
  const hidden = relu(g, joinedLayer(g, input, 'head.conv0', conv0, features.trunk.shape[3], ownWidth));
  const conv1 = each.map((operands) => operands.conv1);
  return activate(g, joinedLayer(g, hidden, 'head.conv1', conv1, 0, headWidth), headActivation);
}

/**
 * One convolution with the outputs of several side by side. Of the input channels that each sees `ownWidth` from `ownBegin` on are its own: they lie one
 * behind the other in `input`, and the weights of all others are 0 there. The rest all see.
 */
function joinedLayer(g: Graph, input: Value, name: string, each: readonly ConvOperands[], ownBegin: number, ownWidth: number): Value {
  const [, , inChannels, width] = each[0].weight.shape;
  const rows = (begin: number, end: number): Value[] => (begin < end ? each.map(({ weight }) => slice(g, weight, 2, begin, end)) : []);
  const shared = (begin: number, end: number): Value[] => (begin < end ? [concat(g, rows(begin, end))] : []);
  const ownEnd = ownBegin + ownWidth;
  const embedded = rows(ownBegin, ownEnd).map((part, i) => embedChannels(g, part, i * width, each.length * width));
  const weight = concat(g, [...shared(0, ownBegin), ...embedded, ...shared(ownEnd, inChannels)], 2);
  const biases = each.map(({ bias }) => bias);
  return conv2d(g, input, weight, concat(g, biases), name);
}
