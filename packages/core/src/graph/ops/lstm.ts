/**
 * One LSTM that every grid cell runs over its own history. For step t, with σ the logistic function and ⊙ the product by element:
 *
 *   z_t = input_t · weightInput + h_{t−1} · weightHidden + bias,   z = [i | f | g | o]
 *   c_t = σ(f) ⊙ c_{t−1} + σ(i) ⊙ tanh(g),   h_t = σ(o) ⊙ tanh(c_t)
 *
 * (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate: Gers et al. 2000.) One bias: PyTorch's two add up to it.
 *
 * The reverse pass needs the gates (4D numbers a step and cell) and the cell states: much more than all else in the network.
 * They are therefore not kept by the forward pass but computed again, one sample of the batch at a time: one more forward pass in
 * time, 1/N of the memory.
 */
import type { Graph, Node, Value } from '../graph';
import type { Emitter, Op } from '../op';
import { expectShape, size } from '../shape';
import type { OnnxNodeWriter } from '../onnx/node-writer';

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

export interface LstmAttributes {
  readonly allStates: boolean;
}

/**
 * LSTM over the time axis, shared by all cells of the grid.
 *
 * @param input - `[N, T, H, W, C]`
 * @param allStates - true: hidden states of all steps as channels, oldest first; false: the last state only
 * @returns `[N, H, W, T·D]` or `[N, H, W, D]`
 * @throws {ShapeError} if an operand does not fit
 */
export function lstm(g: Graph, input: Value, operands: LstmOperands, allStates: boolean): Value {
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
  const label = weightInput.name?.replace(/\.weightInput$/, '') ?? 'lstm';
  return g.apply(lstmOp, [input, weightInput, weightHidden, bias, initialHidden, initialCell], { allStates }, [outShape], label)[0];
}

type Inputs = [Value, Value, Value, Value, Value | undefined, Value | undefined];

function params(input: Value, weightHidden: Value, allStates: boolean): Record<string, number> {
  const [batch, steps, height, width, inChannels] = input.shape;
  return { batch, steps, cells: height * width, inChannels, hidden: weightHidden.shape[0], allStates: allStates ? 1 : 0 };
}

function weightOperands(
  emitter: Emitter,
  [, weightInput, weightHidden, bias, initialHidden, initialCell]: Inputs,
): Record<string, number | undefined> {
  return {
    weightInput: emitter.at(weightInput),
    weightHidden: emitter.at(weightHidden),
    bias: emitter.at(bias),
    initialHidden: emitter.optional(initialHidden),
    initialCell: emitter.optional(initialCell),
  };
}

export const lstmOp: Op<LstmAttributes> = {
  name: 'lstm',
  gradient(node, [gradOutput], wanted) {
    if (!gradOutput) return [];
    const [input, weightInput, weightHidden, bias, initialHidden, initialCell] = node.inputs as Inputs;
    const [, steps, height, width] = input.shape;
    const hidden = weightHidden.shape[0];
    // All gradients are outputs; those that nobody asks for are never placed nor computed. The last three are one sample's scratch.
    const shapes = [input, weightInput, weightHidden, bias, initialHidden ?? bias, initialCell ?? bias].map((value) => value.shape);
    const cells = [1, steps, height, width];
    const scratch = [
      [...cells, 4 * hidden],
      [...cells, hidden],
      [1, ...node.outputs[0].shape.slice(1)],
    ];
    const gradients = input.graph.apply(lstmBackwardOp, [...node.inputs, gradOutput], node.attributes, [...shapes, ...scratch], node.label);
    return wanted.map((want, i) => (want ? gradients[i] : undefined));
  },
  lower(node, emitter) {
    const inputs = node.inputs as Inputs;
    const operands = { input: emitter.at(inputs[0]), ...weightOperands(emitter, inputs), output: emitter.at(node.outputs[0]) };
    emitter.emit('lstmForward', operands, params(inputs[0], inputs[2], node.attributes.allStates));
  },
  onnx: writeLstm,
};

