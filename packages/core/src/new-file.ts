/** The files that are written under a temporary name and renamed once they are whole. */
import { openSync, unlinkSync } from 'node:fs';

/**
 * Clears the way for a new file: what a killed process left there goes, and a link that somebody has put there, whatever it leads to, goes alone.
 * @throws {Error} of the system, where something stays
 */
export function clearTheWay(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Opens a new file for writing; one that is put there at the same moment, or a link, is not followed. @throws {Error} of the system */
export function openNew(path: string): number {
  clearTheWay(path);
  return openSync(path, 'wx');
}
