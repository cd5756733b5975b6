/** Rewriting: a graph is never changed, a new one is made from it node by node. */
import { Graph, type Node, type Value } from '../definition/graph';
import type { Requests } from '../definition/requests';

/** Gives the outputs of a node in the new graph, or undefined to copy the node as it is. */
type Rule = (node: Node, copy: (value: Value) => Value, target: Graph) => readonly Value[] | undefined;

/**
 * Copies the part of a graph that `roots` need, letting `rule` replace nodes.
 *
 * @returns where every copied value went
 */
export function transform(roots: readonly Value[], rule: Rule): { graph: Graph; copyOf: ReadonlyMap<Value, Value> } {
  const graph = new Graph();
  const copyOf = new Map<Value, Value>();
  const copy = (value: Value): Value => {
    if (!copyOf.has(value)) copyOf.set(value, copyLeaf(graph, value));
    return copyOf.get(value)!;
  };
  for (const node of needed(roots)) {
    const replaced = rule(node, copy, graph);
    const outputs =
      replaced ??
      graph.apply(
        node.op,
        node.inputs.map((input) => input && copy(input)),
        node.attributes,
        node.outputs.map((output) => output.shape),
        node.label,
      );
    outputs.forEach((output, i) => copyOf.set(node.outputs[i], output));
  }
  roots.forEach(copy);
  return { graph, copyOf };
}

/** The same requests of a copy of their graph, in which a rule has replaced nodes. */
export function transformRequests({ phases, outputs }: Requests, ruleFor: (roots: readonly Value[]) => Rule): Requests & { graph: Graph } {
  const roots = [...Object.values(phases).flatMap((phase) => phase.values), ...Object.values(outputs)];
  const { graph, copyOf } = transform(roots, ruleFor(roots));
  const mapped = (value: Value): Value => copyOf.get(value)!;
  return {
    graph,
    phases: Object.fromEntries(Object.entries(phases).map(([name, phase]) => [name, { ...phase, values: phase.values.map(mapped) }])),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, mapped(value)])),
  };
}

/** Who reads each value, once for every time. */
export type Readers = ReadonlyMap<Value, readonly (Node | 'root')[]>;

/** The readers among the nodes that `roots` need; a root is read by `root` as well. */
export function readersOf(roots: readonly Value[]): Readers {
  const readers = new Map<Value, (Node | 'root')[]>();
  const read = (value: Value, reader: Node | 'root'): unknown => readers.set(value, [...(readers.get(value) ?? []), reader]);
  for (const root of roots) read(root, 'root');
  for (const node of needed(roots)) for (const input of node.inputs) if (input) read(input, node);
  return readers;
}

function needed(roots: readonly Value[]): Node[] {
  const visited = new Set<Node>();
  const waiting = roots.flatMap((root) => root.node ?? []);
  while (waiting.length > 0) {
    const node = waiting.pop()!;
    if (visited.has(node)) continue;
    visited.add(node);
    for (const input of node.inputs) if (input?.node) waiting.push(input.node);
  }
  return [...visited].sort((a, b) => a.id - b.id);
}

function copyLeaf(graph: Graph, value: Value): Value {
  switch (value.kind) {
    case 'input':
      return graph.input(value.name!, value.shape);
    case 'parameter':
      return graph.parameter(value.name!, value.shape, value.initializer!);
    case 'buffer':
      return graph.buffer(value.name!, value.shape, value.initializer!);
    case 'state':
      return graph.state(value.name!, value.shape);
    case 'constant':
      return graph.constant(value.data!, value.shape);
    case 'computed':
      throw new Error('transform: a computed value was reached before its node');
  }
}
