import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from '../../../../../test/testing/describe-where';
import { cudaDevices } from '../../kernels';

const build = join(__dirname, '../../../build');
const objects = join(build, 'src/binding/cuda/CMakeFiles/retroplume_device.dir');

/** How many kernels the build has noted of one GPU. */
function countOfKernels(): number {
  const lines = readFileSync(join(build, 'Release/kernel-resources.txt'), 'utf8').trim().split('\n');
  const [gpu] = lines[0].split(' ');
  return lines.filter((line) => line.startsWith(`${gpu} `)).length;
}

/** Accesses of four bytes in one run of instructions at four neighbouring places that lie as one of sixteen would: what the compiler has cut. */
function cutIn(ptx: string): string[] {
  const cut: string[] = [];
  for (const run of ptx.split(/^\$|\bbra\b|^}/m)) {
    const places = new Map<string, Set<number>>();
    for (const [, kind, base, offset] of run.matchAll(/\b((?:ld|st)\.(?:global|shared))\.[fu]32\s[^[\n]*\[([^\]+]+)(?:\+(-?\d+))?\]/g)) {
      const key = `${kind} [${base}]`;
      places.set(key, (places.get(key) ?? new Set()).add(Number(offset ?? 0)));
    }
    for (const [key, offsets] of places) {
      if ([...offsets].some((at) => at % 16 === 0 && [4, 8, 12].every((more) => offsets.has(at + more)))) cut.push(key);
    }
  }
  return cut;
}

test('four accesses side by side are seen', () => {
  expect(cutIn('st.global.f32 \t[%rd1+4], %f1;\nst.global.f32 [%rd1], %f1;\nst.global.f32 [%rd1+12], %f1;\nst.global.f32 [%rd1+8], %f1;')).toEqual([
    'st.global [%rd1]',
  ]);
});

describeWhere(cudaDevices().built, 'CUDA, which is not compiled here', 'what nvcc makes of the kernels', () => {
  test('loads and stores of sixteen bytes stay whole', () => {
    const files = readdirSync(objects, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ptx'));
    const kernels = files.flatMap((path) =>
      readFileSync(join(objects, path), 'utf8')
        .split(/(?=^(?:\.\w+ )*\.entry )/m)
        .slice(1),
    );
    expect(countOfKernels()).toBeGreaterThan(100);
    expect(kernels.length).toBeGreaterThanOrEqual(countOfKernels()); // a tree that was built before may keep those of sources that are gone
    const cut = kernels.flatMap((ptx) => {
      const name = ptx.slice(0, ptx.indexOf('('));
      const found = cutIn(ptx);
      // What a product is added to is read one by one on purpose (gemm.h).
      const counted = /gemm|conv3x3|add_shares/.test(name) ? found.filter((each) => !each.startsWith('ld.global')) : found;
      return counted.map((each) => `${name}: ${each}`);
    });
    expect(cut).toEqual([]);
  });
});
