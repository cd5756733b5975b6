/**
 * The LSTM's reverse pass through time. With δ the gradient that reaches a state, from the step's output and from the step after:
 *
 *   δc_t += δh_t ⊙ o ⊙ (1 − tanh² c_t),   δo = δh_t ⊙ tanh c_t,   δi = δc_t ⊙ g,   δf = δc_t ⊙ c_{t−1},   δg = δc_t ⊙ i
 *   δz = gates' derivatives ⊙ [δi | δf | δg | δo],   δh_{t−1} = δz · weightHiddenᵀ,   δc_{t−1} = δc_t ⊙ f,   gradInput_t = δz · weightInputᵀ
 *
 * It needs the gates and cell states of all steps: 5D numbers a step and cell, much more than anything else in the network. Up to
 * {@link KEEP_ELEMENTS} the forward pass keeps them; beyond, they are computed again, one sample of the batch at a time: one more forward
 * pass in time, 1/N of the memory.
 */
import type { Node, Value } from '../graph';
import type { Emitter, Op } from '../op';
import { size } from '../shape';
import { params, pieces, samples, weightOperands, type LstmAttributes, type LstmInputs, type Piece } from './lstm-operands';

/** 256 MiB of float32: training crops keep their gates (a tenth of a step is saved), whole domains do not. */
const KEEP_ELEMENTS = 2 ** 26;

/** Gradients of the LSTM's inputs, of which only those that are wanted are computed. */
export function lstmGradients(node: Node<LstmAttributes>, gradOutput: Value, wanted: readonly boolean[]): (Value | undefined)[] {
  const [input, weightInput, weightHidden, bias, initialHidden, initialCell] = node.inputs as LstmInputs;
  const [output, gates, cells] = node.outputs;
  // All gradients are outputs; those that nobody asks for are never placed.
  const shapes = [input, weightInput, weightHidden, bias, initialHidden ?? bias, initialCell ?? bias].map((value) => value.shape);
  const recompute = node.attributes.recompute ?? size(gates.shape) > KEEP_ELEMENTS;
  const sample = (value: Value): number[] => [1, ...value.shape.slice(1)];
  const g = input.graph;
  const gradients = recompute
    ? g.apply(lstmRecomputedBackwardOp, [...node.inputs, gradOutput], node.attributes, [...shapes, ...node.outputs.map(sample)], node.label)
    : g.apply(lstmBackwardOp, [...node.inputs, gradOutput, output, gates, cells], node.attributes, shapes, node.label);
  return wanted.map((want, i) => (want ? gradients[i] : undefined));
}

const GRADIENTS = ['gradInput', 'gradWeightInput', 'gradWeightHidden', 'gradBias', 'gradInitialHidden', 'gradInitialCell'];

/** The gradients of a piece: that of the input is its own, those of the weights are shared. */
function targets(emitter: Emitter, outputs: readonly Value[], piece: Piece): Record<string, number | undefined> {
  return Object.fromEntries(GRADIENTS.map((name, i) => [name, i === 0 ? piece.of(outputs[i]) : emitter.optional(outputs[i])]));
}

/** The kernel takes all weights but the bias. */
function reverseWeights(emitter: Emitter, inputs: LstmInputs): Record<string, number | undefined> {
  return { ...weightOperands(emitter, inputs), bias: undefined };
}

/**
 * Pieces add to the weights' gradients; the kernel has one flag for all its outputs, so all begin at zero and are added to. The inversion asks for
 * no gradient but the input's, of which every piece has its own part.
 *
 * @returns that flag
 */
function beginGradients(emitter: Emitter, outputs: readonly Value[], parts: readonly Piece[]): number {
  const placed = outputs.filter((value) => emitter.optional(value) !== undefined);
  const shared = parts.length > 1 && placed.some((value) => value !== outputs[0]);
  if (!shared || emitter.accumulate() === 1) return emitter.accumulate();
  for (const value of placed) emitter.emit('fill', { output: emitter.at(value) }, { elements: size(value.shape), value: 0 });
  return 1;
}

const lstmBackwardOp: Op<LstmAttributes> = {
  name: 'lstmBackward',
  accumulates: true,
  spreadInput: (index) => (index === 6 || index === 7 ? 'samples' : undefined),
  lower(node, emitter) {
    const inputs = node.inputs.slice(0, 6) as LstmInputs;
    const [gradOutput, output, gates, cells] = node.inputs.slice(6) as Value[];
    const parts = pieces(emitter, inputs[0].shape[0], [gradOutput, output]);
    const accumulate = beginGradients(emitter, node.outputs, parts);
    for (const piece of parts) {
      const { batch, of } = piece;
      const made = { input: of(inputs[0]), gradOutput: of(gradOutput), output: of(output), gates: of(gates), cells: of(cells) };
      const operands = { ...reverseWeights(emitter, inputs), ...made, ...targets(emitter, node.outputs, piece) };
      emitter.emit('lstmBackward', operands, { ...params(inputs, node.attributes), batch, accumulate });
    }
  },
};

/** Outputs 6 to 8 are one sample's states, gates and cell states. */
const lstmRecomputedBackwardOp: Op<LstmAttributes> = {
  name: 'lstmRecomputedBackward',
  accumulates: true,
  scratchOutputs: [6, 7, 8],
  spreadInput: (index) => (index === 6 ? 'samples' : undefined),
  lower(node, emitter) {
    const inputs = node.inputs.slice(0, 6) as LstmInputs;
    const gradOutput = node.inputs[6] as Value;
    const [output, gates, cells] = node.outputs.slice(6).map((value) => emitter.at(value));
    const parts = samples(emitter, inputs[0].shape[0]);
    const accumulate = beginGradients(emitter, node.outputs.slice(0, 6), parts);
    const one = { ...params(inputs, node.attributes), batch: 1 };
    for (const piece of parts) {
      const scratch = { input: piece.of(inputs[0]), output, gates, cells };
      emitter.emit('lstmForward', { ...weightOperands(emitter, inputs), ...scratch }, one);
      const gradients = { gradOutput: piece.of(gradOutput), ...targets(emitter, node.outputs, piece) };
      emitter.emit('lstmBackward', { ...reverseWeights(emitter, inputs), ...scratch, ...gradients }, { ...one, accumulate });
    }
  },
};
