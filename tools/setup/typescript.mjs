// The packages' dist folders, built by tsc -b when a TypeScript source changed.
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, listFiles, readStamp, stamped } from './stamp.mjs';
import { root, step } from './step.mjs';

const packages = join(root, 'packages');
const outputs = ['native/dist/index.js', 'core/dist/index.js', 'cli/dist/main.js'];

function sources() {
  const own = listFiles(packages, (name) => (name.endsWith('.ts') && !name.endsWith('.test.ts')) || name.endsWith('.json'));
  return [join(root, 'package-lock.json'), join(root, 'tsconfig.base.json'), join(root, 'tsconfig.json'), ...own];
}

/** Whether every dist folder is there and made from the sources as they are. */
export function typescriptCurrent() {
  return outputs.every((path) => existsSync(join(packages, path))) && readStamp('typescript') === hashFiles(sources());
}

/** `npx retroplume` in the clone. npm makes such a link only for a file that is there when it installs, and ours is built later. */
function linkCommand() {
  const link = join(root, 'node_modules/.bin/retroplume');
  chmodSync(join(packages, 'cli/dist/main.js'), 0o755);
  rmSync(link, { force: true });
  symlinkSync('../@retroplume/cli/dist/main.js', link);
}

/** Compiles the packages in the order of their references. @throws {SetupError} SETUP_TYPESCRIPT */
export async function buildTypescript() {
  // Half-written outputs of a killed build, or a dist folder of which a part was deleted, would look current to tsc.
  if (readStamp('typescript') === 'unfinished' || !outputs.every((path) => existsSync(join(packages, path)))) {
    for (const name of ['native', 'core', 'cli']) rmSync(join(packages, name, 'dist'), { recursive: true, force: true });
  }
  await stamped('typescript', hashFiles(sources()), async () => {
    await step('compiling TypeScript (tsc)', [[process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-b']], {
      code: 'SETUP_TYPESCRIPT',
      remedy: 'remedy: mend the type errors above; in an unchanged clone run: git status, since a file may have been altered',
    });
    linkCommand();
  });
}
