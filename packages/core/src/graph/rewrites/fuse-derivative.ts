/**
 * Fuses the reverse pass of a ReLU, or of a P-ReLU that a convolution has marked, into the kernel before it, which makes the gradient that it
 * multiplies: one pass over memory instead of two. Where that gradient is a sum, the kernel adds its part to the others first. Call it after
 * `fuseActivations`.
 */
import type { Graph, Node, Value, Op } from '../definition/graph';
import { sumOf, sumOp } from '../ops/elementwise/arithmetic';
import { conv2dBackwardInputOp, conv2dBackwardInputWithDerivativeOp } from '../ops/convolution/conv2d';
import type { DerivativeAttributes } from '../ops/shared/derivative';
import { maxpool2x2BackwardOp, maxpool2x2BackwardWithDerivativeOp } from '../ops/convolution/maxpool2x2';
import { markedPreluBackwardOp } from '../ops/elementwise/prelu';
import { unaryBackwardOp, type UnaryAttributes } from '../ops/elementwise/unary';
import { upconv2x2BackwardInputOp, upconv2x2BackwardInputWithDerivativeOp } from '../ops/convolution/upconv2x2';
import { readersOf, transformRequests, type Readers } from './transform';
import type { Requests } from '../definition/requests';

const WITH_DERIVATIVE: ReadonlyMap<Op, Op> = new Map<Op<never>, Op<never>>([
  [conv2dBackwardInputOp, conv2dBackwardInputWithDerivativeOp],
  [upconv2x2BackwardInputOp, upconv2x2BackwardInputWithDerivativeOp],
  [maxpool2x2BackwardOp, maxpool2x2BackwardWithDerivativeOp],
]);

/** What the requests need, with derivatives fused. */
export function fuseDerivatives(requests: Requests): Requests {
  return transformRequests(requests, (roots) => {
    const readers = readersOf(roots);
    return (node, copy, target) => {
      const fusion = fusionOf(node, readers);
      return fusion && differentiate(fusion, node, copy, target);
    };
  });
}

interface Fusion extends DerivativeAttributes {
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

function fusionOf(node: Node, readers: Readers): Fusion | undefined {
  const reverse = reverseOf(node);
  if (!reverse) return undefined;
  // A ReLU's reverse pass adds to a sum by itself, which the fused kernel would not.
  if (node.op.accumulates && readers.get(node.outputs[0])?.some((reader) => reader !== 'root' && reader.op === sumOp)) return undefined;
  const { gradOutput, ...own } = reverse;
  const made = (value: Value, reader: Node): value is Value & { node: Node } =>
    value.node !== undefined && WITH_DERIVATIVE.has(value.node.op) && isOnlyReader(reader, value, readers) && knows(value.node, own.activated);
  if (made(gradOutput, node)) return { ...own, producer: gradOutput.node, added: [] };
  const sum = gradOutput.node;
  if (sum?.op !== sumOp || !isOnlyReader(node, gradOutput, readers)) return undefined;
  const parts = sum.inputs as Value[];
  const last = parts.filter((part) => made(part, sum)).sort((a, b) => b.node.id - a.node.id)[0];
  return last && { ...own, producer: last.node, added: parts.filter((part) => part !== last) };
}

function isOnlyReader(node: Node, value: Value, readers: Readers): boolean {
  const found = readers.get(value)!;
  return found.length === 1 && found[0] === node;
}

/** A pool takes what it is given for the activation's result. */
function knows(producer: Node, activated: Value): boolean {
  return producer.op !== maxpool2x2BackwardOp || producer.inputs[0] === activated;
}

/** The producer is applied again with the derivative; its plain copy has no reader left and is never scheduled. */
function differentiate(fusion: Fusion, node: Node, copy: (value: Value) => Value, target: Graph): readonly Value[] {
  const { producer, activated, slope, added, derivative } = fusion;
  const rest = added.length > 0 ? sumOf(added.map(copy)) : undefined;
  const op = WITH_DERIVATIVE.get(producer.op)!;
  const operands = [...(producer.inputs as Value[]), activated].map(copy);
  const attributes = { ...(producer.attributes as object), derivative };
  return target.apply(op, [...operands, slope && copy(slope), rest], attributes, [node.outputs[0].shape], producer.label);
}
