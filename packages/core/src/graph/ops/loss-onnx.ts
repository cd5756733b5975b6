import type { Node, Value } from '../graph';
import type { OnnxNodeWriter } from '../onnx/node-writer';
import type { LossAttributes } from './loss';

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
export function writeLoss(node: Node<LossAttributes>, writer: OnnxNodeWriter): void {
  const inputs = node.inputs as Value[];
  const phi = writePhi(writeDifference(inputs, writer), node.attributes, writer);
  const [weighted, total] = [writer.temporary(), writer.temporary()];
  writer.node('Mul', [phi, writer.nameOf(inputs[2])], [weighted]);
  writer.node('ReduceSum', [weighted], [total], { keepdims: 0 });
  writer.node('Div', [total, writer.floats([node.attributes.divisor], [])], [writer.nameOf(node.outputs[0])]);
}

/** weight · φ'(d) · gradOutput / divisor */
export function writeLossBackward(node: Node<LossAttributes>, writer: OnnxNodeWriter): void {
  const inputs = node.inputs as Value[];
  const slope = writeSlope(writeDifference(inputs, writer), node.attributes, writer);
  const [weighted, factor] = [writer.temporary(), writer.temporary()];
  writer.node('Mul', [slope, writer.nameOf(inputs[2])], [weighted]);
  writer.node('Div', [writer.nameOf(inputs[3]), writer.floats([node.attributes.divisor], [])], [factor]);
  writer.node('Mul', [weighted, factor], [writer.nameOf(node.outputs[0])]);
}
