/** Making folders, and what is in them. */
import { accessSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DataError } from '../base/errors';
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
    if (code === 'ENOSPC' || code === 'EDQUOT') throw writeFailure(path, 0, cause);
    throw cannotBeMade(path, message, cause);
  }
}

/**
 * The folder itself, or that in which {@link makeFolder} would make it and what is missing above it: without making anything.
 * @throws {DataError} `WRITE_FAILED`
 */
export function folderToBe(path: string): string {
  const above = dirname(path);
  if (!existsSync(path) && above !== path) return folderToBe(above);
  if (!isFolder(path)) throw cannotBeMade(path, 'a file is in its place');
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw cannotBeMade(path, (cause as Error).message, cause);
  }
  return path;
}

/** A folder among the temporary ones, which the caller removes. @throws {DataError} `WRITE_FAILED` */
export function makeTemporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (cause) {
    const why = (cause as Error).message;
    throw new DataError('WRITE_FAILED', `${tmpdir()}: no temporary folder can be made there (${why}): set TMPDIR to a folder that may be written`, {
      cause,
    });
  }
}

/** Bytes of all files in a folder and below it, which may go meanwhile; 0 where it is not there. By names: what else Node tells of an entry it did not before 20.12. */
export function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const found = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return found?.isFile() ? sum + found.size : sum;
  }, 0);
}

function cannotBeMade(path: string, reason: string, cause?: unknown): DataError {
  return new DataError('WRITE_FAILED', `${path}: this folder cannot be made (${reason}): give another place, where folders can be made`, { cause });
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
