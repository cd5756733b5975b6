/**
 * Fuses a ReLU or P-ReLU into the convolution before it where nothing else reads the convolution's own result: one pass
 * over memory instead of two. A reverse pass reads it, so this happens in forward programs only, by itself.
 */
import type { Graph, Node, Value } from '../graph';
import { conv2dOp, type Conv2dAttributes, type FusedActivation } from '../ops/conv2d';
import type { UnaryAttributes } from '../ops/unary';
import type { PhaseRequest } from '../schedule';
import { countReaders, transform } from './transform';

type Phases = Readonly<Record<string, PhaseRequest>>;
type Outputs = Readonly<Record<string, Value>>;

/** The graph that phases and outputs need, with activations fused. */
export function fuseActivations(_g: Graph, phases: Phases, outputs: Outputs): { graph: Graph; phases: Phases; outputs: Outputs } {
  const requested = Object.values(phases).flatMap((phase) => phase.values);
  const roots = [...requested, ...Object.values(outputs)];
  const readers = countReaders(roots);
  const skipped = new Map<Node, Node>(); // activation → its convolution
  for (const value of readers.keys()) {
    const conv = value.node?.inputs[0]?.node;
    if (value.node && conv && canFuse(conv, value.node, readers)) skipped.set(value.node, conv);
  }
  const { graph, copyOf } = transform(roots, (node, copy, target) => {
    const conv = skipped.get(node);
    return conv && fused(conv, node, copy, target);
  });
  const mapped = (value: Value): Value => copyOf.get(value)!;
  return {
    graph,
    phases: Object.fromEntries(Object.entries(phases).map(([name, phase]) => [name, { ...phase, values: phase.values.map(mapped) }])),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, mapped(value)])),
  };
}

function activationOf(node: Node): FusedActivation {
  if (node.op.name === 'prelu') return 'prelu';
  return node.op.name === 'unary' && (node.attributes as UnaryAttributes).kind === 'relu' ? 'relu' : 'none';
}

function canFuse(conv: Node, activation: Node, readers: ReadonlyMap<Value, number>): boolean {
  const plain = conv.op.name === conv2dOp.name && (conv.attributes as Conv2dAttributes).activation === 'none';
  return plain && activationOf(activation) !== 'none' && readers.get(conv.outputs[0]) === 1;
}

/** The convolution is applied again with its activation; its plain copy has no reader left and is never scheduled. */
function fused(conv: Node, activation: Node, copy: (value: Value) => Value, target: Graph): readonly Value[] {
  const operands = conv.inputs.slice(0, 3).map((input) => input && copy(input));
  const slope = activation.inputs[1] && copy(activation.inputs[1]);
  return target.apply(conv2dOp, [...operands, slope], { activation: activationOf(activation) }, [conv.outputs[0].shape], conv.label);
}
