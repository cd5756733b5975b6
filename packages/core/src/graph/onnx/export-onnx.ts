/**
 * Writes a frozen model as ONNX (opset 17, IR 8), with its gradients if they are asked for. Fields are `[N, C, H, W]` or `[N, T, C, H, W]` at the border, the batch is
 * free, and rows and columns are where that is asked for (onnx-layout.ts). Batch norms are folded and all that follows from parameters alone is computed here, by the same kernels that run natively.
 */
import { createHash } from 'node:crypto';
import { compile } from '../program/compile';
import { type Graph, GraphError, type Node, type OnnxAttribute, type OnnxNodeWriter, type Value } from '../definition/graph';
import type { FloatArray } from '../program/program';
import { foldBatchNorm } from '../rewrites/fold-batch-norm';
import { schedule } from '../program/schedule';
import { type FreeExtent, type FreeGrid, gridAxis, hasImageAxes, toOnnxOrder } from '../definition/onnx-layout';
import { expectOptions, type OptionNames } from '../../base/errors';
import { ATTRIBUTE, TENSOR, modelProto } from './schema';
import { sumOp } from '../ops/elementwise/arithmetic';
import { type BoxAttributes, concat, embedOp } from '../ops/arrays/copies';
import { transform } from '../rewrites/transform';

export interface OnnxExportOptions {
  /** Parameters and buffers by name, as from `Program.getParameters`. */
  parameters: ReadonlyMap<string, ArrayLike<number>>;
  /** Name of the model. */
  name?: string;
  /** Free keys and values that travel with the model: units, windows, versions. */
  metadata?: Readonly<Record<string, string>>;
  /** What inputs and outputs mean, with units; by name. */
  descriptions?: Readonly<Record<string, string>>;
  version?: string;
  /** The grid that the graph was built for, if the model is to run on any: from `freeGrid`. Absent: its rows and columns are fixed. */
  grid?: FreeGrid;
  /** True where the model is to take windows of any number of steps: nothing but an LSTM whose last state alone is read may see the time axis. */
  freeSteps?: boolean;
}

const OPTIONS: OptionNames<OnnxExportOptions> = {
  parameters: true,
  name: true,
  metadata: true,
  descriptions: true,
  version: true,
  grid: true,
  freeSteps: true,
};

interface TensorProto {
  name: string;
  dims: number[];
  data_type: number;
  raw_data: Uint8Array;
}

/**
 * The model that computes `outputs`, as the bytes of an `.onnx` file. Where a gradient is among them, call `foldBatchNorm` and `unrollLstm` before
 * `gradients`.
 *
 * @param outputs - by the name that they get in the model
 * @throws {GraphError} if an op has no ONNX form (gradients of parameters and of `lstm`, batch norm in train mode) or a parameter is missing
 */
export function exportOnnx(outputs: Readonly<Record<string, Value>>, options: OnnxExportOptions): Uint8Array {
  expectOptions(options, 'exportOnnx', OPTIONS);
  const { graph, values } = joinBoxes(foldBatchNorm(outputs).values);
  const [fixed, run] = schedule({ run: { values: Object.values(values) } });
  const inputs = [...new Set(run.nodes.flatMap((node) => node.inputs))].filter((value): value is Value => value?.kind === 'input');
  const writer = new ModelWriter(values, fixedArrays(graph, fixed.nodes, run.nodes, options.parameters), inputs, options.grid);
  run.nodes.forEach((node) => writer.write(node));
  writer.expectWritten([...run.nodes.flatMap((node) => node.inputs), ...Object.values(values)]);
  const describe = (name: string, value: Value): object => valueInfo(name, value, options);
  const model = {
    ir_version: 8,
    producer_name: 'retroplume',
    producer_version: options.version ?? '',
    opset_import: [{ domain: '', version: 17 }],
    metadata_props: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.name ?? 'model',
      node: writer.nodes,
      initializer: writer.initializers,
      input: inputs.map((value) => describe(value.name!, value)),
      output: Object.entries(values).map(([name, value]) => describe(name, value)),
    },
  };
  const codec = modelProto();
  return codec.encode(codec.fromObject(model)).finish();
}

/** Fields have a free batch, and rows, columns and steps as the options say; anything else is as it is. */
function valueInfo(name: string, value: Value, { descriptions, grid, freeSteps = false }: OnnxExportOptions): object {
  const rank = value.shape.length;
  const free = (axis: number): string | undefined => {
    if (axis === 0 && hasImageAxes(rank)) return 'batch';
    return axis === 1 && rank === 5 && freeSteps ? 'steps' : grid && gridAxis(rank, axis);
  };
  const dim = toOnnxOrder(rank).map((axis) => (free(axis) === undefined ? { dim_value: value.shape[axis] } : { dim_param: free(axis) }));
  return { name, doc_string: descriptions?.[name] ?? '', type: { tensor_type: { elem_type: TENSOR.FLOAT, shape: { dim } } } };
}

