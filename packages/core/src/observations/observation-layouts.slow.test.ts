/** Files are made up after the networks' documentation; values in ppb are worked by hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { DuckDBInstance } from '@duckdb/node-api';

import { conversion, MOLAR_MASS } from '../units/units';
import { gasStateAt } from './model-units';
import { describeQuality } from './observation-quality';
import type { ObservationsSpec } from './observation-layouts';
import { readObservations, type Observations } from './observations';
import { inspectTable } from '../run/commands/inspect/table';
import { observationTables, series } from './testing/observation-samples';
import { failure } from '../files/testing/shared-data';

const { pathOf, write, spec } = observationTables();

const stations = (...ids: string[]): void => void write('stations.csv', `id,lon,lat\n${ids.map((id, i) => `"${id}",${i + 1},40`).join('\n')}\n`);
const read = (change: Partial<ObservationsSpec>): Promise<Observations> => readObservations({ ...spec(), columns: undefined, ...change });

/** The table of a CSV as Parquet, with types. */
async function parquet(name: string, select: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${pathOf(name)}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

describe('AirNow', () => {
  test('pipes, no header, GMT, years of two digits, other parameters left alone', async () => {
    stations('060010007', '840060010009');
    write(
      'obs_1.dat',
      '07/01/22|00:00|060010007|Livermore, Rincon|-8|OZONE|PPB|31|Bay Area AQMD\n' +
        '07/01/22|00:00|060010007|Livermore, Rincon|-8|PM2.5|UG/M3|5.5|Bay Area AQMD\n' +
        '07/01/22|00:00|060010007|Livermore, Rincon|-8|TEMP|C|21|Bay Area AQMD\n',
    );
    write(
      'obs_2.dat',
      '07/01/22|01:00|060010007|Livermore, Rincon|-8|OZONE|PPB|-999|Bay Area AQMD\n07/01/22|01:00|840060010009|Oakland|-8|NO2|PPB|7|x\n',
    );
    const observations = await read({ layout: 'airnow', timeZone: 'America/Los_Angeles' });
    expect(observations.time).toEqual({ start: new Date('2022-07-01T00:00Z'), stepSeconds: 3600, count: 2 });
    expect(observations.species).toEqual(['NO2', 'O3', 'PM2.5']);
    expect(series(observations, 'O3', '060010007')).toEqual([31, NaN]);
    expect(series(observations, 'PM2.5', '060010007')).toEqual([5.5, NaN]);
    expect(series(observations, 'NO2', '840060010009')).toEqual([NaN, 7]);
  });

  const row = (station: string, parameter: string, value: number, day = 1): string =>
    `07/0${day}/22|00:00|${station}|Name|-8|${parameter}|PPB|${value}|Agency\n`;
  const span = { start: new Date('2022-07-01T00:00Z'), end: new Date('2022-07-02T00:00Z') };

  test('a species that has a value only elsewhere, on other days, or nowhere, is left out and told', async () => {
    stations('A');
    for (const [i, so2] of [row('B', 'SO2', 1), row('A', 'SO2', 1, 2), row('A', 'SO2', -999)].entries()) {
      write('obs.dat', row('A', 'OZONE', 31) + so2);
      const observations = await readObservations({ ...spec(), columns: undefined, layout: 'airnow' }, { span });
      expect([i, observations.species, series(observations, 'O3', 'A')]).toEqual([i, ['O3'], [31]]);
      expect(observations.quality).toMatchObject({ silentSpecies: ['SO2'], stationsUnknown: i === 0 ? ['B'] : [] });
      expect(describeQuality(observations.quality!)).toContain('the files hold SO2, but no value of it at the stations and times of the case');
    }
  });

  test('names in the code page of the network’s list of sites: the remedy is one that works', async () => {
    stations('A');
    write('obs.dat', Buffer.from(row('A', 'OZONE', 31).replace('Name', 'B\u0082cancour'), 'latin1'));
    await expect(read({ layout: 'airnow' })).rejects.toThrow(
      failure('FILE_ENCODING', `${pathOf('obs.dat')}: the text is not UTF-8 (after "07/01/22|00:00|A|B"): convert it with iconv -f CP850 -t UTF-8`),
    );
  });

  test('no species with a value, and no station that is listed', async () => {
    stations('A');
    write('obs.dat', row('A', 'OZONE', -999) + row('B', 'SO2', 1));
    await expect(read({ layout: 'airnow' })).rejects.toThrow(
      failure(
        'OBSERVATIONS_EMPTY',
        `${pathOf('obs.dat')}: SO2, O3: no value at any station of ${pathOf('stations.csv')} in 1 times from 2022-07-01T00:00Z on: give files that hold observations of these stations and times`,
      ),
    );
    write('obs.dat', row('B', 'SO2', 1));
    await expect(read({ layout: 'airnow' })).rejects.toMatchObject({ code: 'STATIONS_UNKNOWN' });
  });
});

describe('AQS', () => {
  const site = (): void => void write('stations.csv', 'id,lon,lat\n010730023,-86.81,33.55\n');
  const head = '"State Code","County Code","Site Num","Parameter Code","POC","Latitude","Longitude","Date Local","Time Local","Date GMT","Time GMT","Sample Measurement","Units of Measure"\n'; // prettier-ignore
  const row = (code: string, poc: number, hour: string, value: string, unit: string): string =>
    `"01","073","0023","${code}",${poc},33.55,-86.81,"2019-01-01","00:00","2019-01-01","${hour}",${value},"${unit}"\n`;

  test('units, GMT, the lowest POC that has a value, the reference method first', async () => {
    site();
    write(
      'obs.csv',
      head +
        row('44201', 2, '06:00', '0.033', 'Parts per million') +
        row('44201', 1, '06:00', '0.031', 'Parts per million') +
        row('44201', 2, '07:00', '0.040', 'Parts per million') +
        row('42602', 1, '06:00', '12.5', 'Parts per billion') +
        row('88502', 1, '06:00', '9', 'Micrograms/cubic meter (LC)') +
        row('88101', 3, '06:00', '8.1', 'Micrograms/cubic meter (LC)'),
    );
    const observations = await read({ layout: 'aqs' });
    expect(observations.time).toEqual({ start: new Date('2019-01-01T06:00Z'), stepSeconds: 3600, count: 2 });
    expect(series(observations, 'O3', '010730023')).toEqual([31, 40].map((value) => expect.closeTo(value, 4) as number));
    expect(series(observations, 'NO2', '010730023')).toEqual([12.5, NaN]);
    expect(series(observations, 'PM2.5', '010730023')[0]).toBeCloseTo(8.1, 5);
  });

  test('GMT on the wrong side of local time is refused, of any row; on the right side it is taken, wherever the station is', async () => {
    const times = (lon: number, local: string, gmt: string, site = '0023'): string =>
      `"01","073","${site}","42602",1,33.55,${lon},"${local.replace(' ', '","')}","${gmt.replace(' ', '","')}",12,"Parts per billion"\n`;
    const readAt = async (lon: number, ...rows: string[]): Promise<Observations> => {
      write('stations.csv', `id,lon,lat\n010730023,${lon},40\n`);
      write('obs.csv', head + rows.join(''));
      return read({ layout: 'aqs' });
    };
    const right = times(-112.2, '2014-01-01 00:00', '2014-01-01 07:00');
    const wrong = times(-112.2, '2014-01-01 01:00', '2013-12-31 18:00');
    const message = (hours: string, lon = '-112.2', about = '7 h later', zone = '+7'): Error =>
      failure(
        'OBSERVATIONS_TIME',
        `${pathOf('obs.csv')}: at station 010730023 (longitude ${lon}) GMT is ${hours} than local time, where it must be about ${about} (older files of AirData have the sign turned round): download the file anew, or take the local times by layout sql with timeZone: Etc/GMT${zone}`,
      );
    await expect(readAt(-112.2, right, wrong)).rejects.toThrow(message('7 h earlier'));
    await expect(readAt(-112.2, times(-112.2, '2014-01-01 01:00', '2014-01-01 01:00'))).rejects.toThrow(message('0 h later'));
    await expect(readAt(144.8, times(144.8, '2014-01-01 00:00', '2014-01-01 10:00'))).rejects.toThrow(
      message('10 h later', '144.8', '10 h earlier', '-10'),
    );
    expect((await readAt(-112.2, right)).time.start).toEqual(new Date('2014-01-01T07:00Z'));
    expect((await readAt(144.8, times(144.8, '2014-01-01 10:00', '2014-01-01 00:00'))).time.count).toBe(1); // Guam
    expect((await readAt(247.8, right)).time.count).toBe(1);
    expect((await readAt(-176.6, times(-176.6, '2014-01-01 00:00', '2014-01-01 10:00'))).time.count).toBe(1); // Adak
    // of a station that is not listed
    expect((await readAt(-112.2, right, times(-112.2, '2014-01-01 01:00', '2013-12-31 18:00', '0099'))).stations).toHaveLength(1);
  });

  test('stations from AQS’s list of sites, or from a file of observations itself', async () => {
    const sites =
      '"State Code","County Code","Site Number","Latitude","Longitude","Location Setting"\n1,73,23,33.55,-86.81,"URBAN"\n"01","073","0024",0,0,\n';
    write('stations.csv', sites);
    write('obs.csv', head + row('42602', 1, '06:00', '12.5', 'Parts per billion') + row('42602', 1, '07:00', '13', 'Parts per billion'));
    const listed = await read({ layout: 'aqs', stations: { ...spec().stations, type: 'Location Setting' } });
    expect(listed.stations).toEqual([{ id: '010730023', lon: -86.81, lat: 33.55, type: 'URBAN' }]);
    expect(listed.quality?.stationsWithoutCoordinates).toEqual(['010730024']);
    const own = await read({ layout: 'aqs', stations: { ...spec().stations, file: pathOf('obs.csv') } });
    expect(own.stations).toEqual([{ id: '010730023', lon: -86.81, lat: 33.55 }]);
    expect(series(own, 'NO2', '010730023')).toEqual([12.5, 13]);
  });

  describe('daily files', () => {
    const dailyHead = '"State Code","County Code","Site Num","Parameter Code","POC","Sample Duration","Pollutant Standard","Date Local","Units of Measure","Event Type","Arithmetic Mean"\n'; // prettier-ignore
    const day = (
      code: string,
      poc: number,
      date: string,
      mean: string,
      duration = '24 HOUR',
      event = 'None',
      standard = 'PM25 24-hour 2012',
    ): string => `"01","073","0023","${code}",${poc},"${duration}","${standard}","${date}","Micrograms/cubic meter (LC)","${event}",${mean}\n`;
    const daily: Partial<ObservationsSpec> = { layout: 'aqs', resolution: 'daily', timeZone: 'America/New_York' };

    test('days of standard time, also across its change; the lowest POC, with exceptional events, once for all standards', async () => {
      site();
      write(
        'obs.csv',
        dailyHead +
          day('88101', 2, '2023-03-11', '99') +
          day('88101', 1, '2023-03-11', '8.5') +
          day('88101', 1, '2023-03-11', '8.5', '24 HOUR', 'None', 'PM25 24-hour 2006') +
          day('88101', 1, '2023-03-12', '7', '24-HR BLK AVG', 'Excluded') +
          day('88101', 1, '2023-03-12', '40', '24-HR BLK AVG', 'Included') +
          day('88101', 1, '2023-03-13', '9', '1 HOUR') +
          day('88101', 1, '2023-03-13', '9.1', '24-HR BLK AVG') +
          day('44201', 1, '2023-03-13', '41', '8-HR RUN AVG BEGIN HOUR'),
      );
      const observations = await read(daily);
      // 2023-03-12 is the first day of summer time
      expect(observations.time).toEqual({ start: new Date('2023-03-11T05:00Z'), stepSeconds: 86400, count: 3 });
      expect(observations.species).toEqual(['PM2.5']);
      expect(series(observations, 'PM2.5', '010730023')).toEqual([8.5, 40, 9]);
    });

    test('a mean of fewer than 75 % of the hours does not count, and is told; a monitor that is complete does', async () => {
      const percentHead = dailyHead.replace('\n', ',"Observation Percent"\n');
      const part = (poc: number, date: string, mean: string, percent: string): string =>
        day('88101', poc, date, mean, '1 HOUR').replace('\n', `,${percent}\n`);
      site();
      write(
        'obs.csv',
        percentHead +
          part(1, '2023-03-10', '8', '75.0') +
          part(1, '2023-03-11', '20', '74.0') +
          part(2, '2023-03-11', '9', '100.0') +
          part(1, '2023-03-12', '30', '4.0'),
      );
      write('obs_2.csv', dailyHead + day('88101', 1, '2023-03-13', '7')); // which does not tell
      const { quality, ...observations } = await read(daily);
      expect(series(observations, 'PM2.5', '010730023')).toEqual([8, 9, NaN, 7]);
      expect(quality!.incompleteDays).toBe(2);
      expect(describeQuality(quality!)).toContain('2 daily means of fewer than 75 % of the hours were left out');
      write('obs_2.csv', dailyHead);
      write('obs.csv', percentHead + part(1, '2023-03-11', '20', '74.0'));
      await expect(read(daily)).rejects.toMatchObject({
        code: 'OBSERVATIONS_EMPTY',
        message: expect.stringContaining(' on but 1 daily means of fewer than 75 % of the hours: give files') as string,
      });
    });

    test('no mean of the day, two values of a monitor, and the other resolution are told', async () => {
      site();
      write('obs.csv', dailyHead + day('44201', 1, '2023-03-13', '41', '8-HR RUN AVG BEGIN HOUR'));
      await expect(read(daily)).rejects.toThrow(
        failure(
          'OBSERVATIONS_EMPTY',
          `${pathOf('obs.csv')}: expected the types NO2, SO2, O3, PM2.5 but received 44201 (8-HR RUN AVG BEGIN HOUR): check the files`,
        ),
      );
      write('obs.csv', dailyHead + day('88101', 1, '2023-03-13', '8') + day('88101', 1, '2023-03-13', '9'));
      await expect(read(daily)).rejects.toMatchObject({ code: 'OBSERVATIONS_TWICE' });
      await expect(read({ ...daily, resolution: 'hourly' })).rejects.toThrow(
        failure(
          'COLUMN_MISSING',
          `${pathOf('obs.csv')}: expected the column Sample Measurement but received daily files: set observations.resolution: daily`,
        ),
      );
      write('obs.csv', head + row('44201', 1, '06:00', '0.03', 'Parts per million'));
      await expect(read(daily)).rejects.toThrow(
        failure(
          'COLUMN_MISSING',
          `${pathOf('obs.csv')}: expected the column Arithmetic Mean but received hourly files: set observations.resolution: hourly`,
        ),
      );
    });
  });

  test('files that call the number of the site Site Number, alone and beside others', async () => {
    site();
    write('obs_1.csv', head.replace('Site Num', 'Site Number') + row('42602', 1, '06:00', '12.5', 'Parts per billion'));
    expect(series(await read({ layout: 'aqs' }), 'NO2', '010730023')).toEqual([12.5]);
    expect(await inspectTable(pathOf('obs_1.csv'))).toMatchObject({ kind: 'observations, layout aqs', facts: { rows: 1 } });
    write('obs_2.csv', head + row('42602', 1, '07:00', '13', 'Parts per billion'));
    expect(series(await read({ layout: 'aqs' }), 'NO2', '010730023')).toEqual([12.5, 13]);
  });

  test('two values of one monitor are refused, a column that is missing is named', async () => {
    site();
    write('obs.csv', head + row('44201', 1, '06:00', '0.03', 'Parts per million') + row('44201', 1, '06:00', '0.04', 'Parts per million'));
    await expect(read({ layout: 'aqs' })).rejects.toMatchObject({ code: 'OBSERVATIONS_TWICE' });
    write('obs.csv', 'State Code,County Code\n01,073\n');
    await expect(read({ layout: 'aqs' })).rejects.toThrow(
      failure(
        'COLUMN_MISSING',
        `${pathOf('obs.csv')}: there is no column Site Num; it holds State Code, County Code: give files of the layout aqs as the network has them, or set observations.layout: sql and select their columns in a query`,
      ),
    );
    write('obs.csv', head + row('44201', 1, '06:00', '0.03', 'Furlongs'));
    await expect(read({ layout: 'aqs' })).rejects.toMatchObject({ code: 'UNIT_UNKNOWN' });
  });
});

describe('EEA', () => {
  const eu = { temperature: 273.15, pressure: 101325, rule: 'eu' } as const;
  /** µg m-3 of NO2 a ppb at 293 K and 101.3 kPa: M p / (R T) = 46.005 · 101300 / (8.314462618 · 293) · 1e-3 */
  const NO2_EU = (46.005 * 101300) / (8.314462618 * 293) / 1000;

  test('Parquet: UTC+1, codes, validity, hours only', async () => {
    stations('AT/SPO.A', 'AT/SPO.B');
    const rows = [
      "('AT/SPO.A', 8, TIMESTAMP '2023-01-01 00:00:00', 20.0, 'ug.m-3', 'hour', 1)",
      "('AT/SPO.A', 8, TIMESTAMP '2023-01-01 01:00:00', 1.0, 'ug.m-3', 'hour', 2)",
      "('AT/SPO.A', 8, TIMESTAMP '2023-01-01 02:00:00', 500.0, 'ug.m-3', 'hour', -1)",
      "('AT/SPO.A', 8, TIMESTAMP '2023-01-01 00:00:00', 33.0, 'ug.m-3', 'day', 1)",
      "('AT/SPO.B', 6001, TIMESTAMP '2023-01-01 02:00:00', 12.0, 'ug.m-3', 'hour', 1)",
      "('AT/SPO.B', 5, TIMESTAMP '2023-01-01 02:00:00', 30.0, 'ug.m-3', 'hour', 1)",
    ];
    await parquet(
      'obs.parquet',
      `SELECT * FROM (VALUES ${rows.join(', ')}) AS t(Samplingpoint, Pollutant, "Start", "Value", Unit, AggType, Validity)`,
    );
    const observations = await read({ layout: 'eea', timeZone: 'Europe/Vienna', gasReference: eu });
    expect(observations.time).toEqual({ start: new Date('2022-12-31T23:00Z'), stepSeconds: 3600, count: 3 });
    expect(observations.species).toEqual(['NO2', 'PM2.5']);
    expect(series(observations, 'NO2', 'AT/SPO.A')).toEqual([expect.closeTo(20 / NO2_EU, 4), expect.closeTo(1 / NO2_EU, 4), NaN]);
    expect(series(observations, 'PM2.5', 'AT/SPO.B')).toEqual([NaN, NaN, 12]);
    expect(observations.quality?.invalid).toBe(1);
    const daily = await read({ layout: 'eea', resolution: 'daily', gasReference: eu });
    expect(daily.time).toEqual({ start: new Date('2022-12-31T23:00Z'), stepSeconds: 86400, count: 1 });
    expect(series(daily, 'NO2', 'AT/SPO.A')).toEqual([expect.closeTo(33 / NO2_EU, 4)]);
  });

  test('the older CSV: codes as addresses, times with their offset', async () => {
    stations('SPO-1');
    write(
      'obs.csv',
      'Countrycode,SamplingPoint,AirPollutantCode,AveragingTime,Concentration,UnitOfMeasurement,DatetimeBegin,Validity,Verification\n' +
        'AD,SPO-1,http://dd.eionet.europa.eu/vocabulary/aq/pollutant/7,hour,50.5,µg/m3,2018-06-01 00:00:00 +01:00,1,1\n' +
        'AD,SPO-1,http://dd.eionet.europa.eu/vocabulary/aq/pollutant/7,hour,-999,µg/m3,2018-06-01 01:00:00 +01:00,-99,3\n',
    );
    const observations = await read({ layout: 'eea', gasReference: eu });
    expect(observations.time).toEqual({ start: new Date('2018-05-31T23:00Z'), stepSeconds: 3600, count: 2 });
    expect(observations.quality).toMatchObject({ invalid: 1, species: { O3: { valid: 1, missing: 1, negative: 0 } } });
  });
});

describe('OpenAQ', () => {
  test('times mark the end of the hour, units with superscripts, the first sensor', async () => {
    stations('2178');
    const row = (sensor: number, time: string, parameter: string, units: string, value: string): string =>
      `2178,${sensor},Del Norte-2178,${time},35.13,-106.58,${parameter},${units},${value}\n`;
    write(
      'obs.csv.gz',
      gzipSync(
        'location_id,sensors_id,location,datetime,lat,lon,parameter,units,value\n' +
          row(3919, '2022-05-03T01:00:00-06:00', 'pm25', 'µg/m³', '6') +
          row(4000, '2022-05-03T01:00:00-06:00', 'pm25', 'µg/m³', '99') +
          row(3916, '2022-05-03T02:00:00-06:00', 'no2', 'ppm', '0.011') +
          row(3916, '2022-05-03T02:00:00-06:00', 'co', 'ppm', '0.2'),
      ),
    );
    const observations = await read({ layout: 'openaq', timeZone: 'America/Denver' });
    // 01:00-06:00 is 07:00 UTC, which ends the hour that begins at 06:00
    expect(observations.time).toEqual({ start: new Date('2022-05-03T06:00Z'), stepSeconds: 3600, count: 2 });
    expect(series(observations, 'PM2.5', '2178')).toEqual([6, NaN]);
    expect(series(observations, 'NO2', '2178')).toEqual([NaN, expect.closeTo(11, 5)]);
  });

  test.each(['NaN', '-999', '-999.0', '-99999', '', 'n/a'])('a sensor that says "%s" gives way to the next', async (none) => {
    stations('2178');
    const row = (sensor: number, hour: string, value: string): string => `2178,${sensor},2022-05-03T${hour}:00:00-06:00,pm25,ug/m3,${value}\n`;
    write('obs.csv', `location_id,sensors_id,datetime,parameter,units,value\n${row(1, '01', none)}${row(2, '01', '7')}${row(1, '02', none)}`);
    const observations = await read({ layout: 'openaq' });
    expect(series(observations, 'PM2.5', '2178')).toEqual([7, NaN]);
    expect(observations.quality?.species['PM2.5']).toMatchObject({ valid: 1, missing: 1, negative: 0, unreadable: 0 });
  });
});

describe('a query of the case', () => {
  const SQL = `SELECT site AS station, day || ' ' || hh AS time, CASE gas WHEN 'ozone' THEN 'O3' END AS species, amount AS value, 'ppm' AS unit FROM raw`;
  const query = (sql: string): Promise<Observations> => read({ layout: 'sql', sql });
  const refusal = (text: string): Error =>
    expect.objectContaining({ code: 'OBSERVATIONS_SQL', exitCode: 2, message: expect.stringMatching(text) as string }) as Error;

  beforeEach(() => {
    stations('A');
    write('obs.csv', 'site,day,hh,gas,amount\nA,2020-01-01,3,ozone,0.05\nA,2020-01-01,4,soot,7\n');
  });

  test('any table, its units and times', async () => {
    const observations = await query(SQL);
    expect(observations.time).toEqual({ start: new Date('2020-01-01T03:00Z'), stepSeconds: 3600, count: 2 });
    expect(series(observations, 'O3', 'A')).toEqual([expect.closeTo(50, 4), NaN]);
    expect((await query(`${SQL};`)).species).toEqual(['O3']);
    expect(series(await query(SQL.replace('SELECT', 'SELECT 7 AS number, 8 AS taken, 9 AS text, 1 AS position,')), 'O3', 'A')[0]).toBeCloseTo(50, 4);
  });

  test.each([
    ['reads another file', () => `SELECT * FROM read_csv('${pathOf('stations.csv')}')`, 'DuckDB cannot run it .*(disabled|Permission)'],
    ['reads the network', () => "SELECT * FROM read_parquet('https://example.com/x.parquet')", 'DuckDB cannot run it'],
    ['writes a file', () => `COPY raw TO '${pathOf('out.csv')}'`, 'expected one SELECT|DuckDB cannot run it'],
    ['attaches a database', () => `ATTACH '${pathOf('x.db')}'`, 'expected one SELECT|DuckDB cannot run it'],
    ['loads an extension', () => 'INSTALL httpfs', 'expected one SELECT|DuckDB cannot run it'],
    ['unlocks', () => 'SET enable_external_access = true', 'expected one SELECT'],
    ['has a second statement', () => `SELECT 1; DROP TABLE raw`, 'expected one SELECT'],
    ['ends the view', () => `SELECT 1) ; DROP TABLE raw; --`, 'DuckDB cannot run it|expected one SELECT'],
    ['is empty', () => ' ', 'expected one SELECT'],
    ['is no SQL', () => 'SELEKT', 'DuckDB cannot run it .*syntax error'],
    ['names a column that is not there', () => 'SELECT nothing FROM raw', 'DuckDB cannot run it .*nothing'],
  ])('one that %s is refused', async (_, sql, text) => {
    await expect(query(sql())).rejects.toThrow(refusal(text));
  });

  test.each([
    ['value', SQL.replace('amount', 'amount::DOUBLE')],
    ['time', SQL.replace(`day || ' ' || hh`, "strptime(amount, '%Y-%m-%d')")],
    ['station', SQL.replace('site', 'amount::DOUBLE::VARCHAR')],
    ['species', SQL.replace('gas', "CASE WHEN amount::DOUBLE > 1 THEN 'soot' ELSE gas END")],
  ])('one that fails on the data, in the column %s, is refused as a query', async (_, sql) => {
    write('obs.csv', 'site,day,hh,gas,amount\nA,2020-01-01,3,ozone,0.05\nA,2020-01-01,4,soot,x\n');
    await expect(query(sql)).rejects.toThrow(
      refusal(
        `^observations\\.sql: DuckDB cannot run it on the values of ${pathOf('obs.csv')} \\(.*["'](x|0\\.05)["'].*\\): mend the query .* or the values$`,
      ),
    );
    const [value] = series(await query(SQL.replace('amount', 'TRY_CAST(amount AS DOUBLE)')), 'O3', 'A');
    expect(value).toBeCloseTo(50, 4);
  });

  test('files that cannot be read, and values that say nothing, are not the fault of the query', async () => {
    await expect(query(SQL.replace('gas', "'none'"))).rejects.toMatchObject({ code: 'OBSERVATIONS_EMPTY', exitCode: 3 });
    await parquet('obs.parquet', "SELECT 'A' AS site, '2020-01-01' AS day, 3 AS hh, 'ozone' AS gas, 0.05 AS amount");
    const whole = readFileSync(pathOf('obs.parquet'));
    writeFileSync(pathOf('obs.parquet'), whole.subarray(0, whole.length / 2));
    const cut = read({ layout: 'sql', sql: SQL.replace('amount', 'amount::DOUBLE'), files: pathOf('obs.parquet') });
    await expect(cut).rejects.toMatchObject({ code: 'TABLE_UNREADABLE', exitCode: 3 });
  });

  test.each([
    ...['random()', 'now()', 'uuid()', 'gen_random_uuid()', 'today()', "nextval('s')", 'txid_current()', 'RANDOM()', 'main.random()'].map((call) => [
      call,
      call.toLowerCase().replace(/^main\.|'s'/g, ''),
    ]),
    ...['current_timestamp', 'CURRENT_DATE', 'localtime'].map((clock) => [clock, clock.toLowerCase()]),
    ["ago('1 day')", 'ago()'],
    ["age(TIMESTAMP '2020-01-01')", 'age() of one time'],
    ["list_transform(['a'], lambda x: random())", 'random()'],
    ["(SELECT * FROM query('SELECT random()'))", 'query()'],
  ])('one that gives something else on every run is refused: %s', async (call, named) => {
    const text = `^observations\\.sql: ${named.replace(/[()]/g, '\\$&')} gives something else on every run, and so would the results: write`;
    const refused = refusal(text);
    await expect(query(SQL.replace('SELECT', `SELECT ${call} AS other,`))).rejects.toThrow(refused);
    await expect(query(`WITH drawn AS (${SQL} WHERE ${call} IS NOT NULL) SELECT * FROM drawn`)).rejects.toThrow(refused);
  });

  test('a sample is refused but where its seed is given; names in texts, columns called so and what is the same on every run are not', async () => {
    await expect(query(`${SQL} USING SAMPLE 50%`)).rejects.toThrow(refusal('a sample without REPEATABLE gives something else'));
    await expect(query(SQL.replace('raw', 'raw TABLESAMPLE RESERVOIR(1)'))).rejects.toThrow(refusal('a sample without REPEATABLE'));
    expect((await query(`${SQL} USING SAMPLE reservoir(2 ROWS) REPEATABLE (3)`)).species).toEqual(['O3']);
    const same =
      "SELECT 'random()' AS a, age(TIMESTAMP '2020-01-01', TIMESTAMP '2019-01-01') AS b, if(false, error('x'), '') AS c, row_number() OVER () AS d,";
    expect((await query(SQL.replace('SELECT', same))).species).toEqual(['O3']);
    write('obs.csv', 'site,current_date,hh,gas,amount\nA,2020-01-01,3,ozone,0.05\n');
    expect((await query(SQL.replace('day', 'current_date'))).time.start).toEqual(new Date('2020-01-01T03:00Z'));
  });

  test('one without end is ended by the signal of the reading, with its reason', async () => {
    const control = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => control.abort(reason), 300);
    const endless = `${SQL} WHERE (SELECT count(*) FROM range(1000000000000)) > 0`;
    const reading = readObservations({ ...spec(), columns: undefined, layout: 'sql', sql: endless }, { signal: control.signal });
    await expect(reading).rejects.toBe(reason);
    await expect(readObservations(spec(), { signal: control.signal })).rejects.toBe(reason);
    await expect(readObservations(spec(), { signal: 'no' as never })).rejects.toMatchObject({ code: 'CALL_INVALID' });
  });

  test('times without number are no table of observations', async () => {
    const many = `SELECT 'A' AS station, range::VARCHAR AS time, 'O3' AS species, '1' AS value, 'ppb' AS unit FROM range(3000000)`;
    await expect(query(many)).rejects.toThrow(
      failure('OBSERVATIONS_TIME', expect.stringMatching(/obs\.csv: there are more than 2000000 different times \(such as "\d+"\)/) as string),
    );
  });

  test('columns that are missing', async () => {
    await expect(query('SELECT site AS station FROM raw')).rejects.toThrow(
      failure('COLUMN_MISSING', 'observations.sql: there is no column time; it holds station: select it in the query'),
    );
  });
});

