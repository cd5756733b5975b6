/** Peers inside this process, from the same graph and weights as ours: ONNX Runtime, and TensorFlow.js for forward models. */
import { exportOnnx, type FreeGrid, type Value } from '../../graph';
import { OnnxModel, type Field } from '../../graph/onnx/onnx-model';
import { wallSeconds, type Contestant } from '../timing/rounds';
import { TfjsModel, type TfjsRuntime } from './tfjs-model';
import type { Arrays } from '../workloads/workload-step';

/** A model whose inputs are in place. */
export interface ModelPeer {
  readonly name: string;
  readonly run: Contestant;
  /** The last run's, by name, channels last. */
  output(name: string): Float32Array;
  dispose(): Promise<void> | void;
}

/** A model with what it is given. */
export interface PeerModel {
  /** What it computes, and nothing else. */
  readonly outputs: Readonly<Record<string, Value>>;
  readonly weights: Arrays;
  readonly inputs: Readonly<Record<string, Field>>;
  /** For ONNX Runtime: the grid that it was built on, where it is to run on any. */
  readonly grid?: FreeGrid;
}

/** ONNX Runtime, after its first run. */
export async function onnxPeer({ outputs, weights, inputs, grid }: PeerModel, threads: number | undefined): Promise<ModelPeer> {
  const model = await OnnxModel.load(exportOnnx(outputs, { parameters: weights, grid }), { threads });
  const { run, outputs: results } = model.prepare(inputs);
  await run();
  return { name: 'onnxruntime', run: () => wallSeconds(run), output: (name) => results()[name].data, dispose: () => model.dispose() };
}

/** TensorFlow.js with a forward model, after its first run. */
export function tfjsPeer({ outputs, weights, inputs }: PeerModel, runtime: TfjsRuntime): ModelPeer {
  const model = new TfjsModel(runtime, outputs, weights);
  model.setInputs(inputs);
  model.run();
  return {
    name: `tfjs-${runtime.backend}`,
    run: () => wallSeconds(() => model.run()),
    output: (name) => model.get(name),
    dispose: () => model.dispose(),
  };
}

/** The peers of a forward model on a fixed grid. */
export async function forwardPeers(model: PeerModel, threads: number | undefined, tfjs: TfjsRuntime | undefined): Promise<ModelPeer[]> {
  return [await onnxPeer(model, threads), ...(tfjs ? [tfjsPeer(model, tfjs)] : [])];
}
