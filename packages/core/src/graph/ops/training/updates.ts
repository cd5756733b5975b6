/**
 * Steps of an optimiser as nodes, so that a program can take them without leaving native code. They return an empty value to be
 * named in a phase; they run after everything that reads what they change.
 *
 * Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): of a step's momentum only the directions count, not how strongly each of them is asked for. The
 * maths is in packages/native/src/ops/muon/muon.h; here stands which arrays of a network are matrices, and the instructions for them.
 *
 * A convolution's filters [K, K, C, O] are the matrix [K·K·C, O]. What is left to Adam: biases and slopes, and arrays with a side so short that there is nothing
 * to balance, such as the last layer's, with a column for each species.
 */
import { expectOptions, type OptionNames } from '../../../base/errors';
import { type Emitter, type Graph, GraphError, type Node, type Op, type Value } from '../../definition/graph';
import { expectShape, size } from '../../definition/shape';
import { ALIGNMENT, alignUp } from '../shared/memory-layout';
import { scale } from '../elementwise/arithmetic';

export interface AdamOptions {
  /** Scalar input. */
  learningRate: Value;
  /** Scalar input, 1 at the first step. */
  step: Value;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** L2 penalty: l2 · parameter is added to the gradient before the moments (not decoupled). */
  l2?: number;
  /** Norm of all gradients together above which they are scaled down. */
  clipNorm?: number;
  /** What steps the matrices; everything else is Adam's. */
  matrices?: 'adam' | 'muon';
  /** Names the optimiser's state, if a program has several. */
  name?: string;
}
const ADAM_OPTIONS: OptionNames<AdamOptions> = {
  learningRate: true,
  step: true,
  beta1: true,
  beta2: true,
  epsilon: true,
  l2: true,
  clipNorm: true,
  matrices: true,
  name: true,
};

interface AdamAttributes {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly l2: number;
  readonly clipNorm: number;
  readonly count: number;
  /** Of the arrays, the first so many are Muon's. */
  readonly muon: number;
}

const lengthOf = (arrays: readonly Value[]): number => arrays.reduce((total, { shape }) => total + alignUp(size(shape)), 0);

/**
 * One Adam step on parameters (or on inputs, such as emissions). All of them lie next to each other, and so do their gradients and moments:
 * the step is one instruction, and one more for the matrices of Muon, which lie before the others. Where ranks share a batch (`CompileOptions.share`), the
 * gradients of all are added up before, in one exchange.
 *
 * @param gradients - gradient of each array to be updated, as from `gradients`
 * @returns a value without elements, to be named in a phase
 * @throws {ShapeError} if a gradient has another shape than its array
 * @see Kingma & Ba (2015), arXiv:1412.6980, algorithm 1
 */
export function adamUpdate(g: Graph, gradients: ReadonlyMap<Value, Value>, options: AdamOptions): Value {
  expectOptions(options, 'adamUpdate', ADAM_OPTIONS);
  const { learningRate, step, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, l2 = 0, clipNorm = 0, matrices = 'adam', name = 'adam' } = options;
  for (const [parameter, gradient] of gradients) expectShape('adamUpdate', `gradient of ${parameter.name}`, gradient, parameter.shape);
  const ordered = [...gradients.keys()].sort((a, b) => a.id - b.id);
  const [muons, remaining] = [true, false].map((wanted) => ordered.filter((value) => (matrices === 'muon' && isMatrix(value)) === wanted));
  const parameters = [...muons, ...remaining];
  // Muon has no second moment.
  const moments = [
    g.state(`${name}.firstMoment`, [lengthOf(parameters)]),
    g.state(`${name}.secondMoment`, [Math.max(lengthOf(remaining), ALIGNMENT)]),
  ];
  const gradientArrays = ownArrays(
    g,
    parameters.map((parameter) => gradients.get(parameter)!),
  );
  const attributes = { beta1, beta2, epsilon, l2, clipNorm, count: parameters.length, muon: muons.length };
  return g.apply(adamOp, [learningRate, step, ...moments, ...parameters, ...gradientArrays], attributes, [[0]], name)[0];
}

