/**
 * Folds frozen batch norm into the convolution before it. With k = scale / √(v + ε):
 *
 *   k·(W∗x + b − μ) + shift = (k·W)∗x + (k·(b − μ) + shift)
 *
 * The new filters and biases are frozen batch norms of the old ones (with μ = shift = 0 for the filters), so they follow the parameters: a
 * program computes them once, whenever parameters are set.
 */
import type { Graph, Node, Value } from '../definition/graph';
import { batchNorm, batchNormFrozenOp, type BatchNormAttributes } from '../ops/normalisation/batch-norm';
import { conv2dOp, type Conv2dAttributes } from '../ops/convolution/conv2d';
import { readersOf, transform, type Readers } from './transform';

/**
 * The graph that `values` need, with batch norms folded; call it before `gradients`. Inputs and parameters keep their names
 * (`graph.find`).
 *
 * @param values - what is wanted of the graph, by name of your choice
 */
export function foldBatchNorm<K extends string>(values: Readonly<Record<K, Value>>): { graph: Graph; values: Record<K, Value> } {
  const roots = Object.values<Value>(values);
  const readers = readersOf(roots);
  const { graph, copyOf } = transform(roots, (node, copy, target) => {
    const conv = node.op.name === batchNormFrozenOp.name ? node.inputs[0]!.node : undefined;
    return conv && canFold(conv, readers) ? [folded(conv, node, copy, target)] : undefined;
  });
  const entries = Object.entries<Value>(values).map(([name, value]) => [name, copyOf.get(value)!]);
  return { graph, values: Object.fromEntries(entries) as Record<K, Value> };
}

function canFold(conv: Node, readers: Readers): boolean {
  return conv.op.name === conv2dOp.name && (conv.attributes as Conv2dAttributes).activation === 'none' && readers.get(conv.outputs[0])!.length === 1;
}

function folded(conv: Node, norm: Node, copy: (value: Value) => Value, target: Graph): Value {
  const [input, weight, bias] = conv.inputs;
  const [, scale, shift, runningMean, runningVariance] = norm.inputs.map((value) => copy(value!));
  const { epsilon } = norm.attributes as BatchNormAttributes;
  const zero = target.constant(new Float64Array(scale.shape[0]), scale.shape);
  const filters = batchNorm(target, copy(weight!), { scale, shift: zero, runningMean: zero, runningVariance }, 'frozen', epsilon);
  const offsets = batchNorm(target, bias ? copy(bias) : zero, { scale, shift, runningMean, runningVariance }, 'frozen', epsilon);
  return target.apply(conv2dOp, [copy(input!), filters, offsets, undefined], { activation: 'none' }, [conv.outputs[0].shape], conv.label)[0];
}
