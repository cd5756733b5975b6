/** Where a CSV file breaks the rules: for files that DuckDB refuses, since it names neither file nor line of what it finds at the beginning of one. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

import type { CsvDialect } from './table-files';

const [QUOTE, NEWLINE, RETURN] = [0x22, 0x0a, 0x0d];

/**
 * Reads bytes of a table, and keeps the first fault: quotes that are not closed, or not by the end of a field, and rows of another number of fields; where
 * there is none of these, lines that end otherwise than the header.
 */
class CsvScan {
  fault?: string;
  private previous = 0;
  /** the first that ends otherwise than the header */
  private oddEnd?: number;
  private state: 'begin' | 'plain' | 'quoted' | 'closed' = 'begin';
  private line = 1;
  private row = { line: 1, fields: 1 };
  /** line of the quote that was opened last */
  private opened = 1;
  private readonly separator: number;

  /** @param fields - of every row; by default as many as the first row has */
  constructor(
    private readonly dialect: CsvDialect,
    private fields?: number,
  ) {
    this.separator = dialect.delimiter.charCodeAt(0);
  }

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === NEWLINE && this.state !== 'quoted' && (this.previous === RETURN) !== (this.dialect.newline === '\r\n')) this.oddEnd ??= this.line;
      this.step(byte);
      this.previous = byte;
      if (this.fault !== undefined) return;
    }
  }

  end(): void {
    if (this.state === 'quoted') this.fault = `a quote that opens in line ${this.opened} is never closed`;
    else if (this.fault === undefined) this.endRow();
    if (this.oddEnd === undefined) return;
    const [odd, header] = this.dialect.newline === '\n' ? ['CR LF', 'LF'] : ['LF', 'CR LF'];
    this.fault ??= `line ${this.oddEnd} ends with ${odd} but the header with ${header}: tr -d '\\r' makes all alike`;
  }

  private step(byte: number): void {
    if (this.line <= this.dialect.skip) {
      if (byte === NEWLINE) this.row.line = ++this.line;
    } else if (this.state === 'quoted') {
      if (byte === QUOTE) this.state = 'closed';
      if (byte === NEWLINE) this.line++;
    } else if (byte === this.separator) {
      this.row.fields++;
      this.state = 'begin';
    } else if (byte === NEWLINE) this.endRow();
    else if (byte === QUOTE && this.state !== 'plain') {
      // A second one stands for a quote in the text.
      if (this.state === 'begin') this.opened = this.line;
      this.state = 'quoted';
    } else if (byte !== RETURN) {
      if (this.state === 'closed') this.fault = `text follows the quotes of a field that begins in line ${this.opened}`;
      this.state = 'plain';
    }
  }

  private endRow(): void {
    const { line, fields } = this.row;
    const isEmpty = fields === 1 && this.state === 'begin';
    this.fields ??= fields;
    if (!isEmpty && fields !== this.fields) this.fault = `expected ${this.fields} fields but line ${line} has ${fields}`;
    this.line++;
    this.row = { line: this.line, fields: 1 };
    this.state = 'begin';
  }
}

/** @param fields - of every row, where the file has no header @returns what is wrong with a CSV or gzipped CSV, with its line; undefined where nothing is found */
export async function firstCsvFault(path: string, dialect: CsvDialect, fields?: number): Promise<string | undefined> {
  const scan = new CsvScan(dialect, fields);
  const file = createReadStream(path);
  const source = dialect.gzipped ? pipeline(file, createGunzip(), () => undefined) : file;
  for await (const bytes of source as AsyncIterable<Uint8Array>) {
    scan.take(bytes);
    if (scan.fault !== undefined) return scan.fault;
  }
  scan.end();
  return scan.fault;
}
