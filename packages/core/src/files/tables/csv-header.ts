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

interface Row {
  /** number of lines above */
  above: number;
  isRemark: boolean;
  fields: string[];
}

/**
 * @param head - whole lines from the beginning of the file
 * @returns how many lines stand above the header, its names, and whether they look like the first row of a table that has no header
 */
export function headerOf(head: string, delimiter: string): { above: number; names: string[]; isRow: boolean } {
  const rows = rowsOf(head, delimiter);
  const index = rows.findIndex((row, i) => i + 1 < rows.length && isAbove(row, rows[i + 1]));
  const titles = rows.slice(0, Math.max(0, index)).filter(({ isRemark }) => !isRemark);
  const isHeader = index >= 0 && (titles.length === 0 || titles.every((title) => isTitle(title, rows[index].fields)));
  const header = isHeader ? rows[index] : rows.find(({ isRemark }) => !isRemark);
  const below = header && rows[rows.indexOf(header) + 1];
  return { above: header?.above ?? 0, names: header?.fields ?? [], isRow: below !== undefined && isAlike(header!.fields, below.fields) };
}

/** Whether numbers and times stand in the same places of two rows, one at least: names that are numbers, as of stations, have texts beside them. */
function isAlike(one: readonly string[], other: readonly string[]): boolean {
  const isValue = (field: string): boolean => isNumber(field) || parseTime(field, 'UTC') !== undefined;
  const kinds = one.map((field, i) =>
    field === '' || (other[i] ?? '') === '' ? 'none' : isValue(field) === isValue(other[i]) ? isValue(field) : 'apart',
  );
  return kinds.includes(true) && !kinds.includes('apart');
}

/**
 * Names of which some are borne by several columns, each with its column: `no2 (column 4)`. Else the first of them would be read, without a word.
 *
 * @returns undefined where each is borne by one
 */
export function namesApart(names: readonly string[]): string[] | undefined {
  const [seen, twice] = [new Set<string>(), new Set<string>()];
  // DuckDB takes NO2 for no2. A table of China's has 1600 names.
  for (const name of names.map((each) => each.toLowerCase())) if (name !== '') (seen.has(name) ? twice : seen).add(name);
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
  const line = lines.find((each) => separates(each) && !each.startsWith('#')) ?? lines.find(separates) ?? '';
  return candidates.reduce((best, candidate) => (count(line, candidate) > count(line, best) ? candidate : best));
}

const isBlank = (line: string): boolean => line.replace('\ufeff', '').trim() === '';
const isNumber = (field: string): boolean => field !== '' && Number.isFinite(Number(field));

function rowsOf(head: string, delimiter: string): Row[] {
  const rows: Row[] = [];
  let [above, fields]: [number, string[]] = [0, []];
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
      rows.push({ above, isRemark: fields[0].startsWith('#') && isOneLine(fields), fields: fields.map(bare) });
    [above, fields] = [i + 1, []];
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
  const held = row.fields.findLastIndex((field) => field !== '') + 1;
  if (held > header.fields.length || row.fields.length < header.fields.length) return false;
  return !header.isRemark || (header.fields.length > 1 && row.fields.some(isNumber));
}

function isTitle({ fields }: Row, header: readonly string[]): boolean {
  return isOneLine(fields) && fields.length < header.length && !fields.some((field) => header.includes(field)) && !header.some(isNumber);
}
