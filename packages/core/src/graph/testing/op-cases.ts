/**
 * The table of op cases: how every op is called in tests. Each op has its part of it beside it, in a file `*.cases.ts` of `ops/`; what such a file
 * exports is in the table. Reverse rules, forward rules and ONNX forms are tested over the table.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph, Value } from '..';

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

const OPS = join(__dirname, '../ops');

/** All cases, by name. */
export function opCases(): OpCase[] {
  const files = readdirSync(OPS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.cases.ts'));
  const cases = files.sort().flatMap((name) => Object.values(jest.requireActual<Record<string, OpCase[]>>(join(OPS, name))).flat());
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`two op cases are called "${twice}"`);
  return cases;
}

/** Statistics of the three channels of tests in double: a variance must be above 0. */
export const STATISTICS = { mean: [0.3, -0.2, 1], variance: [0.5, 2, 1.3] };

/** For tests in double: all leaves but {@link STATISTICS} are inputs. */
export function doubleLeaves(g: Graph): Leaves {
  return {
    g,
    batch: 2,
    image: (name = 'x', rows = 5) => g.input(name, [2, rows, 6, 3]),
    input: (name, shape) => g.input(name, shape),
    weight: (name, shape) => g.input(name, shape),
    statistics: (name, channels) => g.buffer(name, [channels], { init: 'constant', value: 0 }),
  };
}

/** For ONNX models, which know the weights. */
export function onnxLeaves(g: Graph, batch: number): Leaves {
  return {
    ...doubleLeaves(g),
    batch,
    image: (name = 'x') => g.input(name, [batch, 6, 6, 4]),
    weight: (name, shape) => g.parameter(name, shape, { init: 'constant', value: 0 }),
  };
}
