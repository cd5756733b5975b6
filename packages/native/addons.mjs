// Builds the addons by CMake through cmake-js; CMake knows what is old. With --test also the emulated device, and a warning of nvcc ends the build.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../tools/setup/lock.mjs';
import { root, step, stopping } from '../../tools/setup/step.mjs';

const native = import.meta.dirname;
const build = join(native, 'build');
const unfinished = join(build, 'unfinished');
const forTests = process.argv.includes('--test');

/** A build tree that another clone, a moved folder or a killed build left is not trusted. */
function removeForeignTree() {
  const cache = join(build, 'CMakeCache.txt');
  const foreign = existsSync(cache) && !readFileSync(cache, 'utf8').includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${native}\n`);
  if (foreign || existsSync(unfinished)) rmSync(build, { recursive: true, force: true });
}

function cmakeJs(command) {
  const emulation = forTests ? ['--CDRETROPLUME_EMULATION=ON'] : [];
  return [process.execPath, join(root, 'node_modules/cmake-js/bin/cmake-js'), command, '--CDCMAKE_BUILD_TYPE=Release', ...emulation];
}

async function buildAddons() {
  removeForeignTree();
  mkdirSync(build, { recursive: true });
  writeFileSync(unfinished, '');
  try {
    await step('building the addons (CMake)', [cmakeJs('configure'), cmakeJs('build')], {
      code: 'SETUP_ADDONS',
      remedy:
        'remedy: if a header or library is missing, install what the log names; after a change of compiler delete packages/native/build and run again',
      cwd: native,
      env: {
        CMAKE_BUILD_PARALLEL_LEVEL: process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism()),
        // A user's toolkit may warn or spill registers where those that were tried do not: that costs speed, and must not cost the addon.
        ...(forTests ? {} : { RETROPLUME_COMPILE_NOTES: '1' }),
      },
    });
  } finally {
    rmSync(unfinished, { force: true }); // an orderly failure leaves what can be gone on with
  }
}

await stopping(() => withLock(buildAddons));
