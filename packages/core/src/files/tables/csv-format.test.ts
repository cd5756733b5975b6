import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { rawFormatOf } from '../../observations/observation-layouts';
import { readObservations } from '../../observations/observations';
import { observationTables, STATIONS, ug } from '../../observations/testing/observation-samples';
import { temporaryFolder } from '../testing/shared-data';
import { TableStore } from './table-store';

const folder = temporaryFolder();

/** All rows of a table, the names of its columns first, in the order of the file. */
async function read(content: string, layout: 'long' | 'airnow' = 'long'): Promise<string[]> {
  const path = join(folder.path, 'table.csv');
  writeFileSync(path, content);
  const store = await TableStore.open();
  try {
    await store.run("SET preserve_insertion_order = 'true'");
    const columns = await store.load('raw', [path], rawFormatOf(layout));
    const rows = await store.rows('SELECT * FROM raw');
    return [columns, ...rows].map((row) => row.map((field) => field ?? '').join(' '));
  } finally {
    store.close();
  }
}

const { pathOf, write, spec } = observationTables();

const refusal = (fault: string): unknown =>
  expect.objectContaining({ code: 'TABLE_UNREADABLE', message: expect.stringContaining(`cannot be read (${fault}): mend the file`) as string });

describe('no row is dropped where the number of fields changes', () => {
  const rows = (count: number, more = ''): string => Array.from({ length: count }, (_, i) => `A,${i},5${more}\n`).join('');

  test.each([1, 2, 5, 30, 2000])('after %d rows', async (count) => {
    const [narrow, wide] = [`id,time,no2\n${rows(count)}`, `id,time,no2,flag\n${rows(count, ',V')}`];
    await expect(read(narrow + wide)).rejects.toEqual(refusal(`expected 3 fields but line ${count + 2} has 4`));
    await expect(read(wide + narrow)).rejects.toEqual(refusal(`expected 4 fields but line ${count + 2} has 3`));
  });

  test('files of China put together, each day with a station more', async () => {
    write('stations.csv', STATIONS);
    const day = (date: number, stations: string): string =>
      `date,hour,type,${stations}\n${Array.from({ length: 24 }, (_, hour) => `2019010${date},${hour},NO2,${stations.replace(/[A-Z]/g, '20')}\n`).join('')}`;
    write('obs.csv', day(1, 'A,B') + day(2, 'A,B,C'));
    await expect(readObservations(spec({ layout: 'cnemc-wide' }))).rejects.toMatchObject({
      code: 'TABLE_UNREADABLE',
      message: `${pathOf('obs.csv')}: the table cannot be read (expected 5 fields but line 26 has 6): mend the file`,
    });
  });

  test('AirNow, whose files have no header', async () => {
    const row = '07/01/22|00:00|A|Name|-8|OZONE|PPB|31';
    const [eight, nine, ten] = [row, `${row}|Agency`, `${row}|Agency|x`].map((text) => `${text}\n`.repeat(10));
    await expect(read(nine + ten, 'airnow')).rejects.toEqual(refusal('expected 9 fields but line 11 has 10'));
    await expect(read(`\n${eight}${nine}`, 'airnow')).rejects.toEqual(refusal('expected 9 fields but line 2 has 8'));
    expect(await read(`\n${nine}`, 'airnow')).toHaveLength(11);
    // a file of another network, in which the file is right and the layout is not
    await expect(read('"State Code","County Code"\n"13","001"\n', 'airnow')).rejects.toMatchObject({
      code: 'TABLE_UNREADABLE',
      message: expect.stringMatching(/expected fields between \| and no header but line 1 has none: .* name another observations\.layout$/) as string,
    });
  });

  test('a header shorter than its rows, as R writes it', async () => {
    await expect(read('"id","no2"\n"1","A",5\n"2","B",6\n')).rejects.toEqual(refusal('expected 2 fields but line 2 has 3'));
  });
});

test.each([
  ['empty lines', '\n  \nid,no2\nA,5\n\nB,6\n\n'],
  ['a byte-order mark', '\ufeffid,no2\nA,5\nB,6\n'],
  ['a mark before an empty line', '\ufeff\nid,no2\nA,5\nB,6\n'],
  ['remarks', '# made by me, in 2017\n\n# "so"\nid,no2\nA,5\nB,6\n'],
  ['a title', 'Table of NO2\nid,no2\nA,5\nB,6\n'],
  ['a title above another separator', 'Table of NO2\n\nid;no2\nA;5\nB;6\n'],
  ['empty fields behind the last', 'id,no2\nA,5,\nB,6,\n'],
])('%s above the header', async (_, content) => {
  expect(await read(content)).toEqual(['id no2', 'A 5', 'B 6']);
  expect(await read(content.replaceAll('\n', '\r\n'))).toEqual(['id no2', 'A 5', 'B 6']);
});

test('titles of several fields; quotes, and separators and lines within them', async () => {
  expect(await read('Table\n"of NO2, so",5" wide\n# it is "so\n"id","time","no\n2"\nA,"1\n",5\n')).toEqual(['id time no\n2', 'A 1\n 5']);
  await expect(read('"Table\nof NO2", x\nid,time,no2\nA,1,5\n')).rejects.toEqual(refusal('expected 2 fields but line 3 has 3'));
  await expect(read('#,"so\nid,time,no2\nA,1,5\nA,2,5\n')).rejects.toEqual(refusal('a quote that opens in line 1 is never closed'));
});

test('rows and headers that begin with #', async () => {
  expect(await read('# remark\nid,no2\n#1,5\n#2,6\n')).toEqual(['id no2', '#1 5', '#2 6']);
  expect(await read('# a remark\n#id,no2\nA,5\n')).toEqual(['#id no2', 'A 5']);
  await expect(read('id,no2\nA,5\n# remark\nB,6\n')).rejects.toEqual(refusal('expected 2 fields but line 3 has 1'));
});

test('what is no title is told by its line', async () => {
  await expect(read('Country,DE\nYear,2017\nid,time,no2\nA,1,5\n')).rejects.toEqual(refusal('expected 2 fields but line 3 has 3'));
  await expect(read('\nid\nid,no2\nA,5\n')).rejects.toEqual(refusal('expected 1 fields but line 3 has 2'));
});

describe('a name that several columns bear', () => {
  test('has its column with it', async () => {
    const rows = ['id no2 (column 2) time no2 (column 4) column4', 'A 5 1 6 '];
    expect(await read('# by two instruments\nid,no2,time,no2,\nA,5,1,6,\n')).toEqual(rows);
    expect(await read('id\t"no2"\ttime\tno2 \t\r\nA\t5\t1\t6\t\r\n')).toEqual(rows);
  });

  test('is none that the case can mean, but with its column', async () => {
    write('stations.csv', STATIONS);
    write('obs.csv', 'station,time,no2,pm25,no2\nA,2017-01-01 00:00,5,7,6\n');
    await expect(readObservations(spec())).rejects.toEqual(
      expect.objectContaining({
        code: 'COLUMN_TWICE',
        message: `${pathOf('obs.csv')}: the column no2 stands there 2 times: name the one that is meant in the case (no2 (column 3) or no2 (column 5)), or remove the others`,
      }),
    );
    const { columns } = spec();
    const second = { ...columns!, species: { NO2: ug('no2 (column 5)') } };
    const { values } = await readObservations(spec({ columns: second, gasReference: { temperature: 298.15, pressure: 101325 } }));
    expect(values.get('NO2')![0] / (6 * (24.465 / 46.0055))).toBeCloseTo(1, 3);
  });
});
