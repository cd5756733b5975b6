/** Peers of a forward model inside this process: ONNX Runtime and TensorFlow.js, from the same graph and weights as ours. */
import { exportOnnx, type Value } from '../graph';
import { OnnxModel, type Field } from '../graph/onnx/onnx-model';
import { wallSeconds, type Contestant } from './rounds';
import { TfjsModel, type TfjsRuntime } from './tfjs-model';
import type { Arrays } from './workload-step';

/** A forward model whose inputs are in place. */
export interface ForwardPeer {
  readonly name: string;
  readonly run: Contestant;
  /** The last run's, channels last. */
  output(): Float32Array;
  dispose(): Promise<void> | void;
}

export interface ForwardModel {
  /** What it computes, and nothing else. */
  readonly output: Value;
  readonly weights: Arrays;
  readonly inputs: Readonly<Record<string, Field>>;
}

/** The peers that a model has, after their first run. */
export async function forwardPeers(model: ForwardModel, threads: number | undefined, tfjs: TfjsRuntime | undefined): Promise<ForwardPeer[]> {
  const peers = [await onnxPeer(model, threads), ...(tfjs ? [tfjsPeer(model, tfjs)] : [])];
  for (const peer of peers) await peer.run();
  return peers;
}

async function onnxPeer({ output, weights, inputs }: ForwardModel, threads?: number): Promise<ForwardPeer> {
  const model = await OnnxModel.load(exportOnnx({ out: output }, { parameters: weights }), { threads });
  const prepared = model.prepare(inputs);
  return { name: 'onnxruntime', run: () => wallSeconds(prepared.run), output: () => prepared.outputs().out.data, dispose: () => model.dispose() };
}

function tfjsPeer({ output, weights, inputs }: ForwardModel, runtime: TfjsRuntime): ForwardPeer {
  const model = new TfjsModel(runtime, { out: output }, weights);
  model.setInputs(inputs);
  const name = `tfjs-${runtime.backend}`;
  return { name, run: () => wallSeconds(() => model.run()), output: () => model.get('out'), dispose: () => model.dispose() };
}
