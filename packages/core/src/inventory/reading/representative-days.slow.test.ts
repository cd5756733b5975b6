import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IoapiSeries } from '../../files/ioapi/ioapi-series';
import { readMergeDates, representativeDays } from './representative-days';
import { contents, hourly, perStep, writeSample } from '../../files/testing/ioapi-sample';
import { failure, temporaryFolder } from '../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const table = (text: string, name = 'dates.txt'): string => {
  writeFileSync(at(name), text);
  return at(name);
};
/** As SMOKE's create_merge_dates_ann.py writes them. */
const JANUARY = `Date, aveday_N,  mwdss_Y,   week_Y,      all
20160117, 20160105, 20160110, 20160110, 20160117
20160118, 20160105, 20160110, 20160110, 20160118
20160119, 20160105, 20160105, 20160112, 20160119

`;
const day = (text: string): Date => new Date(`${text}T00:00Z`);
const dates = (column = 'week_Y', text = JANUARY): ReturnType<typeof readMergeDates> => readMergeDates([table(text)], column);

/** A file of a day in which every value is the day of the month and the hundredth part of the step. */
function writeDay(date: string, name = `emis_${date}.nc`, options: Parameters<typeof writeSample>[1] = {}): string {
  const value = (i: number): number => Number(date.slice(-2)) + Math.floor(i / perStep) / 100;
  writeSample(at(name), { time: hourly(`${date}T00:00Z`, 25), ...options }, value);
  return at(name);
}

describe('the table', () => {
  it('says which day stands for which, in any column, with blanks, empty lines and either end of a line', () => {
    expect(dates().representedBy.get(day('2016-01-18').getTime())).toBe(day('2016-01-10').getTime());
    expect(dates('aveday_N', JANUARY.replaceAll('\n', '\r\n')).representedBy.size).toBe(3);
    const february = table('DATE,week_Y\n20160229,20160208\n', 'february.txt');
    expect(readMergeDates([table(JANUARY), february], 'week_Y').representedBy.get(day('2016-02-29').getTime())).toBe(day('2016-02-08').getTime());
  });

  it.each<[string, string, string, (path: string) => string]>([
    [
      'a column that is not there',
      JANUARY,
      'week_y',
      (path) => `${path}: there is no column week_y; it has Date, aveday_N, mwdss_Y, week_Y, all: name one of these (did you mean week_Y?)`,
    ],
    [
      'another table',
      'station,NO2\n1,2\n',
      'week_Y',
      (path) => `${path}: expected a header line that begins with Date but received "station,NO2": give SMOKE's table of merge dates`,
    ],
    [
      'an empty file',
      '\n',
      'week_Y',
      (path) => `${path}: expected a header line that begins with Date but received "": give SMOKE's table of merge dates`,
    ],
    [
      'a date that does not exist',
      'Date,week_Y\n20160230,20160201\n',
      'week_Y',
      (path) => `${path}:2: expected dates such as 20160118 under Date and week_Y but received "20160230" and "20160201": mend the table`,
    ],
    [
      'a line that ends before the column',
      'Date,week_N,week_Y\n20160118,20160111\n',
      'week_Y',
      (path) => `${path}:2: expected dates such as 20160118 under Date and week_Y but received "20160118" and "": mend the table`,
    ],
    [
      'a date with two days',
      'Date,week_Y\n20160118,20160111\n20160119,20160112\n20160118,20160110\n',
      'week_Y',
      (path) => `${path}:4: week_Y has 20160110 for 20160118, but 20160111 in ${path}:2: give each date once`,
    ],
  ])('is refused with %s', (_, text, column, message) => {
    expect(() => dates(column, text)).toThrow(failure('MERGE_DATES', message(at('dates.txt'))));
  });

  it('is refused where another one differs', () => {
    const two = [table(JANUARY), table('Date,week_Y\n20160119,20160112\n20160118,20160111\n', 'more.txt')];
    const message = `${two[1]}:3: week_Y has 20160111 for 20160118, but 20160110 in ${two[0]}:3: give each date once`;
    expect(() => readMergeDates(two, 'week_Y')).toThrow(failure('MERGE_DATES', message));
    expect(readMergeDates([two[0], two[0], two[0]], 'week_Y').source).toBe(`${two[0]} … ${two[0]} (week_Y)`);
  });

  it('is refused where it is no file', () => {
    expect(() => readMergeDates([folder.path], 'all')).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }) as Error);
  });
});

