/**
 * Tensors and metadata in one file: the safetensors layout (8 bytes header length, JSON header, raw little-endian data), which other tools
 * read, with a SHA-256 of all that it holds in its metadata. A checkpoint replaces the one before by renaming and keeps that as `PATH.previous`, so
 * that a kill at any moment leaves at least one whole file.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { DataError } from '../errors';

export type TensorData = Float32Array | Float64Array;

export interface Tensor {
  data: TensorData;
  shape: number[];
}

/** What a checkpoint holds: named tensors and a JSON-able record beside them. */
export interface Checkpoint {
  tensors: Map<string, Tensor>;
  metadata: Record<string, unknown>;
}

interface HeaderEntry {
  dtype: 'F32' | 'F64';
  shape: number[];
  data_offsets: [number, number];
}

/** Writes a whole file atomically: to `PATH.tmp`, on the disk, then renamed. @throws {DataError} `DISK_FULL` when the disk cannot take it */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.tmp`;
  try {
    // `flush`: a machine that goes down must not leave the new name on an empty file.
    writeFileSync(temporary, content, { flush: true });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw writeFailure(path, content.length, cause);
  }
}

/** `DISK_FULL`, or `WRITE_FAILED` for whatever else kept a file from being written. */
export function writeFailure(path: string, bytes: number, cause: unknown): DataError {
  return (cause as NodeJS.ErrnoException).code === 'ENOSPC'
    ? new DataError('DISK_FULL', `${path}: the disk has no room for ${bytes} bytes: free some space and run again; earlier products are intact`, {
        cause,
      })
    : new DataError('WRITE_FAILED', `${path}: cannot be written (${(cause as Error).message}): check that the folder exists and may be written`, {
        cause,
      });
}

/** Serialises tensors and metadata in the safetensors layout. */
export function encodeTensors({ tensors, metadata }: Checkpoint): Uint8Array {
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  const parts: Buffer[] = [];
  const record = JSON.stringify(metadata);
  let offset = 0;
  for (const [name, { data, shape }] of tensors) {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    header[name] = { dtype: data instanceof Float64Array ? 'F64' : 'F32', shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  header['__metadata__'] = { format: 'retroplume', sha256: checksum(header, record, parts), record };
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}

/** SHA-256 of all that a file says: names, shapes, the record and the data. */
function checksum(entries: Record<string, unknown>, record: string, data: Uint8Array[]): string {
  const hash = createHash('sha256').update(JSON.stringify(entries)).update(record);
  for (const bytes of data) hash.update(bytes);
  return hash.digest('hex');
}

/** Reads what {@link encodeTensors} wrote. @throws {DataError} `CHECKPOINT_CORRUPT` if it is cut short or its checksum does not match */
export function decodeTensors(content: Buffer, path: string): Checkpoint {
  const corrupt = (why: string): DataError =>
    new DataError('CHECKPOINT_CORRUPT', `${path}: ${why}: delete it, and the stage starts from the one before or anew`);
  if (content.length < 8) throw corrupt('too short to hold a header');
  const headerLength = Number(content.readBigUInt64LE(0));
  if (headerLength > content.length - 8) throw corrupt('cut short in its header');
  let header: Record<string, HeaderEntry>;
  try {
    header = JSON.parse(content.subarray(8, 8 + headerLength).toString()) as Record<string, HeaderEntry>;
  } catch {
    throw corrupt('its header is not JSON');
  }
  const { __metadata__: meta, ...entries } = header as unknown as Record<string, HeaderEntry> & { __metadata__?: Record<string, string> };
  const body = content.subarray(8 + headerLength);
  if (typeof meta?.['record'] !== 'string' || checksum(entries, meta['record'], [body]) !== meta['sha256']) {
    throw corrupt('it is cut short or its checksum does not match what it holds');
  }
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
    const bytes = new Uint8Array(body.subarray(...data_offsets)).buffer;
    tensors.set(name, { data: dtype === 'F64' ? new Float64Array(bytes) : new Float32Array(bytes), shape });
  }
  return { tensors, metadata: JSON.parse(meta['record']) as Record<string, unknown> };
}

/** Writes tensors to `path` atomically. */
export function writeTensors(path: string, content: Checkpoint): void {
  writeFileAtomic(path, encodeTensors(content));
}

/** Reads a tensor file. @throws {DataError} if it is missing or corrupt */
export function readTensors(path: string): Checkpoint {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: no such file: run the stage that makes it`);
  return decodeTensors(readFileSync(path), path);
}

/** Writes a checkpoint and keeps the one before as `PATH.previous`. */
export function writeCheckpoint(path: string, content: Checkpoint): void {
  writeFileAtomic(`${path}.new`, encodeTensors(content));
  if (existsSync(path)) renameSync(path, `${path}.previous`);
  renameSync(`${path}.new`, path);
}

/**
 * The newest whole checkpoint at `path`, or undefined if there is none.
 * @param onCorrupt - told when a file is corrupt and the one before is used
 */
export function readCheckpoint(path: string, onCorrupt?: (error: DataError) => void): Checkpoint | undefined {
  for (const candidate of [path, `${path}.previous`]) {
    if (!existsSync(candidate)) continue;
    try {
      return readTensors(candidate);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      onCorrupt?.(error);
    }
  }
  return undefined;
}

/** Removes a checkpoint and the one before it. */
export function removeCheckpoint(path: string): void {
  for (const suffix of ['', '.previous', '.new', '.new.tmp']) rmSync(path + suffix, { force: true });
}
