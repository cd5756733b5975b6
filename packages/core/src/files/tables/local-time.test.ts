import { isMidnight, isTimeZone, offsetAt, parseTime, standardTimeOffset } from './local-time';

test.each([
  ['2026115', 'a day of the year'],
  ['2017-0102', 'one separator'],
  ['2017-01-01T24:59', 'an hour 24 that is not midnight'],
  ['2017-01-01T10:00:75', 'seconds'],
  ['2017-01-01T00:00+99:00', 'an offset of no zone'],
  ['2017-01-01T00:00+08:75', 'minutes of an offset'],
  ['2017-01-01-05', 'an hour or an offset'],
  ['2017-01-01 05-05', 'one of two hours'],
  ['2017-01-01T00:00+15', 'hours of no zone'],
])('%s is no time: %s', (text) => {
  expect(parseTime(text, 'UTC')).toBeUndefined();
});

test.each([
  ['2017-01-01T24:00:00', '2017-01-02T00:00Z'],
  ['2017-01-01T00:00+14:00', '2016-12-31T10:00Z'],
  ['20170101 5', '2017-01-01T05:00Z'],
  ['2017-01-01 00:00:00+00', '2017-01-01T00:00Z'],
  ['2017-01-01 12:30:00.25+08', '2017-01-01T04:30Z'],
  ['2017-01-01 05:00-03', '2017-01-01T08:00Z'],
])('%s is %s', (text, instant) => {
  expect(new Date(parseTime(text, 'UTC') ?? Number.NaN)).toEqual(new Date(instant));
});

test.each(['UTC', 'utc', 'GMT', 'Asia/Shanghai', 'America/Argentina/Buenos_Aires', 'Etc/GMT-9', 'US/Central'])('%s is a time zone', (name) => {
  expect(isTimeZone(name)).toBe(true);
});

// Intl takes the first six: CST as Chicago, BST as Dhaka, IST as Calcutta.
test.each(['CST', 'BST', 'IST', 'EST', 'PRC', 'Japan', 'Mars/Base', '/', '', undefined])('%s is none', (name) => {
  expect(isTimeZone(name)).toBe(false);
});

describe.each([
  ['America/New_York', -5],
  ['Europe/Berlin', 1],
  ['Australia/Sydney', 10],
])('summer time in %s', (zone, standard) => {
  // It begins at 2 o'clock, and ends at 3; in New York at 2.
  const [begins, ends] = { 'America/New_York': ['2017-03-12', '2017-11-05'], 'Europe/Berlin': ['2017-03-26', '2017-10-29'] }[zone] ?? [
    '2017-10-01',
    '2017-04-02',
  ];
  const repeated = zone === 'America/New_York' ? 1 : 2;
  const ahead = (text: string): number => (new Date(`${text}Z`).getTime() - parseTime(text, zone)!) / 3_600_000;
  const at = (day: string, hour: number): string => `${day}T0${hour}:30`;

  it('begins after the hour that it skips, which is told by the time before', () => {
    expect([1, 2, 3].map((hour) => ahead(at(begins, hour)))).toEqual([standard, standard, standard + 1]);
  });

  it('ends after the hour that it repeats, which is told by the time before', () => {
    expect([-1, 0, 1].map((hour) => ahead(at(ends, repeated + hour)))).toEqual([standard + 1, standard + 1, standard]);
  });

  it('is ahead of standard time, which is that of the year', () => {
    for (const instant of ['2017-01-15', '2017-07-15']) expect(standardTimeOffset(new Date(instant), zone)).toBe(3_600_000 * standard);
  });
});

it('an offset is whole though an instant has parts of a second', () => {
  expect(offsetAt(Date.UTC(2017, 0, 1) + 123, 'Asia/Kolkata')).toBe(5.5 * 3_600_000);
});

test.each(['2017-01-01', '20170101', '2017-1-1 0', '2017-01-01T00:00:00.000Z', '2017-01-01 24:00', '2017-01-01T00:00-07:00', '2016-12-31T16:00Z'])(
  '%s is a midnight: by its own clock, or that of Shanghai',
  (text) => expect(isMidnight(text, 'Asia/Shanghai')).toBe(true),
);

test.each(['2017-01-01 12:00', '2017-01-01T00:30', '2017-01-01T05', '2017-01-01T12:00+08:00', '2017-01-01T15:00Z'])('%s is none', (text) => {
  expect(isMidnight(text, 'Asia/Shanghai')).toBe(false);
});
