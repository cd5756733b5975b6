// What a test's outcome may depend on beside files of the repository, as one line: nx takes it for an input of every cached test.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { env } = process;

/** Names, sizes and times in a folder. */
function listing(folder, recursive = false) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
      return `${name} ${size} ${mtimeMs}`;
    });
}

function content(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Packages of an interpreter, by the folder that it lies in; names have versions. */
function pythonPackages(interpreter) {
  const lib = join(dirname(dirname(interpreter)), 'lib');
  const folders = existsSync(lib) ? readdirSync(lib).filter((name) => name.startsWith('python3')) : [];
  const places = folders.flatMap((name) => ['site-packages', 'dist-packages'].map((kind) => join(lib, name, kind)));
  return places.filter(existsSync).flatMap((place) => readdirSync(place).filter((name) => name !== '__pycache__'));
}

// npm adds its own to PATH, which the lockfile speaks for.
const path = (env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
const data = env.RETROPLUME_TEST_DATA ?? join(root, '../shared/data');
const [cpu] = cpus();
const what = {
  node: [process.version, process.arch, process.getuid?.()],
  settings: Object.entries(env)
    .filter(([name]) =>
      /^(RETROPLUME|REQUIRE|OMP|OMPI|MPI|UCX|ORT|NETCDF|CONDA|CUDA|CHROMIUM|SLURM|CC$|CXX|CMAKE|[A-Z]*FLAGS|LD_|LANG|LC_|TZ|TMPDIR|NODE_OPTIONS)/.test(
        name,
      ),
    )
    .sort(),
  processor: [cpu?.model, cpus().length, totalmem(), /^flags.*$/m.exec(content('/proc/cpuinfo') ?? '')?.[0]],
  rights: /^CapEff.*$/m.exec(content('/proc/self/status') ?? '')?.[0],
  gpu: content('/proc/driver/nvidia/version'),
  programs: path.map((folder) => listing(folder)),
  libraries: [content('/etc/ld.so.cache'), content('/var/lib/dpkg/status'), listing('/var/lib/rpm')],
  python: [...path.map((folder) => join(folder, 'python3')), env.RETROPLUME_TEST_PYTHON].filter(Boolean).map(pythonPackages),
  data: [listing(data, true), listing(env.RETROPLUME_TEST_GOLDEN ?? join(data, '../golden'), true)],
};
console.log(createHash('sha256').update(JSON.stringify(what)).digest('hex'));
