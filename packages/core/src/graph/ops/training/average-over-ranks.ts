/** The mean over ranks of the model's buffers: of batch norm's running statistics, where each rank has normalised with moments of its own samples. */
import type { Graph, Value, Op } from '../../definition/graph';
import { GraphError } from '../../definition/graph-error';
import { size } from '../../definition/shape';

/**
 * Replaces all buffers of a graph by their mean over ranks, in one exchange.
 *
 * @returns a value without elements, to be named in a phase; undefined where the graph has no buffers
 */
export function averageBuffers(g: Graph): Value | undefined {
  const buffers = g.modelValues().filter((value) => value.kind === 'buffer');
  return buffers.length > 0 ? g.apply(averageOverRanksOp, buffers, {}, [[0]])[0] : undefined;
}

const averageOverRanksOp: Op = {
  name: 'averageOverRanks',
  effect: true,
  writes: (node) => node.inputs.map((_, i) => i),
  lower(node, emitter) {
    if (!emitter.share) throw new GraphError('GRAPH_NOT_SHARED', 'compile: an average over ranks needs the option share: pass it');
    const buffers = node.inputs as Value[];
    // All buffers lie next to each other (compile.ts), and what pads them is zero.
    const begin = Math.min(...buffers.map((value) => emitter.at(value)));
    const end = Math.max(...buffers.map((value) => emitter.at(value) + size(value.shape)));
    emitter.emit('allReduce', { data: begin }, { elements: end - begin, mean: 1 });
  },
};
