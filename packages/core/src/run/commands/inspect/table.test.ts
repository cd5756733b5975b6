import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Inspection } from './inspection';
import { inspectTable } from './table';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'retroplume-inspect-table-'))));
afterEach(() => rmSync(dir, { recursive: true }));

type Found = Omit<Inspection, 'path' | 'bytes'>;

function inspected(rows: readonly string[]): Promise<Found> {
  const path = join(dir, 'network.csv');
  writeFileSync(path, `${rows.join('\n')}\n`);
  return inspectTable(path);
}

const odd = ({ odd: all }: Found): string[] => all.map(({ code, text }) => `${code}: ${text}`);

const AIRNOW = ['07/01/22|00:00|060010007|Livermore|-8|OZONE|PPB|31|x', '07/01/2022|01:00|060010007|Livermore|-8|OZONE|PPB|33|x'];
const OPENAQ = 'location_id,sensors_id,datetime,parameter,units,value';
const EEA = 'Samplingpoint,Pollutant,Start,Value,Unit,AggType,Validity';

describe('files of networks with a row for each species', () => {
  it('tells the times of AirNow, whose hours stand in two columns', async () => {
    const found = await inspected([...AIRNOW, '07/01/22|01:00|060010007|Livermore|-8|NO2|PPB|3|x']);
    expect(found).toMatchObject({
      kind: 'observations, layout airnow',
      facts: { rows: 3, stations: '1 (column station)', time: 'columns date, time' },
      time: { first: '2022-07-01T00:00', last: '2022-07-01T01:00', steps: 2, stepSeconds: 3600 },
      odd: [],
    });
    expect(odd(await inspected([...AIRNOW, AIRNOW[0]]))).toEqual([
      'ROWS_TWICE: 1 station and date and time and parameter stand there more than once',
    ]);
  });

  it.each([
    // of two sensors the first counts
    [
      OPENAQ,
      '1,2,2022-05-03T01:00:00-06:00,pm25,ug/m3,6',
      '1,3,2022-05-03T01:00:00-06:00,no2,ppm,0.006',
      '1,4,2022-05-03T01:00:00-06:00,no2,ppm,0.007',
    ],
    [EEA, 'AT/1,8,2023-01-01 00:00:00,20,ug.m-3,hour,1', 'AT/1,7,2023-01-01 00:00:00,30,ug.m-3,hour,1', 'AT/1,7,2023-01-01 00:00:00,31,ug.m-3,day,1'],
  ])('takes rows of several species and sensors for what they are: %s', async (header, ...rows) => {
    expect(odd(await inspected([header, ...rows]))).toEqual([]);
    expect(odd(await inspected([header, ...rows, rows[0]]))).toEqual([expect.stringMatching(/^ROWS_TWICE: 1 /)]);
  });
});

it('counts stations without coordinates once, and tells those that may be codes for missing', async () => {
  const found = await inspected([
    'id,lon,lat,parameter',
    'A,-99,39,NO2',
    'A,-99,39,O3',
    'B,,,NO2',
    'B,,,O3',
    'C,8,50,NO2',
    'C,,,O3',
    'D,0,0,NO2',
    'E,0,51,NO2',
  ]);
  expect(found.facts).toMatchObject({ rows: 8, stations: '5 (column id)' });
  expect(odd(found)).toEqual([
    'ROWS_TWICE: 3 id stand there more than once',
    'NO_COORDINATES: 2 stations have no coordinates, or none on earth',
    'COORDINATES_DOUBTFUL: 2 stations stand where a code for missing would put them: A: longitude -99, E: longitude 0',
  ]);
});

it('tells a table without a header, and columns of one name', async () => {
  const line = 'line 1 (A, 2017-01-01T00:00, 5) is a row of data and no header: write a line with the names of the columns above it';
  expect(odd(await inspected(['A,2017-01-01T00:00,5', 'B,2017-01-01T00:00,6']))).toEqual([`HEADER_MISSING: ${line}`]);
  expect(odd(await inspected(['station,time,no2,NO2', 'A,2017-01-01T00:00,5,6', 'B,2017-01-01T00:00,6,7']))).toEqual([
    'COLUMN_TWICE: columns of one name: no2 (column 3), NO2 (column 4)',
  ]);
});

it('gives China’s carbon monoxide and index their own units', async () => {
  const types = ['AQI', 'PM2.5', 'PM10_24h', 'SO2', 'NO2_24h', 'O3_8h', 'CO', 'CO_24h'];
  const { variables } = await inspected(['date,hour,type,1001A', ...types.map((type) => `20190101,0,${type},1`)]);
  expect(Object.fromEntries(variables.map(({ name, units }) => [name, units]))).toEqual({
    AQI: '',
    ...Object.fromEntries(types.slice(1, 6).map((type) => [type, 'ug m-3 by its layout'])),
    CO: 'mg m-3 by its layout',
    CO_24h: 'mg m-3 by its layout',
  });
});

it('tells hours of AQS whose GMT is on the wrong side of local time', async () => {
  const header = 'State Code,County Code,Site Num,Parameter Code,Longitude,Latitude,Date Local,Time Local,Date GMT,Time GMT,Sample Measurement';
  const found = await inspected([
    header,
    '49,003,7001,42602,-112.2,41.9,2014-01-01,00:00,2013-12-31,17:00,9',
    '49,003,7001,42602,-112.2,41.9,2014-01-01,01:00,2013-12-31,18:00,9',
  ]);
  expect(odd(found)).toEqual([
    expect.stringMatching(/^OBSERVATIONS_TIME: at station 490037001 \(longitude -112\.2\) GMT is 7 h earlier than local time, where/),
  ]);
  expect(
    odd(
      await inspected([
        header,
        '49,003,7001,42602,-112.2,41.9,2014-01-01,00:00,2014-01-01,07:00,9',
        '49,003,7001,42602,-112.2,41.9,2014-01-01,01:00,2014-01-01,08:00,9',
      ]),
    ),
  ).toEqual([]);
});

it('knows a list of stations that says since when each is there', async () => {
  const header = 'id,lon,lat,start_date';
  const found = await inspected([header, 'A,8,50,2001-01-01', 'B,9,51,2010-05-05', 'C,9,52,2010-05-06']);
  expect(found).toMatchObject({ kind: 'list of stations', facts: { stations: '3 (column id)' }, odd: [] });
  expect(found.time).toBeUndefined();
  // A file of one hour, and one of several.
  const kindOf = async (...rows: string[]): Promise<string> => (await inspected([header, ...rows])).kind;
  const observations = 'observations, a row for each station and time';
  expect(await kindOf('A,8,50,2001-01-01', 'B,9,51,2001-01-01')).toBe(observations);
  expect(await kindOf('A,8,50,2001-01-01', 'A,8,50,2001-01-02')).toBe(observations);
});

it('tells a time that cannot be read, and takes hours of a station for no rows twice where it knows no times', async () => {
  const rows = ['station,time,no2', 'A,2023-01-01 00:00,1', 'A,2023-13-01 00:00,2', 'A,2023-01-01 01:00,3'];
  const found = await inspected(rows);
  expect(found).toMatchObject({ kind: 'observations, a row for each station and time', time: { steps: 2, stepSeconds: 3600 } });
  expect(odd(found)).toEqual(['OBSERVATIONS_TIME: these are no times: 2023-13-01 00:00']);
  expect(odd(await inspected(['station,time,no2', 'A,1672531200,1', 'A,1672534800,2']))).toEqual([]); // seconds since 1970
});
