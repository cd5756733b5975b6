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
  if (!existsSync(path)) throw new AddonError('ADDON_MISSING', `${name}.node: expected at ${path} but it has not been built: run: npm run setup`);
  try {
    return createRequire(__filename)(path) as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AddonError('ADDON_BROKEN', `${name}.node: expected to load but the system says "${reason}": run: npm run setup`, { cause });
  }
}
