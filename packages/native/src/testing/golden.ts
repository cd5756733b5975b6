import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from '../../../../test/testing/describe-where';

/**
 * PyTorch's float64 results in `shared/golden` (see its README), which no test may copy into the repository: where the folder is missing,
 * the tests are skipped and say so. `RETROPLUME_TEST_GOLDEN` names another place.
 */
const repository = join(__dirname, '..', '..', '..', '..');
const sharedData = process.env.RETROPLUME_TEST_DATA;
export const goldenFolder =
  process.env.RETROPLUME_TEST_GOLDEN ?? (sharedData ? join(sharedData, '..', 'golden') : join(repository, '..', 'shared', 'golden'));

/** Tests against the golden vectors; skipped where these are missing, since they may not be copied into the repository. */
export function describeGolden(title: string, body: () => void): void {
  describeWhere(existsSync(goldenFolder), `no golden vectors at ${goldenFolder}`, title, body);
}

export interface GoldenArray {
  shape: number[];
  data: Float64Array;
}

export interface GoldenCase {
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
