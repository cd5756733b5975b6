/**
 * Files that are read or written whole. Text that people write is read as what it is, with no byte taken for something else; and written so that it is read again.
 * What is asked of the same files again and again is read once. A new file has a temporary name, and gets its own once it is whole.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync, closeSync, fsyncSync, openSync, renameSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { DataError } from './errors';

/** @throws {Error} where there is no file; a pipe would be waited for until somebody writes into it */
export function readRegular(path: string): Buffer {
  if (!statSync(path).isFile()) throw new Error('it is no file');
  return readFileSync(path);
}

/** UTF-16 by its mark, or by its beginning: there half of the bytes of Latin letters and digits are 0. The name is iconv's. */
export function utf16Of(head: Buffer): string | undefined {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return 'UTF-16';
  const zeros = [0, 0];
  for (const [i, byte] of head.entries()) if (byte === 0) zeros[i % 2]++;
  const [even, odd] = zeros.map((count) => (2 * count) / head.length);
  if (odd > 0.5 && even < 0.1) return 'UTF-16LE';
  return even > 0.5 && odd < 0.1 ? 'UTF-16BE' : undefined;
}

/** @throws {DataError} `FILE_ENCODING` */
export function requireUtf8(path: string, text: Buffer): void {
  requireNoUtf16(path, text);
  if (!isUtf8(text)) throw notUtf8(path);
}

/** @param head - of the text @throws {DataError} `FILE_ENCODING` */
export function requireNoUtf16(path: string, head: Buffer): void {
  const encoding = utf16Of(head);
  if (encoding === undefined) return;
  throw new DataError('FILE_ENCODING', `${path}: the text is ${encoding}: convert it, for example with iconv -f ${encoding} -t UTF-8`);
}

/** @param precedingText - what stands in the line before the byte that is none of UTF-8 @param encoding - in which such files are written where not in UTF-8, if known */
export function notUtf8(path: string, precedingText?: string, encoding?: string): DataError {
  const place = precedingText === undefined ? '' : ` (after ${JSON.stringify(precedingText)})`;
  return new DataError(
    'FILE_ENCODING',
    encoding === undefined
      ? `${path}: the text is not UTF-8${place}: convert it, for example with iconv -f GB18030 -t UTF-8, or -f ISO-8859-1 if it is Western European`
      : `${path}: the text is not UTF-8${place}: convert it with iconv -f ${encoding} -t UTF-8`,
  );
}

/** Whether a text that comes in parts is UTF-8; a part may end within a letter. */
export class Utf8Check {
  /** what stands in its line before the first byte that is none of UTF-8; undefined where all is UTF-8 so far */
  fault?: string;
  private begun: Buffer = Buffer.alloc(0);

  /** @param last - whether no part follows */
  take(part: Buffer, last = false): void {
    if (this.fault !== undefined) return;
    const bytes = this.begun.length > 0 ? Buffer.concat([this.begun, part]) : part;
    const whole = bytes.subarray(0, last ? bytes.length : wholeLetters(bytes));
    if (!isUtf8(whole)) this.fault = goodText(whole);
    this.begun = Buffer.from(bytes.subarray(whole.length)); // a part may be written over
  }
}

/** How many bytes there are but for those of a letter that the end cuts. */
function wholeLetters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) break;
    if (byte < 0xc0) continue; // within a letter
    const letter = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return letter > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** The end of the text before the first byte that is none of UTF-8, in its line. */
function goodText(bytes: Buffer): string {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isUtf8(bytes.subarray(0, wholeLetters(bytes.subarray(0, middle))))) good = middle;
    else bad = middle;
  }
  const text = bytes.subarray(0, wholeLetters(bytes.subarray(0, good)));
  return text
    .subarray(text.lastIndexOf(0x0a) + 1)
    .toString('utf8')
    .slice(-40);
}

/** A text as a field of CSV: in quotes where it holds what would end or split the field. */
export function quotedField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows of CSV whose fields are as {@link quotedField} writes them. @param text - without a line break at its end */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n|$)/g) as Iterable<(string | undefined)[]>) {
    rows[rows.length - 1].push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\n') rows.push([]);
    if (end === '') break;
  }
  return rows;
}

/**
 * Clears the way for a new file: what a killed process left there goes, and a link that somebody has put there; what it leads to stays.
 * @throws {Error} of the system, where something stays
 */
export function clearTheWay(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Opens a new file for writing; a link that is put there at the same moment is not followed. @throws {Error} of the system */
export function openNew(path: string): number {
  clearTheWay(path);
  return openSync(path, 'wx');
}

/**
 * Writes a whole file: under a temporary name, on the disk, then renamed.
 * @throws {Error} of the system; what was there before stays
 */
export function replaceFile(path: string, parts: Iterable<Uint8Array>, temporary = `${path}.tmp`): void {
  try {
    const file = openNew(temporary);
    try {
      for (const part of parts) for (let completed = 0; completed < part.length;) completed += writeSync(file, part, completed);
      // A machine that goes down must not leave the new name on an empty file.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Of a file that is there what `read` has found in it, for as long as the file system says that it is the same file. */
export function cachedByFile<T>(read: (path: string) => T): (path: string) => T {
  const cache = new Map<string, { state: string; value: T }>();
  return (path) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stat) return read(path);
    const state = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
    const cached = cache.get(path);
    if (cached?.state === state) return cached.value;
    const value = read(path);
    cache.set(path, { state, value: value });
    return value;
  };
}
