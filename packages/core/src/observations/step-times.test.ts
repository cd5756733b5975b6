import { readGriddesc } from '../grid/griddesc';
import { Grid } from '../grid/grid';
import { describeQuality } from './observation-quality';
import { readObservations, type Observations } from './observations';
import { observationTables, series } from './testing/observation-samples';

const { pathOf, write, spec, read } = observationTables();

/** One cell: A and B of the stations lie in it, C and G do not. */
const grid = new Grid({
  name: 'EAST', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0,
  xorig: 116, yorig: 39, xcell: 1, ycell: 1, cols: 1, rows: 1,
}); // prettier-ignore

const refused = (text: RegExp): unknown =>
  expect.objectContaining({ code: 'OBSERVATIONS_TIME', exitCode: 3, message: expect.stringMatching(text) as string });
const sentences = ({ quality }: Observations): string[] => describeQuality(quality!);

describe('values between the hours', () => {
  test('are left out and counted, the stations named; those of stations that are not listed do not matter', async () => {
    const observations = await read(
      'A,2017-01-01T06:00,10,1\nA,2017-01-01T07:00,20,2\nC,2017-01-01T06:15,30,\nC,2017-01-01T06:40,-999,3\nX,2017-01-01T06:30,5,5\nX,2017-01-01T06:45,5,5\n',
    );
    expect(observations.time).toEqual({ start: new Date('2017-01-01T06:00Z'), stepSeconds: 3600, count: 2 });
    expect(series(observations, 'PM2.5', 'A')).toEqual([1, 2]);
    expect(observations.quality?.species).toMatchObject({
      NO2: { valid: 2, offStep: { values: 1, stations: ['C'] } },
      'PM2.5': { valid: 2, offStep: { values: 1, stations: ['C'] } },
    });
    expect(sentences(observations)).toContain('1 values of NO2 at times between those of the others were left out (of 1 stations: C)');
  });

  test('are those of the fewest values inside the grid, whatever is outside', async () => {
    const rows = ['A,2017-01-01T06:30,10,1', 'B,2017-01-01T06:00,10,3', 'B,2017-01-01T06:30,20,2', 'B,2017-01-01T07:30,20,2'];
    const outside = ['06:00', '07:00', '08:00', '09:10'].map((time, i) => `G,2017-01-01T${time},${i},${i}`);
    const observations = await read([...rows, ...outside].join('\n'), {}, { grid });
    expect(observations.time).toEqual({ start: new Date('2017-01-01T06:30Z'), stepSeconds: 3600, count: 2 });
    expect(observations.stations.map(({ id }) => id)).toEqual(['A', 'B']);
    expect(series(observations, 'PM2.5', 'B')).toEqual([2, 2]);
    expect(observations.quality?.species.NO2.offStep).toEqual({ values: 1, stations: ['B'] });
    // Without a grid those of G are the most.
    const { time } = await read([...rows, ...outside].join('\n'));
    expect(time).toEqual({ start: new Date('2017-01-01T06:00Z'), stepSeconds: 3600, count: 3 });
  });

  test('are no hours where there are no others, or where most hours hold several', async () => {
    await expect(read('A,2017-01-01T06:40,10,1\nB,2017-01-01T07:10,10,1\nX,2017-01-01T07:00,10,1\n')).rejects.toEqual(
      refused(
        /: 2017-01-01T0(6:40|7:10)Z is not the beginning of an hour, nor is any time .*: give hourly means, or .*\(substr\(time, 1, 13\) AS time\)$/,
      ),
    );
    const halves = Array.from({ length: 6 }, (_, i) => `A,2017-01-01T0${Math.floor(i / 2)}:${i % 2 ? 30 : '00'},10,${i}\n`).join('');
    await expect(read(halves)).rejects.toEqual(refused(/0Z is one of several times of an hour, and most hours have several: give hourly means/));
    // one station of half hours among two of hours
    const hours = ['B', 'C'].map((id) => [0, 1, 2].map((hour) => `${id},2017-01-01T0${hour}:00,10,1\n`).join('')).join('');
    const observations = await read(halves + hours);
    expect(observations.quality?.species.NO2).toMatchObject({ valid: 9, offStep: { values: 3, stations: ['A'] } });
  });

  test('are not all that a species may have', async () => {
    await expect(read('A,2017-01-01T00:00,,8\nA,2017-01-01T01:00,,8\nB,2017-01-01T00:30,5,\n')).rejects.toMatchObject({
      code: 'OBSERVATIONS_EMPTY',
      message: `${pathOf('obs.csv')}: NO2 has values only at times between those of other species (station B): give means of the same hours, or leave the species out of the case`,
    });
  });

  test('of a sensor of OpenAQ, whose labels mark the end', async () => {
    write('stations.csv', 'id,lon,lat\n7441,105.8,21\n7442,105.9,21\n');
    const row = (location: number, time: string, value: number): string => `${location},1,${time}:00+07:00,pm25,µg/m³,${value}\n`;
    write(
      'obs.csv',
      `location_id,sensors_id,datetime,parameter,units,value\n${row(7441, '2023-01-01T01:00', 71)}${row(7441, '2023-01-01T02:00', 77)}${row(7442, '2022-12-31T22:40', 41)}`,
    );
    const observations = await readObservations({ ...spec(), columns: undefined, layout: 'openaq' });
    expect(observations.time).toEqual({ start: new Date('2022-12-31T17:00Z'), stepSeconds: 3600, count: 2 });
    expect(observations.quality?.species['PM2.5']).toMatchObject({ valid: 2, offStep: { values: 1, stations: ['7442'] } });
  });
});

