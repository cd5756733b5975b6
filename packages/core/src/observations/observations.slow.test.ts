import { mkdirSync, rmSync, truncateSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { DuckDBInstance } from '@duckdb/node-api';

import { Grid } from '../grid/grid';
import { parseTime, TIME_ZONE } from '../files/tables/local-time';
import { describeQuality, doubtfulInWords, doubtfulPlaces } from './observation-quality';
import { readStations } from './stations';
import type { ObservationsSpec } from './observation-layouts';
import { readObservations, type Observations, type ObservationsOptions } from './observations';
import { stationsToCells } from './station-cells';
import { observationTables, series, STATIONS, ug } from './testing/observation-samples';
import { failure } from '../files/testing/shared-data';

const { pathOf, write, spec, read } = observationTables();
const grid = new Grid({
  name: 'TEST', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0,
  xorig: 110, yorig: 30, xcell: 1, ycell: 1, cols: 10, rows: 10,
}); // prettier-ignore

describe('times', () => {
  test.each([
    ['2017-01-02', 'UTC', '2017-01-02T00:00Z'],
    ['20170102', 'Asia/Shanghai', '2017-01-01T16:00Z'],
    ['2017/1/2 5:00', 'Asia/Shanghai', '2017-01-01T21:00Z'],
    ['2017-01-02T05:00:00.000', 'Asia/Shanghai', '2017-01-01T21:00Z'],
    ['20170102 24', 'Asia/Shanghai', '2017-01-02T16:00Z'],
    ['2017-01-02T05:00Z', 'Asia/Shanghai', '2017-01-02T05:00Z'],
    ['2017-01-02T05:00+09:00', 'Asia/Shanghai', '2017-01-01T20:00Z'],
    ['2017-01-02T05:00-0330', 'UTC', '2017-01-02T08:30Z'],
    ['2017-07-01T00:00', 'America/New_York', '2017-07-01T04:00Z'],
    ['2017-12-01T00:00', 'America/New_York', '2017-12-01T05:00Z'],
    ['2017-03-12T03:00', 'America/New_York', '2017-03-12T07:00Z'],
  ])('%s in %s', (text, zone, instant) => {
    expect(new Date(parseTime(text, zone) ?? Number.NaN)).toEqual(new Date(instant));
  });
  test.each(['', '2017', '2017-13-01', '2017-02-30', '2017-01-01T25:00', 'noon', '01.02.2017'])('"%s" is no time', (text) => {
    expect(parseTime(text, 'UTC')).toBeUndefined();
  });
});

describe('stations', () => {
  test('those without coordinates, or none on earth, are dropped and counted', async () => {
    write('stations.csv', `${STATIONS}H,400,10\nI,110,95\nJ,W45.5,10\n`);
    const { stations, withoutCoordinates, misplaced } = await readStations(spec().stations);
    expect(stations).toEqual([
      { id: 'A', lon: 116.1, lat: 39.1 },
      { id: 'B', lon: 116.9, lat: 39.9 },
      { id: 'C', lon: 110.5, lat: 30.5 },
      { id: 'G', lon: 95, lat: 30 },
    ]);
    expect(withoutCoordinates).toEqual(['D', 'E', 'F', 'H', 'I', 'J']);
    expect(misplaced).toEqual([
      'H: longitude 400 is outside -180 to 360',
      'I: latitude 95 is outside -90 to 90',
      'J: longitude "W45.5" is no number',
    ]);
  });

  test('codes for missing that are on earth are told and kept; several rows of a station count once', async () => {
    write('stations.csv', 'id,lon,lat\nA,-99,39\nB,-99,-99\nB,-99,-99\nC,0,45\nD,110,0\nE,9.5,9.5\nF,,\nF,,\nG,,\nG,95,30\nH,0,0\nI,-999,-999\n');
    write('obs.csv', 'station,time,no2\nA,2017-01-01T00:00,5\nG,2017-01-01T00:00,5\n');
    const { withoutCoordinates, misplaced, stations } = await readStations(spec().stations);
    expect(stations.map(({ id }) => id)).toEqual(['A', 'C', 'D', 'E', 'G']);
    expect(withoutCoordinates).toEqual(['B', 'F', 'H', 'I']);
    expect(misplaced).toEqual(['B: latitude -99 is outside -90 to 90', 'I: longitude -999 is outside -180 to 360']);
    expect(doubtfulInWords(doubtfulPlaces(stations))).toEqual([
      '4 stations stand where a code for missing coordinates would put them, and are kept (A: longitude -99; C: longitude 0; D: latitude 0 …): check the list',
    ]);
    const { quality } = await readObservations(spec({ columns: { station: 'station', time: 'time', species: { NO2: ug('no2') } } }));
    expect(quality?.stationsDoubtful).toEqual(['A: longitude -99']);
    expect(describeQuality(quality!)).toEqual(
      expect.arrayContaining([
        '2 stations without coordinates were dropped',
        '1 stations stand where a code for missing coordinates would put them, and are kept (A: longitude -99): check the list',
      ]),
    );
  });

  test('a byte-order mark, semicolons, CR LF, names in quotes', async () => {
    write('stations.csv', '\ufeffid;lon;lat;name\r\nA;116;39;"North; ""old"" town"\r\n');
    expect((await readStations({ ...spec().stations, name: 'name' })).stations).toEqual([{ id: 'A', lon: 116, lat: 39, name: 'North; "old" town' }]);
  });

  test('a type of site where a column is named; a station may have none', async () => {
    write('stations.csv', 'id,lon,lat,kind\nA,116,39, urban \nB,117,39,\n');
    expect((await readStations({ ...spec().stations, type: 'kind' })).stations).toEqual([
      { id: 'A', lon: 116, lat: 39, type: 'urban' },
      { id: 'B', lon: 117, lat: 39 },
    ]);
    await expect(readStations({ ...spec().stations, type: 'setting' })).rejects.toThrow(
      failure(
        'COLUMN_MISSING',
        `${pathOf('stations.csv')}: there is no column setting; it holds id, lon, lat, kind: name the right column in the case`,
      ),
    );
  });

  test('columns between |', async () => {
    write('stations.dat', 'AQSID|Site, name|Latitude|Longitude\n240030001|Fair, Hill|38.7|-82.8\n');
    expect((await readStations({ file: pathOf('stations.dat'), id: 'AQSID', lon: 'Longitude', lat: 'Latitude' })).stations).toEqual([
      { id: '240030001', lon: -82.8, lat: 38.7 },
    ]);
  });

  test('errors', async () => {
    const file = pathOf('stations.csv');
    const fails = async (content: string | Buffer, code: string, said: string): Promise<void> => {
      write('stations.csv', content);
      await expect(readStations(spec().stations)).rejects.toThrow(failure(code, `${file}: ${said}`));
    };
    await expect(readStations(spec().stations)).rejects.toThrow(
      failure('FILE_MISSING', `${file}: there is no such file: check the path in the case`),
    );
    mkdirSync(file);
    await expect(readStations(spec().stations)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(/stations\.csv: expected a table but it cannot be read \(it is no file\): give a file/) as string,
    });
    rmSync(file, { recursive: true });
    await fails('', 'FILE_EMPTY', 'the file is empty: give one with a header line and data');
    await fails('code,lon,lat\nA,1,2\n', 'COLUMN_MISSING', 'there is no column id; it holds code, lon, lat: name the right column in the case');
    await fails('id,lon,lat\nA,,\n', 'STATIONS_NONE', 'no station has coordinates: check the columns of longitude and latitude in the case');
    await fails('id,lon,lat\nA,1,2\nA,1,3\n', 'STATION_TWICE', 'station A stands at 1, 2 and at 1, 3: keep one of the two');
    await fails(
      Buffer.from([0x69, 0x64, 0x2c, 0xb1, 0xb1, 0x0a, 0x41, 0x2c, 0x31, 0x0a]),
      'FILE_ENCODING',
      'the text is not UTF-8 (after "id,"): convert it, for example with iconv -f GB18030 -t UTF-8, or -f ISO-8859-1 if it is Western European',
    );
  });
});