/** The gradients that an update of {@link adamUpdate} reads, next to each other in the order of its parameters: the region `gradients` of a program. */
export function takenGradients(update: Value): readonly Value[] {
  return members(update.node as Node<AdamAttributes>).gradients;
}

/** Gradients must have memory of their own to be placed next to each other: copies those that share it or are not computed. */
function ownArrays(g: Graph, gradients: readonly Value[]): Value[] {
  return gradients.map((gradient, i) => {
    const isOwnGradient = gradient.node && !gradient.node.op.view && gradients.indexOf(gradient) === i;
    return isOwnGradient ? gradient : scale(g, gradient, 1);
  });
}

const members = (node: Node<AdamAttributes>): { parameters: Value[]; gradients: Value[] } => {
  const arrays = node.inputs.slice(4) as Value[];
  return { parameters: arrays.slice(0, node.attributes.count), gradients: arrays.slice(node.attributes.count) };
};

const adamOp: Op<AdamAttributes> = {
  name: 'adam',
  effect: true,
  writes: (node) => [2, 3, ...members(node).parameters.map((_, i) => 4 + i)],
  regions(node) {
    const { parameters, gradients } = members(node);
    const trained = parameters[0].kind === 'parameter';
    return [
      { region: trained ? 'parameters' : `${node.label}.values`, members: parameters },
      { region: trained ? 'gradients' : `${node.label}.gradients`, members: gradients },
    ];
  },
  lower(node, emitter) {
    const { parameters, gradients } = members(node);
    const [learningRate, step, firstMoment, secondMoment] = node.inputs as Value[];
    const { beta1, beta2, epsilon, l2, clipNorm, muon } = node.attributes;
    const elements = size(firstMoment.shape);
    const [parameter, gradient, rate] = [parameters[0], gradients[0], learningRate].map((value) => emitter.at(value));
    const moment = emitter.at(firstMoment);
    if (emitter.share) emitter.emit('allReduce', { data: gradient }, { elements });
    if (clipNorm > 0) emitter.emit('clipNorm', { gradient }, { elements, maxNorm: clipNorm });
    const matrices = parameters.slice(0, muon);
    if (muon > 0) emitMuon(emitter, matrices, { parameter, gradient, moment, learningRate: rate }, l2);
    if (muon === parameters.length) return;
    const begin = lengthOf(matrices);
    const operands = {
      parameter: parameter + begin,
      gradient: gradient + begin,
      firstMoment: moment + begin,
      secondMoment: emitter.at(secondMoment),
      learningRate: rate,
      step: emitter.at(step),
    };
    emitter.emit('adam', operands, { elements: elements - begin, beta1, beta2, epsilon, l2 });
  },
};

export interface ProjectionOptions {
  /** Scalar input. */
  learningRate: Value;
  /** Shape of the value; absent: no bound. */
  lower?: Value;
  upper?: Value;
}

const PROJECTION_OPTIONS: OptionNames<ProjectionOptions> = { learningRate: true, lower: true, upper: true };

/**
 * One step of projected gradient descent: value ← min(upper, max(lower, value − learningRate · gradient)).
 *
 * @param value - an input or parameter; is changed in place
 * @returns a value without elements, to be named in a phase
 * @throws {GraphError} if `value` is computed or fixed @throws {ShapeError} if gradient or bounds have another shape
 */
export function sgdProject(g: Graph, value: Value, gradient: Value, options: ProjectionOptions): Value {
  expectOptions(options, 'sgdProject', PROJECTION_OPTIONS);
  if (value.kind === 'computed' || value.kind === 'constant')
    throw new GraphError('GRAPH_NOT_A_LEAF', `sgdProject: expected an input or parameter but received a ${value.kind} value`);
  const { learningRate, lower, upper } = options;
  expectShape('sgdProject', 'gradient', gradient, value.shape);
  if (lower) expectShape('sgdProject', 'lower', lower, value.shape);
  if (upper) expectShape('sgdProject', 'upper', upper, value.shape);
  return g.apply(sgdProjectOp, [value, gradient, learningRate, lower, upper], {}, [[0]], value.name)[0];
}

