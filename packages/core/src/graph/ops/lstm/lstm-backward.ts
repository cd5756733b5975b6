/**
 * The LSTM's reverse pass through time. With δ the gradient that reaches a state, from the step's output and from the step after:
 *
 *   δc_t += δh_t ⊙ o ⊙ (1 − tanh² c_t),   δo = δh_t ⊙ tanh c_t,   δi = δc_t ⊙ g,   δf = δc_t ⊙ c_{t−1},   δg = δc_t ⊙ i
 *   δz = gates' derivatives ⊙ [δi | δf | δg | δo],   δh_{t−1} = δz · weightHiddenᵀ,   δc_{t−1} = δc_t ⊙ f,   gradInput_t = δz · weightInputᵀ
 *
 * Gates and cell states of all steps come from the forward pass for the cells of which it keeps them (lstm.ts); the kernel makes the others again.
 */
import type { Node, Value, Emitter, Op } from '../../definition/graph';
import { GraphError } from '../../definition/graph-error';
import { imageLayout } from '../shared/strides';
import { channels } from '../../definition/shape';
import { embedChannels, wantedChannels } from '../arrays/copies';
import { cellsOf, params, weightOperands, type LstmAttributes, type LstmInputs } from './lstm-operands';

interface BackwardAttributes extends LstmAttributes {
  /** First channel of the input that the gradient of the input holds: an inversion asks for the emissions', not for the meteorology's. */
  readonly gradBegin: number;
}

/** Gradients of the LSTM's inputs, of which only those that are wanted are computed. */
export function lstmGradients(
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
  const kept = node.attributes.keptCells > 0 ? [gates, cells] : [];
  const attributes = { ...node.attributes, gradBegin };
  const [part, ...others] = input.graph.apply(lstmBackwardOp, [...node.inputs, gradOutput, ...kept], attributes, shapes, node.label);
  const gradients = [wanted[0] ? embedChannels(input.graph, part, gradBegin, channels(input.shape)) : undefined, ...others];
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
    const kept = { gates: emitter.optional(gates), cells: emitter.optional(cells) };
    const weights = weightOperands(emitter, inputs);
    const operands = {
      input: emitter.at(inputs[0]),
      ...weights,
      // Who cannot read packed gates computes them again.
      bias: node.attributes.packed || node.attributes.keptCells < cellsOf(inputs[0]) ? weights.bias : undefined,
      gradOutput: emitter.at(gradOutput!),
      ...kept,
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
