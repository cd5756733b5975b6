/**
 * A forward model in TensorFlow.js, node by node, as its user would write it: the peer beside PyTorch and ONNX Runtime for whoever stays in JavaScript.
 * Channels-last is its own layout too. Forward only: its fast backends lack the reverse pass of a convolution's weights.
 */
import type * as Tf from '@tensorflow/tfjs';
import type { Graph, Node, Value } from '../../graph';
import { fixedArrays } from '../../graph/onnx/export-onnx';
import type { Field } from '../../graph/onnx/onnx-model';
import type { BinaryAttributes } from '../../graph/ops/elementwise/arithmetic';
import type { BatchNormAttributes } from '../../graph/ops/normalisation/batch-norm';
import type { BoxAttributes, ConcatAttributes } from '../../graph/ops/arrays/copies';
import type { Conv2dAttributes } from '../../graph/ops/convolution/conv2d';
import type { LstmAttributes } from '../../graph/ops/lstm/lstm';
import type { MaxPoolAttributes } from '../../graph/ops/convolution/maxpool2x2';
import type { UnaryAttributes } from '../../graph/ops/elementwise/unary';
import { fuseActivations } from '../../graph/rewrites/fuse-activations';
import { foldBatchNorm } from '../../graph/rewrites/fold-batch-norm';
import { schedule } from '../../graph/program/schedule';

type Tfjs = typeof Tf;
type Image = Tf.Tensor4D;

/** A TensorFlow.js that loaded. */
export interface TfjsRuntime {
  /** What the package exports. Its types stay in this file: who compiles against Retroplume's need not have TensorFlow.js. */
  readonly tf: object;
  /** Of tfjs-core. */
  readonly version: string;
  /** `tensorflow` (libtensorflow, of tfjs-node), `wasm` or `cpu` (plain JavaScript). */
  readonly backend: string;
}

/** Packages and the backend that each brings, the fastest first. */
const BACKENDS: readonly [packages: readonly string[], backend: string][] = [
  [['@tensorflow/tfjs-node'], 'tensorflow'],
  [['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'], 'wasm'],
  [['@tensorflow/tfjs'], 'cpu'],
];

/** The fastest TensorFlow.js that is installed and loads; undefined where there is none. */
export async function loadTfjs(): Promise<TfjsRuntime | undefined> {
  for (const [packages, backend] of BACKENDS) {
    try {
      const [tf] = (await Promise.all(packages.map((name) => import(name)))) as [Tfjs];
      tf.env().set('PROD', true); // it recommends other packages otherwise
      if (await tf.setBackend(backend)) return { tf, version: tf.version['tfjs-core'], backend };
    } catch {
      // Not installed, or its library does not load here: the next one.
    }
  }
  return undefined;
}

/** A forward model with its weights, ready to run. */
export class TfjsModel {
  private readonly tf: Tfjs;
  private readonly outputs: Readonly<Record<string, Value>>;
  private readonly nodes: readonly Node[];
  private readonly fixed = new Map<Value, Tf.Tensor>();
  private readonly inputs = new Map<string, Tf.Tensor>();
  private results: Readonly<Record<string, Tf.Tensor>> = {};

  /**
   * @param outputs - of a forward graph, by name
   * @param parameters - parameters and buffers by name, as `exportOnnx` takes them
   * @throws {GraphError} if a parameter is missing
   */
  constructor(runtime: TfjsRuntime, outputs: Readonly<Record<string, Value>>, parameters: ReadonlyMap<string, ArrayLike<number>>) {
    this.tf = runtime.tf as Tfjs;
    const { values } = foldBatchNorm(outputs);
    const fused = fuseActivations({ phases: {}, outputs: values });
    this.outputs = fused.outputs;
    const [prepared, run] = schedule({ run: { values: Object.values(fused.outputs) } });
    this.nodes = run.nodes;
    for (const [value, data] of fixedArrays(fused.graph, prepared.nodes, run.nodes, parameters)) {
      this.fixed.set(value, this.tf.tensor(Float32Array.from(data), [...value.shape]));
    }
    this.orderLstms(fused.graph);
  }

  setInputs(inputs: Readonly<Record<string, Field>>): void {
    for (const [name, { data, shape }] of Object.entries(inputs)) this.inputs.set(name, this.tf.tensor(data, [...shape]));
  }

  /** Once, on the inputs that were set; waits for the results. */
  run(): void {
    this.tf.dispose(Object.values(this.results));
    this.results = this.tf.tidy(() => this.evaluate());
    Object.values(this.results).forEach((result) => result.dataSync());
  }

  /** Of the last run. */
  get(name: string): Float32Array {
    return this.results[name].dataSync() as Float32Array;
  }

  dispose(): void {
    this.tf.dispose([...this.fixed.values(), ...this.inputs.values(), ...Object.values(this.results)]);
  }

  private evaluate(): Record<string, Tf.Tensor> {
    const values = new Map(this.fixed);
    const read = (value: Value | undefined): Tf.Tensor => (value!.kind === 'input' ? this.inputs.get(value!.name!) : values.get(value!))!;
    for (const node of this.nodes) {
      const operands = node.inputs.map((value) => (value ? read(value) : undefined)) as Tf.Tensor[];
      values.set(node.outputs[0], apply(this.tf, node, operands));
    }
    return Object.fromEntries(Object.entries(this.outputs).map(([name, value]) => [name, values.get(value)!]));
  }

