// What no npm package brings: a C++ compiler, CMake, netCDF-C; for the tests also Chromium, clang-format, ncdump and Open MPI.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say, SetupError, step } from './step.mjs';

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function hasNetcdf() {
  const prefixes = ['/usr', '/usr/local', process.env.NETCDF, process.env.NETCDF_ROOT, process.env.CONDA_PREFIX].filter(Boolean);
  return onPath('nc-config') || prefixes.some((prefix) => existsSync(join(prefix, 'include/netcdf.h')));
}

/** What is needed, how it is recognised, and how the packages are called. */
const NEEDS = [
  { what: 'C++ compiler', found: () => onPath('g++') || onPath('c++') || onPath('clang++'), apt: 'g++', dnf: 'gcc-c++' },
  { what: 'make or ninja', found: () => onPath('make') || onPath('ninja'), apt: 'make', dnf: 'make' },
  { what: 'CMake', found: () => onPath('cmake'), apt: 'cmake', dnf: 'cmake' },
  { what: 'netCDF-C', found: hasNetcdf, apt: 'libnetcdf-dev', dnf: 'netcdf-devel' },
  { what: 'pkg-config', found: () => onPath('pkg-config') || onPath('nc-config'), apt: 'pkg-config', dnf: 'pkgconf' },
];
const TEST_NEEDS = [
  { what: 'Open MPI', found: () => onPath('mpirun') && onPath('mpicxx'), apt: 'libopenmpi-dev', dnf: 'openmpi-devel' },
  { what: 'ncdump', found: () => onPath('ncdump'), apt: 'netcdf-bin', dnf: 'netcdf' },
  // Formats differ between versions, so the version is part of the rule.
  { what: 'clang-format 19', found: () => onPath('clang-format-19'), apt: 'clang-format-19', dnf: 'clang-tools-extra' },
  { what: 'Chromium', found: () => onPath('chromium') || onPath('chromium-browser') || onPath('google-chrome'), apt: 'chromium', dnf: 'chromium' },
];

function commandFor(needs) {
  const list = (key) => needs.map((need) => need[key]).join(' ');
  if (onPath('apt-get')) return `sudo apt-get install ${list('apt')}`;
  if (onPath('dnf')) return `sudo dnf install ${list('dnf')}`;
  return `the packages that Debian calls ${list('apt')}`;
}

async function installWithApt(needs) {
  const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=600'];
  const repair = ['dpkg', '--configure', '-a']; // an installation that was cut short would block every later one
  const update = [...apt, 'update'];
  repair.mayFail = true;
  update.mayFail = true;
  const packages = needs.map((need) => need.apt);
  await step(`installing ${packages.join(', ')} (apt-get)`, [repair, update, [...apt, 'install', '-y', '--no-install-recommends', ...packages]], {
    code: 'SETUP_SYSTEM_PACKAGES',
    remedy: `remedy: mend the package manager (network, mirrors, disk), then run: apt-get install ${packages.join(' ')}`,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** What only tests need is no reason to stop: without it those tests are skipped, visibly. */
async function installForTests(needs) {
  try {
    await installWithApt(needs);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${needs.map((need) => need.what).join(', ')} could not be installed: the tests that need them are skipped`);
  }
}

/**
 * What is to be installed; where this process isn't root on Debian or Ubuntu, says what to type.
 * @returns functions that install, to be called one after the other
 * @throws {SetupError} SETUP_SYSTEM_PACKAGES
 */
export function missingSystemPackages({ forTests }) {
  const missing = NEEDS.filter((need) => !need.found());
  const missingForTests = forTests ? TEST_NEEDS.filter((need) => !need.found()) : [];
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    return [
      ...(missing.length > 0 ? [() => installWithApt(missing)] : []),
      ...(missingForTests.length > 0 ? [() => installForTests(missingForTests)] : []),
    ];
  }
  if (missing.length > 0) {
    throw new SetupError(
      'SETUP_SYSTEM_PACKAGES',
      `${missing.map((need) => need.what).join(', ')} not found: install with\n\n    ${commandFor([...missing, ...missingForTests])}\n\n` +
        'or on a cluster load the modules, such as: module load gcc cmake netcdf-c; then run the same command again',
    );
  }
  if (missingForTests.length > 0) {
    say(
      `${missingForTests.map((need) => need.what).join(', ')} not found: the tests that need them are skipped; to have them: ${commandFor(missingForTests)}`,
    );
  }
  return [];
}
