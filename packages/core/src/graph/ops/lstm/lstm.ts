/**
 * One LSTM that every grid cell runs over its own history. For step t, with σ the logistic function and ⊙ the product by element:
 *
 *   z_t = input_t · weightInput + h_{t−1} · weightHidden + bias,   z = [i | f | g | o]
 *   c_t = σ(f) ⊙ c_{t−1} + σ(i) ⊙ tanh(g),   h_t = σ(o) ⊙ tanh(c_t)
 *
 * (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate: Gers et al. 2000.) One bias: PyTorch's two add up to it.
 *
 * The reverse pass needs the gates (4D numbers a step and cell) and the cell states: 5D numbers a step and cell, much more than anything else in the
 * network. The forward pass keeps those of the first cells, as {@link keptOf} says; of the others the reverse pass computes them again, tile by tile.
 * A GPU, which would write what it computes again to its memory all the same, keeps what it has room for.
 *
 * The reverse pass through time, with δ the gradient that reaches a state, from the step's output and from the step after:
 *
 *   δc_t += δh_t ⊙ o ⊙ (1 − tanh² c_t),   δo = δh_t ⊙ tanh c_t,   δi = δc_t ⊙ g,   δf = δc_t ⊙ c_{t−1},   δg = δc_t ⊙ i
 *   δz = gates' derivatives ⊙ [δi | δf | δg | δo],   δh_{t−1} = δz · weightHiddenᵀ,   δc_{t−1} = δc_t ⊙ f,   gradInput_t = δz · weightInputᵀ
 */
import { type Emitter, type Graph, GraphError, type Node, type OnnxNodeWriter, type Op, type Value } from '../../definition/graph';
import { imageLayout } from '../shared/memory-layout';
import { channels, expectShape } from '../../definition/shape';
import { embedChannels, wantedChannels } from '../arrays/copies';
import { extentOf } from '../../definition/onnx-layout';

/** Numbers that are kept whatever a kept one saves: 256 MiB of float32, all gates of two samples of the paper's network on its grid. */
const KEPT_ALWAYS = 64 * 2 ** 20;

/**
 * Inputs and states of a gate from which on more is kept. What a kept number saves is its product with all of them: with the 29 of the paper's network, at eight
 * samples of its grid, 350 MB save 2 % of a training step, with 105 at one sample 1.3 GB save a fifth.
 */
const WIDE_ROWS = 64;

/** Numbers that are kept for each of so many: 12 MiB of float32 keep all gates of one sample of the paper's grid with 105. */
const KEPT_PER_ROW = 3 * 2 ** 20;

/** Kernels keep whole vectors of units; this is the widest. */
const UNITS = 16;

export interface LstmOperands {
  /** `[C, 4D]`, gate order i, f, g, o */
  weightInput: Value;
  /** `[D, 4D]` */
  weightHidden: Value;
  /** `[4D]` */
  bias: Value;
  /** `[D]`, learned initial state; zero where absent */
  initialHidden?: Value;
  /** `[D]` */
  initialCell?: Value;
}

/**
 * LSTM over the time axis, shared by all cells of the grid.
 *
 * @param input - `[N, T, H, W, C]`
 * @param allStates - true: hidden states of all steps as channels, oldest first; false: the last state only
 * @param cellsKept - cells of each sample of which the forward pass keeps the gates for the reverse pass; by their size unless given
 * @returns `[N, H, W, T·D]` or `[N, H, W, D]`
 * @throws {ShapeError} if an operand does not fit
 */
export function lstm(g: Graph, input: Value, operands: LstmOperands, allStates: boolean, cellsKept?: number): Value {
  const { weightInput, weightHidden, bias, initialHidden, initialCell } = operands;
  expectShape('lstm', 'input', input, ['N', 'T', 'H', 'W', 'C']);
  expectShape('lstm', 'weightHidden', weightHidden, ['D', '4D']);
  const [batch, steps, height, width, inChannels] = input.shape;
  const hidden = weightHidden.shape[0];
  expectShape('lstm', 'weightHidden', weightHidden, [hidden, 4 * hidden]);
  expectShape('lstm', 'weightInput', weightInput, [inChannels, 4 * hidden]);
  expectShape('lstm', 'bias', bias, [4 * hidden]);
  if (initialHidden) expectShape('lstm', 'initialHidden', initialHidden, [hidden]);
  if (initialCell) expectShape('lstm', 'initialCell', initialCell, [hidden]);
  const outShape = [batch, height, width, allStates ? steps * hidden : hidden];
  const units = Math.ceil(hidden / UNITS) * UNITS;
  const keptCells = cellsKept ?? keptOf(g, height * width, batch * steps * 5 * units, inChannels + hidden);
  const trace = [batch, steps, keptCells];
  const label = weightInput.name?.replace(/\.weightInput$/, '') ?? 'lstm';
  const inputs = [input, weightInput, weightHidden, bias, initialHidden, initialCell];
  return g.apply(lstmOp, inputs, { allStates, keptCells }, [outShape, [...trace, 4 * units], [...trace, units]], label)[0];
}

