/**
 * The paper's network: an LSTM that every cell runs over its own history, whose hidden states a U-Net spreads in space (transport),
 * beside branches for earlier concentrations and geography; a small perceptron per cell gives the concentrations.
 *
 * @see Huang et al. (2021), doi:10.5194/gmd-14-4641-2021, section 2.3; Ronneberger et al. (2015), arXiv:1505.04597
 */
import { concat, pad } from '../graph/ops/arrays/copies';
import { lstm } from '../graph/ops/lstm/lstm';
import { maxpool2x2 } from '../graph/ops/convolution/maxpool2x2';
import { tanh } from '../graph/ops/elementwise/unary';
import { upconv2x2 } from '../graph/ops/convolution/upconv2x2';
import type { Graph, Value } from '../graph/definition/graph';
import type { Mode } from '../graph/ops/normalisation/batch-norm';
import { expectShape } from '../graph/definition/shape';
import { head, type NetworkInputs, block, convLayer } from './layers';
import type { LstmUnetSettings, TrunkSettings } from './settings';

/**
 * Builds the network. Called twice on one graph, it shares its parameters.
 *
 * @param mode - `train`: batch statistics and dropout (which reads the scalar input `step`); `frozen`: neither
 * @returns `[N, H, W, species]`, normalised concentrations
 * @throws {ShapeError} if the inputs do not belong together
 */
export function lstmUnet(g: Graph, inputs: NetworkInputs, settings: LstmUnetSettings, mode: Mode): Value {
  expectShape('lstmUnet', 'steps', inputs.steps, ['N', 'T', 'H', 'W', 'C']);
  return head(g, unet(g, history(g, inputs, settings), settings, mode).up[0], inputs, settings, mode);
}

/** What a cell knows by itself: its hidden states, or where tracers are given a layer of both. @returns `[N, H, W, C]` */
export function history(g: Graph, { steps, tracers }: NetworkInputs, settings: TrunkSettings): Value {
  const states = recurrence(g, steps, settings);
  if (!tracers) return states;
  // Bounded, as hidden states are: beside a large source there is many times the usual, and gates, made of this, multiply it once more.
  return tanh(g, convLayer(g, concat(g, [states, tracers]), 'cell', { kernel: 1, width: settings.cellWidth }, 'output'));
}

/** Hidden states of all steps, or of the last one. @returns `[N, H, W, T·hidden]` or `[N, H, W, hidden]` */
function recurrence(g: Graph, steps: Value, { hidden, allStates, learnedInitialState }: TrunkSettings): Value {
  const init = { init: 'uniform', bound: 1 / Math.sqrt(hidden) } as const;
  const initialState = (name: string): Value | undefined =>
    learnedInitialState ? g.parameter(`lstm.${name}`, [hidden], { init: 'constant', value: 0 }) : undefined;
  const operands = {
    weightInput: g.parameter('lstm.weightInput', [steps.shape[4], 4 * hidden], init),
    weightHidden: g.parameter('lstm.weightHidden', [hidden, 4 * hidden], init),
    bias: g.parameter('lstm.bias', [4 * hidden], init),
    initialHidden: initialState('initialHidden'),
    initialCell: initialState('initialCell'),
  };
  return lstm(g, steps, operands, allStates);
}

/** Rows and columns that are missing to a multiple of the deepest level's pooling blocks. */
export function padToLevels(g: Graph, input: Value, { widths }: TrunkSettings): Value {
  const [, height, width] = input.shape;
  const block = 2 ** (widths.length - 1);
  const missing = (n: number): number => (block - (n % block)) % block;
  return pad(g, input, missing(height), missing(width));
}

/** What a U-Net's levels end with, the finest first. */
export interface UnetLevels {
  /** on the way down, the deepest last: `[N, H'/2^level, W'/2^level, widths[level]]` */
  readonly down: readonly Value[];
  /** on the way up; `up[0]`, as large as the padded input, is what comes out */
  readonly up: readonly Value[];
}

/** Encoder, deepest level, decoder with skips; any size, padded with zeros at the north and east. */
export function unet(g: Graph, input: Value, settings: TrunkSettings, mode: Mode): UnetLevels {
  const { widths, encoderConvs, decoderConvs } = settings;
  const levels = widths.length - 1;
  const options = { ...settings, mode };
  const blocks = (x: Value, name: string, count: number, channels: number): Value =>
    Array.from({ length: count }).reduce<Value>((value, _, i) => block(g, value, `${name}.${i}`, channels, options), x);
  let x = padToLevels(g, input, settings);
  const down: Value[] = [];
  for (let level = 0; level < levels; level++) {
    down.push(blocks(x, `unet.down${level}`, encoderConvs, widths[level]));
    x = maxpool2x2(g, down[level]);
  }
  down.push(blocks(x, 'unet.middle', encoderConvs, widths[levels]));
  const up: Value[] = [];
  for (let level = levels - 1; level >= 0; level--) {
    const doubled = upLayer(g, up[level + 1] ?? down[levels], `unet.up${level}.upconv`, widths[level]);
    up[level] = blocks(concat(g, [doubled, down[level]]), `unet.up${level}`, decoderConvs, widths[level]);
  }
  return { down, up };
}

function upLayer(g: Graph, input: Value, name: string, width: number): Value {
  const inChannels = input.shape[3];
  const weight = g.parameter(`${name}.weight`, [2, 2, inChannels, width], { init: 'he', fanIn: inChannels });
  return upconv2x2(g, input, weight, g.parameter(`${name}.bias`, [width], { init: 'constant', value: 0 }));
}
