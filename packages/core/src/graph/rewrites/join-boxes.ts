/**
 * A sum of boxes among zeros that fill an array side by side is their concatenation: that is what gradients of slices add up to. Native has nothing
 * to gain (parts.ts lays boxes where they belong); ONNX would write every box with its zeros and add them all.
 */
import type { Graph, Node, Value } from '../definition/graph';
import { sumOp } from '../ops/elementwise/arithmetic';
import { concat, embedOp, type BoxAttributes } from '../ops/arrays/copies';
import { transform } from './transform';

/**
 * The graph that `values` need, with such sums as concatenations; call it after `gradients`.
 *
 * @param values - what is wanted of the graph, by name of your choice
 */
export function joinBoxes<K extends string>(values: Readonly<Record<K, Value>>): { graph: Graph; values: Record<K, Value> } {
  const { graph, copyOf } = transform(Object.values<Value>(values), (node, copy, target) => {
    const joined = node.op.name === sumOp.name ? sideBySide(node) : undefined;
    return joined && [concat(target, joined.parts.map(copy), joined.axis)];
  });
  const entries = Object.entries<Value>(values).map(([name, value]) => [name, copyOf.get(value)!]);
  return { graph, values: Object.fromEntries(entries) as Record<K, Value> };
}

/** The boxes that a sum adds in the order in which they lie, and the axis along which they do; undefined where they overlap or leave anything out. */
function sideBySide(sum: Node): { parts: Value[]; axis: number } | undefined {
  const boxes = (sum.inputs as Value[]).map(({ node }) => (node?.op.name === embedOp.name ? (node as Node<BoxAttributes>) : undefined));
  if (!boxes.every((box) => box !== undefined)) return undefined;
  const { shape } = sum.outputs[0];
  const axis = shape.findIndex((extent, a) => boxes[0].inputs[0]!.shape[a] < extent);
  const ordered = [...boxes].sort((a, b) => a.attributes.begin[axis] - b.attributes.begin[axis]);
  const parts = ordered.map((box) => box.inputs[0]!);
  let end = 0;
  for (const [i, part] of parts.entries()) {
    if (ordered[i].attributes.begin[axis] !== end || part.shape.some((extent, a) => a !== axis && extent !== shape[a])) return undefined;
    end += part.shape[axis];
  }
  return end === shape[axis] ? { parts, axis } : undefined;
}