const sgdProjectOp: Op = {
  name: 'sgdProject',
  effect: true,
  writes: () => [0],
  lower(node: Node, emitter: Emitter) {
    const [value, gradient, learningRate, lower, upper] = node.inputs as [Value, Value, Value, Value | undefined, Value | undefined];
    const operands = {
      value: emitter.at(value),
      gradient: emitter.at(gradient),
      learningRate: emitter.at(learningRate),
      lower: emitter.optional(lower),
      upper: emitter.optional(upper),
    };
    emitter.emit('sgdProject', operands, { elements: size(value.shape) });
  },
};

/** Rows and columns that a matrix has at least. */
const LEAST_SIDE = 9;

/** Matrices that one instruction serves (ops/muon/muon.h). */
const MOST_MATRICES = 64;

/** After Jordan et al. (2024). */
const MOMENTUM = 0.95;

/** Makes the elements of a step as large as Adam's mostly are, so that both have one learning rate (Liu et al. 2025, arXiv:2502.16982). */
const SCALE = 0.2;

const sidesOf = ({ shape }: Value): [number, number] => [size(shape.slice(0, -1)), shape.at(-1) ?? 1];

function isMatrix(value: Value): boolean {
  return value.shape.length > 1 && Math.min(...sidesOf(value)) >= LEAST_SIDE;
}

/** Operands of one step: where the first matrix lies, its gradient and its momentum; the others follow, each after {@link alignUp} of the one before. */
interface MuonOperands {
  parameter: number;
  gradient: number;
  moment: number;
  learningRate: number;
}

/** Emits the step of all `matrices`. */
function emitMuon(emitter: Emitter, matrices: readonly Value[], { learningRate, ...arrays }: MuonOperands, l2: number): void {
  let position = 0;
  for (let first = 0; first < matrices.length; first += MOST_MATRICES) {
    const served = matrices.slice(first, first + MOST_MATRICES);
    const sides = served.flatMap((matrix, k) => {
      const [rows, columns] = sidesOf(matrix);
      return [[`rows${k}`, rows] as const, [`columns${k}`, columns] as const];
    });
    const begin = position;
    const operands = Object.fromEntries(Object.entries(arrays).map(([name, offset]) => [name, offset + begin]));
    emitter.emit('muon', { ...operands, learningRate }, { count: served.length, momentum: MOMENTUM, scale: SCALE, l2, ...Object.fromEntries(sides) });
    position += served.reduce((total, matrix) => total + alignUp(size(matrix.shape)), 0);
  }
}

/**
 * Replaces all buffers of a graph by their mean over ranks, in one exchange.
 *
 * @returns a value without elements, to be named in a phase; undefined where the graph has no buffers
 */
export function averageBuffers(g: Graph): Value | undefined {
  const buffers = g.modelValues().filter((value) => value.kind === 'buffer');
  return buffers.length > 0 ? g.apply(averageOverRanksOp, buffers, {}, [[0]])[0] : undefined;
}

const averageOverRanksOp: Op = {
  name: 'averageOverRanks',
  effect: true,
  writes: (node) => node.inputs.map((_, i) => i),
  lower(node, emitter) {
    if (!emitter.share) throw new GraphError('GRAPH_NOT_SHARED', 'compile: an average over ranks needs the option share: pass it');
    const buffers = node.inputs as Value[];
    // All buffers lie next to each other (compile.ts), and what pads them is zero.
    const begin = Math.min(...buffers.map((value) => emitter.at(value)));
    const end = Math.max(...buffers.map((value) => emitter.at(value) + size(value.shape)));
    emitter.emit('allReduce', { data: begin }, { elements: end - begin, mean: 1 });
  },
};
