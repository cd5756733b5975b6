/**
 * A surrogate as ONNX models for any ONNX runtime, in physical units, channels before rows and columns; batch, rows and columns are free:
 *
 *   surrogate.onnx          emissions, meteorology, previous, geography → concentrations
 *   surrogate-adjoint.onnx  … and observations, weight → concentrations, loss, grad_emissions = dloss/demissions
 *   surrogate-vjp.onnx      … and grad_concentrations → concentrations, grad_emissions = Jᵀ·grad_concentrations, J = dconcentrations/demissions
 *   surrogate-jvp.onnx      … and tangent_emissions → concentrations, tangent_concentrations = J·tangent_emissions
 *
 * (`previous` and `geography` where the surrogate has them. Where it sees tracers, which follow from the emissions outside of it, they are an input, and
 * grad_tracers and tangent_tracers stand beside those of the emissions: J is then for both of them; so too for `previous` where it is rolled out or inverted.) loss = Σ weight · |concentrations − observations| over batch, species and cells; where the
 * weight is 0 the observation may be NaN. Batches are independent of each other, so every element of grad_emissions belongs to its own hour.
 *
 * The steps of the window are fixed: where the U-Net reads the hidden states of all steps, or the resnet all steps, its weights are made for their
 * number. Where only the last state is read, they are free in the first model; ONNX has no derivative of its LSTM, so that it stands in the others step
 * by step.
 */
import { tracersOf, type TracerSettings } from '../../case';
import { CHANNELS, type Channel } from '../../weather/meteorology';
import { priorChannels } from '../../fields/training-period';
import { GEOGRAPHY } from '../../files/netcdf/value-ranges';
import { foldBatchNorm } from '../../graph/rewrites/fold-batch-norm';
import { freeGrid, type FreeGrid } from '../../graph/definition/onnx-layout';
import { Graph, type Value } from '../../graph/definition/graph';
import { gradients } from '../../graph/gradients';
import { loss } from '../../graph/ops/training/loss';
import { tangents } from '../../graph/tangents';
import { unrollLstm } from '../../graph/rewrites/lstm';
import { exportOnnx } from '../../graph/onnx/export-onnx';
import type { Grid } from '../../grid/grid';
import { poolingBlock, type NetworkSettings } from '../../nn/settings';
import { buildSurrogate, sourcesOf, type SurrogateValues } from '../../surrogate/model/model';
import { networkSettings } from '../../surrogate/model/surrogate-settings';
import type { Surrogate } from '../../surrogate/model/surrogate';
import { VERSIONS } from '../../base/process';

/** The forward model as the bytes of an ONNX file. @param grid - that it was trained on, which the file then names */
export function surrogateOnnx(surrogate: Surrogate, grid?: Grid): Uint8Array {
  return write('surrogate', surrogate, grid, { concentrations: build(surrogate).concentrations }, readsLastState(surrogate));
}

/** The surrogate with the weighted L1 misfit and its gradient with respect to the emissions, as the bytes of an ONNX file. */
export function adjointOnnx(surrogate: Surrogate, grid?: Grid): Uint8Array {
  const { g, sources, concentrations } = buildUnrolled(surrogate);
  const [observations, weight] = ['observations', 'weight'].map((name) => g.input(name, concentrations.shape));
  const misfit = loss(g, concentrations, observations, weight, { kind: 'l1', divisor: 1 });
  const grads = gradients(g, misfit, sources);
  return write('surrogate-adjoint', surrogate, grid, { concentrations, loss: misfit, ...gradientsOf(sources, grads) });
}

/** The surrogate with the product of a given gradient on the concentrations and its Jacobian (no loss), as the bytes of an ONNX file. */
export function vjpOnnx(surrogate: Surrogate, grid?: Grid): Uint8Array {
  const { g, sources, concentrations } = buildUnrolled(surrogate);
  const grads = gradients(g, concentrations, sources, { seed: g.input('grad_concentrations', concentrations.shape) });
  return write('surrogate-vjp', surrogate, grid, { concentrations, ...gradientsOf(sources, grads) });
}

/** The surrogate with the product of its Jacobian and a change of the emissions, as the bytes of an ONNX file. */
export function jvpOnnx(surrogate: Surrogate, grid?: Grid): Uint8Array {
  const { g, sources, concentrations } = buildUnrolled(surrogate);
  const directions = sources.map((source): [Value, Value] => [source, g.input(`tangent_${source.name}`, source.shape)]);
  const [tangent] = tangents(g, [concentrations], new Map(directions));
  return write('surrogate-jvp', surrogate, grid, { concentrations, tangent_concentrations: tangent });
}

const networkOf = ({ description: { settings, species } }: Surrogate): NetworkSettings => networkSettings(settings, species.length);
const gridOf = (surrogate: Surrogate): FreeGrid => freeGrid(poolingBlock(networkOf(surrogate)));

function readsLastState(surrogate: Surrogate): boolean {
  const settings = networkOf(surrogate);
  return settings.network === 'lstm-unet' && !settings.allStates;
}

function gradientsOf(sources: readonly Value[], values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(sources.map(({ name }, i) => [`grad_${name}`, values[i]]));
}

function build(surrogate: Surrogate): SurrogateValues {
  const { settings, normalisation, meteorologyNames, geographyNames } = surrogate.description;
  const { rows, cols } = gridOf(surrogate);
  const channels = { meteorology: meteorologyNames.length, geography: geographyNames.length };
  const sizes = { batch: 1, steps: surrogate.window.steps.length, rows, cols, ...channels };
  return buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
}

