/** Networks of every kind, their inputs, and the native programs that the exported models are held against. */
import { GROUPS, SPECIES } from '../../base/species';
import {
  compile,
  gradients,
  Graph,
  loss,
  tangents,
  unrollLstm,
  type Field,
  type FloatArray,
  type Program,
  type Value,
  initializeParameters,
} from '../../graph';
import { size } from '../../graph/definition/shape';
import { Random } from '../../base/random';
import { buildSurrogate } from '../../surrogate/model/model';
import type { ChannelScale, Normalisation } from '../../surrogate/model/normalisation';
import { Surrogate } from '../../surrogate/model/surrogate';
import { tinySurrogate } from '../../surrogate/testing/tiny-world';

/** No multiple of 4: the U-Net pads. */
export const CELLS = { rows: 7, cols: 10 };
/** The files are made for a batch of 1. */
export const BATCH = 2;
export const METEOROLOGY = ['u', 'v', 'T'];
const NORMALISATION: Normalisation = {
  emissions: { offset: [0, 0, 0, 0, 0], scale: [1e-10, 3e-10, 2e-10, 5e-10, 4e-10] },
  meteorology: { offset: [0, 1, 280], scale: [5, 4, 12] },
  geography: { offset: [300], scale: [200] },
  concentrations: { offset: [0, 0, 0, 0], scale: [12, 4, 20, 30] },
};

/** Of two kinds. */
const TRACERS: ChannelScale = { offset: new Array<number>(10).fill(0), scale: Array.from({ length: 10 }, (_, i) => (1 + i) * 1e-9) };

export const lstmUnet = { network: 'lstm-unet', tracers: [] };
export const paper = { mode: 'paper', initialConcentrations: 'prior', batchNorm: true, headActivation: 'relu' };
export const variants: Record<string, Record<string, unknown>> = {
  'default response-unet': { tracers: [{ lifetime: 2 }, { lifetime: 20 }] },
  'lstm-unet': lstmUnet,
  "the paper's lstm-unet": { ...lstmUnet, ...paper },
  "the authors' lstm-unet": { ...lstmUnet, ...paper, allStates: false },
  'resnet with tracers': { network: 'resnet', tracers: [{ lifetime: 2 }, { lifetime: 20 }], batchNorm: true, residualBlocks: 2 },
};

export function surrogateOf(overrides: Record<string, unknown>): Surrogate {
  const settings = tinySurrogate(overrides);
  const normalisation: Normalisation = { ...NORMALISATION, ...(settings.tracers.length > 0 ? { tracers: TRACERS } : {}) };
  const g = new Graph();
  buildSurrogate(g, settings, { batch: 1, steps: 4, ...CELLS, meteorology: METEOROLOGY.length, geography: 1 }, normalisation, 'frozen');
  const random = new Random(11);
  // Statistics that are not 0 and 1, states and biases that are not 0: what is left out or folded wrongly shows.
  const spread = /running|scale|shift|initial|slope|bias/;
  const weights = [...initializeParameters(g, 3)].map(([name, data]): [string, { data: Float32Array; shape: number[] }] => [
    name,
    { data: spread.test(name) ? data.map(() => 0.2 + 0.6 * random.uniform()) : data, shape: [...g.find(name).shape] },
  ]);
  const description = {
    settings,
    normalisation,
    meteorologyNames: METEOROLOGY,
    geographyNames: ['HT'],
    species: SPECIES.map((name) => ({ name, unit: name === 'PM2.5' ? 'µg m-3' : 'ppb' })),
    groups: GROUPS.map((name) => ({ name, unit: 'kg m-2 s-1' })),
  };
  return new Surrogate(description, new Map(weights));
}

/** Inputs of a batch, all but the observations of which every third is missing. */
export function inputsOf(surrogate: Surrogate): Record<string, Field> {
  const random = new Random(5);
  const { rows, cols } = CELLS;
  const field = (lead: number[], { offset, scale }: ChannelScale, noise: (generator: Random) => number): Field => {
    const shape = [...lead, rows, cols, scale.length];
    return { shape, data: Float32Array.from({ length: size(shape) }, (_, i) => offset[i % scale.length] + scale[i % scale.length] * noise(random)) };
  };
  const { emissions, meteorology, geography, concentrations } = NORMALISATION;
  const positive = (generator: Random): number => generator.uniform();
  const normal = (generator: Random): number => generator.normal();
  const steps = surrogate.window.steps.length;
  const observations = field([BATCH], concentrations, positive);
  const weight = field([BATCH], { offset: [0, 0, 0, 0], scale: [1, 2, 0.5, 0.2] }, positive);
  weight.data.forEach((_, i) => {
    if (i % 3 === 0) [weight.data[i], observations.data[i]] = [0, NaN];
  });
  return {
    emissions: field([BATCH, steps], emissions, positive),
    ...(surrogate.description.normalisation.tracers ? { tracers: field([BATCH], TRACERS, positive) } : {}),
    meteorology: field([BATCH, steps], meteorology, normal),
    geography: field([BATCH], geography, normal),
    ...(surrogate.description.settings.initialConcentrations !== 'none' ? { previous: field([BATCH], concentrations, positive) } : {}),
    observations,
    weight,
  };
}

