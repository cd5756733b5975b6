/** A step of a workload as a native program with its inputs in place: what is timed, checked and profiled. */
import {
  adamUpdate,
  compile,
  concat,
  foldBatchNorm,
  freeGrid,
  gradients,
  Graph,
  initializeParameters,
  loss,
  planProgram,
  sgdProject,
  unrollLstm,
  type CompileOptions,
  type FreeGrid,
  type Program,
  type ProgramLayout,
  type Value,
} from '../../graph';
import { roomOf } from '../../graph/program/execution';
import { size } from '../../graph/definition/shape';
import { network, poolingBlock } from '../../nn';
import { Random } from '../../base/random';
import type { Step, Workload } from './workloads';

export type Arrays = ReadonlyMap<string, Float32Array>;

/** Small enough that hundreds of timed steps keep every number finite; the time does not depend on it. */
export const LEARNING_RATE = 1e-4;

/** Shapes of what the host gives a step, by name; channels last. */
export function inputShapes(workload: Workload, step: Step, batch: number): Record<string, readonly number[]> {
  const { rows, cols, steps, channels, emissions, geography, tracers, network: settings } = workload;
  const window = (width: number): number[] => [batch, steps, rows, cols, width];
  const field = (width: number): number[] => [batch, rows, cols, width];
  const [name, width] = tracers === undefined ? ['y', settings.species] : ['tracers', tracers];
  const shapes: Record<string, readonly number[]> = { [name]: field(width), geography: field(geography) };
  // By themselves where they are inverted for, or read once more beside the LSTM.
  if (step === 'invert' || tracers !== undefined) {
    shapes.meteorology = window(channels - emissions);
    shapes.emissions = window(emissions);
  } else {
    shapes.steps = window(channels);
  }
  if (step === 'invert') for (const bound of ['lower', 'upper']) shapes[bound] = window(emissions);
  if (step !== 'infer') shapes.target = shapes.weight = field(settings.species);
  return shapes;
}

/** Random inputs of a step: normalised fields, a mask that leaves half of the cells to an inversion, bounds of 0 and 3 times the emissions. */
export function drawInputs(workload: Workload, step: Step, batch: number): Arrays {
  const random = new Random(1).fork(`${workload.name} ${step}`);
  const draw: Record<string, (name: string, length: number) => Float32Array> = {
    weight: (_, length) => Float32Array.from({ length }, (_, i) => (step === 'train' || i % 2 === 0 ? 1 : 0)),
    lower: (_, length) => new Float32Array(length),
    upper: () => inputs.get('emissions')!.map((value) => 3 * value),
  };
  const inputs = new Map<string, Float32Array>();
  for (const [name, shape] of Object.entries(inputShapes(workload, step, batch))) {
    const stream = random.fork(name);
    const uniform = (length: number): Float32Array => Float32Array.from({ length }, () => stream.uniform());
    inputs.set(name, draw[name]?.(name, size(shape)) ?? uniform(size(shape)));
  }
  return inputs;
}

/** First weights of a workload, with statistics of batch norm as training would leave them: none of them 0 or 1, so that folding is seen. */
export function drawWeights(workload: Workload): Arrays {
  const g = new Graph();
  build(g, workload, 'infer', 1);
  const random = new Random(2);
  const spread: [RegExp, number, number][] = [
    [/\.runningMean$/, -0.1, 0.1],
    [/\.runningVariance$/, 0.5, 1.5],
    [/\.scale$/, 0.8, 1.2],
    [/\.(shift|bias|initialHidden|initialCell)$/, -0.1, 0.1],
  ];
  const weights = initializeParameters(g, 1);
  for (const [name, data] of weights) {
    const range = spread.find(([pattern]) => pattern.test(name));
    const stream = random.fork(name);
    if (range)
      weights.set(
        name,
        Float32Array.from(data, () => range[1] + (range[2] - range[1]) * stream.uniform()),
      );
  }
  return weights;
}

/** Shapes of all weights, by name. */
export function weightShapes(workload: Workload): Record<string, readonly number[]> {
  const g = new Graph();
  build(g, workload, 'infer', 1);
  return Object.fromEntries(g.modelValues().map((value) => [value.name!, value.shape]));
}

/** The network and its inputs in a graph; `sources`: what an inversion has a gradient of. */
function build(g: Graph, workload: Workload, step: Step, batch: number): { out: Value; sources: Record<string, Value> } {
  const shapes = inputShapes(workload, step, batch);
  const input = (name: string): Value | undefined => shapes[name] && g.input(name, shapes[name]);
  const [emissions, tracers] = [input('emissions'), input('tracers')];
  const steps = emissions ? concat(g, [emissions, input('meteorology')!]) : input('steps')!;
  const inputs = { steps, emissions, tracers, y: input('y'), geography: input('geography') };
  const out = network(g, inputs, workload.network, step === 'train' ? 'train' : 'frozen');
  return { out, sources: step === 'invert' ? { emissions: emissions!, ...(tracers ? { tracers } : {}) } : {} };
}

/** Mean absolute error over the weighted cells. */
function misfitOf(g: Graph, out: Value, divisor: number = size(out.shape)): Value {
  return loss(g, out, g.input('target', out.shape), g.input('weight', out.shape), { kind: 'l1', divisor });
}

