import { describeQuality, unitDoubts } from './observation-quality';
import { readObservations, type Observations } from './observations';
import { NO_RULES, observationTables, series, STATIONS, ug } from './testing/observation-samples';
import { failure } from '../files/testing/shared-data';

const { pathOf, write, spec, read } = observationTables();

describe('values that make no sense', () => {
  /** 100 good rows at A, then the given ones. */
  const withGood = (rows: string): string =>
    Array.from({ length: 100 }, (_, i) => `A,2017-01-${String(1 + Math.floor(i / 24)).padStart(2, '0')}T${i % 24}:00,20,30\n`).join('') + rows;

  test('a few are left out and counted; missing codes are just missing', async () => {
    const observations = await read(
      withGood(
        'B,2017-01-01T00:00,-30,1\nB,2017-01-01T01:00,99999,1\nB,2017-01-01T02:00,n.d.,1\nB,2017-01-01T03:00,-999,1\nB,2017-01-01T04:00,-,1\nA,2017-01-01T00:00,20,30\nX,2017-01-01T00:00,5,5\n',
      ),
    );
    expect(observations.quality?.species.NO2).toEqual({
      unit: 'ppb',
      mostObserved: 1000,
      valid: 100,
      missing: 100,
      belowZero: 0,
      negative: 1,
      absurd: 1,
      unreadable: 1,
      repeated: 1,
    });
    expect(observations.quality?.stationsUnknown).toEqual(['X']);
    expect(describeQuality(observations.quality as NonNullable<Observations['quality']>)).toEqual([
      '3 stations without coordinates were dropped',
      '1 stations are in the observations but not in the list and were dropped (X…)',
      '2 listed stations have no value',
      '1 values of NO2 too far below zero were left out',
      '1 values of NO2 above 1000 ppb were left out',
      '1 values of NO2 that are no number were left out',
      '1 values of NO2 repeat another of their station and time, and count once',
      '1 values of PM2.5 repeat another of their station and time, and count once',
    ]);
  });

  test('the noise of a monitor in clean air goes below zero and stays, so that means are not too high; its floor is a setting', async () => {
    const noise = [0.5, -0.25, 0.75, -0.5, -4.5];
    const rows = noise.map((value, hour) => `A,2017-01-01T0${hour}:00,${value},${2 * value}\n`).join('');
    const columns = { station: 'station', time: 'time', species: { SO2: { column: 'no2', unit: 'ppb' }, 'PM2.5': ug('pm25') } };
    // -4.5 ppb of SO2 is below -4, -9 µg m-3 of PM2.5 is not below -10
    await expect(read(rows, { columns })).rejects.toThrow(
      failure(
        'OBSERVATIONS_ABSURD',
        `${pathOf('obs.csv')}: SO2: too many values make no sense (1 below -4, 0 above 3000 ppb, 0 unreadable of 5): check its column and unit in the case`,
      ),
    );
    const observations = await read(rows, { columns, quality: { ...NO_RULES, negativeFloor: { SO2: -4.5 } } });
    expect(series(observations, 'SO2', 'A')).toEqual(noise);
    expect(series(observations, 'PM2.5', 'A')).toEqual(noise.map((value) => 2 * value));
    expect(observations.quality?.species.SO2).toEqual({
      unit: 'ppb',
      mostObserved: 3000,
      valid: 5,
      missing: 0,
      belowZero: 3,
      negative: 0,
      absurd: 0,
      unreadable: 0,
      repeated: 0,
    });
    expect(describeQuality(observations.quality!)).toContain('3 values of SO2 a little below zero were kept: the noise of monitors in clean air');
  });

  test('many mean that the column or unit is wrong', async () => {
    const bad = Array.from({ length: 6 }, (_, i) => `B,2017-01-01T0${i}:00,-30,1\n`).join('');
    await expect(read(withGood(bad))).rejects.toThrow(
      failure(
        'OBSERVATIONS_ABSURD',
        `${pathOf('obs.csv')}: NO2: too many values make no sense (6 below -5, 0 above 1000 ppb, 0 unreadable of 106): check its column and unit in the case`,
      ),
    );
  });

  test('numbers with a decimal comma are called that', async () => {
    write('stations.csv', STATIONS);
    write('obs.csv', 'station;time;no2;pm25\nA;2017-01-01T00:00;12,5;1\nA;2017-01-01T01:00;13;1\nA;2017-01-01T02:00;-0,5;1\n');
    await expect(readObservations(spec())).rejects.toThrow(
      failure('OBSERVATIONS_ABSURD', `${pathOf('obs.csv')}: NO2: 2 of 3 values have a decimal comma, as 12,5: write them with a point`),
    );
  });

  test('values a thousand times too small are told, and the noise of clean air is not', async () => {
    const columns = {
      station: 'station',
      time: 'time',
      species: { NO2: { column: 'no2', unit: 'ppb' }, 'PM2.5': { column: 'pm25', unit: 'ng m-3' } },
    };
    const rows = [
      ['0.3', '45'],
      ['-0.2', '60'],
      ['0', '800'],
      ['0.01', '0'],
    ];
    const observations = await read(rows.map(([no2, pm25], hour) => `A,2017-01-01T0${hour}:00,${no2},${pm25}\n`).join(''), { columns });
    expect(unitDoubts(observations.quality!)).toEqual([
      'most values of PM2.5 lie below 0.2 ug m-3, less than clean air has: check its column and unit in the case',
    ]);
    expect(describeQuality(observations.quality!)).toEqual(expect.arrayContaining(unitDoubts(observations.quality!)));
  });

  test('a species without any value', async () => {
    await expect(read('A,2017-01-01T00:00,,5\n')).rejects.toThrow(
      failure(
        'OBSERVATIONS_EMPTY',
        `${pathOf('obs.csv')}: NO2 has no value at any station and time: check its column, or leave the species out of the case`,
      ),
    );
  });

  test('stations of which the list knows none', async () => {
    await expect(read('07,2017-01-01T00:00,5,5\n08,2017-01-01T00:00,5,5\n')).rejects.toThrow(
      failure(
        'STATIONS_UNKNOWN',
        `${pathOf('obs.csv')}: none of its 2 stations (such as "07") is among the 4 with coordinates in ${pathOf('stations.csv')} (such as "A"): write the identifiers alike, with their leading zeros`,
      ),
    );
  });

  test('two values for one station and time', async () => {
    await expect(read('A,2017-01-01T00:00,5,5\nA,2017-01-01T00:00,6,5\n')).rejects.toThrow(
      failure(
        'OBSERVATIONS_TWICE',
        `${pathOf('obs.csv')}: NO2 at station A, 2017-01-01T00:00Z, has two values: keep one row for each station and time`,
      ),
    );
  });

  test('the hour that comes twice when clocks are put back asks for offsets, with which both are read', async () => {
    const rows = (first: string, second: string): string => `A,2017-10-29T02:00${first},5,7\nA,2017-10-29T02:00${second},6,8\n`;
    await expect(read(rows('', ''), { timeZone: 'Europe/Berlin' })).rejects.toThrow(
      failure('OBSERVATIONS_TWICE', expect.stringContaining('the clocks of Europe/Berlin change there: write times with their offset') as string),
    );
    expect(series(await read(rows('+02:00', '+01:00'), { timeZone: 'Europe/Berlin' }), 'PM2.5', 'A')).toEqual([7, 8]);
    const other = rows('', '').replaceAll('10-29', '10-27');
    await expect(read(other, { timeZone: 'Europe/Berlin' })).rejects.toThrow(/keep one row for each station and time$/);
  });

  test('daily means across the end of summer time: what can be done is said, and done', async () => {
    const rows = 'A,2017-10-28,10,10\nA,2017-10-29,20,20\nA,2017-10-30,30,30\n';
    await expect(read(rows, { resolution: 'daily', timeZone: 'Europe/Berlin' })).rejects.toMatchObject({
      code: 'OBSERVATIONS_TIME',
      message: expect.stringMatching(
        /the clocks of Europe\/Berlin change between 2017-10-27T22:00Z and 2017-10-29T23:00Z.* such as Etc\/GMT-1 /,
      ) as string,
    });
    const { time } = await read(rows, { resolution: 'daily', timeZone: 'Etc/GMT-1' });
    expect(time).toEqual({ start: new Date('2017-10-27T23:00Z'), stepSeconds: 86400, count: 3 });
    // A year of days in such a zone, of which a period on one side of the change is asked for.
    const [start, end] = [new Date('2017-10-29T22:00Z'), new Date('2017-10-31T23:00Z')];
    expect((await read(rows, { resolution: 'daily', timeZone: 'Europe/Berlin' }, { span: { start, end } })).time.start).toEqual(
      new Date('2017-10-29T23:00Z'),
    );
  });
});
