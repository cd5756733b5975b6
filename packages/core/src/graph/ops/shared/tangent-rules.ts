/** Forward rules that several ops share. */
import type { Node, Value } from '../../definition/graph';
import { GraphError } from '../../definition/graph-error';

type Rule<A> = (node: Node<A>, tangents: readonly (Value | undefined)[]) => Value;

/** The rule of an op of which only the first operand may change: weights, slopes and statistics have no forward rule. */
export function ofFirst<A>(rule: (node: Node<A>, tangent: Value) => Value): Rule<A> {
  return (node, [first, ...others]) => {
    if (first && others.every((other) => !other)) return rule(node, first);
    throw new GraphError(
      'GRAPH_NO_TANGENT',
      `tangents: ${node.op.name} (${node.label}) has a forward rule for its input only, not for its weights: take directions of inputs`,
    );
  };
}

/** Where each element of the output depends on its own of the input alone, the Jacobian is its own transpose: the reverse rule is the forward rule. */
export function elementwise<A>(node: Node<A>, tangents: readonly (Value | undefined)[]): Value {
  const rule = ofFirst<A>((each, tangent) => {
    const wanted = each.inputs.map((_, i) => i === 0);
    return each.op.gradient!(each, [tangent], wanted, () => false)[0]!;
  });
  return rule(node, tangents);
}
