import { Random } from '../base/random';
import type { Graph, Initializer, Value } from './definition/graph';
import { size } from './definition/shape';

/**
 * First values of all parameters and buffers of a graph. Each array draws from a stream of its own, named after it: adding a layer
 * does not change the others.
 *
 * @param seed - the same seed gives the same numbers on every machine
 */
export function initializeParameters(g: Graph, seed: number): Map<string, Float32Array> {
  const random = new Random(seed).fork('parameters');
  return new Map(g.modelValues().map((value) => [value.name!, initialize(value, random.fork(value.name!))]));
}

function initialize(value: Value, random: Random): Float32Array {
  const draw = drawing(value.initializer!, random);
  const data = new Float32Array(size(value.shape));
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return data;
}

function drawing(initializer: Initializer, random: Random): () => number {
  switch (initializer.init) {
    case 'he': {
      const deviation = Math.sqrt(2 / initializer.fanIn);
      return () => deviation * random.normal();
    }
    case 'uniform':
      return () => initializer.bound * (2 * random.uniform() - 1);
    case 'constant':
      return () => initializer.value;
  }
}
