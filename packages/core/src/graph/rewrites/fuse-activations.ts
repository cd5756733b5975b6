/**
 * Fuses a ReLU or P-ReLU into the convolution before it: one pass over memory instead of two. The convolution's own result must have no other reader
 * than the activation. The reverse pass of a ReLU reads the activation's result; that of a P-ReLU reads its input, but where it asks for no gradient of
 * the slopes it can do with the result, which is marked (ops/shared/derivative.ts).
 */
import type { Graph, Node, Op, Value } from '../definition/graph';
import { type Conv2dAttributes, conv2dBackwardInputOp, conv2dBackwardInputWithDerivativeOp, conv2dOp } from '../ops/convolution/conv2d';
import type { DerivativeAttributes, FusedActivation } from '../ops/shared/derivative';
import { markedPreluBackwardOp, preluBackwardOp, preluOp } from '../ops/elementwise/prelu';
import { type UnaryAttributes, unaryBackwardOp, unaryOp } from '../ops/elementwise/unary';
import { type Readers, readersOf, transformRequests } from './transform';
import type { Requests } from '../definition/requests';
import { sumOf, sumOp } from '../ops/elementwise/arithmetic';
import { maxpool2x2BackwardOp, maxpool2x2BackwardWithDerivativeOp } from '../ops/convolution/maxpool2x2';
import { upconv2x2BackwardInputOp, upconv2x2BackwardInputWithDerivativeOp } from '../ops/convolution/upconv2x2';

/** What the requests need, with activations fused. */
export function fuseActivations(requests: Requests): Requests & { graph: Graph } {
  return transformRequests(requests, (roots) => {
    const readers = readersOf(roots);
    const fused = new Map<Node, Fusion>();
    for (const value of readers.keys()) {
      const fusion = value.node && fusionOf(value.node, readers);
      if (fusion) fused.set(value.node, fusion);
    }
    const marked = new Map([...fused].flatMap(([activation, { reverse }]) => reverse.map((node) => [node, activation] as const)));
    return (node, copy, target) => {
      const fusion = fused.get(node);
      if (fusion) return convolve(fusion, node, copy, target);
      const activation = marked.get(node);
      if (!activation) return undefined;
      const inputs = [activation.outputs[0], ...(node.inputs.slice(1) as Value[])].map(copy);
      return target.apply(markedPreluBackwardOp, inputs, {}, [node.outputs[0].shape], node.label);
    };
  });
}

/** An activation's convolution, and the nodes that would read the convolution's own result in the reverse pass. */
interface Fusion {
  readonly convolution: Node;
  readonly activation: FusedActivation;
  readonly reverse: readonly Node[];
}

function fusionOf(node: Node, readers: Readers): Fusion | undefined {
  const plain = node.inputs[0];
  const convolution = plain?.node;
  if (!convolution || convolution.op.name !== conv2dOp.name || (convolution.attributes as Conv2dAttributes).activation !== 'none') return undefined;
  const otherReaders = readers.get(plain)!.filter((reader) => reader !== node);
  if (isRelu(node)) return otherReaders.length === 0 ? { convolution, activation: 'relu', reverse: [] } : undefined;
  if (node.op !== preluOp) return undefined;
  const reverse = otherReaders.filter((reader): reader is Node => reader !== 'root' && isReverseOf(node, reader, readers));
  if (reverse.length < otherReaders.length) return undefined;
  return { convolution, activation: 'prelu', reverse };
}

function isRelu(node: Node): boolean {
  return node.op.name === unaryOp.name && (node.attributes as UnaryAttributes).kind === 'relu';
}

/** True for the reverse pass of this P-ReLU where nobody asks for the gradient of the slopes. */
function isReverseOf(prelu: Node, node: Node, readers: Readers): boolean {
  const [input, slope, gradOutput] = node.inputs;
  const isItsDerivative = node.op === preluBackwardOp && input === prelu.inputs[0] && slope === prelu.inputs[1] && gradOutput !== input;
  return isItsDerivative && !readers.has(node.outputs[1]);
}

/** The convolution is applied again with its activation; its plain copy has no reader left and is never scheduled. */
function convolve({ convolution, activation }: Fusion, node: Node, copy: (value: Value) => Value, target: Graph): readonly Value[] {
  const operands = convolution.inputs.slice(0, 3).map((input) => input && copy(input));
  const slope = node.inputs[1] && copy(node.inputs[1]);
  return target.apply(conv2dOp, [...operands, slope], { activation }, [convolution.outputs[0].shape], convolution.label);
}

