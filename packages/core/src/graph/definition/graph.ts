/**
 * A model as data: values and the nodes that compute them. Building a graph computes nothing and needs no native code; `gradients`
 * adds the reverse pass to it, `compile` turns it into a program, `exportOnnx` into an ONNX model.
 *
 * Nodes are appended only, so creation order is a topological order: every pass over the graph relies on it.
 */
import { RetroplumeError, ShapeError } from '../../base/errors';
import type { FreeExtent, FreeGrid } from './onnx-layout';
import { type Shape, formatShape, sameShape, size } from './shape';

/**
 * Where a value comes from: set by the host (`input`), learned (`parameter`), kept by the model but not learned (`buffer`, batch-norm
 * statistics), kept by an optimiser (`state`), fixed when the graph is built (`constant`), or computed by a node.
 */
export type ValueKind = 'input' | 'parameter' | 'buffer' | 'state' | 'constant' | 'computed';

/** How a parameter or buffer begins; see {@link initializeParameters}. */
export type Initializer =
  | { init: 'he'; fanIn: number } // normal, variance 2 / fanIn (He et al. 2015, arXiv:1502.01852)
  | { init: 'uniform'; bound: number } // uniform in ±bound
  | { init: 'constant'; value: number };

/** One array of a graph. Immutable. */
export interface Value {
  readonly id: number;
  readonly graph: Graph;
  readonly kind: ValueKind;
  readonly shape: Shape;
  readonly name?: string;
  /** The node that computes it, for `computed`. */
  readonly node?: Node;
  /** For parameters and buffers. */
  readonly initializer?: Initializer;
  /** For constants. */
  readonly data?: Float64Array;
}

/** One application of an op. `inputs` holds undefined where an optional operand is not given. */
export interface Node<A = unknown> {
  readonly id: number;
  readonly op: Op<A>;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: A;
  readonly label: string;
}

/** A run of arrays that must lie next to each other in the arena, such as all parameters: then one instruction serves them all. */
export interface RegionRequest {
  readonly region: string;
  readonly members: readonly Value[];
}

/** `part` is the box of `whole` that begins at `begin`. */
export interface Box {
  readonly part: Value;
  readonly whole: Value;
  readonly begin: readonly number[];
}

/**
 * How an operand may lie in a larger array: `pixels`: pixels at even distances, the channels of each together; `images`: so each sample's, the samples at
 * other distances; `box`: with any strides.
 */
export type Spread = 'pixels' | 'images' | 'box';

/**
 * Which samples of a batch the program of one rank holds, where several ranks compute it together. Each rank's program is that of its own samples; of the
 * whole batch it needs to know where those stand (for the masks of dropout) and what is made over all of it (moments of batch norm, gradients of
 * parameters): then N ranks compute what one would.
 */
export interface BatchShare {
  readonly rank: number;
  readonly ranks: number;
  /** equal stretches of the batch, each of which the ranks divide among them; 2 where samples come in pairs, one in each half */
  readonly stretches: number;
  /** whether batch norm takes its moments over the whole batch, or over the rank's own samples */
  readonly synchronisedBatchNorm: boolean;
}

/** What an op sees while it is turned into instructions. */
export interface Emitter {
  /** Offset of a value in the arena. */
  at(value: Value): number;
  /** Elements of the arena from one entry of each axis to the next; only an operand that may be spread out (`Op.spreadInput`) has others than its shape's. */
  strides(value: Value): readonly number[];
  /** Offset, or undefined where an operand is absent or nobody reads an output. */
  optional(value: Value | undefined): number | undefined;
  /** 1 where the node must add to what its outputs already hold (they are parts of a sum), else 0. */
  accumulate(): number;
  /** Where several ranks compute a batch together: what this program holds of it. */
  readonly share?: BatchShare;
  /** Appends an instruction; operands that are undefined are left out. */
  emit(kernel: string, operands: Record<string, number | undefined>, params: Record<string, number>): void;
}

/** What an op has to say about itself. One file a kind in `ops/`; see docs/dev/graph.md for how to add one. */
export interface Op<A = unknown> {
  readonly name: string;