describe('untyped calls', () => {
  const date = new Date('2017-01-01T00:00Z');
  test.each([
    [{ layout: 'foo' }, {}, 'layout: expected one of long, cnemc-wide, airnow, aqs, eea, openaq, sql but received "foo"'],
    [{ timeZone: 'Mars/Base' }, {}, `timeZone: expected ${TIME_ZONE} but received "Mars/Base"`],
    [{ timeZone: undefined }, {}, `timeZone: expected ${TIME_ZONE} but received undefined`],
    [{}, { span: { start: '2017-01-01', end: '2017-01-02' } }, 'span: expected two dates but received Object'],
    [{}, { span: { start: date } }, 'span: expected two dates but received Object'],
    [{}, { span: { start: date, end: new Date('x') } }, 'span: expected two dates but received Object'],
  ])('%j, %j', async (change, options, sentence) => {
    await expect(readObservations({ ...spec(), ...change } as ObservationsSpec, options as ObservationsOptions)).rejects.toMatchObject({
      code: 'CALL_INVALID',
      message: `readObservations: ${sentence}: mend the call`,
    });
  });
});

describe('encodings', () => {
  const table = 'station,time,no2,pm25\nA,2017-01-01T00:00,5,5\n';
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
  test.each([
    ['UTF-16 with its mark', utf16(`\ufeff${table}`), 'the text is UTF-16: convert it, for example with iconv -f UTF-16 -t UTF-8'],
    ['that of the other order', utf16(`\ufeff${table}`).swap16(), 'the text is UTF-16: convert it, for example with iconv -f UTF-16 -t UTF-8'],
    ['UTF-16 without it', utf16(table), 'the text is UTF-16LE: convert it, for example with iconv -f UTF-16LE -t UTF-8'],
    ['that of the other order', utf16(table).swap16(), 'the text is UTF-16BE: convert it, for example with iconv -f UTF-16BE -t UTF-8'],
    ['zipped', gzipSync(utf16(table)), 'the text is UTF-16LE: convert it, for example with iconv -f UTF-16LE -t UTF-8'],
    [
      'lines as on old Macs',
      table.replaceAll('\n', '\r'),
      "its lines end with CR alone, as on old Macs: convert it, for example with tr '\\r' '\\n'",
    ],
    [
      'GB 18030',
      Buffer.from([0x69, 0x2c, 0xb1, 0xb1, 0x0a, 0x0a]),
      'the text is not UTF-8 (after "i,"): convert it, for example with iconv -f GB18030 -t UTF-8, or -f ISO-8859-1 if it is Western European',
    ],
  ])('%s: what helps', async (what, content, sentence) => {
    write('stations.csv', STATIONS);
    const path = write(what === 'zipped' ? 'obs.csv.gz' : 'obs.csv', content);
    await expect(readObservations(spec())).rejects.toThrow(failure('FILE_ENCODING', `${path}: ${sentence}`));
  });

  test.each([
    ['a list', 'list.csv', (bytes: Buffer) => bytes],
    ['one that is zipped', 'list.csv.gz', gzipSync],
  ])('letters far down in %s, in a column that is not asked for', async (_, name, packed) => {
    // é of several bytes stands across the ends of all parts in which the file is read
    const rows = Array.from({ length: 40000 }, (__, i) => `S${i},${i % 90},40,${'é'.repeat(40)}\n`).join('');
    const text = Buffer.from(`id,lon,lat,name\n${rows}`);
    const file = write(name, packed(text));
    expect((await readStations({ ...spec().stations, file, name: 'name' })).stations[39999].name).toBe('é'.repeat(40));
    write(name, packed(Buffer.concat([text, Buffer.from([0x41, 0x2c, 0x31, 0x2c, 0x32, 0x2c, 0x4c, 0xa2, 0x6e, 0x0a])])));
    await expect(readStations({ ...spec().stations, file })).rejects.toMatchObject({
      code: 'FILE_ENCODING',
      message: expect.stringContaining(`${file}: the text is not UTF-8 (after "A,1,2,L"): convert it`) as string,
    });
    // the file ends within a letter
    write(name, packed(text.subarray(0, text.length - 2)));
    await expect(readStations({ ...spec().stations, file })).rejects.toMatchObject({ code: 'FILE_ENCODING' });
  });
});

