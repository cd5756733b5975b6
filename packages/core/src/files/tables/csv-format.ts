/**
 * Which line of a CSV file is its header. DuckDB's own guess is not taken: it begins where most rows have the same number of fields, and drops the rows
 * above without a word.
 *
 *   remarks   lines that begin with #; a header may, too: it has as many fields as the row below, in which a number stands
 *   titles    lines of fewer fields than the header, none of which is one of its names. The header is then the first line that has as many fields as the
 *             row below, and no field that is a number
 *
 * Where the lines are not like this, the first that is no remark is the header, and rows with other numbers of fields are refused as they are read.
 */
import { parseTime } from './local-time';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** How a CSV file is written. */
export interface CsvDialect {
  delimiter: ',' | ';' | '\t' | '|';
  newline: '\n' | '\r\n';
  /** number of lines above the header, or above the first row where there is none */
  skip: number;
  /** of the columns, where not those of the header: see {@link namesApart} */
  names?: string[];
  gzipped: boolean;
}

interface Row {
  /** number of lines above */
  linesAbove: number;
  isRemark: boolean;
  fields: string[];
}

/**
 * @param head - whole lines from the beginning of the file
 * @returns how many lines stand above the header, its names, and whether they look like the first row of a table that has no header
 */
export function headerOf(head: string, delimiter: string): { linesAbove: number; names: string[]; isRow: boolean } {
  const rows = rowsOf(head, delimiter);
  const index = rows.findIndex((row, i) => i + 1 < rows.length && isAbove(row, rows[i + 1]));
  const titles = rows.slice(0, Math.max(0, index)).filter(({ isRemark }) => !isRemark);
  const isHeader = index >= 0 && (titles.length === 0 || titles.every((title) => isTitle(title, rows[index].fields)));
  const header = isHeader ? rows[index] : rows.find(({ isRemark }) => !isRemark);
  const nextRow = header && rows[rows.indexOf(header) + 1];
  return {
    linesAbove: header?.linesAbove ?? 0,
    names: header?.fields ?? [],
    isRow: nextRow !== undefined && isAlike(header!.fields, nextRow.fields),
  };
}

/** Whether numbers and times stand in the same places of two rows, one at least: names that are numbers, as of stations, have texts beside them. */
function isAlike(firstRow: readonly string[], secondRow: readonly string[]): boolean {
  const isValue = (field: string): boolean => isNumber(field) || parseTime(field, 'UTC') !== undefined;
  const kinds = firstRow.map((field, i) =>
    field === '' || (secondRow[i] ?? '') === '' ? 'none' : isValue(field) === isValue(secondRow[i]) ? isValue(field) : 'apart',
  );
  return kinds.includes(true) && !kinds.includes('apart');
}

/**
 * Names of which some are borne by several columns, each with its column: `no2 (column 4)`. Else the first of them would be read, without a word.
 *
 * @returns undefined where each is borne by one
 */
export function namesApart(names: readonly string[]): string[] | undefined {
  const [uniqueNames, twice] = [new Set<string>(), new Set<string>()];
  // DuckDB takes NO2 for no2. A table of China's has 1600 names.
  for (const name of names.map((lowerCase) => lowerCase.toLowerCase())) if (name !== '') (uniqueNames.has(name) ? twice : uniqueNames).add(name);
  if (twice.size === 0) return undefined;
  return names.map((name, i) => (twice.has(name.toLowerCase()) ? `${name} (column ${i + 1})` : name || `column${i}`));
}

/** The names of columns that stand twice, each with those that {@link namesApart} gave its columns. */
export function namesTwice(columns: readonly string[]): Map<string, string[]> {
  const twice = new Map<string, string[]>();
  for (const column of columns) {
    const name = / \(column \d+\)$/.exec(column) ? column.replace(/ \(column \d+\)$/, '') : undefined;
    if (name !== undefined) twice.set(name.toLowerCase(), [...(twice.get(name.toLowerCase()) ?? []), column]);
  }
  return twice;
}

/** How many empty lines stand above the rows of a file without a header. */
export function linesAboveRows(head: string): number {
  return Math.max(
    0,
    head.split('\n').findIndex((line) => !isBlank(line)),
  );
}

/** The separator of the first line, remarks aside, that has one: that which it has most of. */
export function delimiterOf<T extends string>(head: string, candidates: readonly [T, ...T[]]): T {
  const count = (line: string, delimiter: string): number => line.split(delimiter).length;
  const lines = head.split('\n');
  const separates = (line: string): boolean => candidates.some((delimiter) => line.includes(delimiter));
  const line = lines.find((candidate) => separates(candidate) && !candidate.startsWith('#')) ?? lines.find(separates) ?? '';
  return candidates.reduce((best, candidate) => (count(line, candidate) > count(line, best) ? candidate : best));
}

const isBlank = (line: string): boolean => line.replace('\ufeff', '').trim() === '';
const isNumber = (field: string): boolean => field !== '' && Number.isFinite(Number(field));

function rowsOf(head: string, delimiter: string): Row[] {
  const rows: Row[] = [];
  let [linesAbove, fields]: [number, string[]] = [0, []];
  for (const [i, line] of head
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    for (const [k, part] of line.split(delimiter).entries()) {
      if (isOpen(fields.at(-1))) fields.push(`${fields.pop()}${k === 0 ? '\n' : delimiter}${part}`);
      else fields.push(part);
    }
    if (isOpen(fields.at(-1))) continue;
    if (fields.length > 1 || !isBlank(fields[0]))
      rows.push({ linesAbove, isRemark: fields[0].startsWith('#') && isOneLine(fields), fields: fields.map(bare) });
    [linesAbove, fields] = [i + 1, []];
  }
  return rows;
}

/** Whether a field goes on behind a separator or line end, since its quotes are not closed. */
const isOpen = (field = ''): boolean => field.startsWith('"') && field.split('"').length % 2 === 0;
/** Of rows above the header DuckDB skips rows instead of lines. */
const isOneLine = (fields: readonly string[]): boolean => !fields.some((field) => field.includes('\n'));
const bare = (field: string): string => field.trim().replace(/^"(.*)"$/s, '$1');

/** Whether this can be the header of a row; the fields by which a row is longer may be empty. */
function isAbove(header: Row, row: Row): boolean {
  const fieldCount = row.fields.findLastIndex((field) => field !== '') + 1;
  if (fieldCount > header.fields.length || row.fields.length < header.fields.length) return false;
  return !header.isRemark || (header.fields.length > 1 && row.fields.some(isNumber));
}

function isTitle({ fields }: Row, header: readonly string[]): boolean {
  return isOneLine(fields) && fields.length < header.length && !fields.some((field) => header.includes(field)) && !header.some(isNumber);
}

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