  /**
   * The reverse rule: from the gradients of the outputs (undefined where nobody depends on one), the gradients of the inputs.
   *
   * @param wanted - which inputs' gradients are asked for; the others may be left undefined and should cost nothing
   * @param isWanted - the same of any value: of the parts that an input was joined from, some may not be asked for
   */
  gradient?(
    node: Node<A>,
    gradOutputs: readonly (Value | undefined)[],
    wanted: readonly boolean[],
    isWanted: (value: Value) => boolean,
  ): (Value | undefined)[];

  /**
   * The forward rule: from the tangents of the inputs (undefined where one does not change; one at least is given), that of the only output.
   * Absent for ops of training and for reverse ops.
   */
  tangent?(node: Node<A>, tangents: readonly (Value | undefined)[]): Value;

  /** Instructions for the native program. */
  lower(node: Node<A>, emitter: Emitter): void;

  /** Nodes of the ONNX model; absent for ops that neither a frozen model nor its gradient to inputs holds. */
  onnx?(node: Node<A>, writer: OnnxNodeWriter): void;

  /** True where output 0 is the memory of input 0 under another shape. */
  readonly view?: boolean;

  /** Where an operand is a box of another: then nothing need be copied (parts.ts). */
  boxes?(node: Node<A>): Box[];

  /** Operands that `lower` takes as parts of larger arrays; absent or undefined: in one piece only. */
  spreadInput?(index: number, node: Node<A>): Spread | undefined;
  /** The same of outputs. */
  spreadOutput?(index: number): Spread | undefined;

  /** Outputs that the kernel writes even if nobody reads them: they are always given memory. */
  readonly scratchOutputs?: readonly number[];

  /** True where `lower` obeys {@link Emitter.accumulate}. */
  readonly accumulates?: boolean;

  /** Index of the input that output 0 may be written over once nobody needs it any more (kernels that work element by element). */
  readonly inPlace?: number;

  /** Indices of inputs that the node writes (running statistics, parameters under an update). */
  writes?(node: Node<A>): readonly number[];

  /** True where the node must come after all readers of what it writes: updates. */
  readonly effect?: boolean;

  /** Arrays that must be contiguous for `lower`. */
  regions?(node: Node<A>): RegionRequest[];
}

/** An attribute of an ONNX node: whole numbers, floats (marked as such, since 1 could be either), or text. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/**
 * What an op sees while it writes itself as ONNX nodes. In the ONNX model the channels of values with four or more axes come before rows
 * and columns (onnx-layout.ts); values with fewer axes are as they are here.
 */
export interface OnnxNodeWriter {
  /** Name of a value in the ONNX model. */
  nameOf(value: Value): string;
  /** Numbers of a value that follows from parameters and constants alone. @throws {GraphError} if it does not */
  dataOf(value: Value): Float32Array | Float64Array;
  /** Adds a float tensor to the model's initialisers. @returns its name */
  floats(data: ArrayLike<number>, shape: readonly number[]): string;
  /** The grid, where its rows and columns are free in the model. */
  readonly grid?: FreeGrid;
  /** A list of whole numbers (shapes, axes): an initialiser, or nodes where some are known only when the model runs. @returns its name */
  integers(data: readonly (number | FreeExtent)[]): string;
  /** A name for a tensor between the nodes of one op. */
  temporary(): string;
  /** Appends a node; its name is made unique. An input or output '' is absent. */
  node(type: string, inputs: readonly string[], outputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): void;
}

/**
 * A description of a computation.
 *
 * ```ts
 * const g = new Graph();
 * const x = g.input('x', [8, 32, 32, 4]);
 * const w = g.parameter('w', [3, 3, 4, 16], { init: 'he', fanIn: 36 });
 * const y = relu(g, conv2d(g, x, w));
 * ```
 */
export class Graph {
  readonly values: Value[] = [];
  readonly nodes: Node[] = [];
  private readonly named = new Map<string, Value>();

  /** @param room - numbers that ops may keep for the reverse pass beyond what they keep wherever they run (`roomOf` in execution.ts) */
  constructor(private room = 0) {}

  /** Takes room for up to `count` numbers. @returns how many there was room for */
  takeRoom(count: number): number {
    const newCount = Math.min(count, this.room);
    this.room -= newCount;
    return newCount;
  }

