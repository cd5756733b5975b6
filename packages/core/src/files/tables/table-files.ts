/** What a CSV file is like, found before it is read: its separator and line ends, and that it is whole and UTF-8. */
import { createReadStream, existsSync, openSync, readSync, closeSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { DataError } from '../../base/errors';
import { notUtf8, requireNoUtf16, Utf8Check } from '../../base/whole-files';
import { type CsvDialect, delimiterOf, headerOf, linesAboveRows, namesApart } from './csv-format';

/** A dialect, and what the header holds, which differs between files of one dialect. */
export interface CsvHead extends CsvDialect {
  /** empty where there is no header */
  header: string[];
  /** what was taken for the header, where it looks like a row of data: `line 1 (A, 2017-01-01, 5)` */
  row?: string;
}

const HEAD = 1 << 16;
/** Bytes that are read at once. */
const PART = 1 << 20;
const SHOWN_FIELDS = 6;
const GZIP = Buffer.of(0x1f, 0x8b);

/**
 * @param headless - the separator of a file that has no header
 * @param otherEncoding - in which such files are written where not in UTF-8
 * @throws {DataError} `FILE_MISSING`, `FILE_UNREADABLE`, `FILE_EMPTY`, `FILE_ENCODING`, `FILE_TRUNCATED` (a gzip file that ends early: DuckDB would read
 * what there is without a word), `TABLE_UNREADABLE` where a separator is given and the first row has none: a file of another layout
 */
export async function inspectCsv(path: string, headless?: CsvDialect['delimiter'], otherEncoding?: string): Promise<CsvHead> {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path in the case`);
  const { head, fault } = await lookThrough(path);
  if (head.length === 0) throw new DataError('FILE_EMPTY', `${path}: the file is empty: give one with a header line and data`);
  const end = head.indexOf(0x0a);
  requireNoUtf16(path, head);
  if (fault !== undefined) throw notUtf8(path, fault, otherEncoding);
  if (end < 0 && head.includes(0x0d)) {
    throw new DataError('FILE_ENCODING', `${path}: its lines end with CR alone, as on old Macs: convert it, for example with tr '\\r' '\\n'`);
  }
  // A head that is full may end within a line.
  const text = head.subarray(0, head.length < HEAD || end < 0 ? head.length : head.lastIndexOf(0x0a)).toString('utf8');
  const delimiter = headless ?? delimiterOf(text, [',', ';', '\t', '|'] as const);
  const {
    linesAbove: skip,
    names,
    isRow,
  } = headless === undefined ? headerOf(text, delimiter) : { linesAbove: linesAboveRows(text), names: [], isRow: false };
  if (headless !== undefined && !text.split('\n')[skip].includes(headless)) {
    throw new DataError(
      'TABLE_UNREADABLE',
      `${path}: expected fields between ${headless} and no header but line ${skip + 1} has none: give files of this layout, or name another observations.layout`,
    );
  }
  const newline = text.split('\n')[skip].endsWith('\r') ? '\r\n' : '\n';
  return {
    delimiter,
    newline,
    skip,
    names: namesApart(names),
    gzipped: isGzipped(path),
    header: names,
    ...(isRow ? { row: rowInWords(skip + 1, names) } : {}),
  };
}

function rowInWords(line: number, fields: readonly string[]): string {
  return `line ${line} (${fields.slice(0, SHOWN_FIELDS).join(', ')}${fields.length > SHOWN_FIELDS ? ', …' : ''})`;
}

/** The first line of a CSV or gzipped CSV. @throws {DataError} `FILE_TRUNCATED` */
export async function firstLine(path: string): Promise<string> {
  const head = isRegular(path) && !isGzipped(path) ? plainHead(path) : (await lookThrough(path)).head;
  return head.subarray(0, Math.max(0, head.indexOf(0x0a))).toString('utf8');
}

/** By its name, or by its first bytes: what is fetched packed is often saved without .gz. */
export function isGzipped(path: string): boolean {
  return /\.gz$/i.test(path) || plainHead(path).subarray(0, 2).equals(GZIP);
}

function unreadable(path: string, cause: Error): DataError {
  const text = `${path}: expected a table but it cannot be read (${cause.message}): give a file, and check its permissions`;
  return new DataError('FILE_UNREADABLE', text, { cause });
}

function plainHead(path: string): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const buffer = Buffer.alloc(HEAD);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, HEAD, 0));
  } catch (cause) {
    throw unreadable(path, cause as Error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Reads, or unpacks, the whole file, and keeps the beginning: only its end tells that a gzip file is whole, and any line may hold letters of another encoding,
 * which DuckDB does not look for in columns that nobody asks for. 640 MB take 0.1 s, and DuckDB finds them in memory.
 *
 * @returns with what stands before the first byte that is none of UTF-8, if there is one
 */
async function lookThrough(path: string): Promise<{ head: Buffer; fault?: string }> {
  // A pipe would be waited for until somebody writes into it.
  if (!isRegular(path)) throw unreadable(path, new Error('it is no file'));
  const parts: Buffer[] = [];
  let keptBytes = 0;
  const utf8 = new Utf8Check();
  const gzipped = isGzipped(path);
  const file = createReadStream(path, { highWaterMark: PART });
  const source = gzipped ? pipeline(file, createGunzip({ chunkSize: PART }), () => undefined) : file;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (keptBytes < HEAD) parts.push(chunk);
      keptBytes += chunk.length;
      utf8.take(chunk);
    }
  } catch (error) {
    if (!gzipped) throw unreadable(path, error as Error);
    const truncated = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
    const problem = truncated
      ? 'the gzip file is truncated'
      : `the file cannot be unpacked (${error instanceof Error ? error.message : String(error)})`;
    throw new DataError('FILE_TRUNCATED', `${path}: ${problem}: copy or download it again`, { cause: error });
  }
  utf8.take(Buffer.alloc(0), true);
  return { head: Buffer.concat(parts).subarray(0, HEAD), fault: utf8.fault };
}

const isRegular = (path: string): boolean => statSync(path).isFile();
