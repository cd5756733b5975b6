/** The table of op cases, for tests of reverse rules, forward rules and ONNX forms: all that the files `*.cases.ts` of `ops/` export as `cases`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph } from '..';
import type { Leaves, OpCase } from '../ops/shared/op-case';

const OPS = join(__dirname, '../ops');

/** All cases, by name. */
export function opCases(): OpCase[] {
  const files = readdirSync(OPS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.cases.ts'));
  const cases = files.sort().flatMap((name) => jest.requireActual<{ cases?: OpCase[] }>(join(OPS, name)).cases ?? []);
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
