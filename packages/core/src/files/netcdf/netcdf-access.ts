/** netCDF files as the rest of core sees them: opened or created with errors that say what to do, and products that appear only when whole. */
import { chmodSync, closeSync, constants, copyFileSync, existsSync, openSync, renameSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import { AddonError, NetcdfFile, type NetcdfError, type NetcdfFormat } from '@retroplume/native';

import { DataError, RetroplumeError } from '../../base/errors';
import { clearTheWay } from '../../base/whole-files';
import { makeFolder, fileLimit, fileSizeLimit, megabytes, diskLimitError } from '../disk';
import { isGzipped } from '../tables/table-files';

/** Bytes of room that are as good as none. */
const LITTLE = 1 << 20;

/**
 * Opens a netCDF file for reading.
 *
 * @throws {DataError} `FILE_MISSING`, `FILE_EMPTY`, `FILE_NOT_NETCDF`, `FILE_TRUNCATED`, `FILE_DAMAGED`, `FILE_UNREADABLE`
 */
export function openNetcdf(path: string): NetcdfFile {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path in the case`);
  const stats = statSync(path);
  if (!stats.isFile()) {
    // netCDF-C would wait for a pipe until somebody writes into it.
    const kind = stats.isDirectory() ? 'a folder' : 'a pipe or a device';
    throw new DataError('FILE_UNREADABLE', `${path}: expected a netCDF file but received ${kind}: give a file`);
  }
  if (stats.size === 0) throw new DataError('FILE_EMPTY', `${path}: the file is empty: copy or make it again`);
  return reading(path, () => NetcdfFile.open(path));
}

/** Whether a variable holds numbers, not text or something of the file's own. */
export function holdsNumbers({ type }: { type: string }): boolean {
  return !['char', 'string', 'user-defined'].includes(type);
}

/** Runs `call`, which reads `path`, and turns what netCDF says into one sentence with a remedy. */
export function reading<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof RetroplumeError || !isNetcdfError(error)) throw error;
    throw readingError(path, error);
  }
}

/** As {@link reading}, over several files: the error names the one that netCDF speaks of. */
export function readingFiles<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof RetroplumeError || !isNetcdfError(error)) throw error;
    throw readingError(error.path, error);
  }
}

function readingError(path: string, error: NetcdfError): DataError {
  const message = error.message.replace(`${error.path}: `, '');
  switch (error.code) {
    case 'NC_ENOTNC':
      if (isGzipped(path)) {
        const text = `${path}: expected a netCDF file but received one packed with gzip: unpack it (gunzip ${basename(path)}) and name the unpacked file`;
        return new DataError('FILE_NOT_NETCDF', text, { cause: error });
      }
      return new DataError('FILE_NOT_NETCDF', `${path}: expected a netCDF file but received something else: check the path in the case`, {
        cause: error,
      });
    case 'NC_ETRUNC':
      return new DataError('FILE_TRUNCATED', `${path}: ${message.replace(/^is truncated: /, 'the file is truncated: ')}: copy or make it again`, {
        cause: error,
      });
    case 'NC_EDAMAGED':
      return new DataError(
        'FILE_DAMAGED',
        `${path}: the file ${message}: copy or make it again (in a run folder: delete it, and run makes it anew)`,
        {
          cause: error,
        },
      );
    case 'NC_EHDFERR':
      return new DataError(
        'FILE_TRUNCATED',
        `${path}: the netCDF-4 file is truncated or damaged (${message}): copy or make it again (in a run folder: delete it, and run makes it anew)`,
        { cause: error },
      );
    default:
      return new DataError('FILE_UNREADABLE', `${path}: ${message}: check the file with ncdump -h, and its permissions`, { cause: error });
  }
}

function isNetcdfError(error: unknown): error is NetcdfError {
  return error instanceof Error && 'code' in error && 'status' in error && 'path' in error;
}

/**
 * A netCDF file in the making. It is written to `NAME.tmp` and gets its name in {@link commit}; {@link abort} leaves nothing behind.
 *
 * @example
 * const output = NetcdfOutput.create('maps.nc', { format: 'netcdf4' });
 * output.write((file) => file.defineDimension('y', 10));
 * output.commit();
 */
export class NetcdfOutput {
  private readonly temporary: string;
  private readonly file: NetcdfFile;

  private constructor(
    readonly path: string,
    private readonly bytes: number,
    begin: (temporary: string) => NetcdfFile,
  ) {
    this.temporary = `${path}.tmp`;
    this.file = this.guarded(() => {
      if (!existsSync(dirname(path))) makeFolder(dirname(path));
      return begin(this.temporary);
    });
  }

  /**
   * @param options - bytes: size of the values, uncompressed, for the check and the message of a full disk; compressed: the file may become
   *   smaller than that, so nothing is checked; prefill: see NetcdfFile.create
   * @throws {DataError} `DISK_FULL` when an uncompressed file cannot fit; `DISK_QUOTA`, `FILE_LIMIT`, `FILE_UNWRITABLE`; `WRITE_FAILED` where its folder cannot be made
   */
  static create(path: string, options: { format: NetcdfFormat; bytes?: number; compressed?: boolean; prefill?: boolean }): NetcdfOutput {
    const { format, bytes = 0, compressed = false, prefill = true } = options;
    const output = new NetcdfOutput(path, bytes, (temporary) => {
      clearTheWay(temporary);
      return NetcdfFile.create(temporary, format, prefill);
    });
    // A compressed file's size isn't known before it is there; the others' is, so that an hour's work needn't end in a full disk.
    if (!compressed && output.free() < bytes) {
      output.abort();
      throw output.diskFull();
    }
    return output;
  }

  /**
   * Begins with a copy of another file: what is not written again stays as it is there, byte for byte.
   *
   * @throws {DataError} `DISK_FULL`, `DISK_QUOTA`, `FILE_LIMIT`; `FILE_UNWRITABLE`; `WRITE_FAILED`
   */
  static copyOf(source: string, path: string): NetcdfOutput {
    return new NetcdfOutput(path, statSync(source).size, (temporary) => {
      clearTheWay(temporary);
      copyFileSync(source, temporary, constants.COPYFILE_EXCL);
      chmodSync(temporary, 0o644); // an archive's files are often read-only, and a copy has its source's mode
      return NetcdfFile.open(temporary, 'write');
    });
  }

  /** Runs `call` on the open file; when it fails, nothing is left behind. */
  write<T>(call: (file: NetcdfFile) => T): T {
    return this.guarded(() => call(this.file));
  }

  /** Closes the file and gives it its name. */
  commit(): void {
    this.guarded(() => {
      this.file.close();
      renameSync(this.temporary, this.path);
    });
  }

  /** Gives up: the temporary file goes, and a file that had the name stays. */
  abort(): void {
    // netCDF keeps its descriptor, and so the disk's blocks, when its last flush fails: give that room first.
    if (this.file !== undefined) giveRoom(this.temporary);
    try {
      this.file?.close();
    } catch {
      // What could not be written is thrown away anyway.
    }
    try {
      clearTheWay(this.temporary);
    } catch {
      // What could not be made there cannot be removed either, and is told already.
    }
  }

  private guarded<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      // HDF5 does not say why a write failed, and netCDF calls a file that it could not create a lack of permission: little room left, on the disk or below the limit on files, is taken for the reason.
      const untold = isNetcdfError(error) && ['NC_EHDFERR', 'EACCES'].includes(error.code);
      const full = isFull(error) || (untold && this.free() < LITTLE);
      const limited = untold && this.isLimited();
      this.abort();
      if (full) throw this.diskFull(error);
      const refused = limited ? fileLimit(this.path, this.bytes, error) : diskLimitError(this.path, this.bytes, error);
      if (refused) throw refused;
      if (!(error instanceof Error && 'code' in error) || error instanceof RetroplumeError || error instanceof AddonError) throw error;
      const message = isNetcdfError(error) ? error.message.replace(`${error.path}: `, '') : error.message;
      throw new DataError('FILE_UNWRITABLE', `${this.path}: ${message}: check the folder and its permissions`, { cause: error });
    }
  }

  private isLimited(): boolean {
    const written = existsSync(this.temporary) ? statSync(this.temporary).size : 0;
    return Math.max(written + LITTLE, this.bytes) > fileSizeLimit();
  }

  private free(): number {
    const { bavail, bsize } = statfsSync(dirname(this.path));
    return bavail * bsize;
  }

  private diskFull(cause?: unknown): DataError {
    const needed = this.bytes > 0 ? `the file needs ${megabytes(this.bytes)} and ` : '';
    const text = `${this.path}: the disk is full: ${needed}${megabytes(this.free())} are free: make room or choose another folder with --out`;
    return new DataError('DISK_FULL', text, { cause });
  }
}

/** Empties a file, if it is there; no link is followed. */
function giveRoom(path: string): void {
  if (existsSync(path)) closeSync(openSync(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW));
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}
