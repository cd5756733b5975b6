/** Tables (CSV, gzipped CSV, Parquet) through DuckDB: every column is read as text, so that nothing is guessed. */
import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';

import { DataError } from '../errors';
import { inspectCsv } from './table-files';

/** @example `"no2""ugm3"` */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A database in memory, for as long as a few tables are read. */
export class TableStore {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  static async open(): Promise<TableStore> {
    const instance = await DuckDBInstance.create(':memory:', { temp_directory: '' });
    return new TableStore(instance, await instance.connect());
  }

  /**
   * Reads files of one kind into a table; columns that a file lacks are NULL in its rows.
   *
   * @returns the columns' names
   * @throws {DataError} what {@link inspectCsv} throws, and `TABLE_UNREADABLE` with DuckDB's reason
   */
  async load(table: string, paths: string[]): Promise<string[]> {
    return this.create('TABLE', table, paths);
  }

  /** As {@link load}, but nothing is kept: every query reads the files again, a part at a time. */
  async view(name: string, paths: string[]): Promise<string[]> {
    return this.create('VIEW', name, paths);
  }

  private async create(what: 'TABLE' | 'VIEW', name: string, paths: string[]): Promise<string[]> {
    const selections = [...(await byDialect(paths))].map(([reader, members]) => `SELECT * FROM ${reader(members)}`);
    const label = paths.length === 1 ? paths[0] : `${paths[0]} … (${paths.length} files)`;
    await this.run(`CREATE ${what} ${identifier(name)} AS ${selections.join(' UNION ALL BY NAME ')}`, label);
    const rows = await this.rows(`SELECT column_name FROM (DESCRIBE ${identifier(name)})`);
    return rows.map(([column]) => String(column));
  }

  async run(sql: string, label = 'table'): Promise<void> {
    try {
      await this.connection.run(sql);
    } catch (error) {
      throw unreadable(label, error);
    }
  }

  async rows(sql: string): Promise<DuckDBValue[][]> {
    return (await this.connection.runAndReadAll(sql)).getRows();
  }

  /** Calls `visit` with the columns of each batch of rows. */
  async stream(sql: string, visit: (columns: DuckDBValue[][], rows: number) => void): Promise<void> {
    const result = await this.connection.stream(sql);
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      visit(chunk.getColumns(), chunk.rowCount);
    }
  }

  /** Creates a table of texts and their positions, to replace texts by numbers in a join. */
  async index(table: string, texts: readonly string[]): Promise<void> {
    await this.run(`CREATE TABLE ${identifier(table)} (text VARCHAR, position INTEGER)`);
    const appender = await this.connection.createAppender(table);
    texts.forEach((text, position) => {
      appender.appendVarchar(text);
      appender.appendInteger(position);
      appender.endRow();
    });
    appender.closeSync();
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

type Reader = (paths: string[]) => string;

/** Files that are read by the same call of DuckDB. Its own sniffing takes minutes for tables of 1600 columns. */
async function byDialect(paths: string[]): Promise<Map<Reader, string[]>> {
  const readers = new Map<string, Reader>();
  const groups = new Map<Reader, string[]>();
  for (const path of paths) {
    const parquet = /\.parquet$/i.test(path);
    const dialect = parquet ? undefined : await inspectCsv(path);
    const key = JSON.stringify(dialect);
    const reader = readers.get(key) ?? (dialect === undefined ? readParquet : readCsv(dialect.delimiter, dialect.newline));
    readers.set(key, reader);
    groups.set(reader, [...(groups.get(reader) ?? []), path]);
  }
  return groups;
}

const readParquet: Reader = (paths) => `(SELECT COLUMNS(*)::VARCHAR FROM read_parquet([${paths.map(literal).join(', ')}], union_by_name = true))`;

function readCsv(delimiter: string, newline: string): Reader {
  const options = `all_varchar = true, union_by_name = true, header = true, delim = ${literal(delimiter)}, quote = '"', escape = '"'`;
  const lineEnd = newline === '\r\n' ? '\\r\\n' : '\\n';
  return (paths) => `read_csv([${paths.map(literal).join(', ')}], ${options}, new_line = '${lineEnd}', sample_size = 20)`;
}

function unreadable(label: string, error: unknown): DataError {
  const reason = (error instanceof Error ? error.message : String(error)).split('\n').find((line) => line.trim() !== '') ?? '';
  return new DataError('TABLE_UNREADABLE', `${label}: the table cannot be read (${reason.trim()}): mend the file`, { cause: error });
}
