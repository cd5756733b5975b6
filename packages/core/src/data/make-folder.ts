/** Making folders. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataError } from '../errors';
import { writeFailure } from './checkpoint';

/**
 * Makes a folder and those above it, where they are not there. Node's own recursive mkdir tries without end where a file system makes no folders (`/proc`).
 * @throws {DataError} `WRITE_FAILED`, `DISK_FULL`
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (!existsSync(above)) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // Another process may have made it between the two looks.
    if (code === 'EEXIST' && isFolder(path)) return;
    if (code === 'ENOSPC') throw writeFailure(path, 0, cause);
    throw new DataError('WRITE_FAILED', `${path}: this folder cannot be made (${message}): give another place, where folders can be made`, {
      cause,
    });
  }
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
