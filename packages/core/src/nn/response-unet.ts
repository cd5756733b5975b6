/**
 * A network that is linear in the emissions as far as chemistry is. Two U-Nets of one shape stand side by side:
 *
 *   context   the LSTM and U-Net of `lstmUnet` over weather, emissions and tracers
 *   carrier   emissions of all steps and tracers as channels, through convolutions without bias or activation; they, and at the end of each level what is
 *             carried, are multiplied, cell by cell and channel by channel, with gates that a 1x1 convolution makes of the context
 *
 *   concentrations = carrier + head(context)
 *
 * Where the context does not depend on the emissions, the response to them is exactly linear, as dispersion, first-order loss and deposition are.
 * How strongly a source acts, and where the wind takes it, is the gates'; a chemistry that saturates makes them depend on the emissions.
 * docs/dev/tried.md has what it gains.
 */
import { add, multiply } from '../graph/ops/elementwise/arithmetic';
import { concat, crop } from '../graph/ops/arrays/copies';
import { conv2d } from '../graph/ops/convolution/conv2d';
import { downconv2x2, upconv2x2 } from '../graph/ops/convolution/upconv2x2';
import { multiplySteps } from '../graph/ops/elementwise/multiply-steps';
import type { Graph, Value } from '../graph/definition/graph';
import type { Mode } from '../graph/ops/normalisation/batch-norm';
import { expectShape } from '../graph/definition/shape';
import { head, type NetworkInputs } from './layers';
import { history, padToLevels, unet, type UnetLevels } from './lstm-unet';
import type { ResponseUnetSettings } from './settings';

/** Half-width, times √C, of the uniform distribution that the gates' weights begin with: about ±0.2 around 1. */
const GATE_SPREAD = 0.3;

/**
 * Builds the network. Called twice on one graph, it shares its parameters.
 *
 * @param mode - as for `lstmUnet`
 * @returns `[N, H, W, species]`, normalised concentrations; the head's activation is left out, as the sum need not be positive in training
 * @throws {ShapeError} if the inputs do not belong together
 */
export function responseUnet(g: Graph, inputs: NetworkInputs, settings: ResponseUnetSettings, mode: Mode): Value {
  expectShape('responseUnet', 'steps', inputs.steps, ['N', 'T', 'H', 'W', 'C']);
  const [batch, steps, height, width] = inputs.steps.shape;
  const { emissions } = inputs;
  if (!emissions) throw new Error('responseUnet: its input emissions is missing');
  expectShape('responseUnet', 'emissions', emissions, [batch, steps, height, width, 'E']);
  const features = history(g, inputs, settings);
  const context = unet(g, features, settings, mode);
  const input = (sources: Value, name: string): Value => linearConv(g, sources, `${name}.input`, 1, settings.widths[0]);
  const emitted = multiplySteps(g, emissions, gates(g, features, steps * emissions.shape[4], 'carrier.emissions'));
  const fresh = input(emitted, 'carrier.emissions');
  const { tracers } = inputs;
  const sources = tracers ? add(g, fresh, input(gated(g, tracers, features, 'carrier.tracers'), 'carrier.tracers')) : fresh;
  const carried = carrier(g, sources, context, settings);
  const linear = crop(g, linearConv(g, carried, 'carrier.output', 1, settings.species), height, width);
  return add(g, linear, head(g, context.up[0], inputs, { ...settings, headActivation: 'none' }, mode));
}

/** The linear U-Net, from `[N, H, W, widths[0]]`. @returns `[N, H', W', widths[0]]`, as padded */
function carrier(g: Graph, sources: Value, context: UnetLevels, settings: ResponseUnetSettings): Value {
  const { widths, encoderConvs, decoderConvs } = settings;
  const convs = (x: Value, name: string, count: number, channels: number): Value =>
    Array.from({ length: count }).reduce<Value>((value, _, i) => linearConv(g, value, `${name}.conv${i}`, 3, channels), x);
  const skips: Value[] = [];
  let x = padToLevels(g, sources, settings);
  widths.forEach((channels, level) => {
    const name = `carrier.down${level}`;
    if (level > 0) x = downconv2x2(g, x, linearWeight(g, `${name}.downconv`, [2, 2, channels, x.shape[3]], 4 * x.shape[3]));
    x = gated(g, convs(x, name, encoderConvs, channels), context.down[level], name);
    skips.push(x);
  });
  for (let level = widths.length - 2; level >= 0; level--) {
    const name = `carrier.up${level}`;
    const doubled = upconv2x2(g, x, linearWeight(g, `${name}.upconv`, [2, 2, x.shape[3], widths[level]], x.shape[3]));
    x = gated(g, convs(concat(g, [doubled, skips[level]]), name, decoderConvs, widths[level]), context.up[level], name);
  }
  return x;
}

/** Multiplied with gates that depend on the context alone. */
function gated(g: Graph, carried: Value, context: Value, name: string): Value {
  return multiply(g, carried, gates(g, context, carried.shape[3], name));
}

/** Factors around 1. @returns `[N, H, W, width]` */
function gates(g: Graph, context: Value, width: number, name: string): Value {
  const channels = context.shape[3];
  const weight = g.parameter(`${name}.gate.weight`, [1, 1, channels, width], { init: 'uniform', bound: GATE_SPREAD / Math.sqrt(channels) });
  const bias = g.parameter(`${name}.gate.bias`, [width], { init: 'constant', value: 1 });
  return conv2d(g, context, weight, bias);
}

function linearConv(g: Graph, input: Value, name: string, kernel: number, width: number): Value {
  const channels = input.shape[3];
  return conv2d(g, input, linearWeight(g, name, [kernel, kernel, channels, width], kernel * kernel * channels));
}

/** Keeps the variance of what it is applied to (LeCun 1998), as there is no rectifier. */
function linearWeight(g: Graph, name: string, shape: number[], fanIn: number): Value {
  return g.parameter(`${name}.weight`, shape, { init: 'uniform', bound: Math.sqrt(3 / fanIn) });
}
