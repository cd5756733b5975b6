/** Tables (CSV, gzipped CSV, Parquet) through DuckDB: every column is read as text, so that nothing is guessed. */
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';

import { ConfigError, DataError, DeviceError, type RetroplumeError } from '../../base/errors';
import { gigabytes, usableMemory } from '../../base/process';
import { firstCsvFault, type CsvDialect } from './csv-format';
import { changingPart, CHANGING_FUNCTIONS, PARSED_QUERY } from './repeatable-query';
import { inspectCsv, type CsvHead } from './table-files';

/** @example `"no2""ugm3"` */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A path as it stands: DuckDB takes one with `[1]`, `*` or `?` in it for a pattern, and may read another file. */
const fileLiteral = (path: string): string => literal(path.replace(/[[*?]/g, '[$&]'));

/** How files are read that are no tables with a header: the separator, and the names of the columns, all text. */
export interface RawFormat {
  delimiter: CsvDialect['delimiter'];
  columns: string[];
  /** in which such files are written where not in UTF-8 */
  otherEncoding?: string;
}

/** A file of a table. */
export interface HeldFile {
  path: string;
  columns: string[];
  /** see {@link CsvHead} */
  row?: string;
}

/** Of what the process may take, what DuckDB may. */
const MEMORY_PART = 0.8;
/** For all that is read through a query of the case, s: a month of hours of China takes 5. */
const QUERY_SECONDS = 600;

/** Loaded with the first table: no other command should wait for it. */
function duckdb(): Promise<typeof import('@duckdb/node-api')> {
  return import('@duckdb/node-api');
}

/** A database in memory, for as long as a few tables are read. */
export class TableStore {
  /** what was asked to be read, to say which file is at fault */
  private readonly sources: { paths: string[]; format?: RawFormat }[] = [];
  /** of each table */
  private readonly filesOfTable = new Map<string, HeldFile[]>();
  /** why no more is read, once there is a reason */
  private ended?: Error;
  private readonly onClose: (() => void)[] = [];

  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  /** @param signal - ends what is read, with its reason */
  static async open(signal?: AbortSignal): Promise<TableStore> {
    signal?.throwIfAborted();
    const { DuckDBInstance } = await duckdb();
    // No extension is ever fetched: what DuckDB was built with is all that is used.
    const settings = {
      temp_directory: '',
      preserve_insertion_order: 'false', // no order is relied upon; a third less memory
      threads: '1', // each holds buffers of its own for every column: with tables of 1600 columns more of them cost memory and gain nothing
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      memory_limit: `${Math.floor((MEMORY_PART * usableMemory()) / 2 ** 20)}MiB`,
    };
    try {
      const instance = await DuckDBInstance.create(':memory:', settings);
      const store = new TableStore(instance, await instance.connect());
      await store.run("SET TimeZone = 'UTC'"); // else the machine's, in which a query may read times
      store.endWith(signal);
      return store;
    } catch (error) {
      throw outOfMemory('table', error) ?? error;
    }
  }

  /**
   * Reads files of one kind into a table; columns that a file lacks are NULL in its rows.
   *
   * @param select - SQL of the columns that the table shall have, of those that the files hold; default, and where there are none: all
   * @returns the names of all columns of the files
   * @throws {DataError} what {@link inspectCsv} throws, and `TABLE_UNREADABLE` with DuckDB's reason
   */
  async load(table: string, paths: string[], format?: RawFormat, select?: (columns: string[]) => string[]): Promise<string[]> {
    if (!select) return this.create('TABLE', table, paths, format);
    const files = `${table} files`;
    const columns = await this.view(files, paths, format);
    this.filesOfTable.set(table, this.files(files));
    await this.run(`CREATE TABLE ${identifier(table)} AS SELECT ${select(columns).join(', ') || '*'} FROM ${identifier(files)}`, labelOf(paths));
    return columns;
  }

  /** As {@link load}, but nothing is kept: every query reads the files again, a part at a time. */
  async view(name: string, paths: string[], format?: RawFormat): Promise<string[]> {
    return this.create('VIEW', name, paths, format);
  }

  /** The files of a table, each with its own columns. */
  files(table: string): HeldFile[] {
    return this.filesOfTable.get(table) ?? [];
  }

  /** From here on no statement can read or write a file, reach a network or undo this. */
  async lock(): Promise<void> {
    await this.run('SET enable_external_access = false');
    await this.run('SET lock_configuration = true');
  }

  /**
   * Makes a view of a query that a user wrote. It must be one SELECT; since the store is {@link lock}ed before, it can read nothing but the store's tables.
   * What it does with their values fails only where the view is read: {@link queryFailure}.
   *
   * @param seconds - from now on, after which whatever is read ends
   * @throws {ConfigError} `OBSERVATIONS_SQL`, also from all that is read later than `seconds`
   */
  async userView(name: string, sql: string, seconds = QUERY_SECONDS): Promise<string[]> {
    await this.lock();
    const { StatementType } = await duckdb();
    const wrong = (text: string, cause?: unknown): ConfigError => new ConfigError('OBSERVATIONS_SQL', `observations.sql: ${text}`, { cause });
    const late = wrong(
      `it has not ended within ${seconds} s: make it simpler, such as without joins of large tables, or prepare the table beforehand`,
    );
    const timer = setTimeout(() => this.end(late), 1000 * seconds);
    this.onClose.push(() => clearTimeout(timer));
    let selects = false;
    let changing: string | undefined;
    try {
      // DuckDB fails on an empty text instead of finding no statement.
      const statements = sql.trim() === '' ? undefined : await this.connection.extractStatements(sql);
      if (statements?.count === 1) changing = await this.changingPart(sql);
      selects = changing === undefined && statements?.count === 1 && (await statements.prepare(0)).statementType === StatementType.SELECT;
      if (selects) await this.connection.run(`CREATE VIEW ${identifier(name)} AS ${sql.trim().replace(/;$/, '')}`);
    } catch (error) {
      if (this.ended) throw this.ended;
      throw wrong(`DuckDB cannot run it (${reasonOf(error)}): mend the query; it may read the table raw, in which every column is text`, error);
    }
    if (changing !== undefined)
      throw wrong(
        `${changing} gives something else on every run, and so would the results: write what it stands for, such as a date, into the query`,
      );
    if (!selects) throw wrong('expected one SELECT and nothing else: write one query over the table raw');
    return this.columnsOf(identifier(name));
  }

  private async create(kind: 'TABLE' | 'VIEW', name: string, paths: string[], format?: RawFormat): Promise<string[]> {
    this.sources.push({ paths, format });
    const readers = await byDialect(paths, format);
    const selections = [...readers].map(([reader, members]) => `SELECT * FROM ${reader(members.map(({ path }) => path))}`);
    await this.run(`CREATE ${kind} ${identifier(name)} AS ${selections.join(' UNION ALL BY NAME ')}`, labelOf(paths));
    const columns = await this.columnsOf(identifier(name));
    this.filesOfTable.set(
      name,
      paths.length === 1 ? [...readers.values()].flat().map((file) => ({ ...file, columns })) : await this.columnsOfEach(readers),
    );
    return columns;
  }

  /** What in a query changes from run to run. */
  private async changingPart(sql: string): Promise<string | undefined> {
    const [[parsed]] = await this.rows(PARSED_QUERY, 'observations.sql', [sql]);
    const functions = (await this.rows(CHANGING_FUNCTIONS)).map(([name]) => String(name));
    return changingPart(
      String(parsed),
      functions,
      [...this.filesOfTable.values()].flat().flatMap(({ columns }) => columns),
    );
  }

  private async columnsOf(relation: string, label?: string): Promise<string[]> {
    const rows = await this.rows(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${relation})`, label);
    return rows.map(([column]) => String(column));
  }

  /** DuckDB is asked once for each header: a month of China's has one of 1600 names a day. */
  private async columnsOfEach(readers: Awaited<ReturnType<typeof byDialect>>): Promise<HeldFile[]> {
    const files: HeldFile[] = [];
    for (const [reader, members] of readers) {
      const columnsByName = new Map<string, string[]>();
      for (const { path, header, ...file } of members) {
        const key = header === undefined ? path : JSON.stringify(header);
        const columns = columnsByName.get(key) ?? (await this.columnsOf(reader([path]), path));
        columnsByName.set(key, columns);
        files.push({ path, columns, ...file });
      }
    }
    return files;
  }

  /** @throws {DataError} `TABLE_UNREADABLE` @throws {DeviceError} `TABLE_MEMORY` */
  private async attempt<T>(label: string, call: () => Promise<T>): Promise<T> {
    try {
      this.throwIfEnded();
      const result = await call();
      this.throwIfEnded(); // of a stream that was ended DuckDB says only that there is no more
      return result;
    } catch (error) {
      throw this.ended ?? (await this.failure(label, error));
    }
  }

  private throwIfEnded(): void {
    if (this.ended) throw this.ended;
  }

  private end(reason: Error): void {
    this.ended ??= reason;
    this.connection.interrupt();
  }

  private endWith(signal?: AbortSignal): void {
    if (!signal) return;
    const end = (): void => this.end(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
    this.onClose.push(() => signal.removeEventListener('abort', end));
  }

  /** What an error of DuckDB means. */
  private async failure(label: string, error: unknown): Promise<RetroplumeError> {
    const reason = reasonOf(error);
    // Of a large file's later rows DuckDB names the line, but not of the first thousands.
    const { path, fault } = (/sniffing file|CSV Error/.test(reason) ? await this.csvFault() : undefined) ?? { path: label, fault: reason };
    return (
      outOfMemory(label, error) ?? new DataError('TABLE_UNREADABLE', `${path}: the table cannot be read (${fault}): mend the file`, { cause: error })
    );
  }

  private async csvFault(): Promise<{ path: string; fault: string } | undefined> {
    for (const { paths, format } of this.sources) {
      for (const path of paths.filter((candidate) => !isParquet(candidate))) {
        const fault = await firstCsvFault(path, await inspectCsv(path, format?.delimiter), format?.columns.length);
        if (fault !== undefined) return { path, fault };
      }
    }
    return undefined;
  }

  async run(sql: string, label = 'table'): Promise<void> {
    await this.attempt(label, () => this.connection.run(sql));
  }

  /** A view reads its files only now. @throws {DataError} `TABLE_UNREADABLE` @throws {DeviceError} `TABLE_MEMORY` */
  async rows(sql: string, label = 'table', parameters: DuckDBValue[] = []): Promise<DuckDBValue[][]> {
    return this.attempt(label, async () => (await this.connection.runAndReadAll(sql, parameters)).getRows());
  }

  /** Calls `visit` with the columns of each batch of rows. */
  async stream(sql: string, visit: (columns: DuckDBValue[][], rows: number) => void, label = 'table', parameters: DuckDBValue[] = []): Promise<void> {
    const result = await this.attempt(label, () => this.connection.stream(sql, parameters));
    const next = (): ReturnType<typeof result.fetchChunk> => this.attempt(label, () => result.fetchChunk());
    for (let chunk = await next(); chunk && chunk.rowCount > 0; chunk = await next()) visit(chunk.getColumns(), chunk.rowCount);
  }

  /** Creates a table of texts and numbers, by default their positions, to replace texts by numbers in a join. */
  async index(table: string, texts: readonly string[], positions?: readonly number[]): Promise<void> {
    await this.run(`CREATE TABLE ${identifier(table)} (text VARCHAR, position INTEGER)`);
    await this.attempt('table', async () => {
      const appender = await this.connection.createAppender(table);
      texts.forEach((text, i) => {
        appender.appendVarchar(text);
        appender.appendInteger(positions?.[i] ?? i);
        appender.endRow();
      });
      appender.closeSync();
    });
  }

  close(): void {
    for (const call of this.onClose) call();
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

/** What errors call files that are read together. */
export const labelOf = (paths: readonly string[]): string => (paths.length === 1 ? paths[0] : `${paths[0]} … (${paths.length} files)`);

const isParquet = (path: string): boolean => /\.parquet$/i.test(path);

type Reader = (paths: string[]) => string;

/** Files that are read by the same call of DuckDB. Its own sniffing takes minutes for tables of 1600 columns. */
async function byDialect(paths: string[], format?: RawFormat): Promise<Map<Reader, { path: string; header?: string[]; row?: string }[]>> {
  const readers = new Map<string, Reader>();
  const groups = new Map<Reader, { path: string; header?: string[]; row?: string }[]>();
  for (const path of paths) {
    const { header, row, ...dialect }: Partial<CsvHead> = isParquet(path) ? {} : await inspectCsv(path, format?.delimiter, format?.otherEncoding);
    const key = JSON.stringify(dialect);
    const reader = readers.get(key) ?? (header === undefined ? readParquet : readCsv(dialect as CsvDialect, format));
    readers.set(key, reader);
    groups.set(reader, [...(groups.get(reader) ?? []), { path, header, ...(row === undefined ? {} : { row }) }]);
  }
  return groups;
}

const readParquet: Reader = (paths) => `(SELECT COLUMNS(*)::VARCHAR FROM read_parquet([${paths.map(fileLiteral).join(', ')}], union_by_name = true))`;

function readCsv({ delimiter, newline, skip, names: apart, gzipped }: CsvDialect, format?: RawFormat): Reader {
  const names = format?.columns ?? apart;
  const header = `header = ${format === undefined}, union_by_name = ${format === undefined}${names ? `, names = [${names.map(literal).join(', ')}]` : ''}`;
  const options = `all_varchar = true, ${header}, delim = ${literal(delimiter)}, compression = '${gzipped ? 'gzip' : 'none'}', quote = '"', escape = '"'`;
  const lineEnd = newline === '\r\n' ? '\\r\\n' : '\\n';
  // Without `skip`, and a `comment` that is none, it drops first rows with other numbers of fields, and rows that begin with #.
  const rows = `new_line = '${lineEnd}', skip = ${skip}, comment = '', sample_size = 20`;
  return (paths) => `read_csv([${paths.map(fileLiteral).join(', ')}], ${options}, ${rows})`;
}

/** A failure of a statement over a {@link TableStore.userView}, whose files were read before: it is the query's. @param label - of those files */
export function queryFailure(label: string, error: unknown): unknown {
  if (error instanceof DeviceError && error.code === 'TABLE_MEMORY') return queryMemory(error);
  if (!(error instanceof DataError) || error.code !== 'TABLE_UNREADABLE') return error;
  const { cause } = error;
  return new ConfigError(
    'OBSERVATIONS_SQL',
    `observations.sql: DuckDB cannot run it on the values of ${label} (${reasonOf(cause)}): mend the query (TRY_CAST gives NULL for what it cannot convert) or the values`,
    { cause },
  );
}

function queryMemory(cause: DeviceError): DeviceError {
  const memoryLimit = gigabytes(MEMORY_PART * usableMemory());
  const text = `observations.sql: it needs more memory than the ${memoryLimit} that it may take: make it simpler, such as without joins of large tables, or allow the process more`;
  return new DeviceError('TABLE_MEMORY', text, { cause });
}

/** The error where DuckDB failed for want of memory, which is no fault of the table. */
function outOfMemory(label: string, error: unknown): DeviceError | undefined {
  const reason = reasonOf(error);
  if (!/^Out of Memory Error|bad.alloc/.test(reason)) return undefined;
  return new DeviceError(
    'TABLE_MEMORY',
    `${label}: there is too little memory to read the table (${reason}): allow the process more (the memory of the job, ulimit -v), or free some`,
    { cause: error },
  );
}

/** The first line of what DuckDB says. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').trim();
}
