/**
 * The paper's network: an LSTM that every cell runs over its own history, whose hidden states a U-Net spreads in space (transport),
 * beside branches for earlier concentrations and geography; a small perceptron per cell gives the concentrations.
 *
 * @see Huang et al. (2021), doi:10.5194/gmd-14-4641-2021, section 2.3; Ronneberger et al. (2015), arXiv:1505.04597
 */
import { concat, lstm, maxpool2x2, pad, upconv2x2, type Graph, type Mode, type Value } from '../graph';
import { expectShape } from '../graph/shape';
import { head, type NetworkInputs } from './head';
import { block } from './layers';
import type { LstmUnetSettings } from './settings';

/**
 * Builds the network. Called twice on one graph, it shares its parameters.
 *
 * @param mode - `train`: batch statistics and dropout (which reads the scalar input `step`); `frozen`: neither
 * @returns `[N, H, W, species]`, normalised concentrations
 * @throws {ShapeError} if the inputs do not belong together
 */
export function lstmUnet(g: Graph, inputs: NetworkInputs, settings: LstmUnetSettings, mode: Mode): Value {
  expectShape('lstmUnet', 'steps', inputs.steps, ['N', 'T', 'H', 'W', 'C']);
  const history = recurrence(g, inputs.steps, settings);
  return head(g, unet(g, history, settings, mode), inputs, settings, mode);
}

function recurrence(g: Graph, steps: Value, { hidden, allStates, learnedInitialState }: LstmUnetSettings): Value {
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

/** Encoder, deepest level, decoder with skips; any size, padded with zeros at the north and east. @returns `[N, H', W', widths[0]]`, as padded */
function unet(g: Graph, input: Value, settings: LstmUnetSettings, mode: Mode): Value {
  const { widths, encoderConvs, decoderConvs } = settings;
  const [, height, width] = input.shape;
  const levels = widths.length - 1;
  const missing = (n: number): number => (2 ** levels - (n % 2 ** levels)) % 2 ** levels;
  const options = { ...settings, mode };
  const blocks = (x: Value, name: string, count: number, channels: number): Value =>
    Array.from({ length: count }).reduce<Value>((value, _, i) => block(g, value, `${name}.${i}`, channels, options), x);
  let x = pad(g, input, missing(height), missing(width));
  const skips: Value[] = [];
  for (let level = 0; level < levels; level++) {
    skips.push(blocks(x, `unet.down${level}`, encoderConvs, widths[level]));
    x = maxpool2x2(g, skips[level]);
  }
  x = blocks(x, 'unet.middle', encoderConvs, widths[levels]);
  for (let level = levels - 1; level >= 0; level--) {
    const up = upLayer(g, x, `unet.up${level}.upconv`, widths[level]);
    x = blocks(concat(g, [up, skips[level]]), `unet.up${level}`, decoderConvs, widths[level]);
  }
  return x;
}

function upLayer(g: Graph, input: Value, name: string, width: number): Value {
  const inChannels = input.shape[3];
  const weight = g.parameter(`${name}.weight`, [2, 2, inChannels, width], { init: 'he', fanIn: inChannels });
  return upconv2x2(g, input, weight, g.parameter(`${name}.bias`, [width], { init: 'constant', value: 0 }));
}
