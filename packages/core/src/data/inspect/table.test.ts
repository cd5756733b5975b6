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