const WITH_DERIVATIVE: ReadonlyMap<Op, Op> = new Map<Op<never>, Op<never>>([
  [conv2dBackwardInputOp, conv2dBackwardInputWithDerivativeOp],
  [upconv2x2BackwardInputOp, upconv2x2BackwardInputWithDerivativeOp],
  [maxpool2x2BackwardOp, maxpool2x2BackwardWithDerivativeOp],
]);

/**
 * What the requests need, with derivatives fused: the reverse pass of a ReLU, or of a P-ReLU that a convolution has marked, into the kernel before it,
 * which makes the gradient that it multiplies. Where that gradient is a sum, the kernel adds its part to the others first. Call it after
 * {@link fuseActivations}.
 */
export function fuseDerivatives(requests: Requests): Requests {
  return transformRequests(requests, (roots) => {
    const readers = readersOf(roots);
    return (node, copy, target) => {
      const fusion = derivativeFusionOf(node, readers);
      return fusion && differentiate(fusion, node, copy, target);
    };
  });
}

interface DerivativeFusion extends DerivativeAttributes {
  readonly activated: Value;
  readonly slope?: Value;
  /** Makes the gradient, or the last part of it. */
  readonly producer: Node;
  readonly added: readonly Value[];
}

/** What an activation's reverse pass multiplies by, and the gradient that it does; undefined for other nodes. */
function reverseOf(node: Node): (DerivativeAttributes & { activated: Value; slope?: Value; gradOutput: Value }) | undefined {
  const [first, second, gradOutput] = node.inputs as [Value, Value, Value];
  if (node.op === markedPreluBackwardOp) return { derivative: 'prelu', activated: first, slope: second, gradOutput };
  if (node.op !== unaryBackwardOp || (node.attributes as UnaryAttributes).kind !== 'relu') return undefined;
  return { derivative: 'relu', activated: second, gradOutput };
}

function derivativeFusionOf(node: Node, readers: Readers): DerivativeFusion | undefined {
  const reverse = reverseOf(node);
  if (!reverse) return undefined;
  // A ReLU's reverse pass adds to a sum by itself, which the fused kernel would not.
  if (node.op.accumulates && readers.get(node.outputs[0])?.some((reader) => reader !== 'root' && reader.op === sumOp)) return undefined;
  const { gradOutput, ...attributes } = reverse;
  const isComputed = (value: Value, reader: Node): value is Value & { node: Node } =>
    value.node !== undefined && WITH_DERIVATIVE.has(value.node.op) && isOnlyReader(reader, value, readers) && knows(value.node, attributes.activated);
  if (isComputed(gradOutput, node)) return { ...attributes, producer: gradOutput.node, added: [] };
  const sum = gradOutput.node;
  if (sum?.op !== sumOp || !isOnlyReader(node, gradOutput, readers)) return undefined;
  const parts = sum.inputs as Value[];
  const last = parts.filter((part) => isComputed(part, sum)).sort((a, b) => b.node.id - a.node.id)[0];
  return last && { ...attributes, producer: last.node, added: parts.filter((part) => part !== last) };
}

function isOnlyReader(node: Node, value: Value, readers: Readers): boolean {
  const valueReaders = readers.get(value)!;
  return valueReaders.length === 1 && valueReaders[0] === node;
}

/** A pool takes what it is given for the activation's result. */
function knows(producer: Node, activated: Value): boolean {
  return producer.op !== maxpool2x2BackwardOp || producer.inputs[0] === activated;
}

/** The producer is applied again with the derivative; its plain copy has no reader left and is never scheduled. */
function differentiate(fusion: DerivativeFusion, node: Node, copy: (value: Value) => Value, target: Graph): readonly Value[] {
  const { producer, activated, slope, added, derivative } = fusion;
  const rest = added.length > 0 ? sumOf(added.map(copy)) : undefined;
  const op = WITH_DERIVATIVE.get(producer.op)!;
  const operands = [...(producer.inputs as Value[]), activated].map(copy);
  const attributes = { ...(producer.attributes as object), derivative };
  return target.apply(op, [...operands, slope && copy(slope), rest], attributes, [node.outputs[0].shape], producer.label);
}
