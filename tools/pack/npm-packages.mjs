// The packages native, core and cli as tarballs that npm installs on a machine like this one, without compiler and libraries: `npm run pack -- --npm FOLDER`.
// Not npm pack by itself: the addons' shared libraries must go along, and package.json must say for which system they are.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADDONS, builtAddons, commitOfCore, isCompiled, PACKAGES, PackError, root, selfContainedAddons } from './built.mjs';
import { isForeign } from './production-packages.mjs';
import { setRunPath } from './run-path.mjs';
import { sharedLibraries } from './shared-libraries.mjs';
import { thirdPartyText } from './third-party.mjs';

/** Where addons look for the libraries of their package (CMakeLists.txt, `find_packed_libraries`), and these for each other. */
const FROM_ADDON = '$ORIGIN/../../lib';
const FROM_LIBRARY = '$ORIGIN';

/**
 * ONNX Runtime comes inside of core. Installed by itself it downloads what its script for CUDA finds missing, 300 MB, and ends the installation where it cannot;
 * and it brings the libraries of all systems.
 */
const BUNDLED = 'onnxruntime-node';

const readPackage = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));

const writePackage = (folder, contents) => writeFileSync(join(folder, 'package.json'), `${JSON.stringify(contents, null, 2)}\n`);

/** package.json as it is installed: no tools of development, and for which system it is. */
function installedPackage(name) {
  const kept = { ...readPackage(`packages/${name}`), devDependencies: undefined, scripts: undefined };
  if (name === 'cli') return kept;
  const { glibcVersionRuntime } = process.report.getReport().header;
  const system = { os: [process.platform], cpu: [process.arch], ...(glibcVersionRuntime ? { libc: ['glibc'] } : {}) };
  return { ...kept, ...(name === 'core' ? { bundleDependencies: [BUNDLED], ...commitOfCore() } : {}), ...system };
}

function addBundled(folder) {
  const into = join(folder, 'node_modules', BUNDLED);
  const from = join(root, 'node_modules', BUNDLED);
  const filter = (file) => !/\/(node_modules|script)$/.test(file.slice(from.length)) && !isForeign(file.slice(root.length));
  cpSync(from, into, { recursive: true, filter });
  // The rest serves its script alone.
  const whole = readPackage(`node_modules/${BUNDLED}`);
  const dependencies = { 'onnxruntime-common': whole.dependencies['onnxruntime-common'] };
  writePackage(into, { ...whole, scripts: undefined, devDependencies: undefined, dependencies });
  cpSync(join(root, 'node_modules/onnxruntime-common'), join(folder, 'node_modules/onnxruntime-common'), { recursive: true });
}

function addNative(folder) {
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  for (const addon of builtAddons()) copyFileSync(join(root, ADDONS, addon), join(folder, 'build/Release', addon));
  const own = selfContainedAddons();
  for (const addon of own) {
    // Without the folder of this machine's netCDF, where it stands behind.
    if (process.platform === 'linux' && !setRunPath(join(folder, 'build/Release', addon), FROM_ADDON))
      throw new PackError(
        'PACK_NOT_BUILT',
        `${addon}: expected it to look for libraries in ${FROM_ADDON}: delete packages/native/build and run npm run setup`,
      );
  }
  const libraries = sharedLibraries(own.map((addon) => join(root, ADDONS, addon)));
  mkdirSync(join(folder, 'lib'));
  for (const { soname, path } of libraries) {
    copyFileSync(realpathSync(path), join(folder, 'lib', soname));
    setRunPath(join(folder, 'lib', soname), FROM_LIBRARY);
  }
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), thirdPartyText(libraries));
}

/** Fills a folder with what a package holds. */
function stagePackage(name, folder) {
  const from = join(root, 'packages', name);
  mkdirSync(folder);
  writePackage(folder, installedPackage(name));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  for (const part of ['README.md', 'dist', 'templates', 'torch-peer']) {
    const filter = (file) => !/(\.map|tsconfig\.json)$/.test(file) && (part !== 'dist' || isCompiled(name, file));
    if (existsSync(join(from, part))) cpSync(join(from, part), join(folder, part), { recursive: true, filter });
  }
  if (name === 'native') addNative(folder);
  if (name === 'core') addBundled(folder);
}

/** Makes the tarballs in a folder of this clone's file system, and then moves them. @returns their paths and sizes, in the order of PACKAGES */
export function writeNpmPackages(work, destination) {
  mkdirSync(destination, { recursive: true });
  const tarballs = PACKAGES.map((name) => {
    const folder = join(work, name);
    stagePackage(name, folder);
    const options = ['--ignore-scripts', '--json', '--loglevel=error', `--pack-destination=${work}`];
    const { status, stdout, stderr, error } = spawnSync('npm', ['pack', ...options], { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (status !== 0) throw new Error((stderr || String(error)).trim());
    return join(work, JSON.parse(stdout)[0].filename.replace('@', '').replace('/', '-'));
  });
  return tarballs.map((path) => {
    const file = join(destination, path.slice(work.length + 1));
    copyFileSync(path, `${file}.tmp`);
    renameSync(`${file}.tmp`, file);
    return { file, bytes: statSync(file).size };
  });
}
