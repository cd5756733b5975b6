/**
 * The surrogate as a graph: physical units in and out, normalisation inside.
 *
 *   emissions [N, T, H, W, groups] (kg m-2 s-1), tracers [N, H, W, of all groups] (kg m-3), meteorology [N, T, H, W, M], geography [N, H, W, G], previous [N, H, W, species]
 *     → concentrations [N, H, W, species] (gases in ppb, particles in µg m-3)
 *
 * One function builds it for every use: training (batch statistics, dropout), the frozen program of the inversion, and ONNX.
 */
import { tracerCount, type SurrogateSettings } from '../../case';
import { channelAffine } from '../../graph/ops/elementwise/channel-affine';
import { concat } from '../../graph/ops/arrays/copies';
import type { Graph, Value } from '../../graph/definition/graph';
import type { Mode } from '../../graph/ops/normalisation/batch-norm';
import { network } from '../../nn/network';
import { differentiatesInitialConcentrations, takesInitialConcentrations, networkSettings } from './surrogate-settings';
import type { ChannelScale, Normalisation } from './normalisation';

export interface SurrogateSizes {
  batch: number;
  steps: number;
  rows: number;
  cols: number;
  meteorology: number;
  geography: number;
}

export interface SurrogateValues {
  emissions: Value;
  /** where the surrogate sees them: of the hour itself, which the window ends with */
  tracers?: Value;
  meteorology: Value;
  geography?: Value;
  previous?: Value;
  /** physical units */
  concentrations: Value;
  /** in units of each species' standard deviation */
  normalised: Value;
}

/** The inputs that follow from what is inverted: emissions, their tracers, and y where the gradient goes on through it. */
export function sourcesOf({ emissions, tracers, previous }: SurrogateValues, settings: SurrogateSettings): Value[] {
  const through = previous && differentiatesInitialConcentrations(settings) ? [previous] : [];
  return [emissions, ...(tracers ? [tracers] : []), ...through];
}

function normalise(g: Graph, value: Value, { offset, scale }: ChannelScale): Value {
  const channels = scale.length;
  return channelAffine(
    g,
    value,
    g.constant(
      scale.map((s) => 1 / s),
      [channels],
    ),
    g.constant(
      offset.map((o, c) => -o / scale[c]),
      [channels],
    ),
  );
}

function denormalise(g: Graph, value: Value, { offset, scale }: ChannelScale): Value {
  return channelAffine(g, value, g.constant(scale, [scale.length]), g.constant(offset, [offset.length]));
}

/** Concentrations in units of each species' standard deviation. */
export function normaliseConcentrations(g: Graph, value: Value, normalisation: Normalisation): Value {
  return normalise(g, value, normalisation.concentrations);
}

/** One of several windows that follow each other in a graph. */
interface RolledWindow {
  /** of its inputs' names, but that of geography, which all windows share */
  suffix: string;
  /** the concentrations of the window before, in physical units; absent = an input */
  previous?: Value;
}

/** Adds the surrogate to a graph; parameters are shared by name when it is added twice. */
export function buildSurrogate(
  g: Graph,
  settings: SurrogateSettings,
  sizes: SurrogateSizes,
  normalisation: Normalisation,
  mode: Mode,
  { suffix, previous: previousState }: RolledWindow = { suffix: '' },
): SurrogateValues {
  const { batch, steps, rows, cols } = sizes;
  const emissions = g.input(`emissions${suffix}`, [batch, steps, rows, cols, normalisation.emissions.scale.length]);
  const tracerChannels = tracerCount(settings.tracers, normalisation.emissions.scale);
  if ((normalisation.tracers?.scale.length ?? 0) !== tracerChannels)
    throw new Error(`surrogate: expected scales of ${tracerChannels} tracers: carry the runs first`);
  const tracers = normalisation.tracers && g.input(`tracers${suffix}`, [batch, rows, cols, normalisation.tracers.scale.length]);
  const meteorology = g.input(`meteorology${suffix}`, [batch, steps, rows, cols, sizes.meteorology]);
  const geography = sizes.geography > 0 ? g.input('geography', [batch, rows, cols, sizes.geography]) : undefined;
  const species = normalisation.concentrations.scale.length;
  const previous = takesInitialConcentrations(settings) ? (previousState ?? g.input(`previous${suffix}`, [batch, rows, cols, species])) : undefined;
  const emitted = normalise(g, emissions, normalisation.emissions);
  const inputs = {
    emissions: emitted,
    steps: concat(g, [emitted, normalise(g, meteorology, normalisation.meteorology)]),
    tracers: tracers && normalise(g, tracers, normalisation.tracers!),
    geography: geography && normalise(g, geography, normalisation.geography),
    y: previous && normalise(g, previous, normalisation.concentrations),
  };
  const normalised = network(g, inputs, networkSettings(settings, species), mode);
  return {
    emissions,
    tracers,
    meteorology,
    geography,
    previous,
    normalised,
    concentrations: denormalise(g, normalised, normalisation.concentrations),
  };
}