/** A step's graph, and what of it is computed and can be read. */
interface Described extends Required<Pick<CompileOptions, 'outputs' | 'phases'>> {
  g: Graph;
}

/** @param ranks - that share the loss, each with as many samples */
function describeTrain(g: Graph, workload: Workload, batch: number, ranks = 1): Described {
  const { out } = build(g, workload, 'train', batch);
  const misfit = misfitOf(g, out, ranks * size(out.shape));
  const parameters = g.modelValues().filter((value) => value.kind === 'parameter');
  const grads = gradients(g, misfit, parameters);
  const rates = { learningRate: g.scalar('learningRate'), step: g.scalar('step') };
  const update = adamUpdate(g, new Map(parameters.map((parameter, i) => [parameter, grads[i]])), rates);
  const outputs = { out, misfit, ...Object.fromEntries(parameters.map(({ name }, i) => [gradientOf(name!), grads[i]])) };
  return { g, outputs, phases: { step: [misfit, update] } };
}

function describeInvert(empty: Graph, workload: Workload, batch: number): Described {
  const { out, sources } = build(empty, workload, 'invert', batch);
  const { graph: g, values } = foldBatchNorm<string>({ ...sources, out });
  const misfit = misfitOf(g, values.out);
  const { [gradientOf('emissions')]: grad, ...otherGradients } = sourceGradients(g, misfit, values);
  const bounds = { lower: g.input('lower', grad.shape), upper: g.input('upper', grad.shape) };
  const update = sgdProject(g, values.emissions, grad, { learningRate: g.scalar('learningRate'), ...bounds });
  const outputs = { out: values.out, misfit, [gradientOf('emissions')]: grad, ...otherGradients };
  return { g, outputs, phases: { step: [misfit, ...Object.values(otherGradients), update] } };
}

/** Of the misfit with respect to the sources, as outputs. */
function sourceGradients(g: Graph, misfit: Value, { out: _out, ...sources }: Record<string, Value>): Record<string, Value> {
  const grads = gradients(g, misfit, Object.values(sources));
  return Object.fromEntries(Object.keys(sources).map((name, i) => [gradientOf(name), grads[i]]));
}

function describeInfer(empty: Graph, workload: Workload, batch: number): Described {
  const { values } = foldBatchNorm({ out: build(empty, workload, 'infer', batch).out });
  return { g: values.out.graph, outputs: values, phases: { step: [values.out] } };
}

/** Under which name a step's program and its peers give the gradient of a parameter or input. */
export const gradientOf = (name: string): string => `grad ${name}`;

const DESCRIPTIONS: Record<Step, (empty: Graph, workload: Workload, batch: number, ranks?: number) => Described> = {
  train: describeTrain,
  invert: describeInvert,
  infer: describeInfer,
};

/** A step's program without its memory, on a device that rounds factors of products, with `room` for what need not be kept. */
export function stepLayout(workload: Workload, step: Step, batch: number, room: number): ProgramLayout {
  const { g, ...described } = DESCRIPTIONS[step](new Graph(room), workload, batch);
  return planProgram(g, { ...described, packTraces: true });
}

/**
 * A compiled step with weights and inputs set; its phase is `step`, its outputs `out`, `misfit` and the gradients that it uses.
 *
 * @param batch - samples of this process, which may share the step's batch with others (`options.share`, `options.ranks`)
 */
export function stepProgram(
  workload: Workload,
  step: Step,
  batch: number,
  weights: Arrays,
  inputs: Arrays,
  options: Omit<CompileOptions, 'outputs' | 'phases'> = {},
): Program {
  const { g, ...described } = DESCRIPTIONS[step](new Graph(roomOf(options)), workload, batch, options.share?.ranks);
  const program = compile(g, { ...described, ...options, dtype: 'float32' });
  program.setParameters(weights);
  for (const [name, data] of inputs) if (program.has(name)) program.set(name, data);
  if (program.has('learningRate')) program.set('learningRate', LEARNING_RATE);
  if (program.has('step')) program.set('step', 1);
  return program;
}

/** What the frozen network gives. */
export function inferOutput(workload: Workload): Value {
  return build(new Graph(), workload, 'infer', workload.batch.infer).out;
}

/**
 * What a frozen step computes, as `export` writes it, for any grid: of `infer` what the network gives; of `invert` also misfit and gradient, with the
 * LSTM written out, since ONNX has no gradient of its own; the update is left out.
 */
export function exportedStep(workload: Workload, step: Exclude<Step, 'train'>): { outputs: Record<string, Value>; grid: FreeGrid } {
  const { rows, cols, network: settings } = workload;
  const grid = freeGrid(poolingBlock(settings));
  const { out, sources } = build(new Graph(), { ...workload, ...grid }, step, workload.batch[step]);
  if (step === 'infer') return { outputs: { out }, grid };
  const { graph: g, values } = unrollLstm(foldBatchNorm({ ...sources, out }).values);
  const misfit = misfitOf(g, values.out, workload.batch[step] * rows * cols * settings.species);
  return { outputs: { out: values.out, misfit, ...sourceGradients(g, misfit, values) }, grid };
}
