import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Thrown where a native module has not been built or does not load on this machine. `code` is `ADDON_MISSING` or `ADDON_BROKEN`. */
export class AddonError extends Error {
  constructor(
    readonly code: 'ADDON_MISSING' | 'ADDON_BROKEN',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'AddonError';
  }
}

/** The clone, or what tools/pack.mjs made of it: there nothing can be built, and shared libraries that the machine lacks lie in `lib/`. */
const root = join(__dirname, '../../..');

/** What to do about an addon that is missing or does not load. */
function remedyFor(code: AddonError['code']): string {
  if (existsSync(join(root, 'tools/setup.mjs'))) return 'run: npm run setup';
  if (code === 'ADDON_MISSING') return 'pack a clone that has it (npm run pack)';
  return `start bin/retroplume, or put the folder of each library that the machine lacks, ${join(root, 'lib')}/NAME, on LD_LIBRARY_PATH before Node starts`;
}

/**
 * Loads `packages/native/build/Release/NAME.node`, from wherever this file runs (`src` or `dist`).
 *
 * @param name - `retroplume`, `transport`, `netcdf` or `mpi`
 * @returns the module's exports; the caller knows their type
 * @throws {AddonError} if the file is not there or the system cannot load it
 */
export function loadAddon(name: string): unknown {
  // The transport model's OpenMP threads spin at barriers by default: on a machine that others use too, that makes it many times slower. Read at load.
  process.env['OMP_WAIT_POLICY'] ??= 'passive';
  const path = join(dirname(__dirname), 'build', 'Release', `${name}.node`);
  if (!existsSync(path))
    throw new AddonError('ADDON_MISSING', `${name}.node: expected at ${path} but it has not been built: ${remedyFor('ADDON_MISSING')}`);
  try {
    return createRequire(__filename)(path) as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AddonError('ADDON_BROKEN', `${name}.node: expected to load but the system says "${reason}": ${remedyFor('ADDON_BROKEN')}`, { cause });
  }
}
