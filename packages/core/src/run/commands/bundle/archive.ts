/** Files as one file, a gzipped tar archive, and what is in such a one. */
import { closeSync, createReadStream, existsSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { makeFolder } from '../../../files/disk';
import { ConfigError, DataError } from '../../../base/errors';
import { openNew } from '../../../base/whole-files';
import { ArchiveFault, END, headerOf, paddingAfter, readTar, type Member } from './tar';

/** Of a path where no file is, for a sentence. */
export function whatIsThere(path: string): string {
  return statSync(path).isDirectory() ? 'a folder' : 'a pipe, a socket or a device';
}

/** Where a bundle is written until it is whole. */
function temporaryOf(file: string): string {
  return `${resolve(file)}.tmp`;
}

function unwritable(file: string, reason: string, cause?: unknown): DataError {
  return new DataError('BUNDLE_UNWRITABLE', `${file}: cannot be written (${reason}): make room or choose another file`, { cause });
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
    closeSync(openNew(temporaryOf(file)));
    rmSync(temporaryOf(file));
  } catch (cause) {
    throw unwritable(file, (cause as Error).message, cause);
  }
}

/** A file of an archive: its name there, and where it is or what it holds. */
export interface Packed {
  name: string;
  source: string | Buffer;
}

/** Whether an archive may hold a name: below one folder, with no way out of it, and nothing that a terminal takes for a command. */
export function isPlainName(name: string): boolean {
  const [top, ...lower] = name.split('/');
  return lower.length > 0 && ![top, ...lower].some((part) => ['', '.', '..'].includes(part)) && !/\p{Cc}/u.test(name);
}

/**
 * Packs files into FILE, which appears when it is whole.
 * @throws {DataError} `BUNDLE_UNWRITABLE`
 * @throws {ConfigError} `BUNDLE_NAME`
 */
export async function pack(files: readonly Packed[], file: string): Promise<void> {
  const strange = files.find(({ name }) => !isPlainName(name));
  if (strange)
    throw new ConfigError(
      'BUNDLE_NAME',
      `${JSON.stringify(strange.name)}: a bundle holds no name with control characters: give the file a plain name`,
    );
  checkTarget(file);
  const temporary = temporaryOf(file);
  const output = openNew(temporary);
  try {
    // No stream of the descriptor: one that fails would close it, and so would this.
    await pipeline(Readable.from(blocksOf(files)), createGzip(), async (zipped: AsyncIterable<Buffer>) => {
      for await (const piece of zipped) for (let written = 0; written < piece.length;) written += writeSync(output, piece, written);
    });
    fsyncSync(output);
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw unwritable(file, (cause as Error).message, cause);
  } finally {
    closeSync(output);
  }
}

const READ_AT_ONCE = 2 ** 18;

function* blocksOf(files: readonly Packed[]): Generator<Uint8Array> {
  for (const { name, source } of files) {
    if (typeof source === 'string') {
      yield* blocksOfFile(name, source);
    } else {
      yield headerOf(name, source.length, Math.floor(Date.now() / 1000));
      yield source;
      yield paddingAfter(source.length);
    }
  }
  yield END;
}

function* blocksOfFile(name: string, path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const { size, mtimeMs } = fstatSync(file);
    yield headerOf(name, size, Math.max(0, Math.floor(mtimeMs / 1000)));
    let read = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(READ_AT_ONCE);
      const count = readSync(file, piece, 0, piece.length, null);
      read += count;
      if (count === 0 || read > size) break; // one that has grown is seen, too
      yield piece.subarray(0, count);
    }
    if (read !== size) throw new Error(`${path} changed while it was packed`);
    yield paddingAfter(size);
  } finally {
    closeSync(file);
  }
}

/**
 * Calls `visit` for each member of FILE, in their order.
 * @throws {ArchiveFault} for what is no gzipped tar archive or is damaged; what `visit` throws
 */
export function readArchive(file: string, visit: (member: Member, content: AsyncIterable<Buffer>) => unknown): Promise<void> {
  return readTar(unzipped(file), visit);
}

async function* unzipped(file: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const input = createReadStream(file).on('error', (error) => gunzip.destroy(error));
  try {
    yield* input.pipe(gunzip) as AsyncIterable<Buffer>;
  } catch (cause) {
    if (!(cause as NodeJS.ErrnoException).code?.startsWith('Z_')) throw cause;
    throw new ArchiveFault((cause as Error).message, { cause });
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}

/** What a member holds. */
export async function contentOf(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}