/** Numbers of all leaves but inputs, and of what the nodes `fixed` compute from them alone and `run` reads. */
export function fixedArrays(
  g: Graph,
  fixed: readonly Node[],
  run: readonly Node[],
  parameters: OnnxExportOptions['parameters'],
): Map<Value, FloatArray> {
  const data = new Map<Value, FloatArray>();
  for (const value of g.values) {
    if (value.data) data.set(value, value.data);
    const values = value.kind === 'parameter' || value.kind === 'buffer' ? parameters.get(value.name!) : undefined;
    if (values) data.set(value, Float32Array.from(values));
  }
  const computed = new Set(fixed.flatMap((node) => node.outputs));
  const wanted = [...new Set(run.flatMap((node) => node.inputs))].filter((value): value is Value => value !== undefined && computed.has(value));
  if (wanted.length === 0) return data;
  const program = compile(g, { outputs: Object.fromEntries(wanted.map((value) => [`value ${value.id}`, value])), phases: { run: wanted } });
  program.setParameters(parameters);
  program.runSync();
  for (const value of wanted) data.set(value, program.get(`value ${value.id}`));
  program.dispose();
  return data;
}

class ModelWriter implements OnnxNodeWriter {
  readonly nodes: object[] = [];
  readonly initializers: TensorProto[] = [];
  private readonly names = new Map<Value, string>();
  private readonly usedNames = new Set<string>();
  private readonly written = new Set<string>();
  /** Names of initialisers by what they hold: the steps of an LSTM that is written out share their weights. */
  private readonly stored = new Map<string, string>();
  private readonly extents = new Map<FreeExtent, string>();
  private current!: Node;
  private temporaries = 0;

  constructor(
    outputs: Readonly<Record<string, Value>>,
    private readonly data: ReadonlyMap<Value, FloatArray>,
    private readonly inputs: readonly Value[],
    readonly grid?: FreeGrid,
  ) {
    for (const [name, value] of Object.entries(outputs)) {
      if (!value.node) throw new GraphError('GRAPH_NOT_COMPUTED', `exportOnnx: output ${name} is not computed by the model: leave it out`);
      if (this.names.has(value))
        throw new GraphError('GRAPH_OUTPUT_TWICE', `exportOnnx: ${name} is the same value as ${this.names.get(value)}; export it once`);
      this.names.set(value, name);
    }
  }

  write(node: Node): void {
    if (!node.op.onnx)
      throw new GraphError('GRAPH_NO_ONNX', `exportOnnx: ${node.op.name} (${node.label}) has no ONNX form; export the frozen forward model`);
    this.current = node;
    node.op.onnx(node, this);
  }

  /** @throws {GraphError} if an output of a node is read that the node's ONNX form leaves out, such as the gradient of a slope */
  expectWritten(values: readonly (Value | undefined)[]): void {
    const missing = values.find((value) => value?.kind === 'computed' && !this.data.has(value) && !this.written.has(this.nameOf(value)));
    if (!missing) return;
    const { op, label } = missing.node!;
    throw new GraphError('GRAPH_NO_ONNX', `exportOnnx: a result of ${op.name} (${label}) has no ONNX form; ask for gradients of inputs only`);
  }

  nameOf(value: Value): string {
    let name = this.names.get(value);
    if (name === undefined) {
      name = value.kind === 'input' ? value.name! : value.kind === 'computed' && !this.data.has(value) ? `value_${value.id}` : this.fixed(value);
      this.names.set(value, name);
    }
    return name;
  }

  dataOf(value: Value): FloatArray {
    const data = this.data.get(value);
    if (data) return data;
    const name = value.name ?? `value ${value.id}`;
    throw new GraphError(
      'GRAPH_MISSING_VALUE',
      `exportOnnx: ${this.current.label} needs ${name}, which is neither given nor follows from parameters: give all that getParameters gives`,
    );
  }

  /** A fixed array read where a field could stand. */
  private fixed(value: Value): string {
    if (hasImageAxes(value.shape.length))
      throw new GraphError('GRAPH_NO_ONNX', `exportOnnx: ${this.current.label} reads a fixed field; make it an input`);
    return this.floats(this.dataOf(value), value.shape);
  }

  floats(data: ArrayLike<number>, shape: readonly number[]): string {
    return this.initializer(TENSOR.FLOAT, shape, Float32Array.from(data));
  }

  integers(data: readonly (number | FreeExtent)[]): string {
    const isFixed = (extent: number | FreeExtent): extent is number => typeof extent === 'number';
    if (data.every(isFixed)) return this.initializer(TENSOR.INT64, [data.length], BigInt64Array.from(data.map(BigInt)));
    const parts = data.map((extent) => (isFixed(extent) ? this.integers([extent]) : this.extent(extent)));
    return parts.length === 1 ? parts[0] : this.computed('Concat', parts, { axis: 0 });
  }

