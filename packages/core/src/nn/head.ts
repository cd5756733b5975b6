/** What both networks share: the branches beside the trunk, and the multilayer perceptron of each cell (1x1 convolutions) that ends them. */
import { concat, crop, pad, relu, slice, type Graph, type Mode, type Value } from '../graph';
import { expectShape } from '../graph/shape';
import { activate, branch, convLayer } from './layers';
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
  const perceptron = (ownY: Value | undefined, name: string, species: number): Value => {
    const features = concat(
      g,
      [trunk, ownY, geography].filter((value) => value !== undefined),
    );
    const hidden = relu(g, convLayer(g, features, `${name}.conv0`, { kernel: 1, width: settings.headWidth }));
    return activate(g, convLayer(g, hidden, `${name}.conv1`, { kernel: 1, width: species }, 'output'), settings.headActivation);
  };
  if (!settings.perSpeciesHead) return crop(g, perceptron(y, 'head', settings.species), height, width);
  const each = Array.from({ length: settings.species }, (_, s) => perceptron(y && ownBranch(g, y, inputs.y!, s, settings), `head.species${s}`, 1));
  return crop(g, concat(g, each), height, width);
}

/** The part of the y branch that belongs to one species. */
function ownBranch(g: Graph, y: Value, input: Value, species: number, settings: HeadSettings): Value {
  if (!settings.yBranch.perChannel || input.shape[3] !== settings.species) return y;
  const width = y.shape[3] / settings.species;
  return slice(g, y, 3, species * width, (species + 1) * width);
}
