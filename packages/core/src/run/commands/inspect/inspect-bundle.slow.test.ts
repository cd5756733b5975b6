/** What `inspect` says of bundles, whole and not, and of other archives. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../../../files/testing/shared-data';
import { inspectFile } from './inspect';

const folder = temporaryFolder();
const FILE = 'mine.tar.gz';

const bundle = {
  format: 1,
  run: {
    case: { name: 'coast' },
    threads: 2,
    ranks: 1,
    device: 'cpu',
    precision: 'float32',
    hardware: 'avx2',
    commit: 'abc-dirty',
    versions: { retroplume: '0.1.0', node: 'v20.1.0' },
  },
  files: [
    { path: 'train/record.json', stage: 'train', bytes: 10, sha256: '0', packed: true },
    { path: 'train/weights.safetensors', stage: 'train', bytes: 30, sha256: '0', packed: true },
    { path: 'pass-2/train/record.json', stage: 'train', bytes: 10, sha256: '0', packed: true },
    { path: 'invert/control.safetensors', stage: 'invert', bytes: 9e7, sha256: '0', packed: false },
  ],
  inputs: [{ path: '/data/emis.nc', bytes: 7, sha256: '0', packed: true }],
};

/** An archive of one folder with these files. */
function packed(files: Record<string, string>): string {
  rmSync(join(folder.path, 'coast'), { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, 'coast', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(spawnSync('tar', ['-czf', FILE, 'coast'], { cwd: folder.path }).status).toBe(0);
  return join(folder.path, FILE);
}

const FILES: Record<string, string> = {
  'bundle.json': JSON.stringify(bundle),
  ...Object.fromEntries(['run/train/record.json', 'run/train/weights.safetensors', 'run/pass-2/train/record.json'].map((name) => [name, '{}'])),
  'inputs/data/emis.nc': 'netcdf',
};

it('tells the run, its stages, and what is in it', async () => {
  expect(await inspectFile(packed(FILES))).toMatchObject({
    kind: 'bundle of a run',
    facts: {
      case: 'coast',
      versions: 'retroplume 0.1.0, node v20.1.0',
      code: 'abc-dirty',
      device: 'cpu (avx2), precision float32, 2 threads, 1 ranks',
      stages: 'train, pass-2/train',
      packed: '3 of 4 files, 50 bytes',
      'told by their hash alone': 'invert/control.safetensors',
      inputs: '1, 7 bytes, in the bundle',
    },
    odd: [],
  });
});

it('names what it should hold and does not', async () => {
  const { 'run/train/weights.safetensors': _, 'inputs/data/emis.nc': __, ...left } = FILES;
  expect((await inspectFile(packed(left))).odd.map(({ code, text }) => `${code}: ${text}`)).toEqual([
    'PRODUCT_MISSING: run/train/weights.safetensors is not in it',
    'PRODUCT_MISSING: inputs/data/emis.nc is not in it',
  ]);
});

it('another archive, and bundles that are damaged', async () => {
  expect(await inspectFile(packed({ 'a.txt': 'a' }))).toMatchObject({ kind: 'tar archive of 1 files', odd: [{ code: 'FILE_UNKNOWN' }] });
  const damaged = { kind: 'tar archive that cannot be read', odd: [{ code: 'BUNDLE_CORRUPT' }] };
  for (const text of ['{', '{}', 'null', JSON.stringify({ ...bundle, run: { versions: {} } })])
    expect(await inspectFile(packed({ ...FILES, 'bundle.json': text }))).toMatchObject(damaged);
  const path = packed({ ...FILES, 'run/noise': Array.from({ length: 9000 }, (_, i) => Math.sin(i)).join() });
  writeFileSync(path, readFileSync(path).subarray(0, 40_000));
  expect(await inspectFile(path)).toMatchObject(damaged);
});
