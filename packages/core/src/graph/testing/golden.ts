/** Reads the golden vectors (PyTorch, float64) that lie outside the repository; tests that need them are skipped where they are missing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenFolder } from '../../../../../test/testing/golden-folder';

export { describeGolden } from '../../../../../test/testing/golden-folder';

export interface GoldenArray {
  shape: number[];
  data: Float32Array;
}
export interface GoldenCase {
  scalars: Record<string, unknown>;
  array(name: string): GoldenArray;
  names(prefix: string): string[];
}

export function readGolden(name: string): GoldenCase {
  const file = JSON.parse(readFileSync(join(goldenFolder, `${name}.json`), 'utf8')) as {
    scalars: Record<string, unknown>;
    arrays: Record<string, { shape: number[]; b64: string }>;
  };
  return {
    scalars: file.scalars,
    names: (prefix) => Object.keys(file.arrays).filter((key) => key.startsWith(prefix)),
    array(key) {
      const { shape, b64 } = file.arrays[key];
      const bytes = Buffer.from(b64, 'base64');
      return { shape, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) };
    },
  };
}

/** Axes in another order, as numpy's transpose. */
export function permuted({ shape, data: source }: GoldenArray, order: readonly number[]): GoldenArray {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const targetShape = order.map((axis) => shape[axis]);
  const out = new Float32Array(source.length);
  for (let i = 0; i < out.length; i++) {
    let rest = i;
    let offset = 0;
    for (let axis = targetShape.length - 1; axis >= 0; axis--) {
      offset += (rest % targetShape[axis]) * strides[order[axis]];
      rest = Math.floor(rest / targetShape[axis]);
    }
    out[i] = source[offset];
  }
  return { shape: targetShape, data: out };
}

/** Channels first (`[N, C, H, W]` or `[N, T, C, H, W]`) to channels last. */
export function channelsLast(array: GoldenArray): GoldenArray {
  return permuted(array, array.shape.length === 5 ? [0, 1, 3, 4, 2] : [0, 2, 3, 1]);
}

/** Largest deviation relative to the largest expected magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
    if (Number.isNaN(actual[i])) return Infinity;
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return largest === 0 ? worst : worst / largest;
}
