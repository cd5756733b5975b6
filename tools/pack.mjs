// Packs this clone, as set-up has built it.
//
//   npm run pack -- [FILE.tar.gz]     one archive for machines without network, compiler and root: on a login node. It holds the built packages, what they
//                                     need of node_modules, examples, documentation, the shared libraries of the addons and the launcher bin/retroplume
//                                     (pack/launcher.sh), which needs Node alone
//   npm run pack -- --npm FOLDER      the packages native, core and cli as tarballs for npm install (pack/npm-packages.mjs)
//
// (`retroplume bundle` is another thing: it packs a finished run.)
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ADDONS, builtAddons, checkBuilt, commitOfCore, isCompiled, PACKAGES, PackError, root, selfContainedAddons } from './pack/built.mjs';
import { writeNpmPackages } from './pack/npm-packages.mjs';
import { sharedLibraries } from './pack/shared-libraries.mjs';
import { productionPackages } from './pack/production-packages.mjs';
import { intoOneFile } from './pack/single-file.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const name = `retroplume-${version}-${process.platform}-${process.arch}`;

function copy(folder, path, filter = () => true) {
  cpSync(join(root, path), join(folder, path), { recursive: true, verbatimSymlinks: true, filter });
}

/** Fills a folder with what the archive holds. */
async function stage(folder) {
  for (const path of ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'CITATION.cff', 'docs', 'examples']) copy(folder, path);
  for (const each of PACKAGES) {
    for (const part of ['package.json', 'dist', 'templates', 'torch-peer']) {
      const path = `packages/${each}/${part}`;
      if (existsSync(join(root, path))) copy(folder, path, part === 'dist' ? (file) => isCompiled(each, file) : undefined);
    }
  }
  const core = join(folder, 'packages/core/package.json');
  writeFileSync(core, JSON.stringify({ ...JSON.parse(readFileSync(core, 'utf8')), ...commitOfCore() }, null, 2));
  for (const addon of builtAddons()) copy(folder, `${ADDONS}/${addon}`);
  for (const { path, filter } of productionPackages(root)) copy(folder, path, filter);
  await intoOneFile(folder);
  for (const { soname, path } of sharedLibraries(selfContainedAddons().map((addon) => join(root, ADDONS, addon)))) {
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

/** Does `work` with an empty folder of this clone, and removes that. */
async function inFolder(work) {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, `build/pack-${process.pid}-`));
  try {
    return await work(folder);
  } catch (error) {
    if (error instanceof PackError) throw error;
    const [said] = error.message.trim().split('\n').slice(-1); // of esbuild the last line
    throw new PackError(
      'PACK_WRITE',
      `${folder}: the package could not be put together (${said}): check that there is room and no limit (ulimit -f)`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const mebibytes = (bytes) => (bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(0)} KiB` : `${(bytes / 2 ** 20).toFixed(0)} MiB`);

async function packArchive(file) {
  if (!existsSync(dirname(file))) throw new PackError('PACK_WRITE', `${file}: its folder does not exist: make it first`);
  await inFolder(async (folder) => {
    mkdirSync(join(folder, name));
    await stage(join(folder, name));
    archive(folder, file);
  });
  console.log(`${file}: ${mebibytes(statSync(file).size)}`);
  console.log(`there: tar xzf ${basename(file)} && ${name}/bin/retroplume doctor`);
}

async function packForNpm(destination) {
  const tarballs = await inFolder((folder) => writeNpmPackages(folder, destination));
  for (const { file, bytes } of tarballs) console.log(`${file}: ${mebibytes(bytes)}`);
  console.log(`there, on ${process.platform} ${process.arch}: npm install ${tarballs.map(({ file }) => `./${basename(file)}`).join(' ')}`);
}

try {
  const [first, second, ...others] = process.argv.slice(2);
  const place = (path) => resolve(process.env.INIT_CWD ?? '.', path);
  if (others.length > 0 || (first === '--npm') !== (second !== undefined) || (first !== '--npm' && first?.startsWith('-')))
    throw new PackError('PACK_USAGE', 'expected FILE.tar.gz, or --npm FOLDER: npm run pack -- --npm FOLDER');
  checkBuilt();
  await (first === '--npm' ? packForNpm(place(second)) : packArchive(place(first ?? `${name}.tar.gz`)));
} catch (error) {
  if (!(error instanceof PackError)) throw error;
  process.stderr.write(`pack: ${error.code}: ${error.message}\n`);
  process.exitCode = 4;
}
