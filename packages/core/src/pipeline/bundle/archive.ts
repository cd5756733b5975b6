/** A folder as one file and back, by the system's tar, which every Unix has. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { makeFolder } from '../../data/make-folder';
import { DataError, DeviceError } from '../../errors';

/** Characters that it may print: names of files, or one small file. */
const MOST_PRINTED = 2 ** 28;

function tar(args: string[]): { ok: boolean; said: string; printed: string } {
  const { error, status, stderr, stdout } = spawnSync('tar', args, { encoding: 'utf8', maxBuffer: MOST_PRINTED });
  if (error) throw new DeviceError('TAR_MISSING', `the program tar could not be started (${error.message}): install it, or add it to PATH`);
  return { ok: status === 0, said: stderr.trim().split('\n')[0], printed: stdout };
}

/** Of a path where no file is, for a sentence. */
export function whatIsThere(path: string): string {
  return statSync(path).isDirectory() ? 'a folder' : 'a pipe, a socket or a device';
}

/** Where a bundle is written until it is whole. */
function temporaryOf(file: string): string {
  return `${resolve(file)}.tmp`;
}

function unwritable(file: string, why: string, cause?: unknown): DataError {
  return new DataError('BUNDLE_UNWRITABLE', `${file}: cannot be written (${why}): make room or choose another file`, { cause });
}

/**
 * Makes sure that a file can be written where it is to be, with the folder that it lies in.
 * @throws {DataError} `BUNDLE_UNWRITABLE`, `WRITE_FAILED`
 */
export function checkTarget(file: string): void {
  if (existsSync(file) && !statSync(file).isFile()) {
    throw new DataError('BUNDLE_UNWRITABLE', `${file}: expected the name of a file but received ${whatIsThere(file)}: choose another file`);
  }
  makeFolder(dirname(resolve(file)));
  try {
    closeSync(openSync(temporaryOf(file), 'w'));
    rmSync(temporaryOf(file));
  } catch (cause) {
    throw unwritable(file, (cause as Error).message, cause);
  }
}

/**
 * Packs a folder, following links, into FILE (gzip), which appears when it is whole.
 * @throws {DataError} `BUNDLE_UNWRITABLE`
 */
export function pack(folder: string, file: string): void {
  const temporary = temporaryOf(file);
  checkTarget(file);
  const { ok, said } = tar(['--create', '--gzip', '--dereference', '--file', temporary, '--directory', dirname(folder), basename(folder)]);
  if (!ok) {
    rmSync(temporary, { force: true });
    throw unwritable(file, said);
  }
  renameSync(temporary, file);
}

/** Unpacks FILE's one folder into `folder`, which is made. @returns what is wrong with the file, if anything is */
export function unpack(file: string, folder: string): string | undefined {
  makeFolder(folder);
  const { ok, said } = tar(['--extract', '--gzip', '--file', resolve(file), '--directory', folder, '--strip-components', '1']);
  return ok ? undefined : said;
}

/** The names of all files in FILE, or what is wrong with it. */
export function namesIn(file: string): string[] | string {
  const { ok, said, printed } = tar(['--list', '--gzip', '--file', resolve(file)]);
  return ok ? printed.split('\n').filter((name) => name !== '' && !name.endsWith('/')) : said;
}

/** One file of FILE as text; nothing where there is none of that name. */
export function textIn(file: string, name: string): string {
  return tar(['--extract', '--gzip', '--to-stdout', '--file', resolve(file), name]).printed;
}
