// Brings a bare clone to the point where it runs: system packages and npm packages, by Node's own modules only; then nx builds addons and TypeScript where
// they are old.
//
//   node tools/setup.mjs            what `npm run demo` needs
//   node tools/setup.mjs --test     what the tests need (also Chromium, clang-format, ncdump, Open MPI); nx builds before them what they need
//
// Exit codes: 0 ready; 4 something is missing or did not build (the message says what to do); 130 interrupted.
const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  process.stderr.write(`set-up: SETUP_NODE_VERSION: Node 20 or later is needed but this is ${process.version}: install a newer Node\n`);
  process.exit(4);
}

const { root, step, stopping, together } = await import('./setup/step.mjs');
const { withLock } = await import('./setup/lock.mjs');
const { missingSystemPackages } = await import('./setup/system-packages.mjs');
const { npmPackagesCurrent, installNpmPackages } = await import('./setup/npm-packages.mjs');
const { installSitePackages } = await import('./setup/site-packages.mjs');

const options = process.argv.slice(2);
const unknown = options.find((option) => option !== '--test');
if (unknown !== undefined) {
  process.stderr.write(`set-up: SETUP_USAGE: unknown option ${unknown}: known is --test\n`);
  process.exit(2);
}
const forTests = options.includes('--test');

async function installSystemPackages(installers) {
  for (const install of installers) await install();
}

async function build() {
  const nx = [process.execPath, `${root}/node_modules/nx/dist/bin/nx.js`, 'run-many', '-t', 'build', 'addons', '--outputStyle=static-failures-only'];
  await step('building what is old (nx; the first time some minutes)', [nx], {
    code: 'SETUP_BUILD',
    remedy: 'remedy: mend the errors above; in an unchanged clone run: git status, since a file may have been altered',
  });
}

await stopping(async () => {
  const installers = missingSystemPackages({ forTests });
  if (installers.length > 0 || !npmPackagesCurrent()) {
    // One waits for the network mostly, the other for the disk.
    await withLock(() => together(installSystemPackages(installers), npmPackagesCurrent() || installNpmPackages()));
  }
  if (forTests) await withLock(installSitePackages);
  else await build();
});