test('daily means that begin at no midnight are left out like these, and hourly files are refused', async () => {
  const daily = { resolution: 'daily' } as const;
  const observations = await read('A,2017-01-01,5,5\nA,2017-01-02T05:00,5,5\nX,2017-01-02T06:00,5,5\n', daily);
  expect(observations.time).toEqual({ start: new Date('2017-01-01T00:00Z'), stepSeconds: 86400, count: 1 });
  expect(observations.quality?.species.NO2).toMatchObject({ valid: 1, offStep: { values: 1, stations: ['A'] } });
  const hours = Array.from({ length: 24 }, (_, hour) => `A,2017-01-01T${hour}:00,5,5\n`).join('');
  for (const rows of [hours, 'A,2017-01-02T05:00,5,5\n'])
    await expect(read(rows, daily)).rejects.toEqual(refused(/"2017-01-0\dT\d+:00" is no midnight in UTC, where a daily mean begins: /));
});

test('stations outside the grid are counted apart, and none inside is told', async () => {
  const rows = 'A,2017-01-01T00:00,10,1\nC,2017-01-01T00:00,20,\nG,2017-01-01T00:00,8,99999\nG,2017-01-01T01:00,8,8\nX,2017-01-01T00:00,8,8\n';
  const observations = await read(rows, {}, { grid });
  expect(observations.stations.map(({ id }) => id)).toEqual(['A']);
  expect(observations.quality).toMatchObject({
    stationsOutside: ['C', 'G'],
    stationsUnknown: ['X'],
    stationsSilent: ['B'],
    species: { NO2: { valid: 1, outside: 3, absurd: 0 }, 'PM2.5': { valid: 1, outside: 2, absurd: 0 } },
  });
  expect(sentences(observations)).toEqual(
    expect.arrayContaining(['2 stations with values lie outside the grid', '3 values of NO2 at stations outside the grid were left out']),
  );
  await expect(read('G,2017-01-01T00:00,8,8\nA,2017-01-01T00:00,,8\n', {}, { grid })).rejects.toMatchObject({
    code: 'OBSERVATIONS_EMPTY',
    message: `${pathOf('obs.csv')}: NO2 has 1 values at stations outside the grid and none inside: check lon and lat of the stations, and the case's grid, or leave the species out of the case`,
  });
  write('GRIDDESC', `' '\n'LL'\n  1 0 0 0 0 0\n' '\n'FAR'\n'LL' 0 0 1 1 1 1 1\n' '\n`);
  await expect(readObservations(spec(), { grid: readGriddesc(pathOf('GRIDDESC'), 'FAR') })).rejects.toMatchObject({ code: 'STATIONS_OUTSIDE_GRID' });
});