/** Concentrations, loss and gradient, and in phase `backward` the product with a gradient on the concentrations. */
export function nativeProgram(surrogate: Surrogate, dtype: 'float32' | 'float64'): Program<Float32Array> | Program<Float64Array> {
  const { settings, normalisation } = surrogate.description;
  const g = new Graph();
  const sizes = { batch: BATCH, steps: surrogate.window.steps.length, ...CELLS, meteorology: METEOROLOGY.length, geography: 1 };
  const { emissions, tracers, concentrations } = buildSurrogate(g, settings, sizes, normalisation, 'frozen');
  const sources = [emissions, ...(tracers ? [tracers] : [])];
  const [observations, weight, seed] = ['observations', 'weight', 'grad_concentrations'].map((name) => g.input(name, concentrations.shape));
  const misfit = loss(g, concentrations, observations, weight, { kind: 'l1', divisor: 1 });
  const [grads, products] = [gradients(g, misfit, sources), gradients(g, concentrations, sources, { seed })];
  const named = (prefix: string, values: Value[]): [string, Value][] => values.map((value, i) => [`${prefix}_${sources[i].name}`, value]);
  const program = compile(g, {
    outputs: { concentrations, loss: misfit, ...Object.fromEntries([...named('grad', grads), ...named('product', products)]) },
    phases: { forward: [concentrations, misfit], backward: [...grads, ...products] },
    dtype,
  });
  program.setParameters(new Map([...surrogate.weights].map(([name, { data }]) => [name, data])));
  return program;
}

/** The product of the Jacobian and `tangent_emissions` (and `tangent_tracers`), by forward mode: with the LSTM written out and batch norms as they are. */
export function nativeTangent(surrogate: Surrogate, dtype: 'float32' | 'float64', inputs: Readonly<Record<string, Field>>): FloatArray {
  const { settings, normalisation } = surrogate.description;
  const sizes = { batch: BATCH, steps: surrogate.window.steps.length, ...CELLS, meteorology: METEOROLOGY.length, geography: 1 };
  const { concentrations } = buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
  const { graph: g, values } = unrollLstm({ concentrations });
  const sources = sourcesOf(inputs).map((name) => g.find(name));
  const directions = sources.map((source): [Value, Value] => [source, g.input(`tangent_${source.name}`, source.shape)]);
  const [tangent] = tangents(g, [values.concentrations], new Map(directions));
  const program = compile(g, { outputs: { tangent }, dtype });
  program.setParameters(new Map([...surrogate.weights].map(([name, { data }]) => [name, data])));
  for (const [name, { data }] of Object.entries(inputs)) if (program.has(name)) program.set(name, data);
  program.runSync();
  const result = program.get('tangent');
  program.dispose();
  return result;
}

/** Sets and runs. */
export async function evaluate(program: Program<Float32Array> | Program<Float64Array>, inputs: Readonly<Record<string, Field>>): Promise<void> {
  for (const [name, { data }] of Object.entries(inputs)) if (program.has(name)) program.set(name, data);
  await program.run('forward');
  await program.run('backward');
}

export function cotangentOf({ shape }: Field): Field {
  const random = new Random(6);
  return { shape, data: Float32Array.from({ length: size(shape) }, () => random.normal()) };
}

export const sourcesOf = (inputs: Readonly<Record<string, Field>>): string[] => ['emissions', 'tracers'].filter((name) => name in inputs);

/** A change of each emission and tracer of its own size. */
export function directionsOf(inputs: Readonly<Record<string, Field>>): Record<string, Field> {
  const random = new Random(9);
  const directionOf = ({ shape, data }: Field): Field => ({ shape, data: data.map((value) => value * random.normal()) });
  return Object.fromEntries(sourcesOf(inputs).map((name) => [`tangent_${name}`, directionOf(inputs[name])]));
}
