/** What a file is, from its first bytes; its name only where the bytes leave it open. */
import { closeSync, createReadStream, existsSync, openSync, readSync, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';

import { DataError } from '../../../base/errors';
import { utf16Of } from '../../../base/whole-files';
import { beginsTensors } from './tensors';

export type FileKind =
  'netcdf' | 'parquet' | 'griddesc' | 'yaml' | 'table' | 'json' | 'numpy' | 'onnx' | 'tensors' | 'tar' | 'folder' | 'empty' | 'unknown';

const HEAD = 4096;

/** @throws {DataError} `FILE_MISSING`, `FILE_KIND`, `FILE_UNREADABLE`, `FILE_TRUNCATED` for a gzip file that cannot be unpacked at its beginning */
export async function sniff(path: string): Promise<FileKind> {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path`);
  const stats = statSync(path);
  if (stats.isDirectory()) return 'folder';
  // A pipe, say, would be waited for until somebody writes into it.
  if (!stats.isFile())
    throw new DataError('FILE_KIND', `${path}: expected a file or folder but received something else, such as a pipe or a device: give a file`);
  const raw = headOf(path);
  if (raw.length === 0) return 'empty';
  const magic = raw.toString('latin1', 0, 8);
  if (beginsNetcdf(raw)) return 'netcdf';
  if (magic.startsWith('PAR1')) return 'parquet';
  if (magic.startsWith('\x93NUMPY')) return 'numpy';
  if (/\.onnx$/i.test(path)) return 'onnx'; // protocol buffers have no magic number
  if (beginsTensors(raw, stats.size) || /\.safetensors$/i.test(path)) return 'tensors';
  const head = magic.startsWith('\x1f\x8b') ? await unpackedHead(path) : raw;
  if (head !== raw && head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  if (beginsNetcdf(head)) return 'netcdf'; // packed, as whoever opens it is told
  return textKind(path, head);
}

function beginsNetcdf(head: Buffer): boolean {
  const magic = head.toString('latin1', 0, 4);
  return (magic.startsWith('CDF') && [1, 2, 5].includes(head[3])) || magic === '\x89HDF';
}

function headOf(path: string): Buffer {
  const descriptor = opened(path);
  try {
    const buffer = Buffer.alloc(HEAD);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, HEAD, 0));
  } finally {
    closeSync(descriptor);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new DataError('FILE_UNREADABLE', `${path}: cannot be read (${(cause as Error).message}): check its permissions`, { cause });
  }
}

async function unpackedHead(path: string): Promise<Buffer> {
  const source = createReadStream(path);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip) as AsyncIterable<Buffer>) return chunk.subarray(0, HEAD);
  } catch (cause) {
    throw new DataError('FILE_TRUNCATED', `${path}: the gzip file cannot be unpacked: copy or download it again`, { cause });
  } finally {
    source.destroy();
  }
  return Buffer.alloc(0);
}

function textKind(path: string, head: Buffer): FileKind {
  // Told of as a table that has to be converted.
  if (utf16Of(head) !== undefined && /\n|\r/.test(head.toString('latin1'))) return 'table';
  if (head.includes(0)) return 'unknown';
  const text = head.toString('utf8').replace(/^\uFEFF/, '');
  const lines = text.split(/\r?\n|\r/);
  if (/^\s*[{[]/.test(text)) return 'json';
  // A header line of anything, then a quoted name by itself, then six numbers.
  if (/^\s*['"][^'"\n]*['"]\s*(!.*)?$/.test(lines[1] ?? '') && /^\s*\d+[\s,]+[-+\d.]/.test(lines[2] ?? '')) return 'griddesc';
  if (/\.ya?ml$/i.test(path)) return 'yaml';
  return /[,;\t|]/.test(lines[0]) ? 'table' : 'unknown';
}
