/** Folders and disks: making folders, what is in them, and why the system takes no more of a file. */
import { readFileSync, statfsSync, accessSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { DataError } from '../base/errors';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Bytes that a file of this process may have, Infinity without a limit. @see getrlimit(2), RLIMIT_FSIZE */
export function fileSizeLimit(): number {
  try {
    return Number(/^Max file size +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
  } catch {
    return Infinity; // not Linux
  }
}

/** As `4.43 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
}

/** A file that is larger than this process may write. @param bytes - of the file, where they are known */
export function fileLimit(path: string, bytes = 0, cause?: unknown): DataError {
  const limit = fileSizeLimit();
  const needed = bytes > 0 ? `the file needs ${megabytes(bytes)} and ` : '';
  const limitText = Number.isFinite(limit) ? `may write files of ${megabytes(limit)} at most` : 'may not write a file so large';
  return new DataError(
    'FILE_LIMIT',
    `${path}: ${needed}this process ${limitText}: raise the limit (ulimit -f), or take a file system for large files`,
    {
      cause,
    },
  );
}

/**
 * The error for a quota that is used up and for a file that is larger than it may be; undefined for any other cause.
 *
 * @param elsewhere - how another folder is chosen
 */
export function diskLimitError(path: string, bytes: number, cause: unknown, elsewhere = 'choose another folder with --out'): DataError | undefined {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'EFBIG') return fileLimit(path, bytes, cause);
  if (code !== 'EDQUOT') return undefined;
  return new DataError('DISK_QUOTA', `${path}: your quota on this disk is used up: make room within it, ask for more, or ${elsewhere}`, { cause });
}

/** `DISK_FULL`, `DISK_QUOTA`, `FILE_LIMIT`, or `WRITE_FAILED` for whatever else kept a file from being written. */
export function writeFailure(path: string, bytes: number, cause: unknown): DataError {
  const refused = diskLimitError(path, bytes, cause);
  if (refused) return refused;
  return (cause as NodeJS.ErrnoException).code === 'ENOSPC'
    ? new DataError('DISK_FULL', `${path}: the disk has no room for ${bytes} bytes: free some space and run again; earlier products are intact`, {
        cause,
      })
    : new DataError('WRITE_FAILED', `${path}: cannot be written (${(cause as Error).message}): check that the folder exists and may be written`, {
        cause,
      });
}

/** What a program prints that has met a full disk or its quota, as the C library says it. */
const FULL = /no space left on device|\bENOSPC\b/i;
const QUOTA = /disk quota exceeded|\bEDQUOT\b/i;

/**
 * The error for a full disk that another program has met; undefined where neither its last words nor the disk itself tell of one.
 *
 * @param subject - the program and what became of it, for a sentence
 * @param folder - into which it writes
 * @param said - the end of what it has printed
 * @param log - where all of it is
 */
export function fullDiskError(
  subject: string,
  { folder, lastWords, log }: { folder: string; lastWords: string; log: string },
): DataError | undefined {
  if (QUOTA.test(lastWords)) {
    return new DataError(
      'DISK_QUOTA',
      `${subject}, as your quota on the disk of ${folder} is used up: make room within it, or ask for more; see ${log}`,
    );
  }
  if (!FULL.test(lastWords) && !isFull(folder)) return undefined;
  return new DataError('DISK_FULL', `${subject}, as the disk of ${folder} has no room left: free some space and run again; see ${log}`);
}

/** Bytes below which a disk has no room for a model's next write. */
const NOTHING_LEFT = 2 ** 20;

/** Whether the file system of a folder has no room, or no number for another file. */
function isFull(folder: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    return bavail * bsize < NOTHING_LEFT || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}

/**
 * Makes a folder and those above it, where they are not there. Node's own recursive mkdir tries without end where a file system makes no folders (`/proc`).
 * @throws {DataError} `WRITE_FAILED`, `DISK_FULL`
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (!existsSync(parent)) makeFolder(parent);
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
  const parent = dirname(path);
  if (!existsSync(path) && parent !== path) return folderToBe(parent);
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
    const reason = (cause as Error).message;
    throw new DataError(
      'WRITE_FAILED',
      `${tmpdir()}: no temporary folder can be made there (${reason}): set TMPDIR to a folder that may be written`,
      {
        cause,
      },
    );
  }
}

/** Bytes of all files in a folder and below it, which may go meanwhile; 0 where it is not there. By names: what else Node tells of an entry it did not before 20.12. */
export function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const stats = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return stats?.isFile() ? sum + stats.size : sum;
  }, 0);
}

function cannotBeMade(path: string, reason: string, cause?: unknown): DataError {
  return new DataError('WRITE_FAILED', `${path}: this folder cannot be made (${reason}): give another place, where folders can be made`, { cause });
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
