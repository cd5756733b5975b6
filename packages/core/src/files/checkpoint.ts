/**
 * Tensors and metadata in one file: the safetensors layout (8 bytes header length, JSON header, raw little-endian data), which other tools
 * read, with a SHA-256 of all that it holds in its metadata. A checkpoint replaces the one before by renaming and keeps that as `PATH.previous`, so
 * that a kill at any moment leaves at least one whole file.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { DataError } from '../base/errors';
import { replaceFile } from '../base/whole-files';
import { writeFailure } from './disk';

type TensorData = Float32Array | Float64Array;

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

/** Bytes that are read, written or summed up at once: the system takes 2 GiB at most, and a Buffer of Node 20 holds 4. */
const SLICE = 2 ** 28;

/** The bytes of a view, however many, in slices. */
function* slicesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Generator<Uint8Array> {
  for (let offset = 0; offset < byteLength; offset += SLICE) yield new Uint8Array(buffer, byteOffset + offset, Math.min(SLICE, byteLength - offset));
}

/**
 * Writes a whole file atomically: to `PATH.tmp`, on the disk, then renamed.
 *
 * @param content - or its parts, one after the other
 * @throws {DataError} `DISK_FULL` when the disk cannot take it
 */
export function writeFileAtomic(path: string, content: Uint8Array | string | readonly ArrayBufferView[], temporary = `${path}.tmp`): void {
  const parts = typeof content === 'string' ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
  try {
    replaceFile(path, allSlices(parts), temporary);
  } catch (cause) {
    throw writeFailure(
      path,
      parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
      cause,
    );
  }
}

function* allSlices(parts: readonly ArrayBufferView[]): Generator<Uint8Array> {
  for (const part of parts) yield* slicesOf(part);
}

/** The same for a file that several processes, on whichever machines, may write at the same moment: the last one's stays. @throws as {@link writeFileAtomic} */
export function writeSharedFile(path: string, content: string): void {
  writeFileAtomic(path, content, `${path}.${hostname()}-${process.pid}.tmp`);
}

/** Serialises tensors and metadata in the safetensors layout. */
export function encodeTensors(checkpoint: Checkpoint): Uint8Array {
  return Buffer.concat(encodedParts(checkpoint).flatMap((part) => [...slicesOf(part)]));
}

/** The same in parts: the tensors' own memory is not copied. */
function encodedParts({ tensors, metadata }: Checkpoint): ArrayBufferView[] {
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  const record = JSON.stringify(metadata);
  let offset = 0;
  for (const [name, { data, shape }] of tensors) {
    header[name] = { dtype: data instanceof Float64Array ? 'F64' : 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const parts = [...tensors.values()].map(({ data }) => data);
  const hash = checksum(header, record);
  for (const part of parts) for (const slice of slicesOf(part)) hash.update(slice);
  header['__metadata__'] = { format: 'retroplume', sha256: hash.digest('hex'), record };
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return [length, padded, ...parts];
}

/** SHA-256 of all that a file says: names, shapes, the record and, still to come, the data. */
function checksum(entries: Record<string, unknown>, record: string): Hash {
  return createHash('sha256').update(JSON.stringify(entries)).update(record);
}

/** Where tensors are read from: `read` fills the array with the bytes from `at` on, which are there. */
interface Source {
  size: number;
  read: (target: Uint8Array, offset: number) => void;
}

/** Reads what {@link encodeTensors} wrote. @throws {DataError} `CHECKPOINT_CORRUPT` if it is cut short or its checksum does not match */
export function decodeTensors(content: Buffer, path: string): Checkpoint {
  return decode({ size: content.length, read: (offset, position) => offset.set(content.subarray(position, position + offset.length)) }, path);
}

function decode({ size, read }: Source, path: string): Checkpoint {
  const corrupt = (reason: string): DataError =>
    new DataError('CHECKPOINT_CORRUPT', `${path}: ${reason}: delete it, and the stage starts from the one before or anew`);
  const bytesAt = (offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    read(bytes, offset);
    return bytes;
  };
  if (size < 8) throw corrupt('too short to hold a header');
  const headerLength = Number(bytesAt(0, 8).readBigUInt64LE(0));
  if (headerLength > size - 8) throw corrupt('cut short in its header');
  let header: Record<string, HeaderEntry>;
  try {
    header = JSON.parse(bytesAt(8, headerLength).toString()) as Record<string, HeaderEntry>;
  } catch {
    throw corrupt('its header is not JSON');
  }
  const { __metadata__: meta, ...entries } = header as unknown as Record<string, HeaderEntry> & { __metadata__?: Record<string, string> };
  const mismatch = corrupt('it is cut short or its checksum does not match what it holds');
  if (typeof meta?.['record'] !== 'string') throw mismatch;
  const hash = checksum(entries, meta['record']);
  const tensors = new Map<string, Tensor>();
  let position = 8 + headerLength;
  const begin = position;
  const placeOf = ({ data_offsets: offsets }: HeaderEntry): [number, number] => (Array.isArray(offsets) ? offsets : [NaN, NaN]);
  // JSON does not keep the order of names that are numbers.
  const inOrder = Object.entries(entries).sort(([, a], [, b]) => placeOf(a)[0] - placeOf(b)[0]);
  for (const [name, entry] of inOrder) {
    const { dtype, shape } = entry;
    const width = dtype === 'F64' ? 8 : 4;
    const [first, end] = placeOf(entry);
    const length = end - first;
    if (!(first === position - begin && length >= 0 && length % width === 0 && position + length <= size)) throw mismatch;
    const data = dtype === 'F64' ? new Float64Array(length / width) : new Float32Array(length / width);
    for (const slice of slicesOf(data)) {
      read(slice, position);
      hash.update(slice);
      position += slice.length;
    }
    tensors.set(name, { data, shape });
  }
  if (position !== size || hash.digest('hex') !== meta['sha256']) throw mismatch;
  return { tensors, metadata: JSON.parse(meta['record']) as Record<string, unknown> };
}

/** Writes tensors to `path` atomically. */
export function writeTensors(path: string, content: Checkpoint): void {
  writeFileAtomic(path, encodedParts(content));
}

/** Reads a tensor file. @throws {DataError} if it is missing or corrupt */
export function readTensors(path: string): Checkpoint {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: no such file: run the stage that makes it`);
  const file = openSync(path, 'r');
  try {
    return decode({ size: fstatSync(file).size, read: (target, offset) => readWhole(file, target, offset) }, path);
  } finally {
    closeSync(file);
  }
}

/** A file that has become shorter leaves zeros, which no checksum fits. */
function readWhole(file: number, target: Uint8Array, offset: number): void {
  for (let completed = 0; completed < target.length;) {
    const bytesNow = readSync(file, target, completed, target.length - completed, offset + completed);
    if (bytesNow === 0) return;
    completed += bytesNow;
  }
}

/** Writes a checkpoint and keeps the one before as `PATH.previous`. */
export function writeCheckpoint(path: string, content: Checkpoint): void {
  writeFileAtomic(`${path}.new`, encodedParts(content));
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