/** ONNX's LSTM over cells as batch: X `[T, N·H·W, C]`, gate order i, o, f, c, two biases that add. */
function writeLstm(node: Node<LstmAttributes>, writer: OnnxNodeWriter): void {
  const [input, weightInput, weightHidden, bias, initialHidden, initialCell] = node.inputs as Inputs;
  const [, steps, height, width, inChannels] = input.shape;
  const hidden = weightHidden.shape[0];
  const [rows, series] = [writer.temporary(), writer.temporary()];
  writer.node('Transpose', [writer.nameOf(input)], [rows], { perm: [1, 0, 3, 4, 2] });
  writer.node('Reshape', [rows, writer.integers([steps, -1, inChannels])], [series]);
  const gates = (value: Value, rowsOf: number): string => writer.floats(gatesFirst(writer.dataOf(value), rowsOf, hidden), [1, 4 * hidden, rowsOf]);
  const biases = [...gatesFirst(writer.dataOf(bias), 1, hidden), ...new Array<number>(4 * hidden).fill(0)];
  const operands = [series, gates(weightInput, inChannels), gates(weightHidden, hidden), writer.floats(biases, [1, 8 * hidden])];
  if (initialHidden || initialCell) operands.push('', ...initialStates(writer, series, hidden, [initialHidden, initialCell]));
  const [all, last] = [writer.temporary(), writer.temporary()];
  const { allStates } = node.attributes;
  writer.node('LSTM', operands, allStates ? [all] : ['', last], { hidden_size: hidden });
  // Y [T, 1, N·H·W, D] → [N, T·D, H, W];  Y_h [1, N·H·W, D] → [N, D, H, W]
  const [grid, image, output] = [writer.temporary(), writer.temporary(), writer.nameOf(node.outputs[0])];
  if (!allStates) {
    writer.node('Reshape', [last, writer.integers([-1, height, width, hidden])], [grid]);
    writer.node('Transpose', [grid], [output], { perm: [0, 3, 1, 2] });
    return;
  }
  writer.node('Reshape', [all, writer.integers([steps, -1, height, width, hidden])], [grid]);
  writer.node('Transpose', [grid], [image], { perm: [1, 0, 4, 2, 3] });
  writer.node('Reshape', [image, writer.integers([0, steps * hidden, height, width])], [output]);
}

/** `[rows, 4D]` with gates i, f, g, o → `[4D, rows]` with gates i, o, f, g. */
function gatesFirst(weights: ArrayLike<number>, rows: number, hidden: number): Float64Array {
  const gateAt = [0, 3, 1, 2];
  return Float64Array.from({ length: weights.length }, (_, at) => {
    const [column, row] = [Math.floor(at / rows), at % rows];
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

const lstmBackwardOp: Op<LstmAttributes> = {
  name: 'lstmBackward',
  accumulates: true,
  scratchOutputs: [6, 7, 8],
  lower(node, emitter) {
    const inputs = node.inputs.slice(0, 6) as Inputs;
    const gradOutput = node.inputs[6] as Value;
    const batch = inputs[0].shape[0];
    const [gradInput, gradWeightInput, gradWeightHidden, gradBias, gradInitialHidden, gradInitialCell, gates, cells, output] = node.outputs;
    const shared = { gradWeightInput, gradWeightHidden, gradBias, gradInitialHidden, gradInitialCell };
    const targets = Object.fromEntries(Object.entries({ gradInput, ...shared }).map(([name, value]) => [name, emitter.optional(value)]));
    // Samples add to the weights' gradients; the kernel has one flag for all its outputs, so all begin at zero and are added to.
    const adds = batch > 1 || emitter.accumulate() === 1;
    if (adds && emitter.accumulate() === 0) zero(emitter, { gradInput, ...shared });
    const scratch = { gates: emitter.at(gates), cells: emitter.at(cells), output: emitter.at(output) };
    const one = { ...params(inputs[0], inputs[2], node.attributes.allStates), batch: 1 };
    for (let n = 0; n < batch; n++) {
      const input = emitter.at(inputs[0]) + n * (size(inputs[0].shape) / batch);
      const weights = weightOperands(emitter, inputs);
      emitter.emit('lstmForward', { input, ...weights, ...scratch }, one);
      const gradients = { ...targets };
      if (gradients.gradInput !== undefined) gradients.gradInput += n * (size(gradInput.shape) / batch);
      const sample = { gradOutput: emitter.at(gradOutput) + n * (size(gradOutput.shape) / batch) };
      const { bias: _bias, ...needed } = weights;
      emitter.emit('lstmBackward', { input, ...needed, ...scratch, ...sample, ...gradients }, { ...one, accumulate: adds ? 1 : 0 });
    }
  },
};

function zero(emitter: Emitter, values: Record<string, Value>): void {
  for (const value of Object.values(values)) {
    const output = emitter.optional(value);
    if (output !== undefined) emitter.emit('fill', { output }, { elements: size(value.shape), value: 0 });
  }
}
