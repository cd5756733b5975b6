/** Files of networks as they really are: other species beside, identifiers written in two ways. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { DuckDBInstance } from '@duckdb/node-api';

import type { ObservationsSpec } from './observation-layouts';
import { readObservations, type Observations } from './observations';
import { Grid } from '../grid/grid';
import { readStations } from './stations';
import { observationTables, series } from './testing/observation-samples';
import { describeShared, sharedFile } from '../files/testing/shared-data';

const { pathOf, write, spec } = observationTables();
const read = (change: Partial<ObservationsSpec>): Promise<Observations> => readObservations({ ...spec(), columns: undefined, ...change });

async function parquet(name: string, columns: string, rows: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT * FROM (VALUES ${rows.join(', ')}) AS t(${columns})) TO '${pathOf(name)}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

const EEA = 'Samplingpoint, Pollutant, "Start", "Value", Unit, AggType, Validity';

test.each([
  ['a list without the country', ['SPO-1', 'SPO-2']],
  ['one with it', ['MT/SPO-1', 'MT/SPO-2']],
])('the EEA’s Parquet, whose sampling points begin with the country, and %s', async (_, ids) => {
  write('DataExtract.csv', `Country,Sampling Point Id,Air Pollutant,Longitude,Latitude\n${ids.map((id) => `Malta,${id},NO2,14.5,35.9\n`).join('')}`);
  await parquet('obs.parquet', EEA, [
    `('MT/SPO-1', 6001, TIMESTAMP '2023-01-01 00:00:00', 20.0, 'ug.m-3', 'hour', 1)`,
    `('MT/SPO-2', 6001, TIMESTAMP '2023-01-01 00:00:00', 30.0, 'ug.m-3', 'hour', 1)`,
    `('MT/SPO-3', 6001, TIMESTAMP '2023-01-01 00:00:00', 40.0, 'ug.m-3', 'hour', 1)`,
  ]);
  const observations = await read({ layout: 'eea', stations: { ...spec().stations, file: pathOf('DataExtract.csv') } });
  expect(observations.stations.map(({ id }) => id)).toEqual(ids);
  expect(ids.map((id) => series(observations, 'PM2.5', id)[0])).toEqual([20, 30]);
  expect(observations.quality?.stationsUnknown).toEqual([ids[0] === 'SPO-1' ? 'SPO-3' : 'MT/SPO-3']);
});

describe('a file that holds only other species says which', () => {
  const refused = (received: string): unknown =>
    expect.objectContaining({
      code: 'OBSERVATIONS_EMPTY',
      message: `${pathOf('obs.csv')}: expected the types NO2, SO2, O3, PM2.5 but received ${received}: check the files`,
    });
  beforeEach(() => void write('stations.csv', 'id,lon,lat\n010730023,1,40\n'));

  test.each([
    ['airnow', '07/01/22|00:00|010730023|x|-8|PM10|UG/M3|31|y\n07/01/22|00:00|010730023|x|-8|CO|PPM|1|y\n', 'CO, PM10'],
    [
      'aqs',
      'State Code,County Code,Site Num,Parameter Code,POC,Date GMT,Time GMT,Sample Measurement,Units of Measure\n01,073,0023,61103,1,2014-01-01,00:00,3,Knots\n',
      '61103',
    ],
    ['openaq', 'location_id,sensors_id,datetime,parameter,units,value\n1,2,2022-12-31T22:40:00+07:00,pm10,µg/m³,41\n', 'pm10'],
    [
      'eea',
      'SamplingPoint,AirPollutantCode,AveragingTime,Concentration,UnitOfMeasurement,DatetimeBegin,Validity\n' +
        'A,http://dd.eionet.europa.eu/vocabulary/aq/pollutant/5,hour,50,µg/m3,2018-06-01 00:00:00 +01:00,1\n' +
        'A,http://dd.eionet.europa.eu/vocabulary/aq/pollutant/20,hour,50,µg/m3,2018-06-01 00:00:00 +01:00,1\n' +
        'A,http://dd.eionet.europa.eu/vocabulary/aq/pollutant/7,day,50,µg/m3,2018-06-01 00:00:00 +01:00,1\n',
      'O3 (day), PM10, code 20',
    ],
  ] as const)('%s', async (layout, content, received) => {
    write('obs.csv', content);
    await expect(read({ layout })).rejects.toEqual(refused(received));
  });
});

/** Counts were made by a script that shares nothing with these readers. */
describeShared('files of networks as they were downloaded', () => {
  const counts = ({ quality }: Observations): object =>
    Object.fromEntries(
      Object.entries(quality!.species).map(([name, { valid, belowZero, offStep, outside }]) => [
        name,
        [valid, belowZero, offStep?.values ?? 0, outside ?? 0],
      ]),
    );

  describe('AirNow, an hour with the network’s own list of sites', () => {
    const airnow = (): Partial<ObservationsSpec> => ({
      layout: 'airnow',
      files: sharedFile('networks/airnow/airnow_2020081306.dat'),
      stations: { ...spec().stations, file: sharedFile('networks/airnow/airnow_sites.dat') },
    });

    test('all of the earth', async () => {
      const observations = await read(airnow());
      expect(observations.time).toEqual({ start: new Date('2020-08-13T06:00Z'), stepSeconds: 3600, count: 1 });
      expect(observations.stations).toHaveLength(3282);
      expect(counts(observations)).toEqual({ NO2: [1638, 1, 0, 0], SO2: [1045, 2, 0, 0], O3: [1264, 0, 3, 0], 'PM2.5': [1079, 9, 9, 0] });
      const { offStep } = observations.quality!.species['PM2.5'];
      expect(offStep!.stations).toEqual([
        '004AF1010001', '104MMR010001', 'CMB010001', 'DS1010001', 'DS1010002', 'DS1010003', 'DS1010005', 'KM1010001', 'KM1010002',
      ]); // prettier-ignore
      expect(observations.quality!.stationsUnknown).toHaveLength(6);
    });

    test('carbon monoxide, PM10, NO and ammonia: one station of PM10 is not in the list, one value of NO is missing', async () => {
      const observations = await read({ ...airnow(), species: ['CO', 'PM10', 'NO', 'NH3'].map((name) => ({ name })) });
      expect(counts(observations)).toEqual({ CO: [418, 0, 0, 0], PM10: [325, 1, 0, 0], NO: [1544, 17, 0, 0], NH3: [4, 0, 0, 0] });
      const means = [...observations.values.values()].map((values) => {
        const valid = values.filter((value) => !Number.isNaN(value));
        return valid.reduce((sum, value) => sum + value, 0) / valid.length;
      });
      expect(means).toEqual([250.622, 22.6308, 1.3182, 10.025].map((mean) => expect.closeTo(mean, 3) as number));
    });

    test.each([
      [
        'the United States',
        [-125, 25, 60, 25],
        1686,
        '06:00',
        { NO2: [257, 1, 0, 1381], SO2: [210, 1, 0, 835], O3: [1172, 0, 0, 92], 'PM2.5': [944, 9, 0, 135] },
      ],
      ['India, half an hour off', [65, 5, 30, 30], 6, '06:30', { 'PM2.5': [6, 0, 6, 1] }],
    ] as const)('the grid decides which values count and when hours begin: %s', async (_, [xorig, yorig, cols, rows], stations, begin, expected) => {
      const grid = new Grid({
        name: 'REGION', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig, yorig, xcell: 1, ycell: 1, cols, rows,
      }); // prettier-ignore
      const observations = await readObservations({ ...spec(), columns: undefined, ...airnow() }, { grid });
      expect(observations.time.start).toEqual(new Date(`2020-08-13T${begin}Z`));
      expect(observations.stations).toHaveLength(stations);
      expect(counts(observations)).toEqual(expected);
    });
  });

  test('AQS, daily means of 30 days of January 2013, of which the file itself is the list', async () => {
    const file = sharedFile('networks/aqs/daily_pm2.5_2013.csv.gz');
    const daily: Partial<ObservationsSpec> = { layout: 'aqs', resolution: 'daily', timeZone: 'America/Chicago', files: file };
    const own = { ...daily, stations: { ...spec().stations, file } };
    const span = { start: new Date('2013-01-01T06:00Z'), end: new Date('2013-01-31T06:00Z') };
    const observations = await readObservations({ ...spec(), columns: undefined, ...own }, { span });
    expect([observations.stations.length, counts(observations), observations.time.count]).toEqual([
      918,
      { 'PM2.5': [15253 - 128, 76 - 3, 0, 0] }, // 128 days of which the only mean is of fewer than 75 % of the hours
      30,
    ]);
    expect(observations.quality!.incompleteDays).toBe(174);
    // an annual summary is a list, too, of 1511 sites
    const stations = { ...spec().stations, file: sharedFile('networks/aqs/annual_all_2014.csv.gz') };
    const listed = await readObservations(
      { ...spec(), columns: undefined, ...daily, stations },
      { span: { ...span, end: new Date('2013-02-01T06:00Z') } },
    );
    expect([listed.stations.length, listed.quality!.species['PM2.5'].valid]).toEqual([628, 11117 - 74]);
    expect((await readStations(stations)).stations).toHaveLength(1511);
  });

  test('AQS, a state: a header that was cut, and wind alone', async () => {
    const file = sharedFile('networks/aqs/utah_daily_pm_2_5_2013.csv.gz');
    const span = { start: new Date('2013-01-01T07:00Z'), end: new Date('2013-02-01T07:00Z') };
    const utah = await readObservations(
      {
        ...spec(),
        columns: undefined,
        layout: 'aqs',
        resolution: 'daily',
        timeZone: 'America/Denver',
        files: file,
        stations: { ...spec().stations, file },
      },
      { span },
    );
    expect([utah.stations.length, counts(utah), utah.quality!.incompleteDays]).toEqual([14, { 'PM2.5': [278, 0, 0, 0] }, 2]);
    const wind = sharedFile('networks/aqs/utah_hourly_wind_2014.csv.gz');
    await expect(read({ layout: 'aqs', files: wind, stations: { ...spec().stations, file: wind } })).rejects.toMatchObject({
      code: 'OBSERVATIONS_TIME',
      message: expect.stringMatching(/: at station 490037001 .* GMT is 7 h earlier than local time, where it must be about 7 h later /) as string,
    });
    // With the clocks right, that they hold other species.
    const header = gunzipSync(readFileSync(wind)).toString().split('\n', 1)[0];
    const row =
      '"49","003","0003","61104",1,41.49,-112.02,"WGS84","Wind","2014-01-01","00:00","2014-01-01","07:00",190.0,"Degrees Compass",0.1,"","","","","Utah","Box Elder","2014-05-01"';
    const right = write('wind.csv', `${header}\n${row}\n`);
    await expect(read({ layout: 'aqs', files: right, stations: { ...spec().stations, file: right } })).rejects.toMatchObject({
      code: 'OBSERVATIONS_EMPTY',
      message: expect.stringContaining('expected the types NO2, SO2, O3, PM2.5 but received 61104') as string,
    });
  });

  test('the head of AQS’s list of sites, one at 0, 0', async () => {
    const found = await readStations({ ...spec().stations, file: sharedFile('networks/aqs/aqs_sites_head.csv'), type: 'Location Setting' });
    expect([found.stations.map(({ id, type }) => `${id} ${type}`), found.withoutCoordinates]).toEqual([
      ['010010001 SUBURBAN', '010030010 SUBURBAN', '010331002 SUBURBAN'],
      ['010030001'],
    ]);
  });

  test('the EEA’s list of sampling points, with Parquet of the download service', async () => {
    const file = sharedFile('networks/eea/DataExtract.csv');
    expect((await readStations({ ...spec().stations, file })).stations).toHaveLength(194);
    await parquet('obs.parquet', EEA, [`('MT/SPO-MT00003_00001_100', 1, TIMESTAMP '2016-01-01 00:00:00', 20.0, 'ug.m-3', 'hour', 1)`]);
    const observations = await read({ layout: 'eea', files: pathOf('obs.parquet'), stations: { ...spec().stations, file } });
    expect(observations.stations).toEqual([{ id: 'SPO-MT00003_00001_100', lon: 14.5111, lat: 35.8804 }]);
    await expect(read({ layout: 'eea', files: sharedFile('networks/eea/pm10.csv'), stations: { ...spec().stations, file } })).rejects.toMatchObject({
      code: 'OBSERVATIONS_EMPTY',
      message: expect.stringContaining('but received PM10: check the files') as string,
    });
  });

  test('the EEA’s older CSV of PM10, with its ten hours', async () => {
    write('stations.csv', 'id,lon,lat\nSPO-BETR740_00005_100,3.7,51.06\n');
    const flanders = await read({ layout: 'eea', files: sharedFile('networks/eea/pm10.csv'), species: [{ name: 'PM10' }] });
    expect([flanders.time.start, flanders.time.count, counts(flanders)]).toEqual([new Date('2013-01-20T05:00Z'), 89, { PM10: [10, 0, 0, 0] }]);
    const last = series(flanders, 'PM10', 'SPO-BETR740_00005_100');
    expect([last[0], last[88]]).toEqual([42.5, 112.5]);
  });

  test('OpenAQ’s archive, in which a sensor stands between the hours', async () => {
    write('stations.csv', 'id,lon,lat\n7441,105.818806,21.021939\n4946812,105.7947,21.0031\n');
    const files = sharedFile('networks/openaq/location-7441.csv');
    const hanoi = await read({ layout: 'openaq', files });
    expect(hanoi.time).toEqual({ start: new Date('2022-12-31T17:00Z'), stepSeconds: 3600, count: 2 });
    expect([series(hanoi, 'PM2.5', '7441'), counts(hanoi)]).toEqual([[71, 77], { 'PM2.5': [2, 0, 0, 0] }]);
    // the sensor measures PM10, which nobody asked for, and between the hours of those who do
    expect(hanoi.quality!.silentSpecies).toBeUndefined();
    const both = await read({ layout: 'openaq', files, species: [{ name: 'PM10' }, { name: 'PM2.5' }] });
    expect([both.species, both.quality!.silentSpecies]).toEqual([['PM2.5'], ['PM10']]);
    // one of PM2.5 would be left out
    write('obs.csv', readFileSync(files, 'utf8').replace('"pm10"', '"pm25"'));
    const { quality } = await read({ layout: 'openaq', files: pathOf('obs.csv') });
    expect(quality!.species['PM2.5']).toMatchObject({ valid: 2, offStep: { values: 1, stations: ['4946812'] } });
  });
});