describe('long layout', () => {
  test('gaps are NaN, gases in ppb at the stated state, stations without a value left out', async () => {
    const observations = await read('A,2017-01-01T00:00,20.5,10\nB,2017-01-01T00:00,,12.5\nA,2017-01-01T03:00,41,NA\n');
    expect(observations.time).toEqual({ start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 4 });
    expect(observations.stations.map(({ id }) => id)).toEqual(['A', 'B']);
    expect([...observations.units]).toEqual([['NO2', 'ppb'], ['PM2.5', 'ug m-3']]); // prettier-ignore
    const [first, , , last] = series(observations, 'NO2', 'A');
    expect([first * 2.052515, last * 2.052515]).toEqual([20.5, 41].map((value) => expect.closeTo(value, 3) as number)); // 1 ppb is 2.052515 µg m-3
    expect(series(observations, 'PM2.5', 'B')).toEqual([12.5, Number.NaN, Number.NaN, Number.NaN]);
    expect(observations.quality).toEqual({
      stationsWithoutCoordinates: ['D', 'E', 'F'],
      stationsUnknown: [],
      stationsSilent: ['C', 'G'],
      absentSteps: 2,
      species: {
        NO2: { unit: 'ppb', mostObserved: 1000, valid: 2, missing: 6, belowZero: 0, negative: 0, absurd: 0, unreadable: 0, repeated: 0 },
        'PM2.5': { unit: 'ug m-3', mostObserved: 5000, valid: 2, missing: 6, belowZero: 0, negative: 0, absurd: 0, unreadable: 0, repeated: 0 },
      },
    });
  });

  test('particles in ppb: no key of observations would help, so none is named', async () => {
    const columns = { station: 'station', time: 'time', species: { 'PM2.5': { column: 'pm25', unit: 'ppb' } } };
    await expect(read('A,2017-01-01T00:00,5,5\n', { columns })).rejects.toThrow(
      failure(
        'UNIT_MISMATCH',
        `${pathOf('obs.csv')}: PM2.5: it is in "ppb" but particles have no molar mass: set the unit that the values are really in, such as ug m-3`,
      ),
    );
  });

  test.each(['br [1]', 'w?', 's*r'])('tables in a folder that is called %s are read, and no others', async (name) => {
    for (const [folder, value] of Object.entries({ [name]: 5, 'br 1': 7, wx: 8, star: 9 })) {
      mkdirSync(pathOf(folder));
      write(`${folder}/stations.csv`, STATIONS);
      write(`${folder}/obs.csv`, `station,time,no2,pm25\nA,2017-01-01T00:00,1,${value}\n`);
    }
    const stations = { file: pathOf(`${name}/stations.csv`), id: 'id', lon: 'lon', lat: 'lat' };
    const observations = await readObservations(spec({ stations, files: pathOf(`${name}/obs*.csv`) }));
    expect(series(observations, 'PM2.5', 'A')).toEqual([5]);
  });

  test('another state of the gas, mg, and ppb as they are', async () => {
    const no2 = async (unit: string, gasReference?: { temperature: number; pressure: number }): Promise<number> => {
      const columns = { station: 'station', time: 'time', species: { NO2: { column: 'no2', unit } } };
      return series(await read('A,2017-01-01T00:00,20,\n', { columns, ...(gasReference ? { gasReference } : {}) }), 'NO2', 'A')[0];
    };
    expect(await no2('ug m-3')).toBeCloseTo(9.7442, 3);
    expect(await no2('ug m-3', { temperature: 298.15, pressure: 101325 })).toBeCloseTo(9.7442 * (298.15 / 273.15), 3);
    expect(await no2('mg m-3').then(undefined, (error: unknown) => String(error))).toContain('too many values make no sense');
    expect(await no2('ppb')).toBe(20);
    await expect(no2('moles/s')).rejects.toThrow(/obs\.csv: NO2: it is in "moles\/s" but "ppb" was asked for/);
  });

  test('a daily mean begins at midnight of the files’ zone', async () => {
    const observations = await read('A,2017-01-02,10,10\nA,2017-01-04,30,30\n', { resolution: 'daily', timeZone: 'Asia/Shanghai' });
    expect(observations.time).toEqual({ start: new Date('2017-01-01T16:00Z'), stepSeconds: 86400, count: 3 });
    expect(series(observations, 'PM2.5', 'A')).toEqual([10, Number.NaN, 30]);
  });

  test.each([
    ['Asia/Kolkata', '2017-01-01T18:30Z'],
    ['Asia/Kathmandu', '2017-01-01T18:15Z'],
  ])('an hour begins when it does in %s', async (timeZone, start) => {
    const observations = await read('A,2017-01-02T00:00,10,10\nA,2017-01-02T02:00,30,30\n', { timeZone });
    expect(observations.time).toEqual({ start: new Date(start), stepSeconds: 3600, count: 3 });
    expect(series(observations, 'PM2.5', 'A')).toEqual([10, Number.NaN, 30]);
  });

  test('only what lies in the span; several files, gzip, columns in another order or missing', async () => {
    write('stations.csv', STATIONS);
    write('obs_1.csv', 'station,time,no2,pm25\nA,2017-01-01T23:00,1,1\nA,2017-01-02T00:00,2,2\n');
    write('obs_2.csv.gz', gzipSync('pm25;station;time\n3;A;2017-01-02T01:00\n4;A;2017-01-02T02:00\n'));
    const span = { start: new Date('2017-01-02T00:00Z'), end: new Date('2017-01-02T02:00Z') };
    const observations = await readObservations(spec(), { span });
    expect(observations.time).toEqual({ start: new Date('2017-01-02T00:00Z'), stepSeconds: 3600, count: 2 });
    expect(series(observations, 'PM2.5', 'A')).toEqual([2, 3]);
    const first = await readObservations(spec({ files: pathOf('obs_{period}.csv*') }), { period: '1' });
    expect(first.time.count).toBe(2);
    expect((await readObservations(spec({ files: pathOf('obs_{period}.csv*') }))).time.count).toBe(4);
  }, 20000);

  test.each(['TIMESTAMP', 'TIMESTAMPTZ'])('Parquet with a %s', async (type) => {
    write('stations.csv', STATIONS);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT 'A' AS station, ${type} '2017-01-01 05:00:00${type === 'TIMESTAMP' ? '' : '+00'}' AS time, 20.5 AS no2, 7::INTEGER AS pm25) TO '${pathOf('obs.parquet')}'`,
    );
    connection.closeSync();
    instance.closeSync();
    const observations = await readObservations(spec(type === 'TIMESTAMP' ? {} : { timeZone: 'Asia/Shanghai' }));
    expect(observations.time.start).toEqual(new Date('2017-01-01T05:00Z'));
    expect(series(observations, 'PM2.5', 'A')).toEqual([7]);
  });
});

describe('files that cannot be used', () => {
  test('times', async () => {
    const file = pathOf('obs.csv');
    await expect(read('A,yesterday,5,5\n')).rejects.toThrow(
      failure('OBSERVATIONS_TIME', `${file}: "yesterday" is no time: write times as 2017-01-31T05:00, 2017-01-31 or 20170131`),
    );
    const span = { start: new Date('2018-01-01T00:00Z'), end: new Date('2018-02-01T00:00Z') };
    await expect(read('A,2017-01-01T00:00,5,5\n', {}, { span })).rejects.toThrow(
      failure(
        'OBSERVATIONS_EMPTY',
        `${file}: no time lies between 2018-01-01T00:00Z and 2018-02-01T00:00Z; the files hold 2017-01-01T00:00Z to 2017-01-01T00:00Z: give files of the period, or mend timeZone`,
      ),
    );
    await expect(read('')).rejects.toThrow(failure('OBSERVATIONS_EMPTY', `${file}: there is no row: give files that hold observations`));
  });

  test('columns, ragged rows, no files', async () => {
    write('stations.csv', STATIONS);
    write('obs.csv', 'station,time,NO2\nA,2017-01-01T00:00,5\n');
    await expect(readObservations(spec())).rejects.toThrow(
      failure('COLUMN_MISSING', `${pathOf('obs.csv')}: there is no column no2; it holds station, time, NO2: name the right column in the case`),
    );
    write('obs.csv', 'station,time,no2,pm25\nA,2017-01-01T00:00,5,5\nA,2017-01-01T01:00,5\n');
    await expect(readObservations(spec())).rejects.toThrow(expect.objectContaining({ code: 'TABLE_UNREADABLE', exitCode: 3 }) as Error);
    await expect(readObservations(spec({ files: pathOf('none_*.csv') }))).rejects.toThrow(expect.objectContaining({ code: 'FILES_NONE' }) as Error);
    await expect(readObservations(spec({ files: undefined }))).rejects.toThrow(
      failure('FILES_NONE', 'observations: the case names no files: set observations.files'),
    );
  });

  test('a gzip file that ends early, and one that is none', async () => {
    write('stations.csv', STATIONS);
    const rows = Array.from({ length: 2000 }, (_, i) => `A,2017-01-01T00:00,${Math.sin(i)},5\n`).join('');
    write('obs.csv.gz', gzipSync(`station,time,no2,pm25\n${rows}`));
    truncateSync(pathOf('obs.csv.gz'), 5000);
    await expect(readObservations(spec())).rejects.toThrow(
      failure('FILE_TRUNCATED', `${pathOf('obs.csv.gz')}: the gzip file is truncated: copy or download it again`),
    );
    write('obs.csv.gz', 'plain text');
    await expect(readObservations(spec())).rejects.toThrow(
      expect.objectContaining({ code: 'FILE_TRUNCATED', message: expect.stringContaining('cannot be unpacked') as string }) as Error,
    );
  });
});

describe('several files', () => {
  const two = (other: string, change: Partial<ObservationsSpec> = {}): Promise<Observations> => {
    write('stations.csv', STATIONS);
    write('obs_1.csv', 'station,time,no2,pm25\nA,2017-01-01T00:00,5,6\n');
    write('obs_2.csv', other);
    return readObservations(spec(change));
  };

  test.each([
    ['time', 'station,at,no2,pm25\nA,2017-01-01T01:00,7,8\n'],
    ['no2', 'station,time,NO2,PM25\nA,2017-01-01T01:00,7,8\n'],
  ])('one without the column %s is refused as a single one is', async (column, other) => {
    await expect(two(other)).rejects.toThrow(
      failure(
        'COLUMN_MISSING',
        `${pathOf('obs_2.csv')}: there is no column ${column}; it holds ${other.split('\n')[0].replaceAll(',', ', ')}: name the right column in the case`,
      ),
    );
  });

  test('one of some of the species only is read, and what it lacks is told', async () => {
    const observations = await two('station,time,pm25\nA,2017-01-01T01:00,8\n');
    expect(series(observations, 'PM2.5', 'A')).toEqual([6, 8]);
    expect(observations.quality).toMatchObject({ columnsAbsent: [`${pathOf('obs_2.csv')}: no column no2`], species: { NO2: { valid: 1 } } });
    expect(describeQuality(observations.quality!)).toContain(
      `${pathOf('obs_2.csv')}: no column no2, which other files have: these rows have no value of it`,
    );
    expect((await two('station,time,no2,pm25\nA,2017-01-01T01:00,7,8\n')).quality?.columnsAbsent).toBeUndefined();
  });

  test('a column that no file has', async () => {
    const species = { NO2: ug('no2'), O3: ug('o3') };
    await expect(two('station,time,no2\n', { columns: { station: 'station', time: 'time', species } })).rejects.toMatchObject({
      code: 'COLUMN_MISSING',
      message: expect.stringContaining('there is no column o3') as string,
    });
  });

  test('what a query names and a file lacks is told', async () => {
    const sql = `SELECT station, time, 'NO2' AS species, no2 AS value, 'ppb' AS unit FROM raw`;
    const { quality } = await two('station,time,no2_ugm3\nA,2017-01-01T01:00,8\n', { layout: 'sql', sql, columns: undefined });
    expect(quality?.columnsAbsent).toEqual([`${pathOf('obs_2.csv')}: no column no2`]);
  });

  test('a list of globs, each file once', async () => {
    const files = [pathOf('obs_{period}.csv'), pathOf('more/*.csv'), pathOf('obs_1*')];
    mkdirSync(pathOf('more'), { recursive: true });
    write('more/third.csv', 'station,time,no2,pm25\nB,2017-01-01T00:00,50,60\n');
    const observations = await two('station,time,no2,pm25\nA,2017-01-01T01:00,7,8\n', { files });
    expect(['A', 'B'].map((station) => series(observations, 'PM2.5', station))).toEqual([
      [6, 8],
      [60, Number.NaN],
    ]);
    expect(observations.quality?.species['PM2.5'].repeated).toBe(0);
    await expect(two('station,time,no2,pm25\n', { files: [...files, pathOf('none*.csv')] })).rejects.toMatchObject({ code: 'FILES_NONE' });
    await expect(two('station,time,no2,pm25\n', { files: [] })).rejects.toMatchObject({ code: 'FILES_NONE' });
  });
});

describe('headers', () => {
  test.each([
    ['long', 'A,2017-01-01T00:00,5,6\nA,2017-01-01T01:00,7,\n', 'line 1 (A, 2017-01-01T00:00, 5, 6)'],
    ['sql', '# a remark\nA;2017-01-01;5\nB;2017-01-02;7\n', 'line 2 (A, 2017-01-01, 5)'],
    ['cnemc-wide', '20190101,0,NO2,5,6,7,8,9\n20190101,1,NO2,5,6,7,8,9\n', 'line 1 (20190101, 0, NO2, 5, 6, 7, …)'],
  ] as const)('a table without one is told as such, layout %s', async (layout, rows, line) => {
    write('stations.csv', STATIONS);
    write('obs.csv', rows);
    await expect(readObservations(spec({ layout, sql: 'SELECT 1' }))).rejects.toThrow(
      failure('COLUMN_MISSING', `${pathOf('obs.csv')}: ${line} is a row of data and no header: write a line with the names of the columns above it`),
    );
  });

  test('a list of stations without one', async () => {
    write('stations.csv', 'A,116.1,39.1\nB,116.9,39.9\n');
    await expect(readStations(spec().stations)).rejects.toMatchObject({
      code: 'COLUMN_MISSING',
      message: expect.stringMatching(/line 1 \(A, 116\.1, 39\.1\) is a row of data and no header/) as string,
    });
  });

  test('stations whose names are numbers are no row of data', async () => {
    write('stations.csv', 'id,lon,lat\n1001,116,39\n1002,117,39\n');
    write('obs.csv', 'date,hour,type,1001,1002\n20190101,0,NO2,5,6\n');
    const observations = await readObservations(spec({ layout: 'cnemc-wide', columns: undefined }));
    expect(observations.stations.map(({ id }) => id)).toEqual(['1001', '1002']);
  });

  test('a column that stands twice is never taken unasked', async () => {
    write('stations.csv', STATIONS);
    for (const twice of ['no2,no2', 'no2,NO2']) {
      write('obs.csv', `station,time,pm25,${twice}\nA,2017-01-01T00:00,1,5,6\n`);
      const [one, other] = twice.split(',').map((name, i) => `${name} (column ${i + 4})`);
      await expect(readObservations(spec())).rejects.toThrow(
        failure(
          'COLUMN_TWICE',
          `${pathOf('obs.csv')}: the column no2 stands there 2 times: name the one that is meant in the case (${one} or ${other}), or remove the others`,
        ),
      );
      const species = { NO2: { column: other, unit: 'ppb' } };
      const observations = await readObservations(spec({ columns: { station: 'station', time: 'time', species } }));
      expect(series(observations, 'NO2', 'A')).toEqual([6]);
    }
    write('obs.csv', 'date,hour,type,A,B,A\n20190101,0,NO2,5,6,7\n');
    await expect(readObservations(spec({ layout: 'cnemc-wide', columns: undefined }))).rejects.toMatchObject({
      code: 'COLUMN_TWICE',
      message: expect.stringContaining('A (column 4) or A (column 6)') as string,
    });
  });
});

describe('wide layout of CNEMC', () => {
  const wide: Partial<ObservationsSpec> = { layout: 'cnemc-wide', timeZone: 'Asia/Shanghai', columns: undefined };

  test('a file without any station is refused', async () => {
    write('stations.csv', STATIONS);
    write('obs_1.csv', 'date,hour,type\n20190101,0,PM2.5\n20190101,1,PM2.5\n');
    await expect(readObservations(spec(wide))).rejects.toMatchObject({
      code: 'COLUMN_MISSING',
      message: expect.stringContaining('expected a column per station beside date, hour, type but found none') as string,
    });
  });

  test('columns that change between files, types that nobody asked for, an hour without any value', async () => {
    write('stations.csv', STATIONS);
    write('obs_1.csv', 'date,hour,type,A,B\n20190101,0,PM2.5,50,60\n20190101,0,AQI,1,2\n20190101,0,NO2,,\n20190101,1,PM2.5,,\n20190101,1,NO2,20,\n');
    write('obs_2.csv', 'date,hour,type,C,A,Z\n20190101,2,PM2.5,7,52,3\n20190101,2,NO2,10,20,3\n');
    const observations = await readObservations(spec(wide));
    expect(observations.species).toEqual(['NO2', 'PM2.5']);
    // hour 0 of 1 January in Beijing ends at 16:00 UTC of 31 December
    expect(observations.time).toEqual({ start: new Date('2018-12-31T15:00Z'), stepSeconds: 3600, count: 3 });
    expect(series(observations, 'PM2.5', 'A')).toEqual([50, Number.NaN, 52]);
    expect(series(observations, 'PM2.5', 'C')).toEqual([Number.NaN, Number.NaN, 7]);
    expect(series(observations, 'NO2', 'B').every(Number.isNaN)).toBe(true);
    expect(observations.quality).toMatchObject({ stationsUnknown: ['Z'], absentSteps: 0 });
  });

  test('labels are the ends of hours: 0 is the last hour of the day before, the last hour of a period stands in the next day’s file', async () => {
    write('stations.csv', STATIONS);
    write('obs_1.csv', 'date,hour,type,A\n20190101,0,PM2.5,100\n20190101,1,PM2.5,1\n20190101,23,PM2.5,23\n');
    write('obs_2.csv', 'date,hour,type,A\n20190102,0,PM2.5,24\n20190102,1,PM2.5,101\n');
    // 1 January in Beijing
    const day = { start: new Date('2018-12-31T16:00Z'), end: new Date('2019-01-01T16:00Z') };
    const { time, values } = await readObservations(spec(wide), { span: day });
    expect(time).toEqual({ start: day.start, stepSeconds: 3600, count: 24 });
    const [first, ...others] = values.get('PM2.5')!;
    expect([first, others[21], others[22]]).toEqual([1, 23, 24]);
    // Days of the rules are those of the hours themselves: 31 December and 2 January have one hour each, 1 January three.
    const rules = await readObservations(spec({ ...wide, quality: { stuckSteps: 0, minimumHours: 3 } }));
    expect([...rules.values.get('PM2.5')!].filter((value) => !Number.isNaN(value))).toEqual([1, 23, 24]);
  });

  test('times are those of Beijing, whatever the zone in which the days of the case begin', async () => {
    write('stations.csv', STATIONS);
    write('obs.csv', 'date,hour,type,A\n20190101,1,PM2.5,1\n');
    const { time } = await readObservations(spec({ ...wide, timeZone: 'UTC' }));
    expect(time).toEqual({ start: new Date('2018-12-31T16:00Z'), stepSeconds: 3600, count: 1 });
  });

  test('not this layout', async () => {
    write('stations.csv', STATIONS);
    write('obs.csv', 'station,time,no2\nA,2019-01-01,1\n');
    await expect(readObservations(spec(wide))).rejects.toThrow(
      failure(
        'COLUMN_MISSING',
        `${pathOf('obs.csv')}: there is no column date; it holds station, time, no2: give files of the layout cnemc-wide as the network has them, or set observations.layout: sql and select their columns in a query`,
      ),
    );
    write('obs.csv', 'date,hour,type,A\n20190101,0,AQI,1\n');
    await expect(readObservations(spec(wide))).rejects.toThrow(
      failure('OBSERVATIONS_EMPTY', `${pathOf('obs.csv')}: expected the types NO2, SO2, O3, PM2.5 but received AQI: check the files`),
    );
  });
});

describe('several stations in one cell', () => {
  test('are averaged over those that have a value; stations outside are reported', async () => {
    const observations = await read(
      'A,2017-01-01T00:00,10,1\nB,2017-01-01T00:00,20,\nC,2017-01-01T00:00,5,5\nG,2017-01-01T00:00,8,8\nA,2017-01-01T01:00,,3\nB,2017-01-01T01:00,,5\n',
    );
    const cells = stationsToCells(observations, grid);
    expect(cells.outside.map(({ id }) => id)).toEqual(['G']);
    expect(cells.cells).toEqual([
      { row: 0, col: 0, members: [2] },
      { row: 9, col: 6, members: [0, 1] },
    ]);
    expect([...(cells.values.get('PM2.5') as Float32Array)]).toEqual([5, 1, Number.NaN, 4]);
    expect([...(cells.counts.get('PM2.5') as Uint16Array)]).toEqual([1, 1, 0, 2]);
    const ppb = (value: number): number => value / 2.052515;
    expect((cells.values.get('NO2') as Float32Array)[1]).toBeCloseTo(ppb(15), 4);
  });

  test('all outside', async () => {
    const observations = await read('G,2017-01-01T00:00,8,8\n');
    expect(() => stationsToCells(observations, grid)).toThrow(
      failure(
        'STATIONS_OUTSIDE_GRID',
        "observations: none of 1 stations (G at 95, 30) lies inside the grid TEST: check lon and lat of the stations, and the case's grid",
      ),
    );
  });
});
