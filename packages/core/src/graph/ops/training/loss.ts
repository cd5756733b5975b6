/**
 * Weighted misfit: J = Σ weight · φ(prediction − target) / divisor, with φ(d) = |d| (l1), d²/2 (l2), or Huber's function, which is
 * d²/2 up to delta and delta·(|d| − delta/2) beyond. Where the weight is 0, the target may be NaN: it counts as exactly 0.
 */
import { expectOptions, type OptionNames } from '../../../base/errors';
import { type Graph, type Node, type OnnxNodeWriter, type Value, type Op, GraphError } from '../../definition/graph';
import { expectShape, size } from '../../definition/shape';
import { scale, sum } from '../elementwise/arithmetic';

export type LossKind = 'l1' | 'l2' | 'huber';
const KINDS: readonly LossKind[] = ['l1', 'l2', 'huber'];

export interface LossOptions {
  kind: LossKind;
  /** What the weighted sum is divided by. */
  divisor: number;
  /** Where Huber's function turns linear. */
  delta?: number;
}
const OPTIONS: OptionNames<LossOptions> = { kind: true, divisor: true, delta: true };

interface LossAttributes {
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
  expectOptions(options, 'loss', OPTIONS);
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

/** prediction − target, and 0 where the weight is 0: there the target may be NaN, which no product with 0 would remove. @returns its name */
function writeDifference([prediction, target, weight]: readonly Value[], writer: OnnxNodeWriter): string {
  const zero = writer.floats([0], []);
  const [difference, unused, counted] = [writer.temporary(), writer.temporary(), writer.temporary()];
  writer.node('Sub', [writer.nameOf(prediction), writer.nameOf(target)], [difference]);
  writer.node('Equal', [writer.nameOf(weight), zero], [unused]);
  writer.node('Where', [unused, zero, difference], [counted]);
  return counted;
}

/** φ'(d): its sign, itself, or itself within ±delta. @returns its name */
function writeSlope(difference: string, { kind, delta }: LossAttributes, writer: OnnxNodeWriter): string {
  if (kind === 'l2') return difference;
  const slope = writer.temporary();
  if (kind === 'l1') writer.node('Sign', [difference], [slope]);
  else writer.node('Clip', [difference, writer.floats([-delta], []), writer.floats([delta], [])], [slope]);
  return slope;
}

/** φ(d). With s the slope, |d| is s·d, and the other two are s·(d − s/2): for l2 s = d; Huber's is δ·(|d| − δ/2) where |s| = δ. @returns its name */
function writePhi(difference: string, attributes: LossAttributes, writer: OnnxNodeWriter): string {
  const slope = writeSlope(difference, attributes, writer);
  const phi = writer.temporary();
  if (attributes.kind === 'l1') {
    writer.node('Mul', [slope, difference], [phi]);
    return phi;
  }
  const [half, rest] = [writer.temporary(), writer.temporary()];
  writer.node('Mul', [slope, writer.floats([0.5], [])], [half]);
  writer.node('Sub', [difference, half], [rest]);
  writer.node('Mul', [slope, rest], [phi]);
  return phi;
}

/** The weighted misfit as a scalar. */
function writeLoss(node: Node<LossAttributes>, writer: OnnxNodeWriter): void {
  const inputs = node.inputs as Value[];
  const phi = writePhi(writeDifference(inputs, writer), node.attributes, writer);
  const [weighted, total] = [writer.temporary(), writer.temporary()];
  writer.node('Mul', [phi, writer.nameOf(inputs[2])], [weighted]);
  writer.node('ReduceSum', [weighted], [total], { keepdims: 0 });
  writer.node('Div', [total, writer.floats([node.attributes.divisor], [])], [writer.nameOf(node.outputs[0])]);
}

/** weight · φ'(d) · gradOutput / divisor */
function writeLossBackward(node: Node<LossAttributes>, writer: OnnxNodeWriter): void {
  const inputs = node.inputs as Value[];
  const slope = writeSlope(writeDifference(inputs, writer), node.attributes, writer);
  const [weighted, factor] = [writer.temporary(), writer.temporary()];
  writer.node('Mul', [slope, writer.nameOf(inputs[2])], [weighted]);
  writer.node('Div', [writer.nameOf(inputs[3]), writer.floats([node.attributes.divisor], [])], [factor]);
  writer.node('Mul', [weighted, factor], [writer.nameOf(node.outputs[0])]);
}

const lossOp: Op<LossAttributes> = {
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
