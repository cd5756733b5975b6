/**
 * Weighted misfit: J = Σ weight · φ(prediction − target) / divisor, with φ(d) = |d| (l1), d²/2 (l2), or Huber's function, which is
 * d²/2 up to delta and delta·(|d| − delta/2) beyond. Where the weight is 0, the target may be NaN: it counts as exactly 0.
 */
import type { Graph, Value } from '../graph';
import { GraphError } from '../graph-error';
import type { Op } from '../op';
import { expectShape, size } from '../shape';
import { scale, sum } from './arithmetic';
import { writeLoss, writeLossBackward } from './loss-onnx';

export type LossKind = 'l1' | 'l2' | 'huber';
const KINDS: readonly LossKind[] = ['l1', 'l2', 'huber'];

export interface LossOptions {
  kind: LossKind;
  /** What the weighted sum is divided by. */
  divisor: number;
  /** Where Huber's function turns linear. */
  delta?: number;
}
export interface LossAttributes {
  readonly kind: LossKind;
  readonly divisor: number;
  readonly delta: number;
}

/**
 * Weighted misfit of a prediction.
 *
 * @param weight - shape of `prediction`; a mask, or weights per species and cell
 * @returns a scalar
 * @throws {ShapeError} if the shapes differ
 */
export function loss(g: Graph, prediction: Value, target: Value, weight: Value, options: LossOptions): Value {
  expectShape('loss', 'target', target, prediction.shape);
  expectShape('loss', 'weight', weight, prediction.shape);
  return g.apply(lossOp, [prediction, target, weight], { delta: 1, ...options }, [[]])[0];
}

/** Σ weight · value over scalars: a cost of several terms. @returns a scalar @throws {ShapeError} for a term that is none, or for no terms */
export function weightedSum(g: Graph, terms: readonly { value: Value; weight: number }[]): Value {
  const parts = terms.map(({ value, weight }) => {
    expectShape('weightedSum', 'value', value, []);
    return scale(g, value, weight);
  });
  return parts.length === 1 ? parts[0] : sum(g, parts);
}

function params(value: Value, { kind, divisor, delta }: LossAttributes): Record<string, number> {
  return { elements: size(value.shape), kind: KINDS.indexOf(kind), delta, divisor };
}

export const lossOp: Op<LossAttributes> = {
  name: 'loss',
  gradient(node, [gradOutput], wanted) {
    const [prediction, target, weight] = node.inputs as [Value, Value, Value];
    if (!gradOutput) return [];
    if (wanted[2])
      throw new GraphError('GRAPH_NO_GRADIENT', 'gradients: loss has none for its weight: make the weight of what is not differentiated');
    const g = prediction.graph;
    const [gradient] = g.apply(lossBackwardOp, [prediction, target, weight, gradOutput], node.attributes, [prediction.shape], node.label);
    return [gradient, wanted[1] ? scale(g, gradient, -1) : undefined];
  },
  tangent() {
    throw new GraphError('GRAPH_NO_TANGENT', 'tangents: loss has no forward rule: ask for the tangent of the prediction');
  },
  lower(node, emitter) {
    const [prediction, target, weight] = node.inputs as [Value, Value, Value];
    const operands = {
      prediction: emitter.at(prediction),
      target: emitter.at(target),
      weight: emitter.at(weight),
      output: emitter.at(node.outputs[0]),
    };
    emitter.emit('lossForward', operands, params(prediction, node.attributes));
  },
  onnx: writeLoss,
};

const lossBackwardOp: Op<LossAttributes> = {
  name: 'lossBackward',
  lower(node, emitter) {
    const [prediction, target, weight, gradOutput] = node.inputs as [Value, Value, Value, Value];
    const operands = {
      prediction: emitter.at(prediction),
      target: emitter.at(target),
      weight: emitter.at(weight),
      gradOutput: emitter.at(gradOutput),
      gradPrediction: emitter.at(node.outputs[0]),
    };
    emitter.emit('lossBackward', operands, params(prediction, node.attributes));
  },
  onnx: writeLossBackward,
};
