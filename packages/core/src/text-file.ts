/** Text that people write, read as what it is: from a file, and with no byte taken for something else; and written so that it is read again. */
import { readFileSync, statSync } from 'node:fs';
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
  const encoding = utf16Of(text);
  if (encoding !== undefined)
    throw new DataError('FILE_ENCODING', `${path}: the text is ${encoding}: convert it, for example with iconv -f ${encoding} -t UTF-8`);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch (cause) {
    throw new DataError(
      'FILE_ENCODING',
      `${path}: the text is not UTF-8: convert it, for example with iconv -f GB18030 -t UTF-8, or -f ISO-8859-1 if it is Western European`,
      { cause },
    );
  }
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
