// What set-up has built in this clone, as packages take it.
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** From the lowest up. */
export const PACKAGES = ['native', 'core', 'cli'];

export const ADDONS = 'packages/native/build/Release';

export class PackError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @throws {PackError} `PACK_NOT_BUILT` */
export function checkBuilt() {
  const needed = [
    ...PACKAGES.map((name) => `packages/${name}/dist`),
    ...['retroplume', 'transport', 'netcdf'].map((name) => `${ADDONS}/${name}.node`),
  ];
  const missing = needed.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) throw new PackError('PACK_NOT_BUILT', `${join(root, missing)}: expected it to be built: run npm run setup first`);
}

/** Files of the addons; what tests and benchmarks build beside them stays. */
export function builtAddons() {
  return readdirSync(join(root, ADDONS)).filter((file) => file.endsWith('.node') && !/_(emulated|ptx)\.node$/.test(file));
}

/** Addons whose shared libraries a package brings. MPI belongs to the machine that runs: another one's would not know its network. */
export function selfContainedAddons() {
  return builtAddons().filter((addon) => addon !== 'mpi.node');
}

const COMPILED = /\.(js|d\.ts)(\.map)?$/;

/** Whether a file of a package's `dist` belongs to a package: tsc leaves what it made of sources that are gone, and a note of its own. */
export function isCompiled(name, file) {
  const [folder, source] = [join(root, 'packages', name, 'dist'), join(root, 'packages', name, 'src')];
  if (!COMPILED.test(file)) return !file.endsWith('.tsbuildinfo');
  return existsSync(join(source, relative(folder, file).replace(COMPILED, '.ts')));
}

/** What package.json of core says besides: the commit, by which records and reports name the code where there is no git to ask (base/code-version.ts). */
export function commitOfCore() {
  const { codeVersion } = createRequire(import.meta.url)(join(root, 'packages/core/dist/base/code-version.js'));
  const gitHead = codeVersion();
  return gitHead === null ? {} : { gitHead };
}
