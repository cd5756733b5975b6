/**
 * Fuses a ReLU or P-ReLU into the convolution before it: one pass over memory instead of two. The convolution's own result must have no other reader
 * than the activation. The reverse pass of a ReLU reads the activation's result; that of a P-ReLU reads its input, but where it asks for no gradient of
 * the slopes it can do with the result, which is marked (ops/derivative.ts).
 */
import type { Graph, Node, Value } from '../definition/graph';
import { conv2dOp, type Conv2dAttributes } from '../ops/convolution/conv2d';
import type { FusedActivation } from '../ops/shared/derivative';
import { markedPreluBackwardOp, preluBackwardOp, preluOp } from '../ops/elementwise/prelu';
import { unaryOp, type UnaryAttributes } from '../ops/elementwise/unary';
import { readersOf, transformRequests, type Readers } from './transform';
import type { Requests } from '../definition/requests';

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
  const others = readers.get(plain)!.filter((reader) => reader !== node);
  if (isRelu(node)) return others.length === 0 ? { convolution, activation: 'relu', reverse: [] } : undefined;
  if (node.op !== preluOp) return undefined;
  const reverse = others.filter((reader): reader is Node => reader !== 'root' && isReverseOf(node, reader, readers));
  if (reverse.length < others.length) return undefined;
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
