// The C++ addons, built by CMake through cmake-js when a source of theirs is newer than the build.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { hashFiles, listFiles, readStamp, stamped } from './stamp.mjs';
import { root, step } from './step.mjs';

const native = join(root, 'packages/native');
const build = join(native, 'build');

function sources() {
  return [join(native, 'package.json'), ...listFiles(native, (name) => /\.(cc|cu|h|cuh)$/.test(name) || name === 'CMakeLists.txt')];
}

/** The addons that the CMake files describe; those in testing/ are for the tests. */
function addonFiles({ forTests }) {
  const described = listFiles(join(native, 'src'), (name) => name === 'CMakeLists.txt');
  const lists = described.filter((path) => forTests || !path.includes('/testing/'));
  const names = lists.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/^\s*add_node_module\(\s*(\w+)/gm)].map((match) => match[1]));
  return names.map((name) => join(build, 'Release', `${name}.node`));
}

/** Whether every addon is there and made from the sources as they are. */
export function addonsCurrent({ forTests }) {
  return addonFiles({ forTests }).every(existsSync) && readStamp('addons') === hashFiles(sources());
}

/** A build tree that another clone, a moved folder or a killed build left is not trusted. */
function removeForeignTree() {
  const cache = join(build, 'CMakeCache.txt');
  const foreign = existsSync(cache) && !readFileSync(cache, 'utf8').includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${native}\n`);
  if (foreign || readStamp('addons') === 'unfinished') rmSync(build, { recursive: true, force: true });
}

/** Configures and builds all addons. @throws {SetupError} SETUP_ADDONS */
export async function buildAddons({ forTests }) {
  removeForeignTree();
  const cmakeJs = [process.execPath, join(root, 'node_modules/cmake-js/bin/cmake-js'), '--CDCMAKE_BUILD_TYPE=Release'];
  if (forTests) cmakeJs.push('--CDRETROPLUME_EMULATION=ON');
  await stamped('addons', hashFiles(sources()), () =>
    step(
      'building the addons (CMake)',
      [
        [...cmakeJs.slice(0, 2), 'configure', ...cmakeJs.slice(2)],
        [...cmakeJs.slice(0, 2), 'build', ...cmakeJs.slice(2)],
      ],
      {
        code: 'SETUP_ADDONS',
        remedy:
          'remedy: if a header or library is missing, install what the log names; after a change of compiler delete packages/native/build and run again',
        cwd: native,
        env: {
          CMAKE_BUILD_PARALLEL_LEVEL: process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism()),
          // A user's toolkit may warn or spill registers where those that were tried do not: that costs speed, and must not cost the addon.
          ...(forTests ? {} : { RETROPLUME_COMPILE_NOTES: '1' }),
        },
      },
    ),
  );
}
