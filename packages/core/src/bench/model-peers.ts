/** Peers inside this process, from the same graph and weights as ours: ONNX Runtime, and TensorFlow.js for forward models. */
import { exportOnnx, type Value } from '../graph';
import { OnnxModel, type Field } from '../graph/onnx/onnx-model';
import { wallSeconds, type Contestant } from './rounds';
import { TfjsModel, type TfjsRuntime } from './tfjs-model';
import type { Arrays } from './workload-step';

/** A model whose inputs are in place. */
export interface ModelPeer {
  readonly name: string;
  readonly run: Contestant;
  /** The last run's, by name, channels last. */
  output(name: string): Float32Array;
  dispose(): Promise<void> | void;
}

export interface PeerModel {
  /** What it computes, and nothing else. */
  readonly outputs: Readonly<Record<string, Value>>;
  readonly weights: Arrays;
  readonly inputs: Readonly<Record<string, Field>>;
}

/** The peers that a forward model has, after their first run. */
export async function forwardPeers(model: PeerModel, threads: number | undefined, tfjs: TfjsRuntime | undefined): Promise<ModelPeer[]> {
  const peers = [await onnxPeer(model, threads), ...(tfjs ? [tfjsPeer(model, tfjs)] : [])];
  for (const peer of peers) await peer.run();
  return peers;
}

/** The peer that a model with gradients has, after its first run: TensorFlow.js runs forward models only. */
export async function adjointPeers(model: PeerModel, threads: number | undefined): Promise<ModelPeer[]> {
  const peer = await onnxPeer(model, threads);
  await peer.run();
  return [peer];
}

async function onnxPeer({ outputs, weights, inputs }: PeerModel, threads?: number): Promise<ModelPeer> {
  const model = await OnnxModel.load(exportOnnx(outputs, { parameters: weights }), { threads });
  const prepared = model.prepare(inputs);
  const output = (name: string): Float32Array => prepared.outputs()[name].data;
  return { name: 'onnxruntime', run: () => wallSeconds(prepared.run), output, dispose: () => model.dispose() };
}

function tfjsPeer({ outputs, weights, inputs }: PeerModel, runtime: TfjsRuntime): ModelPeer {
  const model = new TfjsModel(runtime, outputs, weights);
  model.setInputs(inputs);
  const name = `tfjs-${runtime.backend}`;
  return { name, run: () => wallSeconds(() => model.run()), output: (output) => model.get(output), dispose: () => model.dispose() };
}