describe('the state of gases by date', () => {
  test('China: both sides of 1 September 2018, 0 h in Beijing', async () => {
    stations('A');
    write('obs.csv', 'station,time,no2\nA,2018-08-31T23:00,100\nA,2018-09-01T00:00,100\n');
    const observations = await readObservations(
      spec({
        timeZone: 'Asia/Shanghai',
        columns: { station: 'station', time: 'time', species: { NO2: { column: 'no2', unit: 'ug m-3' } } },
        gasReference: { temperature: 300, pressure: 1, rule: 'china' },
      }),
    );
    // 100 µg m-3 · R T / (M p): 48.72 ppb at 273.15 K, 53.18 ppb at 298.15 K
    const ppb = (temperature: number): number => ((100 * 8.314462618 * temperature) / (46.005 * 101325)) * 1000;
    expect(series(observations, 'NO2', 'A')).toEqual([expect.closeTo(ppb(273.15), 3), expect.closeTo(ppb(298.15), 3)]);
    expect(ppb(298.15) / ppb(273.15)).toBeCloseTo(1.0915, 4);
  });

  test('the rule fixed takes the two numbers', () => {
    const reference = { temperature: 290, pressure: 1e5 };
    expect(gasStateAt(reference)(0)).toBe(reference);
    const { scale } = conversion('ug m-3', 'ppb', { molarMass: MOLAR_MASS.NO2, ...gasStateAt({ ...reference, rule: 'eu' })(0) });
    expect(scale).toBeCloseTo((8.314462618 * 293 * 1000) / (46.005 * 101300), 6);
  });
});
