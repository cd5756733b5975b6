/**
 * Which nodes run, in which phase and order. A phase computes what its values need and no earlier phase has computed; nodes that
 * nothing needs do not appear. What follows from parameters alone (folded weights) goes to a phase of its own that runs only when
 * parameters have changed.
 */
import type { Node, Value } from '../definition/graph';
import type { PhaseRequest } from '../definition/requests';
import { sumOp } from '../ops/elementwise/arithmetic';
import { boxOp } from '../ops/arrays/copies';

/** Runs by itself before the next phase whenever parameters have been set. */
export const PREPARE = '(prepare)';

export interface ScheduledPhase {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** A repeatable phase may run again without the phases that it builds on. */
  readonly repeatable: boolean;
}

/** Orders the nodes of all phases; the first phase of the result is {@link PREPARE}, which may be empty. */
export function schedule(phases: Readonly<Record<string, PhaseRequest>>): ScheduledPhase[] {
  const visited = new Set<Node>();
  const requests = Object.entries(phases).map(([name, request]) => ({
    name,
    repeatable: request.repeatable ?? false,
    nodes: collect(request.values, visited),
  }));
  const fixed = fixedNodes(requests.flatMap((request) => request.nodes));
  const prepare = requests.flatMap((request) => request.nodes.filter((node) => fixed.has(node)));
  const rest = requests.map((request) => ({ ...request, nodes: inOrder(request.nodes.filter((node) => !fixed.has(node))) }));
  return [{ name: PREPARE, repeatable: true, nodes: inOrder(prepare) }, ...rest];
}

/** Nodes that `values` need, less those already done, which it extends. */
function collect(values: readonly Value[], visited: Set<Node>): Node[] {
  const nodes: Node[] = [];
  const waiting = values.flatMap((value) => value.node ?? []);
  while (waiting.length > 0) {
    const node = waiting.pop()!;
    if (visited.has(node)) continue;
    visited.add(node);
    nodes.push(node);
    for (const input of node.inputs) if (input?.node) waiting.push(input.node);
  }
  return nodes;
}

/** Creation order is topological, but for what waits for a slice; updates come last, after all that reads what they change. */
function inOrder(nodes: readonly Node[]): Node[] {
  const rank = (node: Node): number => (node.op.effect ? 1 : 0);
  const pending = waiting(nodes);
  const positionOf = (node: Node): number => pending.get(node) ?? node.id;
  return [...nodes].sort((a, b) => rank(a) - rank(b) || positionOf(a) - positionOf(b) || a.id - b.id);
}

/**
 * Nodes that make a part of a sum that has a slice among its parts, each with a place right after the last such slice: a sum can grow where its
 * first part lies in the array that it is cut from (parts.ts), but not be moved there.
 */
function waiting(nodes: readonly Node[]): Map<Node, number> {
  const readers = new Map<Value, number>();
  for (const { inputs } of nodes) for (const input of inputs) if (input) readers.set(input, (readers.get(input) ?? 0) + 1);
  const pending = new Map<Node, number>();
  for (const sum of nodes.filter(({ op }) => op === sumOp)) {
    const makers = sum.inputs.flatMap((part) => part?.node ?? []);
    const last = Math.max(...makers.filter(({ op }) => op === boxOp).map(({ id }) => id));
    for (const maker of makers) {
      const onlyAdds = maker.op.accumulates && maker.op !== boxOp && maker.outputs.length === 1 && readers.get(maker.outputs[0]) === 1;
      if (onlyAdds && maker.id < last) pending.set(maker, last + 0.5);
    }
  }
  return pending;
}

/** Nodes whose inputs all come from parameters, buffers and constants that no node writes. */
function fixedNodes(nodes: readonly Node[]): Set<Node> {
  const written = new Set<Value>();
  for (const node of nodes) for (const i of node.op.writes?.(node) ?? []) written.add(node.inputs[i]!);
  const fixed = new Set<Node>();
  const isFixed = (value: Value): boolean => {
    if (value.kind === 'computed') return fixed.has(value.node!);
    return value.kind !== 'input' && value.kind !== 'state' && !written.has(value);
  };
  for (const node of inOrder(nodes)) {
    if (!node.op.writes && !node.op.effect && node.inputs.every((input) => !input || isFixed(input))) fixed.add(node);
  }
  return fixed;
}
