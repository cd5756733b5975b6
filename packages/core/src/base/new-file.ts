/** The files that are written under a temporary name and get their own once they are whole. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, unlinkSync, writeSync } from 'node:fs';

/**
 * Clears the way for a new file: what a killed process left there goes, and a link that somebody has put there; what it leads to stays.
 * @throws {Error} of the system, where something stays
 */
export function clearTheWay(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Opens a new file for writing; a link that is put there at the same moment is not followed. @throws {Error} of the system */
export function openNew(path: string): number {
  clearTheWay(path);
  return openSync(path, 'wx');
}

/**
 * Writes a whole file: under a temporary name, on the disk, then renamed.
 * @throws {Error} of the system; what was there before stays
 */
export function replaceFile(path: string, parts: Iterable<Uint8Array>, temporary = `${path}.tmp`): void {
  try {
    const file = openNew(temporary);
    try {
      for (const part of parts) for (let done = 0; done < part.length;) done += writeSync(file, part, done);
      // A machine that goes down must not leave the new name on an empty file.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
