/** The forward pass of an op's case as a model, for peers that run models. */
import { conv2d, Graph, lstm, maxpool2x2, prelu, upconv2x2, type Value } from '../../graph';
import { size } from '../../graph/definition/shape';
import type { PeerModel } from '../peers/model-peers';
import type { OpCase } from './op-cases';
import type { Arrays } from '../workloads/workload-step';

/** By the case's `kind`; what is not here is no part of an inference. Inputs are called as the case's arrays are. */
const FORMS: Readonly<Record<string, (g: Graph, p: Readonly<Record<string, number>>, weight: Weight) => Value>> = {
  conv2d: (g, p, weight) => {
    const input = g.input('input', [p.batch, p.height, p.width, p.inChannels]);
    return conv2d(g, input, weight('weight', [p.kernel, p.kernel, p.inChannels, p.outChannels]), weight('bias', [p.outChannels]));
  },
  upconv2x2: (g, p, weight) => {
    const input = g.input('input', [p.batch, p.height, p.width, p.inChannels]);
    return upconv2x2(g, input, weight('weight', [2, 2, p.inChannels, p.outChannels]), weight('bias', [p.outChannels]));
  },
  lstm: (g, p, weight) => {
    const operands = {
      weightInput: weight('weightInput', [p.inChannels, 4 * p.hidden]),
      weightHidden: weight('weightHidden', [p.hidden, 4 * p.hidden]),
      bias: weight('bias', [4 * p.hidden]),
    };
    return lstm(g, g.input('input', [p.batch, p.steps, p.cells, 1, p.inChannels]), operands, p.allStates === 1);
  },
  prelu: (g, p, weight) => prelu(g, g.input('input', [1, p.pixels, 1, p.channels]), weight('slope', [p.channels])),
  maxpool2x2: (g, p) => maxpool2x2(g, g.input('input', [p.batch, p.height, p.width, p.channels])),
};

type Weight = (name: string, shape: readonly number[]) => Value;

/** @param arrays - the case's drawn ones @returns undefined for a case that is no part of an inference */
export function forwardModelOf(spec: OpCase, arrays: Arrays): PeerModel | undefined {
  const form = FORMS[spec.kind];
  if (!form) return undefined;
  const g = new Graph();
  const out = form(g, spec.calls[0].params, (name, shape) => g.parameter(name, shape, { init: 'constant', value: 0 }));
  const { shape } = g.find('input');
  return { outputs: { out }, weights: new Map(arrays), inputs: { input: { data: arrays.get('input')!.subarray(0, size(shape)), shape } } };
}
