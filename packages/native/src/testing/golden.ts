import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenFolder } from '../../../../test/testing/golden-folder';

export { describeGolden } from '../../../../test/testing/golden-folder';

interface GoldenArray {
  shape: number[];
  data: Float64Array;
}

interface GoldenCase {
  scalars: Record<string, number>;
  arrays: Record<string, GoldenArray>;
}

interface GoldenFile {
  scalars: Record<string, number>;
  arrays: Record<string, { shape: number[]; dtype: 'float32' | 'int32'; b64: string }>;
}

export function readGolden(name: string): GoldenCase {
  const file = JSON.parse(readFileSync(join(goldenFolder, `${name}.json`), 'utf8')) as GoldenFile;
  const arrays: Record<string, GoldenArray> = {};
  for (const [key, array] of Object.entries(file.arrays)) {
    const bytes = Uint8Array.from(Buffer.from(array.b64, 'base64')).buffer;
    arrays[key] = { shape: array.shape, data: Float64Array.from(array.dtype === 'int32' ? new Int32Array(bytes) : new Float32Array(bytes)) };
  }
  return { scalars: file.scalars, arrays };
}

/** The array with its axes reordered: axis k of the result is axis `axes[k]` of the source. */
export function permute({ shape, data }: GoldenArray, axes: number[]): Float64Array {
  const strides = shape.map((_, k) => shape.slice(k + 1).reduce((a, b) => a * b, 1));
  const outShape = axes.map((axis) => shape[axis]);
  return data.map((_, flat) => {
    let rest = flat;
    let source = 0;
    for (let k = axes.length - 1; k >= 0; k--) {
      source += (rest % outShape[k]) * strides[axes[k]];
      rest = Math.floor(rest / outShape[k]);
    }
    return data[source];
  });
}

/** [N, C, H, W] → [N, H, W, C] */
export function channelsLast(array: GoldenArray): Float64Array {
  return permute(array, [0, 2, 3, 1]);
}
