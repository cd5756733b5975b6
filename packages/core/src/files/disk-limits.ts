/** Why the system takes no more of a file, where that is no full disk: a quota, or a limit on the size of files. */
import { readFileSync, statfsSync } from 'node:fs';
import { DataError } from '../base/errors';

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
  const most = Number.isFinite(limit) ? `may write files of ${megabytes(limit)} at most` : 'may not write a file so large';
  return new DataError('FILE_LIMIT', `${path}: ${needed}this process ${most}: raise the limit (ulimit -f), or take a file system for large files`, {
    cause,
  });
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
