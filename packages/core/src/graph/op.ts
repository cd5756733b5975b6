/** What an op has to say about itself. One file a kind in `ops/`; see docs/graph.md for how to add one. */
import type { BatchShare } from './batch-share';
import type { Node, Value } from './graph';
import type { OnnxNodeWriter } from './onnx/node-writer';

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
