// Brings a bare clone to the point where it runs: system packages, npm packages, addons, compiled TypeScript. Uses Node's own modules only,
// does what is missing and nothing else; with everything there it ends in a fraction of a second.
//
//   node tools/setup.mjs            what `npm run demo` needs
//   node tools/setup.mjs --test     also what the tests need (Chromium, clang-format, ncdump, Open MPI)
//   node tools/setup.mjs --build    build addons and TypeScript even if they look current
//
// Exit codes: 0 ready; 4 something is missing or did not build (the message says what to do); 130 interrupted.
const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  process.stderr.write(`set-up: SETUP_NODE_VERSION: Node 20 or later is needed but this is ${process.version}: install a newer Node\n`);
  process.exit(4);
}

const { SetupError, say, together } = await import('./setup/step.mjs');
const { withLock } = await import('./setup/lock.mjs');
const { missingSystemPackages } = await import('./setup/system-packages.mjs');
const { npmPackagesCurrent, installNpmPackages } = await import('./setup/npm-packages.mjs');
const { addonsCurrent, buildAddons } = await import('./setup/addons.mjs');
const { typescriptCurrent, buildTypescript } = await import('./setup/typescript.mjs');

const options = process.argv.slice(2);
const unknown = options.find((option) => !['--test', '--build'].includes(option));
if (unknown !== undefined) {
  process.stderr.write(`set-up: SETUP_USAGE: unknown option ${unknown}: known are --test and --build\n`);
  process.exit(2);
}
const forTests = options.includes('--test');
const rebuild = options.includes('--build');

const addonsWanted = () => rebuild || !addonsCurrent({ forTests });
const typescriptWanted = () => rebuild || !typescriptCurrent();

async function installSystemPackages(installers) {
  for (const install of installers) await install();
}

async function bringUpToDate(installers) {
  // One waits for the network mostly, the other for the disk.
  await together(installSystemPackages(installers), npmPackagesCurrent() || installNpmPackages());
  await together(addonsWanted() && buildAddons({ forTests }), typescriptWanted() && buildTypescript());
}

try {
  const installers = missingSystemPackages({ forTests });
  if (installers.length > 0 || !npmPackagesCurrent() || addonsWanted() || typescriptWanted()) await withLock(() => bringUpToDate(installers));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(`${error.code}: ${error.message}`);
  process.exit(error.exitCode);
}
