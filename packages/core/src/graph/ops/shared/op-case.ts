/**
 * The table of op cases: how every op is called by tests and by the benchmark. Each op has its part of it beside it, in a file `*.cases.ts`: `cases`, over
 * which reverse rules, forward rules and ONNX forms are tested, and `timed`, which is timed against PyTorch after both have given the same answer.
 */
import type { Graph, Value } from '../../definition/graph';

/** Makes the leaves of a case, with sizes and kinds that suit the test. */
export interface Leaves {
  readonly g: Graph;
  readonly batch: number;
  /** A field `[batch, rows, 6, C]` of 3 channels; in an ONNX model of 6 rows and 4 channels. @param rows - default 5 */
  readonly image: (name?: string, rows?: number) => Value;
  /** Anything that is given anew for each run. */
  readonly input: (name: string, shape: readonly number[]) => Value;
  /** What is learned. */
  readonly weight: (name: string, shape: readonly number[]) => Value;
  /** What batch norm keeps of each channel. */
  readonly statistics: (name: 'mean' | 'variance', channels: number) => Value;
}

/** One call of an op, and which of its derivatives there are. */
export interface OpCase {
  /** The op, and what distinguishes this call of it. */
  readonly name: string;
  readonly build: (leaves: Leaves) => Value;
  /** Leaves whose gradients are compared with central differences. */
  readonly gradient?: readonly string[];
  /** Leaves that change: one test of the forward rule for each list. An LSTM is written out before. */
  readonly tangent?: readonly (readonly string[])[];
  /** Whether the ONNX forms of the op and of its gradient to `x` are compared with the native program. */
  readonly onnx?: true;
}

type Derivatives = Omit<OpCase, 'name' | 'build'>;

/** An op of one field; by default it has a reverse and a forward rule. */
export function ofOne(name: string, op: (g: Graph, x: Value) => Value, derivatives: Derivatives = { gradient: ['x'], tangent: [['x']] }): OpCase {
  return { name, build: ({ g, image }) => op(g, image()), ...derivatives };
}

const OF_TWO: Derivatives = { gradient: ['a', 'b'], tangent: [['a', 'b'], ['a'], ['b']] };

/** An op of two fields; by default it has a reverse and a forward rule. */
export function ofTwo(name: string, op: (g: Graph, a: Value, b: Value) => Value, derivatives = OF_TWO): OpCase {
  return { name, build: ({ g, image }) => op(g, image('a'), image('b')), ...derivatives };
}

/** One kernel of what is timed; an operand is the name of an array, or `array:operand` where their names differ. */
interface OpCall {
  readonly op: string;
  readonly operands: readonly string[];
  readonly params: Readonly<Record<string, number>>;
}

/** An array of `length` floats; drawn ones are uniform in ±`scale` (default 1), the others are results. */
interface CaseArray {
  readonly length: number;
  readonly draw?: boolean;
  readonly scale?: number;
}

/** A group of kernels on shared operands. */
export interface OpKernels {
  /** What tells it from others of its kind: the op and its sizes. */
  readonly title: string;
  readonly arrays: Readonly<Record<string, CaseArray>>;
  /** The forward pass first. */
  readonly calls: readonly OpCall[];
  /** Results that must agree with the peer's before anything is timed. */
  readonly check: readonly string[];
}

/** How the kernels of an op are timed, at sizes that say what they are. */
export interface TimedOp<Sizes extends readonly unknown[]> {
  /** Which class of torch-peer/ops.py is the peer. */
  readonly kind: string;
  readonly kernels: (...sizes: Sizes) => OpKernels;
  /** The forward pass of these kernels, for peers that run models; leaves are called as the arrays are. Absent: no part of an inference. */
  readonly forward?: (leaves: Pick<Leaves, 'g' | 'input' | 'weight'>, params: OpCall['params']) => Value;
}

/** Arrays of an op of one activation that has as many results, and of its reverse. */
export function activationArrays(elements: number): Record<'input' | 'gradOutput' | 'output' | 'gradInput', CaseArray> {
  return {
    input: { length: elements, draw: true },
    gradOutput: { length: elements, draw: true },
    output: { length: elements },
    gradInput: { length: elements },
  };
}
