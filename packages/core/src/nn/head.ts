/** What both networks share: the branches beside the trunk, and the multilayer perceptron of each cell (1x1 convolutions) that ends them. */
import { concat, relu, slice, type Graph, type Mode, type Value } from '../graph';
import { expectShape } from '../graph/shape';
import { activate, branch, convLayer } from './layers';
import type { HeadSettings } from './settings';

/** What a network sees. All arrays are normalised (dimensionless). */
export interface NetworkInputs {
  /** `[N, T, H, W, C]`: emissions and meteorology, oldest step first */
  steps: Value;
  /** `[N, H, W, S]`: concentrations before the window */
  y?: Value;
  /** `[N, H, W, G]` */
  geography?: Value;
}

/** Adds the branches to the trunk and turns each cell's features into species. @returns `[N, H, W, species]` */
export function head(g: Graph, trunk: Value, inputs: NetworkInputs, settings: HeadSettings, mode: Mode): Value {
  const [batch, height, width] = trunk.shape;
  if (inputs.y) expectShape('network', 'y', inputs.y, [batch, height, width, 'S']);
  if (inputs.geography) expectShape('network', 'geography', inputs.geography, [batch, height, width, 'G']);
  const y = inputs.y && branch(g, inputs.y, 'y', settings.yBranch, mode);
  const geography = inputs.geography && branch(g, inputs.geography, 'geography', settings.geographyBranch, mode);
  const perceptron = (ownY: Value | undefined, name: string, species: number): Value => {
    const features = concat(
      g,
      [trunk, ownY, geography].filter((value) => value !== undefined),
    );
    const hidden = relu(g, convLayer(g, features, `${name}.conv0`, { kernel: 1, width: settings.headWidth }));
    return activate(g, convLayer(g, hidden, `${name}.conv1`, { kernel: 1, width: species }, 'output'), settings.headActivation);
  };
  if (!settings.perSpeciesHead) return perceptron(y, 'head', settings.species);
  return concat(
    g,
    Array.from({ length: settings.species }, (_, s) => perceptron(y && ownBranch(g, y, inputs.y!, s, settings), `head.species${s}`, 1)),
  );
}

/** The part of the y branch that belongs to one species. */
function ownBranch(g: Graph, y: Value, input: Value, species: number, settings: HeadSettings): Value {
  if (!settings.yBranch.perChannel || input.shape[3] !== settings.species) return y;
  const width = y.shape[3] / settings.species;
  return slice(g, y, 3, species * width, (species + 1) * width);
}
