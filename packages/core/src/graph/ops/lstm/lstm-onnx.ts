import type { Node, Value, OnnxNodeWriter } from '../../definition/graph';
import { extentOf } from '../../definition/free-grid';
import type { LstmAttributes, LstmInputs } from './lstm-operands';

/** ONNX's LSTM over cells as batch: X `[T, N·H·W, C]`, gate order i, o, f, c, two biases that add. */
export function writeLstm(node: Node<LstmAttributes>, writer: OnnxNodeWriter): void {
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
