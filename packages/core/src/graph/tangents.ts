/**
 * Forward mode: walks the nodes in their order and lets each op's rule build the nodes of its derivative along a direction. Only nodes on a path from
 * a value that changes to one that is asked for are visited; what does not change has no tangent, and costs nothing.
 */
import { ShapeError } from '../base/errors';
import { type Graph, GraphError, type Node, type Value } from './definition/graph';
import { formatShape, sameShape } from './definition/shape';

/**
 * Derivatives of `of` along a direction, as new values of the graph: J·v, a Jacobian-vector product.
 *
 * ```ts
 * const [change] = tangents(g, [concentrations], new Map([[emissions, g.input('v', emissions.shape)]]));
 * ```
 *
 * @param directions - v: for each value that changes its rate of change, with its shape
 * @returns one tangent for each of `of`, with its shape
 * @throws {GraphError} if one of `of` does not depend on what changes, or an op on the way has no forward rule (LSTM: call `unrollLstm` before)
 * @throws {ShapeError} if a direction has another shape than its value
 */
export function tangents(g: Graph, outputs: readonly Value[], directions: ReadonlyMap<Value, Value>): Value[] {
  for (const [value, { shape }] of directions) {
    if (!sameShape(shape, value.shape))
      throw new ShapeError('SHAPE_DIRECTION', `tangents: expected direction ${formatShape(value.shape)} but received ${formatShape(shape)}`);
  }
  const tangentOf = new Map(directions);
  for (const node of ancestors(g, outputs)) visit(node, tangentOf);
  return outputs.map((value) => {
    const tangent = tangentOf.get(value);
    if (!tangent)
      throw new GraphError('GRAPH_NO_PATH', `tangents: ${value.name ?? `value ${value.id}`} does not depend on what changes; leave it out`);
    return tangent;
  });
}

/** The nodes that compute `values`, in their order. */
function ancestors(g: Graph, values: readonly Value[]): Node[] {
  const needed = new Set(values);
  const nodes = g.nodes.toReversed().filter((node) => {
    const wanted = node.outputs.some((output) => needed.has(output));
    if (wanted) node.inputs.forEach((input) => input && needed.add(input));
    return wanted;
  });
  return nodes.reverse();
}

function visit(node: Node, tangentOf: Map<Value, Value>): void {
  const inputTangents = node.inputs.map((input) => input && tangentOf.get(input));
  if (inputTangents.every((tangent) => !tangent)) return;
  if (!node.op.tangent)
    throw new GraphError('GRAPH_NO_TANGENT', `tangents: ${node.op.name} (${node.label}) has no forward rule: keep it out of what is differentiated`);
  tangentOf.set(node.outputs[0], node.op.tangent(node, inputTangents));
}

type Rule<A> = (node: Node<A>, tangents: readonly (Value | undefined)[]) => Value;

/** The rule of an op of which only the first operand may change: weights, slopes and statistics have no forward rule. */
export function ofFirst<A>(rule: (node: Node<A>, tangent: Value) => Value): Rule<A> {
  return (node, [first, ...remaining]) => {
    if (first && remaining.every((tangent) => !tangent)) return rule(node, first);
    throw new GraphError(
      'GRAPH_NO_TANGENT',
      `tangents: ${node.op.name} (${node.label}) has a forward rule for its input only, not for its weights: take directions of inputs`,
    );
  };
}

/** Where each element of the output depends on its own of the input alone, the Jacobian is its own transpose: the reverse rule is the forward rule. */
export function elementwise<A>(node: Node<A>, tangents: readonly (Value | undefined)[]): Value {
  const rule = ofFirst<A>((node, tangent) => {
    const wanted = node.inputs.map((_, i) => i === 0);
    return node.op.gradient!(node, [tangent], wanted, () => false)[0]!;
  });
  return rule(node, tangents);
}
