// node_modules as the lockfile says. A stamp inside node_modules holds the lockfile's hash: npm ci begins by deleting the folder, so that an
// installation that was cut short has no stamp.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, SetupError, step } from './step.mjs';

const stamp = join(root, 'node_modules/.retroplume-stamp');
const lockfile = join(root, 'package-lock.json');

function wanted() {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex');
}

function lockedPackages(path) {
  const entries = Object.entries(JSON.parse(readFileSync(path, 'utf8')).packages);
  return entries.filter(([name, entry]) => name.includes('node_modules/') && !entry.link);
}

/** Whether npm's own record of what it installed agrees with the lockfile (after an `npm install` by hand, for example). */
function installedMatches() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = new Map(lockedPackages(record));
  return lockedPackages(lockfile).every(
    ([name, entry]) => entry.optional || entry.devOptional || entry.peer || installed.get(name)?.version === entry.version,
  );
}

/** Whether node_modules holds what the lockfile says. */
export function npmPackagesCurrent() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return true;
  if (!installedMatches()) return false;
  writeFileSync(stamp, wanted());
  return true;
}

function checkNpm() {
  let version;
  try {
    version = execFileSync('npm', ['--version'], { encoding: 'utf8', cwd: root, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    throw new SetupError('SETUP_NPM_VERSION', 'npm was not found: install npm 9 or later (Debian: apt-get install npm)');
  }
  if (Number(version.split('.')[0]) < 9)
    throw new SetupError('SETUP_NPM_VERSION', `npm 9 or later is needed but this is ${version}: install a newer npm`);
}

/** Runs npm ci. @throws {SetupError} SETUP_NPM_VERSION, SETUP_NPM */
export async function installNpmPackages() {
  checkNpm();
  await step('installing npm packages (npm ci, a minute or two)', [['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error']], {
    code: 'SETUP_NPM',
    remedy: 'remedy: check the network and the npm registry settings (npm ping), then run the same command again',
  });
  writeFileSync(stamp, wanted());
}
