/** The forward pass of an op's case as a model, for peers that run models. */
import { Graph } from '../../graph';
import { size } from '../../graph/definition/shape';
import type { PeerModel } from '../peers/model-peers';
import { FORWARD, type TimedCase } from './op-cases';
import type { Arrays } from '../workloads/workload-step';

/** @param arrays - the case's drawn ones @returns undefined for a case that is no part of an inference */
export function forwardModelOf(spec: TimedCase, arrays: Arrays): PeerModel | undefined {
  const forward = FORWARD.get(spec.kind);
  if (!forward) return undefined;
  const g = new Graph();
  const leaves = {
    g,
    input: g.input.bind(g),
    weight: (name: string, shape: readonly number[]) => g.parameter(name, shape, { init: 'constant', value: 0 }),
  };
  const out = forward(leaves, spec.calls[0].params);
  const { shape } = g.find('input');
  return { outputs: { out }, weights: new Map(arrays), inputs: { input: { data: arrays.get('input')!.subarray(0, size(shape)), shape } } };
}