/** Ready for `gradients` and `tangents` with respect to `sources` ({@link sourcesOf}). */
function buildUnrolled(surrogate: Surrogate): { g: Graph; sources: Value[]; concentrations: Value } {
  const built = build(surrogate);
  const { graph: g, values } = unrollLstm(foldBatchNorm({ concentrations: built.concentrations }).values);
  return { g, sources: sourcesOf(built, surrogate.description.settings).map(({ name }) => g.find(name!)), ...values };
}

function write(name: string, surrogate: Surrogate, grid: Grid | undefined, outputs: Readonly<Record<string, Value>>, freeSteps = false): Uint8Array {
  const { settings, meteorologyNames, geographyNames } = surrogate.description;
  const window = {
    window: JSON.stringify(settings.window),
    meteorology: meteorologyNames.join(' '),
    geography: geographyNames.join(' '),
    ...(grid ? { grid: JSON.stringify(grid.definition) } : {}),
  };
  return exportOnnx(outputs, {
    parameters: new Map([...surrogate.weights].map(([weight, { data }]) => [weight, data])),
    name,
    grid: gridOf(surrogate),
    freeSteps,
    version: VERSIONS.retroplume,
    descriptions: descriptions(surrogate, 'loss' in outputs),
    metadata: 'loss' in outputs ? { ...window, loss: 'sum(weight * abs(concentrations - observations))' } : window,
  });
}

function tracerText({ lifetime, aloft, washed, precursor, by }: TracerSettings): string {
  const product = precursor === undefined || by === undefined ? '' : ` made by ${by} of that of ${precursor} h`;
  return `${lifetime} h${product}${aloft ? ' emitted aloft' : ''}${washed ? ' washed out by rain' : ''}`;
}

/** Tables of what is known by name have not every name. */
const unitOr = (channel: { units: string } | undefined, otherwise: string): string => channel?.units ?? otherwise;

/** A channel with what its name does not say: unit and meaning; of one that is known by its name alone, that its unit is the files'. */
function channelText(name: string, species: readonly { name: string; unit: string }[]): string {
  const place = priorChannels(species.map((entry) => entry.name)).indexOf(name);
  if (place >= 0) return `${name} (${species[place].unit}; ${species[place].name} of the transport model's prior run)`;
  const channel = CHANNELS[name] as Channel | undefined;
  return channel ? `${name} (${channel.units}; ${channel.description})` : `${name} (in the unit of the case's meteorology files)`;
}

/** In the order of the channels. */
function tracersText(tracers: readonly TracerSettings[], groups: readonly { name: string }[]): string {
  const carried = groups
    .map(({ name }) => ({ group: name, groupTracers: tracersOf(tracers, name) }))
    .filter(({ groupTracers }) => groupTracers.length > 0);
  return carried.map(({ group, groupTracers }) => `${group} (${groupTracers.map((place) => tracerText(tracers[place])).join(', ')})`).join('; ');
}

/** What inputs and outputs are, with their units. */
function descriptions({ description }: Surrogate, hasLoss: boolean): Record<string, string> {
  const { settings, meteorologyNames, geographyNames, species, groups } = description;
  const list = (items: { name: string; unit: string }[]): string => items.map(({ name, unit }) => `${name} (${unit})`).join(', ');
  const perUnit = groups.map(({ name, unit }) => `${name} (1/(${unit}))`).join(', ');
  const gradient = (quantity: string): string =>
    hasLoss ? `derivative of the loss with respect to the ${quantity}, in units of the loss` : `gradient with respect to the ${quantity}`;
  return {
    emissions: `emissions of ${list(groups)}, means over the window's steps, oldest first`,
    tracers: `tracers at the ground in the hour itself (kg m-3), by their lifetimes: ${tracersText(settings.tracers, groups)}`,
    meteorology: `${meteorologyNames.map((name) => channelText(name, species)).join(', ')}; means over the window's steps, the last of which ends with the hour that is predicted`,
    geography: geographyNames.map((name) => `${name} (${unitOr(GEOGRAPHY[name], "in the unit of the case's geography files")})`).join(', '),
    previous: `concentrations from before the window: ${list(species)}`,
    concentrations: `hourly mean at the surface of ${list(species)}`,
    observations: `observed hourly means at the surface of ${list(species)}; may be NaN where the weight is 0`,
    weight: `weights of the observations in the loss, by species and cell, in units of the loss over ${list(species)}; 0 where there is none`,
    loss: 'sum over batch, species and cells of weight times absolute difference of concentrations and observations',
    grad_concentrations: `gradient with respect to the concentrations of a cost of your own, in its units over ${list(species)}`,
    grad_emissions: `${gradient('emissions')}: ${perUnit}`,
    grad_tracers: `${gradient('tracers')} (1/(kg m-3))`,
    grad_previous: `${gradient('concentrations from before the window')}, over ${list(species)}`,
    tangent_emissions: `a change of the emissions, of ${list(groups)}, or a rate of change by anything of yours`,
    tangent_previous: `the change of the concentrations from before the window that belongs to it: of ${list(species)}`,
    tangent_tracers: 'the change of the tracers that belongs to it (kg m-3)',
    tangent_concentrations: `the change of the concentrations that it makes, to first order: of ${list(species)}`,
  };
}
