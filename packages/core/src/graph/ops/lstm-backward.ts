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
import { params, weightOperands, type LstmAttributes, type LstmInputs } from './lstm-operands';

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

function targets(emitter: Emitter, outputs: readonly Value[]): Record<string, number | undefined> {
  const names = ['gradInput', 'gradWeightInput', 'gradWeightHidden', 'gradBias', 'gradInitialHidden', 'gradInitialCell'];
  return Object.fromEntries(names.map((name, i) => [name, emitter.optional(outputs[i])]));
}

/** The kernel takes all weights but the bias. */
function reverseWeights(emitter: Emitter, inputs: LstmInputs): Record<string, number | undefined> {
  return { ...weightOperands(emitter, inputs), bias: undefined };
}

const lstmBackwardOp: Op<LstmAttributes> = {
  name: 'lstmBackward',
  accumulates: true,
  lower(node, emitter) {
    const inputs = node.inputs.slice(0, 6) as LstmInputs;
    const [gradOutput, output, gates, cells] = (node.inputs.slice(6) as Value[]).map((value) => emitter.at(value));
    const operands = { input: emitter.at(inputs[0]), ...reverseWeights(emitter, inputs), gradOutput, output, gates, cells };
    const gradients = targets(emitter, node.outputs);
    emitter.emit('lstmBackward', { ...operands, ...gradients }, { ...params(inputs, node.attributes), accumulate: emitter.accumulate() });
  },
};

/** Outputs 6 to 8 are one sample's states, gates and cell states. */
const lstmRecomputedBackwardOp: Op<LstmAttributes> = {
  name: 'lstmRecomputedBackward',
  accumulates: true,
  scratchOutputs: [6, 7, 8],
  lower(node, emitter) {
    const inputs = node.inputs.slice(0, 6) as LstmInputs;
    const gradOutput = node.inputs[6] as Value;
    const batch = inputs[0].shape[0];
    const stride = (value: Value): number => size(value.shape) / batch;
    const [output, gates, cells] = node.outputs.slice(6).map((value) => emitter.at(value));
    const gradients = targets(emitter, node.outputs);
    // Samples add to the weights' gradients; the kernel has one flag for all its outputs, so all begin at zero and are added to.
    const adds = batch > 1 || emitter.accumulate() === 1;
    if (adds && emitter.accumulate() === 0) zero(emitter, node.outputs.slice(0, 6));
    const one = { ...params(inputs, node.attributes), batch: 1 };
    for (let n = 0; n < batch; n++) {
      const scratch = { input: emitter.at(inputs[0]) + n * stride(inputs[0]), output, gates, cells };
      emitter.emit('lstmForward', { ...weightOperands(emitter, inputs), ...scratch }, one);
      const gradInput = gradients.gradInput === undefined ? undefined : gradients.gradInput + n * stride(node.outputs[0]);
      const sample = { ...gradients, gradInput, gradOutput: emitter.at(gradOutput) + n * stride(gradOutput) };
      emitter.emit('lstmBackward', { ...reverseWeights(emitter, inputs), ...scratch, ...sample }, { ...one, accumulate: adds ? 1 : 0 });
    }
  },
};

function zero(emitter: Emitter, values: readonly Value[]): void {
  for (const value of values) {
    const output = emitter.optional(value);
    if (output !== undefined) emitter.emit('fill', { output }, { elements: size(value.shape), value: 0 });
  }
}
