/** What a CSV file is like, found before it is read: its separator and line ends, and that it is whole and UTF-8. */
import { createReadStream, existsSync, openSync, readSync, closeSync, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';

import { DataError } from '../errors';
import { requireUtf8, utf16Of } from '../text-file';
import { delimiterOf, headerOf, linesAboveRows, namesApart } from './csv-header';

export interface CsvDialect {
  delimiter: ',' | ';' | '\t' | '|';
  newline: '\n' | '\r\n';
  /** number of lines above the header, or above the first row where there is none */
  skip: number;
  /** of the columns, where not those of the header: see {@link namesApart} */
  names?: string[];
  gzipped: boolean;
}

const HEAD = 1 << 16;
const GZIP = Buffer.of(0x1f, 0x8b);

/**
 * @param headless - the separator of a file that has no header
 * @throws {DataError} `FILE_MISSING`, `FILE_UNREADABLE`, `FILE_EMPTY`, `FILE_ENCODING`, `FILE_TRUNCATED` (a gzip file that ends early: DuckDB would read
 * what there is without a word), `TABLE_UNREADABLE` where a separator is given and the first row has none: a file of another layout
 */
export async function inspectCsv(path: string, headless?: CsvDialect['delimiter']): Promise<CsvDialect> {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path in the case`);
  const head = await headOf(path);
  if (head.length === 0) throw new DataError('FILE_EMPTY', `${path}: the file is empty: give one with a header line and data`);
  const end = head.indexOf(0x0a);
  // The head may end within a letter.
  requireUtf8(path, utf16Of(head) === undefined ? head.subarray(0, Math.max(0, head.lastIndexOf(0x0a))) : head);
  if (end < 0 && head.includes(0x0d)) {
    throw new DataError('FILE_ENCODING', `${path}: its lines end with CR alone, as on old Macs: convert it, for example with tr '\\r' '\\n'`);
  }
  // A head that is full may end within a line.
  const text = head.subarray(0, head.length < HEAD || end < 0 ? head.length : head.lastIndexOf(0x0a)).toString('utf8');
  const delimiter = headless ?? delimiterOf(text, [',', ';', '\t', '|'] as const);
  const { above: skip, names } = headless === undefined ? headerOf(text, delimiter) : { above: linesAboveRows(text), names: [] };
  if (headless !== undefined && !text.split('\n')[skip].includes(headless)) {
    throw new DataError(
      'TABLE_UNREADABLE',
      `${path}: expected fields between ${headless} and no header but line ${skip + 1} has none: give files of this layout, or name another observations.layout`,
    );
  }
  return { delimiter, newline: text.split('\n')[skip].endsWith('\r') ? '\r\n' : '\n', skip, names: namesApart(names), gzipped: isGzipped(path) };
}

/** The first line of a CSV or gzipped CSV. @throws {DataError} `FILE_TRUNCATED` */
export async function firstLine(path: string): Promise<string> {
  const head = await headOf(path);
  return head.subarray(0, Math.max(0, head.indexOf(0x0a))).toString('utf8');
}

async function headOf(path: string): Promise<Buffer> {
  // A pipe would be waited for until somebody writes into it.
  if (!statSync(path).isFile()) throw unreadable(path, new Error('it is no file'));
  return isGzipped(path) ? gunzippedHead(path) : plainHead(path);
}

/** By its name, or by its first bytes: what is fetched packed is often saved without .gz. */
function isGzipped(path: string): boolean {
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

/** Unpacks the whole file, since only its end tells that it is whole, and keeps the beginning. */
async function gunzippedHead(path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let kept = 0;
  const gunzip = createGunzip();
  const source = createReadStream(path);
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip) as AsyncIterable<Buffer>) {
      if (kept < HEAD) parts.push(chunk);
      kept += chunk.length;
    }
  } catch (error) {
    const truncated = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
    const what = truncated ? 'the gzip file is truncated' : `the file cannot be unpacked (${error instanceof Error ? error.message : String(error)})`;
    throw new DataError('FILE_TRUNCATED', `${path}: ${what}: copy or download it again`, { cause: error });
  }
  return Buffer.concat(parts).subarray(0, HEAD);
}
