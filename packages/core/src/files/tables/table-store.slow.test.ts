import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { queryFailure, TableStore } from './table-store';

const folder = mkdtempSync(join(tmpdir(), 'table-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = 'station,time,no2\n';
const ROW = 'A,2017-01-01T00:00,5\n';

/** Reads files of these texts as one table: the rows. */
async function read(...files: (string | Buffer)[]): Promise<number> {
  const paths = files.map((content, i) => {
    const path = join(folder, typeof content === 'string' ? `${i}.csv` : `${i}.csv.gz`);
    writeFileSync(path, content);
    return path;
  });
  const store = await TableStore.open();
  try {
    await store.load('raw', paths);
    return Number((await store.rows('SELECT count(*) FROM raw'))[0][0]);
  } finally {
    store.close();
  }
}

it.each([
  ['a row too long', `${ROW}A,2017-01-01T01:00,5,6,7\n${ROW}`, 'expected 3 fields but line 3 has 5'],
  ['a row too short', `${ROW}A,2017-01-01T01:00\n`, 'expected 3 fields but line 3 has 2'],
  ['one behind many rows', `${ROW.repeat(200000)}A,2017-01-01T01:00\n`, 'expected 3 fields but line 200002 has 2'],
  ['a quote that nothing closes', `${ROW}"A,2017-01-01T01:00,5\n${ROW}`, 'a quote that opens in line 3 is never closed'],
  ['a field that goes on behind its quotes', `"A\n""B""",1,2\n"A"x,1,2\n${ROW}`, 'text follows the quotes of a field that begins in line 4'],
  ['a last line without its end', `${ROW}\nA`, 'expected 3 fields but line 4 has 1'],
])('tells the line of %s', async (_, rows, fault) => {
  const sentence = (name: string): unknown => ({
    code: 'TABLE_UNREADABLE',
    message: `${join(folder, name)}: the table cannot be read (${fault}): mend the file`,
  });
  await expect(read(HEADER + rows)).rejects.toMatchObject(sentence('0.csv') as object);
  const windows = (HEADER + rows).replaceAll('\n', '\r\n');
  await expect(read(HEADER + ROW, gzipSync(windows))).rejects.toMatchObject(sentence('1.csv.gz') as object);
});

it.each([
  ['line 2 ends with LF but the header with CR LF', HEADER.replace('\n', '\r\n') + ROW.repeat(3)],
  ['line 104 ends with CR LF but the header with LF', `${HEADER}"A\r\n",1,2\n${ROW.repeat(100)}${ROW.replace('\n', '\r\n')}`],
])('tells that lines do not end alike: %s', async (fault, content) => {
  await expect(read(content)).rejects.toMatchObject({
    code: 'TABLE_UNREADABLE',
    message: `${join(folder, '0.csv')}: the table cannot be read (${fault}: tr -d '\\r' makes all alike): mend the file`,
  });
});

it.each(['obs.CSV.GZ', 'obs.csv', 'obs.dat'])('reads what is packed by gzip and called %s, and tells its faults', async (name) => {
  const path = join(folder, name);
  const store = await TableStore.open();
  const rows = async (text: string): Promise<unknown> => {
    writeFileSync(path, gzipSync(text));
    await store.view(name, [path]);
    return Number((await store.rows(`SELECT count(*) FROM "${name}"`))[0][0]);
  };
  try {
    expect(await rows(HEADER + ROW.repeat(3))).toBe(3);
    const message = `${path}: the table cannot be read (expected 3 fields but line 3 has 2): mend the file`;
    await expect(rows(`${HEADER}${ROW}A,5\n`)).rejects.toMatchObject({ code: 'TABLE_UNREADABLE', message });
  } finally {
    store.close();
  }
});

it('reads quotes, line ends and separators inside quotes, and empty lines', async () => {
  expect(await read(`${HEADER}"A ""1""\n, B",2017-01-01T00:00,"5"\n\n${ROW}`)).toBe(2);
});

describe('a query of the case', () => {
  /** What is told of a view of this query, after a second or where there is little memory. */
  async function fault(query: string, memory?: string): Promise<unknown> {
    const store = await TableStore.open();
    try {
      await store.load('raw', [written()]);
      if (memory !== undefined) await store.run(`SET memory_limit = '${memory}'`);
      await store.userView('view', query, memory === undefined ? 1 : undefined);
      return await store.rows('SELECT * FROM view').catch((error: unknown) => queryFailure('obs.csv', error));
    } finally {
      store.close();
    }
  }

  const written = (): string => {
    const path = join(folder, 'raw.csv');
    writeFileSync(path, HEADER + ROW);
    return path;
  };

  it.each([
    'SELECT count(*) FROM range(1000000000000)',
    'SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b',
    'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t',
  ])('ends in time: %s', async (query) => {
    expect(await fault(query)).toMatchObject({
      code: 'OBSERVATIONS_SQL',
      message: expect.stringMatching(/^observations\.sql: it has not ended within 1 s: make it simpler, /) as string,
    });
  });

  it('takes no more memory than it may', async () => {
    expect(await fault('SELECT list(range) FROM range(100000000)', '100MB')).toMatchObject({
      code: 'TABLE_MEMORY',
      message: expect.stringMatching(/^observations\.sql: it needs more memory than the .* GB that it may take: make it simpler/) as string,
    });
  });

  it('reads times in UTC, whatever the zone of the machine', async () => {
    expect(await fault(`SELECT current_setting('TimeZone'), (TIMESTAMPTZ '2020-01-01 00:00:00+00')::VARCHAR`, '500MB')).toEqual([
      ['UTC', '2020-01-01 00:00:00+00'],
    ]);
  });
});

it('calls a lack of memory what it is', async () => {
  const store = await TableStore.open();
  try {
    await store.run("SET memory_limit = '2MB'");
    await expect(
      store.run("CREATE TABLE large AS SELECT range::VARCHAR || 'a text of some length' FROM range(1000000)", 'big.csv'),
    ).rejects.toMatchObject({
      code: 'TABLE_MEMORY',
      message: expect.stringMatching(
        /^big\.csv: there is too little memory to read the table \(Out of Memory Error: .*\): allow the process more/,
      ) as string,
    });
  } finally {
    store.close();
  }
});