  /**
   * An array that the host sets before a run. Asking again for the same name and shape gives the same value.
   *
   * @throws {ShapeError} `SHAPE_NAME_TAKEN` for the name of something else, `SHAPE_EXTENT` for what is no shape; so do all that are named
   */
  input(name: string, shape: Shape): Value {
    return this.leaf('input', name, shape);
  }

  /** A single number that the host sets, such as the learning rate. */
  scalar(name: string): Value {
    return this.leaf('input', name, []);
  }

  /** A learned array. Asking again for the same name and shape gives the same value: that is how networks share weights. */
  parameter(name: string, shape: Shape, initializer: Initializer): Value {
    return this.leaf('parameter', name, shape, initializer);
  }

  /** An array that belongs to the model but is not learned. */
  buffer(name: string, shape: Shape, initializer: Initializer): Value {
    return this.leaf('buffer', name, shape, initializer);
  }

  /** An array that belongs to an optimiser; begins at zero. */
  state(name: string, shape: Shape): Value {
    return this.leaf('state', name, shape);
  }

  /** A fixed array. @throws {ShapeError} if the shape asks for another number of numbers */
  constant(data: number | ArrayLike<number>, shape: Shape = []): Value {
    const values = Float64Array.from(typeof data === 'number' ? [data] : data);
    if (values.length !== size(shape)) {
      throw new ShapeError(
        'SHAPE_MISMATCH',
        `constant: expected ${size(shape)} numbers for shape ${formatShape(shape)} but received ${values.length}`,
      );
    }
    return this.append({ kind: 'constant', shape, data: values });
  }

  /** The value with this name. @throws {GraphError} if there is none */
  find(name: string): Value {
    const value = this.named.get(name);
    if (!value) throw new GraphError('GRAPH_UNKNOWN_NAME', `graph: there is no value named "${name}"; known: ${[...this.named.keys()].join(', ')}`);
    return value;
  }

  /** Parameters and buffers, in the order in which they were made. */
  modelValues(): Value[] {
    return this.values.filter((value) => value.kind === 'parameter' || value.kind === 'buffer');
  }

  /**
   * Appends a node; op functions call it after they have checked shapes.
   *
   * @throws {GraphError} if an input belongs to another graph, and so does every op @throws {ShapeError} if an output would have no shape
   */
  apply<A>(op: Op<A>, inputs: readonly (Value | undefined)[], attributes: A, outputShapes: readonly Shape[], label: string = op.name): Value[] {
    for (const input of inputs) {
      if (input && input.graph !== this)
        throw new GraphError('GRAPH_FOREIGN_VALUE', `${op.name}: an operand belongs to another graph: make it in the graph that is passed`);
    }
    const outputs: Value[] = [];
    const node: Node = { id: this.nodes.length, op, inputs, outputs, attributes, label };
    this.nodes.push(node);
    for (const shape of outputShapes) outputs.push(this.append({ kind: 'computed', shape, node }));
    return outputs;
  }

  private leaf(kind: ValueKind, name: string, shape: Shape, initializer?: Initializer): Value {
    const existing = this.named.get(name);
    if (!existing) {
      const value = this.append({ kind, name, shape, initializer });
      this.named.set(name, value);
      return value;
    }
    if (existing.kind !== kind || !sameShape(existing.shape, shape)) {
      const described = `${existing.kind} ${formatShape(existing.shape)}`;
      throw new ShapeError(
        'SHAPE_NAME_TAKEN',
        `graph: "${name}" already names the ${described} and cannot also name the ${kind} ${formatShape(shape)}; give it another name`,
      );
    }
    return existing;
  }

  private append(value: Omit<Value, 'id' | 'graph'>): Value {
    if (!value.shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
      const subject = value.name ?? value.node?.label ?? value.kind;
      throw new ShapeError(
        'SHAPE_EXTENT',
        `graph: expected whole numbers of 0 or more as the shape of ${subject} but received ${formatShape(value.shape)}: mend the call`,
      );
    }
    const created: Value = { id: this.values.length, graph: this, ...value };
    this.values.push(created);
    return created;
  }
}

/** A graph or a program is used in a way that has no meaning: a value of another graph, a phase out of order, an unknown name. */
export class GraphError extends RetroplumeError {
  readonly exitCode = 1;
}
