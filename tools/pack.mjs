// Packs this clone, as set-up has built it, for machines without network, compiler and root: `npm run pack -- [FILE.tar.gz]` on a login node. The archive holds
// the built packages, what they need of node_modules, examples, documentation, the shared libraries of the addons and the launcher bin/retroplume
// (pack/launcher.sh), which needs Node alone. (`retroplume bundle` is another thing: it packs a finished run.)
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedLibraries } from './pack/shared-libraries.mjs';
import { productionPackages } from './pack/production-packages.mjs';
import { intoOneFile } from './pack/single-file.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const name = `retroplume-${version}-${process.platform}-${process.arch}`;
const addons = 'packages/native/build/Release';

class PackError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function checkBuilt() {
  const needed = [
    ...['cli', 'core', 'native'].map((each) => `packages/${each}/dist`),
    ...['retroplume', 'transport', 'netcdf'].map((each) => `${addons}/${each}.node`),
  ];
  const missing = needed.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) throw new PackError('PACK_NOT_BUILT', `${join(root, missing)}: expected it to be built: run npm run setup first`);
}

function copy(folder, path, filter = () => true) {
  cpSync(join(root, path), join(folder, path), { recursive: true, verbatimSymlinks: true, filter });
}

/** Addons by name; what tests and benchmarks build beside them stays. */
function builtAddons() {
  return readdirSync(join(root, addons)).filter((file) => file.endsWith('.node') && !/_(emulated|ptx)\.node$/.test(file));
}

/** Fills a folder with what the archive holds. */
async function stage(folder) {
  for (const path of ['package.json', 'LICENSE', 'README.md', 'docs', 'examples']) copy(folder, path);
  for (const each of readdirSync(join(root, 'packages'))) {
    for (const part of ['package.json', 'dist', 'templates', 'torch-peer']) {
      const path = `packages/${each}/${part}`;
      if (existsSync(join(root, path))) copy(folder, path, (file) => !file.endsWith('.tsbuildinfo'));
    }
  }
  for (const addon of builtAddons()) copy(folder, `${addons}/${addon}`);
  for (const { path, filter } of productionPackages(root)) copy(folder, path, filter);
  await intoOneFile(folder);
  // MPI belongs to the machine that runs: another one's would not know its network.
  const own = builtAddons()
    .filter((addon) => addon !== 'mpi.node')
    .map((addon) => join(root, addons, addon));
  for (const { soname, path } of sharedLibraries(own)) {
    mkdirSync(join(folder, 'lib', soname), { recursive: true });
    copyFileSync(path, join(folder, 'lib', soname, soname));
  }
  mkdirSync(join(folder, 'bin'));
  copyFileSync(join(root, 'tools/pack/launcher.sh'), join(folder, 'bin/retroplume'));
  chmodSync(join(folder, 'bin/retroplume'), 0o755);
}

function archive(folder, file) {
  rmSync(`${file}.tmp`, { force: true }); // a link, too
  const { status, stderr, error } = spawnSync('tar', ['-czf', `${file}.tmp`, '-C', folder, name], { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(`${file}.tmp`, { force: true });
    throw new PackError(
      'PACK_WRITE',
      `${file}: tar could not write it (${(stderr || String(error)).trim()}): check that there is room and that the folder may be written`,
    );
  }
  renameSync(`${file}.tmp`, file);
}

async function pack(file) {
  checkBuilt();
  if (!existsSync(dirname(file))) throw new PackError('PACK_WRITE', `${file}: its folder does not exist: make it first`);
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build/pack-'));
  try {
    mkdirSync(join(folder, name));
    await stage(join(folder, name)).catch((error) => {
      const [said] = error.message.trim().split('\n').slice(-1); // of esbuild the last line
      throw new PackError(
        'PACK_WRITE',
        `${folder}: the package could not be put together (${said}): check that there is room and no limit (ulimit -f)`,
      );
    });
    archive(folder, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return statSync(file).size;
}

try {
  const file = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? `${name}.tar.gz`);
  const bytes = await pack(file);
  console.log(`${file}: ${(bytes / 2 ** 20).toFixed(0)} MiB`);
  console.log(`there: tar xzf ${basename(file)} && ${name}/bin/retroplume doctor`);
} catch (error) {
  if (!(error instanceof PackError)) throw error;
  process.stderr.write(`pack: ${error.code}: ${error.message}\n`);
  process.exitCode = 4;
}
