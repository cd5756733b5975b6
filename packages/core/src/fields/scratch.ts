/** Room for bytes that are read and written by their place: in memory, or in a file without a name, which is gone with the process, however that ends. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../base/errors';
import { diskLimitError } from '../files/disk';

/** What is read or written at once of a file. */
export const FILE_CHUNK = 2 ** 28;

/** Bytes that are read and written by their place. */
export interface Scratch {
  read(target: Uint8Array, offset: number): void;
  write(data: Uint8Array, offset: number): void;
  dispose(): void;
}

/** In blocks: one typed array holds 4 GiB at most. */
export class ScratchMemory implements Scratch {
  readonly blocks: readonly Uint8Array<ArrayBuffer>[];

  constructor(
    length: number,
    private readonly block: number,
  ) {
    this.blocks = Array.from({ length: Math.ceil(length / block) }, (_, i) => new Uint8Array(Math.min(block, length - i * block)));
  }

  read(target: Uint8Array, offset: number): void {
    this.forEachBlock(target, offset, (storedPart, part) => part.set(storedPart));
  }

  write(data: Uint8Array, offset: number): void {
    this.forEachBlock(data, offset, (storedPart, part) => storedPart.set(part));
  }

  dispose(): void {} // the garbage collector's

  private forEachBlock(data: Uint8Array, offset: number, visit: (storedPart: Uint8Array, part: Uint8Array) => void): void {
    for (let position = 0; position < data.length;) {
      const first = (offset + position) % this.block;
      const length = Math.min(this.block - first, data.length - position);
      visit(this.blocks[Math.floor((offset + position) / this.block)].subarray(first, first + length), data.subarray(position, position + length));
      position += length;
    }
  }
}

export class ScratchFile implements Scratch {
  private readonly file: number;

  constructor(
    private readonly folder: string,
    length: number,
  ) {
    this.file = nameless(folder);
    try {
      ftruncateSync(this.file, length);
    } catch (error) {
      throw unwritable(folder, error);
    }
  }

  read(target: Uint8Array, offset: number): void {
    for (let position = 0; position < target.length;) {
      const length = Math.min(FILE_CHUNK, target.length - position);
      const read = readSync(this.file, target, position, length, offset + position);
      if (read === 0) throw new DataError('FILE_UNREADABLE', `a temporary file in ${this.folder} has become shorter: run the same command again`);
      position += read;
    }
  }

  write(data: Uint8Array, offset: number): void {
    try {
      for (let position = 0; position < data.length;)
        position += writeSync(this.file, data, position, Math.min(FILE_CHUNK, data.length - position), offset + position);
    } catch (error) {
      throw unwritable(this.folder, error);
    }
  }

  dispose(): void {
    closeSync(this.file);
  }
}

/** A new file, open for reading and writing, whose name is gone already. */
function nameless(folder: string): number {
  try {
    const scratchFolder = mkdtempSync(join(folder, 'retroplume-hours-'));
    try {
      return openSync(join(scratchFolder, 'fields'), 'wx+', 0o600);
    } finally {
      rmSync(scratchFolder, { recursive: true });
    }
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function unwritable(folder: string, cause: unknown): DataError {
  const refused = diskLimitError(folder, 0, cause, 'set TMPDIR to a folder on another disk');
  if (refused) return refused;
  const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
  return new DataError(
    full ? 'DISK_FULL' : 'FILE_UNWRITABLE',
    `${folder}: a temporary file of fields that are too large for memory cannot be written: ${full ? 'no space is left' : (cause as Error).message}: ` +
      'make room, or set TMPDIR to a folder on another disk',
    { cause },
  );
}
