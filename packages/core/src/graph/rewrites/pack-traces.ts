/**
 * Halves the memory of the gates and cell states that an LSTM keeps for its reverse pass, for devices that round factors of products: their kernels
 * pack them into sixteen bits each (LstmTrace, native/src/ops/lstm/lstm_cuda.h). Other kernels can run such a program, too, but keep nothing.
 */
import type { Graph, Node } from '../definition/graph';
import { lstmOp } from '../ops/lstm/lstm';
import { lstmBackwardOp } from '../ops/lstm/lstm-backward';
import type { LstmAttributes } from '../ops/lstm/lstm-operands';
import type { Shape } from '../definition/shape';
import { transformRequests } from './transform';
import type { Requests } from '../definition/requests';

/** What the requests need, with packed gates and cell states. */
export function packTraces(requests: Requests): Requests & { graph: Graph } {
  return transformRequests(requests, () => (node, copy, target) => {
    if (!keeps(node)) return undefined;
    const [output, ...trace] = node.outputs.map(({ shape }) => shape);
    const shapes = node.op === lstmOp ? [output, ...trace.map(halved)] : [output, ...trace];
    const inputs = node.inputs.map((input) => input && copy(input));
    return target.apply(node.op, inputs, { ...node.attributes, packed: true }, shapes, node.label);
  });
}

function keeps(node: Node): node is Node<LstmAttributes> {
  const isLstm = node.op === lstmOp || node.op === lstmBackwardOp;
  return isLstm && (node.attributes as LstmAttributes).keptCells > 0;
}

/** Units come in sixteens. */
const halved = (shape: Shape): Shape => [...shape.slice(0, -1), shape[shape.length - 1] / 2];