  /** tf.basicLSTMCell has its gates in the order i, g, f, o: weights are put in that order once. */
  private orderLstms(graph: Graph): void {
    const { tf } = this;
    const operands = graph.nodes.filter(({ op }) => op.name === 'lstm').flatMap(({ inputs }) => inputs.slice(1, 4));
    for (const value of new Set(operands)) {
      const weights = this.fixed.get(value!)!;
      const ordered = tf.tidy(() => {
        const [i, f, g, o] = tf.split(weights, 4, weights.rank - 1);
        return tf.concat([i, g, f, o], weights.rank - 1);
      });
      weights.dispose();
      this.fixed.set(value!, ordered);
    }
  }
}

/** A node's first output. */
function apply(tf: Tfjs, node: Node, operands: readonly Tf.Tensor[]): Tf.Tensor {
  const form = FORMS[node.op.name];
  if (!form) throw new Error(`tfjs: ${node.op.name} (${node.label}) has no form in TensorFlow.js here`);
  return form(tf, node, operands);
}

type Form = (tf: Tfjs, node: Node, operands: readonly Tf.Tensor[]) => Tf.Tensor;

const BINARY = { add: 'add', subtract: 'sub', multiply: 'mul' } as const;

const FORMS: Readonly<Record<string, Form>> = {
  conv2d: (tf, node, [x, filter, bias, slope]) => {
    const { activation } = node.attributes as Conv2dAttributes;
    const call = { x: x as Image, filter: filter as Image, strides: 1, pad: 'same' as const, bias };
    if (activation === 'none') return tf.fused.conv2d(call);
    return tf.fused.conv2d({ ...call, activation, ...(activation === 'prelu' && { preluActivationWeights: slope }) });
  },
  upconv2x2: (tf, node, [x, filter, bias]) => {
    const turned = tf.transpose(filter as Image, [0, 1, 3, 2]);
    const sum = tf.conv2dTranspose(x as Image, turned, node.outputs[0].shape as [number, number, number, number], 2, 'valid');
    return bias ? tf.add(sum, bias) : sum;
  },
  upconv2x2BackwardInput: (tf, _node, [x, filter]) => tf.conv2d(x as Image, tf.transpose(filter as Image, [0, 1, 3, 2]), 2, 'valid'),
  binary: (tf, node, [a, b]) => tf[BINARY[(node.attributes as BinaryAttributes).kind]](a, b),
  multiplySteps: (tf, node, [steps, factors]) => tf.mul(tf.reshape(tf.transpose(steps, [0, 2, 3, 1, 4]), [...node.outputs[0].shape]), factors),
  lstm: (tf, node, operands) => lstmStates(tf, node, operands),
  maxpool2x2: (tf, node, [x]) => tf.maxPool(x as Image, 2, 2, (node.attributes as MaxPoolAttributes).ceil ? 'same' : 'valid'),
  prelu: (tf, _node, [x, slope]) => tf.prelu(x, slope),
  batchNormFrozen: (tf, node, [x, scale, shift, mean, variance]) =>
    tf.batchNorm(x, mean, variance, shift, scale, (node.attributes as BatchNormAttributes).epsilon),
  unary: (tf, node, [x]) => tf[(node.attributes as UnaryAttributes).kind](x),
  concat: (tf, node, parts) => tf.concat([...parts], (node.attributes as ConcatAttributes).axis),
  slice: (tf, node, [x]) => tf.slice(x, [...(node.attributes as BoxAttributes).begin], [...node.outputs[0].shape]),
  pad: (tf, node, [x]) => {
    const { begin } = node.attributes as BoxAttributes;
    return tf.pad(
      x,
      begin.map((padding, axis) => [padding, node.outputs[0].shape[axis] - padding - x.shape[axis]]),
    );
  },
  reshape: (tf, node, [x]) => tf.reshape(x, [...node.outputs[0].shape]),
};

function lstmStates(tf: Tfjs, node: Node, [x, weightInput, weightHidden, bias, initialHidden, initialCell]: readonly Tf.Tensor[]): Tf.Tensor {
  const [batch, steps, rows, cols, channels] = x.shape;
  const cells = batch * rows * cols;
  const hidden = weightHidden.shape[0];
  const start = (state?: Tf.Tensor): Tf.Tensor2D => (state ? tf.tile(tf.reshape(state, [1, hidden]), [cells, 1]) : tf.zeros([cells, hidden]));
  const kernel = tf.concat([weightInput, weightHidden], 0) as Tf.Tensor2D;
  let [h, c] = [start(initialHidden), start(initialCell)];
  const states: Tf.Tensor[] = [];
  // Slices of more than four axes its WebAssembly backend takes number by number.
  for (const step of tf.unstack(tf.reshape(x, [batch, steps, rows * cols * channels]), 1)) {
    [c, h] = tf.basicLSTMCell(0, kernel, bias as Tf.Tensor1D, tf.reshape(step, [cells, channels]), c, h);
    states.push(h);
  }
  const { allStates } = node.attributes as LstmAttributes;
  return tf.reshape(allStates ? tf.concat(states, 1) : h, [batch, rows, cols, allStates ? steps * hidden : hidden]);
}