/** Of how many of `cells` the gates are kept, with `numbers` for each. */
function keptOf(g: Graph, cells: number, numbers: number, rows: number): number {
  if (cells * numbers <= KEPT_ALWAYS) return cells;
  const worth = rows < WIDE_ROWS ? 0 : Math.min(cells, Math.floor((KEPT_PER_ROW * rows) / numbers));
  return worth + Math.floor(g.takeRoom((cells - worth) * numbers) / numbers);
}

/** Outputs: the states, and gates and cell states, which have memory only if the reverse pass reads them. */
export const lstmOp: Op<LstmAttributes> = {
  name: 'lstm',
  scratchOutputs: [0],
  gradient(node, [gradOutput], wanted, isWanted) {
    return gradOutput ? lstmGradients(node, gradOutput, wanted, isWanted) : [];
  },
  tangent() {
    throw new GraphError('GRAPH_NO_TANGENT', 'tangents: lstm has no forward rule: call unrollLstm before tangents');
  },
  spreadOutput: (index) => (index === 0 ? 'images' : undefined),
  lower(node, emitter) {
    const inputs = node.inputs as LstmInputs;
    const [output, gates, cells] = node.outputs;
    const stored = { gates: emitter.optional(gates), cells: emitter.optional(cells) };
    const operands = { input: emitter.at(inputs[0]), ...weightOperands(emitter, inputs), output: emitter.at(output), ...stored };
    emitter.emit('lstmForward', operands, { ...params(inputs, node.attributes), ...imageLayout(emitter.strides(output), output.shape) });
  },
  onnx: writeLstm,
};

export interface LstmAttributes {
  readonly allStates: boolean;
  /** Cells of each sample of which the forward pass keeps gates and cell states for the reverse pass. */
  readonly keptCells: number;
  /** Gates and cell states have room for sixteen bits of each number (`packTraces`). */
  readonly packed?: boolean;
}

/** input, weightInput, weightHidden, bias, initialHidden, initialCell */
export type LstmInputs = [Value, Value, Value, Value, Value | undefined, Value | undefined];

/** Cells of a sample's grid. */
const cellsOf = ({ shape: [, , height, width] }: Value): number => height * width;

function params([input, , weightHidden]: LstmInputs, { allStates, keptCells, packed }: LstmAttributes): Record<string, number> {
  const [batch, steps] = input.shape;
  return {
    batch,
    steps,
    cells: cellsOf(input),
    inChannels: channels(input.shape),
    hidden: weightHidden.shape[0],
    allStates: allStates ? 1 : 0,
    keptCells,
    ...(packed && { packed: 1 }),
  };
}

function weightOperands(emitter: Emitter, inputs: LstmInputs): Record<string, number | undefined> {
  const [, weightInput, weightHidden, bias, initialHidden, initialCell] = inputs;
  return {
    weightInput: emitter.at(weightInput),
    weightHidden: emitter.at(weightHidden),
    bias: emitter.at(bias),
    initialHidden: emitter.optional(initialHidden),
    initialCell: emitter.optional(initialCell),
  };
}

interface BackwardAttributes extends LstmAttributes {
  /** First channel of the input that the gradient of the input holds: an inversion asks for the emissions', not for the meteorology's. */
  readonly gradBegin: number;
}

/** Gradients of the LSTM's inputs, of which only those that are wanted are computed. */
function lstmGradients(
  node: Node<LstmAttributes>,
  gradOutput: Value,
  wanted: readonly boolean[],
  isWanted: (value: Value) => boolean,
): (Value | undefined)[] {
  const [input, weightInput, weightHidden, bias, initialHidden, initialCell] = node.inputs as LstmInputs;
  const [, gates, cells] = node.outputs;
  // All gradients are outputs; those that nobody asks for are never placed.
  const [gradBegin, gradEnd] = wanted[0] ? wantedChannels(input, isWanted) : [0, channels(input.shape)];
  const gradInput = [...input.shape.slice(0, -1), gradEnd - gradBegin];
  const shapes = [gradInput, ...[weightInput, weightHidden, bias, initialHidden ?? bias, initialCell ?? bias].map((value) => value.shape)];
  const storedValues = node.attributes.keptCells > 0 ? [gates, cells] : [];
  const attributes = { ...node.attributes, gradBegin };
  const [part, ...remaining] = input.graph.apply(lstmBackwardOp, [...node.inputs, gradOutput, ...storedValues], attributes, shapes, node.label);
  const gradients = [wanted[0] ? embedChannels(input.graph, part, gradBegin, channels(input.shape)) : undefined, ...remaining];
  return wanted.map((want, i) => (want ? gradients[i] : undefined));
}

function targets(emitter: Emitter, outputs: readonly Value[]): Record<string, number | undefined> {
  const names = ['gradInput', 'gradWeightInput', 'gradWeightHidden', 'gradBias', 'gradInitialHidden', 'gradInitialCell'];
  return Object.fromEntries(names.map((name, i) => [name, emitter.optional(outputs[i])]));
}

