/** Looking at the first bytes of a file before netCDF-C does. */
import { closeSync, fstatSync, openSync } from 'node:fs';

/** @returns undefined where the path cannot be opened or is no file: netCDF says then what is wrong with it */
export function lookInto<T>(path: string, look: (descriptor: number) => T | undefined): T | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return fstatSync(descriptor).isFile() ? look(descriptor) : undefined;
  } finally {
    closeSync(descriptor);
  }
}
