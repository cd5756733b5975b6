/**
 * What is done to LSTMs. `unrollLstm` writes one out, step by step and gate by gate (the equations stand in ops/lstm/lstm.ts), as ops that have a reverse rule and an ONNX form: ONNX has no
 * gradient of its LSTM. Each product is a 1x1 convolution, which leaves channels where ONNX has them. An input that was joined from parts has a
 * product a part, so that the reverse pass computes no gradient of those that nobody asks for (meteorology).
 *
 * For ONNX and forward mode only: native's own LSTM is several times faster.
 */
import type { Graph, Node, Value } from '../definition/graph';
import { add, multiply } from '../ops/elementwise/arithmetic';
import { channelAffine } from '../ops/elementwise/channel-affine';
import { conv2d } from '../ops/convolution/conv2d';
import { type ConcatAttributes, concat, concatOp, reshape, slice } from '../ops/arrays/copies';
import { type LstmAttributes, type LstmInputs, lstmBackwardOp, lstmOp } from '../ops/lstm/lstm';
import { sigmoid, tanh } from '../ops/elementwise/unary';
import { transform, transformRequests } from './transform';
import type { Shape } from '../definition/shape';
import type { Requests } from '../definition/requests';

type Copy = (value: Value) => Value;

/**
 * The graph that `values` need, with LSTMs written out; call it before `gradients`. Inputs and parameters keep their names.
 *
 * @param values - what is wanted of the graph, by name of your choice
 */
export function unrollLstm<K extends string>(values: Readonly<Record<K, Value>>): { graph: Graph; values: Record<K, Value> } {
  const { graph, copyOf } = transform(Object.values<Value>(values), (node, copy, target) =>
    node.op.name === lstmOp.name ? [unrolled(node as Node<LstmAttributes>, copy, target)] : undefined,
  );
  const entries = Object.entries<Value>(values).map(([name, value]) => [name, copyOf.get(value)!]);
  return { graph, values: Object.fromEntries(entries) as Record<K, Value> };
}

/** A part of the input and the rows of the weights that belong to it. */
interface Part {
  readonly steps: Value;
  readonly weight: Value;
}

function unrolled(node: Node<LstmAttributes>, copy: Copy, g: Graph): Value {
  const [input, ...weights] = node.inputs as LstmInputs;
  const [weightInput, weightHidden, bias, initialHidden, initialCell] = weights.map((value) => value && copy(value));
  const parts = partsOf(g, input, weightInput!, copy);
  const hidden = weightHidden!.shape[0];
  const firstBias = initialHidden ? add(g, bias!, product(g, initialHidden, weightHidden!)) : bias!;
  const states: Value[] = [];
  let cell: Value | undefined;
  for (let t = 0; t < input.shape[1]; t++) {
    const terms = parts.map(({ steps, weight }) => ({ value: stepOf(g, steps, t), weight }));
    if (t > 0) terms.push({ value: states[t - 1], weight: weightHidden! });
    const gate = (k: number): Value => {
      const columns = (value: Value): Value => slice(g, value, value.shape.length - 1, k * hidden, (k + 1) * hidden);
      const products = terms.map(({ value, weight }, i) =>
        pointwise(g, value, columns(weight), i === 0 ? columns(t === 0 ? firstBias : bias!) : undefined),
      );
      return products.reduce((sum, product) => add(g, sum, product));
    };
    const [i, f, o] = [gate(0), gate(1), gate(3)].map((value) => sigmoid(g, value));
    const entering = multiply(g, i, tanh(g, gate(2)));
    const retained = cell ? multiply(g, f, cell) : initialCell && scaled(g, f, initialCell);
    cell = retained ? add(g, retained, entering) : entering;
    states.push(multiply(g, o, tanh(g, cell)));
  }
  return node.attributes.allStates ? concat(g, states) : states[states.length - 1];
}

function partsOf(g: Graph, input: Value, weightInput: Value, copy: Copy): Part[] {
  const joined = input.node?.op.name === concatOp.name && (input.node as Node<ConcatAttributes>).attributes.axis === input.shape.length - 1;
  const values = joined ? (input.node.inputs as Value[]) : [input];
  let row = 0;
  return values.map((value) => {
    const begin = row;
    row += value.shape[value.shape.length - 1];
    return { steps: copy(value), weight: slice(g, weightInput, 0, begin, row) };
  });
}

/** `[N, T, H, W, C]` → `[N, H, W, C]` */
function stepOf(g: Graph, steps: Value, t: number): Value {
  const [batch, , height, width, channels] = steps.shape;
  return reshape(g, slice(g, steps, 1, t, t + 1), [batch, height, width, channels]);
}

/** The product of each cell's features with `[C, D]`. */
function pointwise(g: Graph, value: Value, weight: Value, bias?: Value): Value {
  return conv2d(g, value, reshape(g, weight, [1, 1, ...weight.shape]), bias);
}

/** `[D]` · `[D, E]` → `[E]` */
function product(g: Graph, vector: Value, matrix: Value): Value {
  return reshape(g, pointwise(g, reshape(g, vector, [1, 1, 1, vector.shape[0]]), matrix), [matrix.shape[1]]);
}

/** One fixed number a channel times `value`. */
function scaled(g: Graph, value: Value, factors: Value): Value {
  return channelAffine(g, value, factors, g.constant(new Float64Array(factors.shape[0]), factors.shape));
}

/**
 * What the requests need, with packed gates and cell states: half the memory of what an LSTM keeps for its reverse pass, for devices that round factors of
 * products. Their kernels pack them into sixteen bits each (LstmTrace, native/src/ops/lstm/lstm_cuda.h). Other kernels can run such a program, too, but keep nothing.
 */
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