export const lstmBackwardOp: Op<BackwardAttributes> = {
  name: 'lstmBackward',
  accumulates: true,
  spreadInput: (index) => (index === 6 ? 'images' : undefined),
  lower(node, emitter) {
    const inputs = node.inputs.slice(0, 6) as LstmInputs;
    const [gradOutput, gates, cells] = node.inputs.slice(6);
    const stored = { gates: emitter.optional(gates), cells: emitter.optional(cells) };
    const weights = weightOperands(emitter, inputs);
    const operands = {
      input: emitter.at(inputs[0]),
      ...weights,
      // Who cannot read packed gates computes them again.
      bias: node.attributes.packed || node.attributes.keptCells < cellsOf(inputs[0]) ? weights.bias : undefined,
      gradOutput: emitter.at(gradOutput!),
      ...stored,
    };
    const layout = imageLayout(emitter.strides(gradOutput!), gradOutput!.shape);
    const range = { gradBegin: node.attributes.gradBegin, gradChannels: channels(node.outputs[0].shape) };
    const settings = { ...params(inputs, node.attributes), ...range, ...layout, accumulate: emitter.accumulate() };
    emitter.emit('lstmBackward', { ...operands, ...targets(emitter, node.outputs) }, settings);
  },
  onnx() {
    throw new GraphError('GRAPH_NO_ONNX', 'exportOnnx: the gradient of lstm has no ONNX form: call unrollLstm before gradients');
  },
};

/** ONNX's LSTM over cells as batch: X `[T, N·H·W, C]`, gate order i, o, f, c, two biases that add. */
function writeLstm(node: Node<LstmAttributes>, writer: OnnxNodeWriter): void {
  const [input, weightInput, weightHidden, bias, initialHidden, initialCell] = node.inputs as LstmInputs;
  const [, steps, rows, cols, inChannels] = input.shape;
  const [height, width] = [extentOf(writer.grid, 5, 2, rows), extentOf(writer.grid, 5, 3, cols)];
  const hidden = weightHidden.shape[0];
  const [features, series] = [writer.temporary(), writer.temporary()];
  writer.node('Transpose', [writer.nameOf(input)], [features], { perm: [1, 0, 3, 4, 2] });
  writer.node('Reshape', [features, writer.integers([0, -1, inChannels])], [series]);
  const gates = (value: Value, rowsOf: number): string => writer.floats(gatesFirst(writer.dataOf(value), rowsOf, hidden), [1, 4 * hidden, rowsOf]);
  const biases = [...gatesFirst(writer.dataOf(bias), 1, hidden), ...new Array<number>(4 * hidden).fill(0)];
  const operands = [series, gates(weightInput, inChannels), gates(weightHidden, hidden), writer.floats(biases, [1, 8 * hidden])];
  if (initialHidden || initialCell) operands.push('', ...initialStates(writer, series, hidden, [initialHidden, initialCell]));
  const [allNames, last] = [writer.temporary(), writer.temporary()];
  const { allStates } = node.attributes;
  writer.node('LSTM', operands, allStates ? [allNames] : ['', last], { hidden_size: hidden });
  // Y [T, 1, N·H·W, D] → [N, T·D, H, W];  Y_h [1, N·H·W, D] → [N, D, H, W]
  const [grid, image, output] = [writer.temporary(), writer.temporary(), writer.nameOf(node.outputs[0])];
  if (!allStates) {
    writer.node('Reshape', [last, writer.integers([-1, height, width, hidden])], [grid]);
    writer.node('Transpose', [grid], [output], { perm: [0, 3, 1, 2] });
    return;
  }
  writer.node('Reshape', [allNames, writer.integers([steps, -1, height, width, hidden])], [grid]);
  writer.node('Transpose', [grid], [image], { perm: [1, 0, 4, 2, 3] });
  writer.node('Reshape', [image, writer.integers([0, steps * hidden, height, width])], [output]);
}

/** `[rows, 4D]` with gates i, f, g, o → `[4D, rows]` with gates i, o, f, g. */
function gatesFirst(weights: ArrayLike<number>, rows: number, hidden: number): Float64Array {
  const gateAt = [0, 3, 1, 2];
  return Float64Array.from({ length: weights.length }, (_, index) => {
    const [column, row] = [Math.floor(index / rows), index % rows];
    return weights[row * 4 * hidden + gateAt[Math.floor(column / hidden)] * hidden + (column % hidden)];
  });
}

/** Learned initial states, repeated for every cell: `[1, N·H·W, D]`. */
function initialStates(writer: OnnxNodeWriter, series: string, hidden: number, states: readonly (Value | undefined)[]): string[] {
  const [shape, cells, target] = [writer.temporary(), writer.temporary(), writer.temporary()];
  writer.node('Shape', [series], [shape]);
  writer.node('Slice', [shape, writer.integers([1]), writer.integers([2])], [cells]);
  writer.node('Concat', [writer.integers([1]), cells, writer.integers([hidden])], [target], { axis: 0 });
  return states.map((state) => {
    const expanded = writer.temporary();
    writer.node('Expand', [writer.floats(state ? writer.dataOf(state) : new Float32Array(hidden), [1, 1, hidden]), target], [expanded]);
    return expanded;
  });
}
