import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Thrown where a native module has not been built, is for another system or does not load on this machine. `code` is `ADDON_MISSING`, `ADDON_PLATFORM` or `ADDON_BROKEN`. */
export class AddonError extends Error {
  constructor(
    readonly code: 'ADDON_MISSING' | 'ADDON_PLATFORM' | 'ADDON_BROKEN',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'AddonError';
  }
}

const native = dirname(__dirname);

/** The clone, or what tools/pack.mjs made of it: there nothing can be built, and shared libraries that the machine lacks lie in `lib/`. */
const root = join(native, '../..');

/** The system that an npm package was made for (tools/pack/npm-packages.mjs); undefined in a clone and in an archive. */
function packedFor(): { os: string; cpu: string } | undefined {
  const { os, cpu } = JSON.parse(readFileSync(join(native, 'package.json'), 'utf8')) as { os?: string[]; cpu?: string[] };
  return os && cpu && { os: os[0], cpu: cpu[0] };
}

/** Which machine a package has to be made on. */
const PACKED_ON = {
  ADDON_MISSING: 'install @retroplume/native again',
  ADDON_PLATFORM: 'install a package that npm run pack -- --npm FOLDER made on such a machine',
  ADDON_BROKEN: 'install a package that npm run pack -- --npm FOLDER made on a machine whose C library and Node are no newer than these',
};

/** What to do about an addon that is missing or does not load. */
function remedyFor(name: string, code: keyof typeof PACKED_ON): string {
  if (existsSync(join(root, 'tools/setup.mjs'))) return 'run: npm run setup';
  if (name === 'mpi' && code === 'ADDON_BROKEN') return 'load the MPI that it was built with (module load), or start one process';
  if (packedFor()) return PACKED_ON[code];
  if (code === 'ADDON_MISSING') return 'pack a clone that has it (npm run pack)';
  return `start bin/retroplume, or put the folder of each library that the machine lacks, ${join(root, 'lib')}/NAME, on LD_LIBRARY_PATH before Node starts`;
}

/** @throws {AddonError} `ADDON_PLATFORM` where the package is for another system or processor */
function checkPlatform(name: string): void {
  const packed = packedFor();
  if (!packed || (packed.os === process.platform && packed.cpu === process.arch)) return;
  const message = `${name}.node: expected ${packed.os} ${packed.cpu}, for which this package was made, but this is ${process.platform} ${process.arch}`;
  throw new AddonError('ADDON_PLATFORM', `${message}: ${remedyFor(name, 'ADDON_PLATFORM')}`);
}

/**
 * Loads `packages/native/build/Release/NAME.node`, from wherever this file runs (`src` or `dist`).
 *
 * @param name - `retroplume`, `transport`, `netcdf` or `mpi`
 * @returns the module's exports; the caller knows their type
 * @throws {AddonError} if the file is not there, is for another system, or the system cannot load it
 */
export function loadAddon(name: string): unknown {
  // The transport model's OpenMP threads spin at barriers by default: on a machine that others use too, that makes it many times slower. Read at load.
  process.env['OMP_WAIT_POLICY'] ??= 'passive';
  checkPlatform(name);
  const path = join(native, 'build', 'Release', `${name}.node`);
  if (!existsSync(path))
    throw new AddonError('ADDON_MISSING', `${name}.node: expected at ${path} but it has not been built: ${remedyFor(name, 'ADDON_MISSING')}`);
  try {
    return createRequire(__filename)(path) as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AddonError('ADDON_BROKEN', `${name}.node: expected to load but the system says "${reason}": ${remedyFor(name, 'ADDON_BROKEN')}`, {
      cause,
    });
  }
}