  /** A size that is known only when the model runs, computed where it is first needed: every input holds the grid. @returns its name */
  private extent(name: FreeExtent): string {
    const existing = this.extents.get(name);
    if (existing !== undefined) return existing;
    const extentName = name === 'rows' || name === 'cols' ? this.sizeOfInput(name) : this.missing(name);
    this.extents.set(name, extentName);
    return extentName;
  }

  private sizeOfInput(name: 'rows' | 'cols'): string {
    const field = this.inputs.find(({ shape }) => hasImageAxes(shape.length))!;
    const [start, end] = name === 'rows' ? [-2, -1] : [-1, field.shape.length];
    return this.computed('Shape', [field.name!], { start, end });
  }

  /** −n modulo the block, which in ONNX has the sign of the block. */
  private missing(name: 'missingRows' | 'missingCols'): string {
    const negative = this.computed('Neg', [this.extent(name === 'missingRows' ? 'rows' : 'cols')]);
    return this.computed('Mod', [negative, this.integers([this.grid!.block])]);
  }

  private computed(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): string {
    const result = this.temporary();
    this.node(type, inputs, [result], attributes);
    return result;
  }

  private initializer(type: number, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${type} ${shape.join(' ')} ${createHash('sha256').update(bytes).digest('hex')}`;
    const existing = this.stored.get(key);
    if (existing !== undefined) return existing;
    const name = this.unique(`${this.current.label}.data`);
    this.initializers.push({ name, dims: [...shape], data_type: type, raw_data: bytes });
    this.stored.set(key, name);
    return name;
  }

  temporary(): string {
    return `temporary_${this.temporaries++}`;
  }

  node(type: string, inputs: readonly string[], outputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): void {
    const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeValue(value) }));
    outputs.forEach((output) => this.written.add(output));
    this.nodes.push({ op_type: type, name: this.unique(`${this.current.label}/${type}`), input: inputs, output: outputs, attribute });
  }

  private unique(name: string): string {
    let free = name;
    for (let i = 1; this.usedNames.has(free); i++) free = `${name}_${i}`;
    this.usedNames.add(free);
    return free;
  }
}

function attributeValue(value: OnnxAttribute): object {
  if (typeof value === 'number') return { i: value, type: ATTRIBUTE.INT };
  if (typeof value === 'string') return { s: Buffer.from(value, 'utf8'), type: ATTRIBUTE.STRING };
  if ('float' in value) return { f: value.float, type: ATTRIBUTE.FLOAT };
  return { ints: value, type: ATTRIBUTE.INTS };
}

/**
 * The graph that `values` need, in which sums of boxes among zeros that fill an array side by side are concatenations: that is what gradients of slices
 * add up to. Native has nothing to gain (parts.ts lays boxes where they belong); ONNX would write every box with its zeros and add them all. Call it after
 * `gradients`.
 *
 * @param values - what is wanted of the graph, by name of your choice
 */
export function joinBoxes<K extends string>(values: Readonly<Record<K, Value>>): { graph: Graph; values: Record<K, Value> } {
  const { graph, copyOf } = transform(Object.values<Value>(values), (node, copy, target) => {
    const joined = node.op.name === sumOp.name ? sideBySide(node) : undefined;
    return joined && [concat(target, joined.parts.map(copy), joined.axis)];
  });
  const entries = Object.entries<Value>(values).map(([name, value]) => [name, copyOf.get(value)!]);
  return { graph, values: Object.fromEntries(entries) as Record<K, Value> };
}

/** The boxes that a sum adds in the order in which they lie, and the axis along which they do; undefined where they overlap or leave anything out. */
function sideBySide(sum: Node): { parts: Value[]; axis: number } | undefined {
  const boxes = (sum.inputs as Value[]).map(({ node }) => (node?.op.name === embedOp.name ? (node as Node<BoxAttributes>) : undefined));
  if (!boxes.every((box) => box !== undefined)) return undefined;
  const { shape } = sum.outputs[0];
  const axis = shape.findIndex((extent, a) => boxes[0].inputs[0]!.shape[a] < extent);
  const ordered = [...boxes].sort((a, b) => a.attributes.begin[axis] - b.attributes.begin[axis]);
  const parts = ordered.map((box) => box.inputs[0]!);
  let end = 0;
  for (const [i, part] of parts.entries()) {
    if (ordered[i].attributes.begin[axis] !== end || part.shape.some((extent, a) => a !== axis && extent !== shape[a])) return undefined;
    end += part.shape[axis];
  }
  return end === shape[axis] ? { parts, axis } : undefined;
}