describe('the days of a period', () => {
  const files = (): string[] => ['2016-01-05', '2016-01-10', '2016-01-12'].map((date) => writeDay(date));
  const refused = (run: () => unknown, code: string, message: RegExp): void => {
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error);
  };

  it('are those of which it holds an hour', () => {
    const [, tenth, twelfth] = files();
    const period = hourly('2016-01-18T05:00Z', 19);
    expect(representativeDays(files(), dates(), period)).toEqual([{ date: day('2016-01-18'), path: tenth }]);
    expect(representativeDays(files(), dates(), { ...period, count: 20 })).toEqual([
      { date: day('2016-01-18'), path: tenth },
      { date: day('2016-01-19'), path: twelfth },
    ]);
  });

  it('are refused where the table has none of their dates', () =>
    refused(
      () => representativeDays(files(), dates(), hourly('2016-01-19T00:00Z', 25)),
      'MERGE_DATES',
      /dates\.txt \(week_Y\): there is no line for 20160120, a date of the period: give the table of its month, too$/,
    ));

  it('are refused without the file of a day, and with two', () => {
    const period = hourly('2016-01-19T00:00Z', 24);
    const [fifth, tenth] = files();
    refused(
      () => representativeDays([fifth, tenth], dates(), period),
      'REPRESENTATIVE_DAY',
      /emis_2016-01-05\.nc … .*: expected one file that begins at 2016-01-12T00:00Z, as that day stands for 20160119 in .* but received none: give the file of that day, or another column$/,
    );
    const again = writeDay('2016-01-12', 'emis_other_grid.nc');
    refused(
      () => representativeDays([...files(), again], dates(), period),
      'REPRESENTATIVE_DAY',
      /but received .*emis_2016-01-12\.nc, .*emis_other_grid\.nc:/,
    );
  });

  it.each([
    ['a week in one file', hourly('2016-01-12T00:00Z', 168), /received 168 steps of 3600 s: give a file for each representative day$/],
    ['half a day', hourly('2016-01-12T00:00Z', 12), /expected a day of 24 or 25 hourly steps but received 12 steps of 3600 s/],
    ['another step', { ...hourly('2016-01-12T00:00Z', 25), stepSeconds: 1800 }, /received 25 steps of 1800 s/],
    ['a day of local time', hourly('2016-01-12T05:00Z', 25), /expected one file that begins at 2016-01-12T00:00Z.* but received none/],
  ])('are refused with %s', (_, time, message) => {
    const path = writeDay('2016-01-12', 'emis.nc', { time });
    refused(() => representativeDays([path], dates(), hourly('2016-01-19T00:00Z', 24)), 'REPRESENTATIVE_DAY', message);
  });

  it('are refused with a file that cannot be read', () => {
    writeFileSync(at('broken.nc'), 'no netCDF');
    refused(() => representativeDays([...files(), at('broken.nc')], dates(), hourly('2016-01-19T00:00Z', 24)), 'FILE_NOT_NETCDF', /broken\.nc/);
  });
});

describe('the files as the days of the calendar', () => {
  const days = [
    { date: '2016-01-17', of: '2016-01-10' },
    { date: '2016-01-18', of: '2016-01-10' },
    { date: '2016-01-19', of: '2016-01-12' },
  ];
  const open = (count = 25): IoapiSeries => {
    for (const of of ['2016-01-10', '2016-01-12']) writeDay(of, undefined, { time: hourly(`${of}T00:00Z`, count) });
    return IoapiSeries.ofDays(days.map(({ date, of }) => ({ date: day(date), path: at(`emis_${of}.nc`) })));
  };

  it('have the hours of those that stand for them; the 25th counts at the end alone', () => {
    const series = open();
    expect(series.time).toEqual(hourly('2016-01-17T00:00Z', 73));
    const first = series.read('NO2').filter((_, i) => i % perStep === 0);
    expect([0, 23, 24, 47, 48, 71, 72].map((hour) => Number(first[hour].toFixed(2)))).toEqual([10, 10.23, 10, 10.23, 12, 12.23, 12.24]);
    expect(series.read('NO2', 22, 4).filter((_, i) => i % perStep === 0)).toEqual(first.slice(22, 26));
    expect(series.notes).toEqual([]);
    series.close();
  });

  it('may have 24 hours', () => {
    const series = open(24);
    expect(series.time.count).toBe(72);
    expect(series.read('PM25', 47, 2).filter((_, i) => i % perStep === 0)).toEqual(Float32Array.of(10.23, 12));
    series.close();
  });

  it('are refused where they differ in a variable', () => {
    writeDay('2016-01-10');
    writeDay('2016-01-12', undefined, { variables: contents.variables.slice(0, 1) });
    const two = days.slice(1).map(({ date, of }) => ({ date: day(date), path: at(`emis_${of}.nc`) }));
    expect(() => IoapiSeries.ofDays(two)).toThrow(expect.objectContaining({ code: 'FILES_DIFFER' }) as Error);
  });
});
