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
 */
import type { Graph, Value, Op } from '../../definition/graph';
import { GraphError } from '../../definition/graph-error';
import { imageLayout } from '../shared/strides';
import { expectShape } from '../../definition/shape';
import { lstmGradients } from './lstm-backward';
import { params, weightOperands, type LstmAttributes, type LstmInputs } from './lstm-operands';
import { writeLstm } from './lstm-onnx';

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
 * @param kept - cells of each sample of which the forward pass keeps the gates for the reverse pass; by their size unless given
 * @returns `[N, H, W, T·D]` or `[N, H, W, D]`
 * @throws {ShapeError} if an operand does not fit
 */
export function lstm(g: Graph, input: Value, operands: LstmOperands, allStates: boolean, kept?: number): Value {
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
  const keptCells = kept ?? keptOf(g, height * width, batch * steps * 5 * units, inChannels + hidden);
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
    const kept = { gates: emitter.optional(gates), cells: emitter.optional(cells) };
    const operands = { input: emitter.at(inputs[0]), ...weightOperands(emitter, inputs), output: emitter.at(output), ...kept };
    emitter.emit('lstmForward', operands, { ...params(inputs, node.attributes), ...imageLayout(emitter.strides(output), output.shape) });
  },
  onnx: writeLstm,
};
