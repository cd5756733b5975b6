/**
 * Reverse mode: walks the nodes backwards from one value and lets each op's rule build the nodes of its adjoint. Only nodes on a path
 * from a requested value to the loss are visited, and a rule is told which of its inputs are asked for; so the inversion's reverse
 * pass holds no gradient of a weight.
 */
import { expectOptions, ShapeError } from '../base/errors';
import { type Graph, type Node, type Value, GraphError } from './definition/graph';
import { sum } from './ops/elementwise/arithmetic';
import { concatOp } from './ops/arrays/copies';
import { formatShape, sameShape } from './definition/shape';

export interface GradientOptions {
  /** Gradient of the final cost with respect to `of`; same shape. Needed unless `of` is a scalar, where 1 is taken. */
  seed?: Value;
}

/**
 * Gradients of `of` with respect to `values`, as new values of the graph: Jᵀ·seed.
 *
 * @param output - a scalar loss, or any value together with a `seed` (a vector-Jacobian product)
 * @returns one gradient for each of `values`, with its shape
 * @throws {GraphError} if `of` does not depend on one of `values`, or an op on the way has no reverse rule
 */
export function gradients(g: Graph, output: Value, values: readonly Value[], options: GradientOptions = {}): Value[] {
  expectOptions(options, 'gradients', { seed: true });
  const dependent = dependents(g, values);
  const requested = withParts(dependent, values);
  const parts = new Map<Value, Value[]>([[output, [seedOf(g, output, options.seed)]]]);
  const end = output.node ? output.node.id : -1;
  for (let id = end; id >= 0; id--) visit(g, g.nodes[id], dependent, requested, parts);
  return values.map((value) => {
    const gradient = total(g, parts, value);
    if (!gradient) throw new GraphError('GRAPH_NO_PATH', `gradients: the loss does not depend on ${value.name ?? `value ${value.id}`}; leave it out`);
    return gradient;
  });
}

function seedOf(g: Graph, output: Value, seed: Value | undefined): Value {
  if (!seed && output.shape.length > 0) {
    throw new ShapeError('SHAPE_SEED', `gradients: expected a scalar but received ${formatShape(output.shape)}; give a seed of that shape`);
  }
  if (seed && !sameShape(seed.shape, output.shape)) {
    throw new ShapeError('SHAPE_SEED', `gradients: expected seed ${formatShape(output.shape)} but received ${formatShape(seed.shape)}`);
  }
  return seed ?? g.constant(1);
}

/** The values themselves and all that are computed from them. */
function dependents(g: Graph, values: readonly Value[]): Set<Value> {
  const result = new Set(values);
  for (const node of g.nodes) {
    if (node.inputs.some((input) => input && result.has(input))) node.outputs.forEach((output) => result.add(output));
  }
  return result;
}

/** Of a joined value that is asked for itself, rules may not leave out the channels of parts that nobody asks for. */
function withParts(dependent: ReadonlySet<Value>, values: readonly Value[]): ReadonlySet<Value> {
  const joined = values.flatMap(({ node }) => (node?.op === concatOp ? node.inputs : []));
  return new Set([...dependent, ...joined.filter((part) => part !== undefined)]);
}

function visit(g: Graph, node: Node, dependent: ReadonlySet<Value>, requested: ReadonlySet<Value>, parts: Map<Value, Value[]>): void {
  const wanted = node.inputs.map((input) => input !== undefined && dependent.has(input));
  if (!wanted.includes(true) || !node.outputs.some((output) => parts.has(output))) return;
  if (!node.op.gradient)
    throw new GraphError(
      'GRAPH_NO_GRADIENT',
      `gradients: ${node.op.name} (${node.label}) has no reverse rule: keep it out of what is differentiated`,
    );
  const gradOutputs = node.outputs.map((output) => total(g, parts, output));
  const gradInputs = node.op.gradient(node, gradOutputs, wanted, (value) => requested.has(value));
  node.inputs.forEach((input, i) => {
    const gradient = gradInputs[i];
    if (input && wanted[i] && gradient) parts.set(input, [...(parts.get(input) ?? []), gradient]);
  });
}

/** Sum of the parts that reached a value so far; all have arrived once its own node is visited. */
function total(g: Graph, parts: Map<Value, Value[]>, value: Value): Value | undefined {
  const list = parts.get(value);
  if (!list) return undefined;
  if (list.length > 1) parts.set(value, [sum(g, list)]);
  return parts.get(value)![0];
}
