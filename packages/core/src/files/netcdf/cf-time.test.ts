/** Origins of any year, in the calendars of CF. */
import { cfCalendar, cfDecoder, spansOfTime } from './cf-time';
import { failure } from '../testing/shared-data';
import { parseCfTimes } from '../../weather/cf/cf-time';

const iso = (value: number, units: string, calendar?: string): string =>
  new Date(cfDecoder(units, cfCalendar(calendar)!, 'a.nc: time')(value)).toISOString().slice(0, 16);

test('origins before 15 October 1582 are of the Julian calendar, but in proleptic_gregorian', () => {
  expect(iso(736331, 'days since 0001-01-01')).toBe('2017-01-01T00:00');
  expect(iso(736331, 'days since 0001-01-01 00:00:00', 'Gregorian')).toBe('2017-01-01T00:00');
  expect(iso(736329, 'days since 0001-01-01', 'proleptic_gregorian')).toBe('2017-01-01T00:00');
  expect(iso(17067072, 'hours since 1-1-1 00:00:0.0')).toBe('1948-01-01T00:00'); // NCEP's reanalysis begins there
  expect([iso(1, 'days since 1582-10-04'), iso(0, 'days since 1582-10-15')]).toEqual(['1582-10-15T00:00', '1582-10-15T00:00']);
  expect(iso(366, 'days since 1500-01-01')).toBe('1501-01-11T00:00'); // 1500 was a leap year; 1 January 1501 is 11 January of ours
});

test('years before 100 are those, and not of the twentieth century', () => {
  expect(iso(0, 'days since 0001-01-01', 'proleptic_gregorian')).toBe('0001-01-01T00:00');
  expect(iso(0, 'days since 0000-03-01', 'proleptic_gregorian')).toBe('0000-03-01T00:00');
  expect([iso(365 * 2017 + 59, 'days since 0000-01-01', 'noleap'), iso(59.25, 'days since 1-1-1', '365_day')]).toEqual([
    '2017-03-01T00:00',
    '0001-03-01T06:00',
  ]);
  expect(new Date(parseCfTimes([17067072], 'hours since 1-1-1 00:00:0.0', undefined, 'f')[0])).toEqual(new Date('1948-01-01'));
});

test('the clock of the origin counts, in every calendar, and so do units of any length', () => {
  expect(iso(1.5, 'hours since 2017-01-31 22:45')).toBe('2017-02-01T00:15');
  expect(iso(90, 'minutes since 2017-01-31 22:45')).toBe('2017-02-01T00:15');
  expect(iso(45, 'seconds since 2017-01-31 22:45:15')).toBe('2017-01-31T22:46');
  expect(iso(1, 'days since 0001-01-01 18:00')).toBe(iso(42, 'hours since 0001-01-01'));
  expect(iso(1, 'days since 2016-02-28 18:30', 'noleap')).toBe('2016-03-01T18:30');
});

test('a year without leap days has the dates of 2017, whichever month its origin is in', () => {
  const wrong = Array.from({ length: 12 }, (_, month) => month).flatMap((month) => {
    const decode = cfDecoder(`days since 2017-${month + 1}-01`, 'leapless', 'f');
    const start = Date.UTC(2017, month);
    const days = Array.from({ length: (Date.UTC(2018, 0) - start) / 86400e3 }, (_, day) => day);
    return days.filter((day) => decode(day) !== start + day * 86400e3).map((day) => `${day} days since month ${month + 1}`);
  });
  expect(wrong).toEqual([]);
});

test('29 February is an origin in leap years of the calendar, and no other', () => {
  const origin =
    (date: string, calendar?: string): (() => string) =>
    () =>
      iso(1, `days since ${date}`, calendar);
  const next = [origin('2016-02-29'), origin('2000-02-29', 'proleptic_gregorian'), origin('1500-02-29')].map((of) => of());
  expect(next).toEqual(['2016-03-01T00:00', '2000-03-01T00:00', '1500-03-11T00:00']); // 1 March of the Julian calendar is 11 March of ours
  for (const [date, calendar] of [['2017-02-29'], ['1900-02-29'], ['1500-02-29', 'proleptic_gregorian'], ['2016-02-29', 'noleap']] as [
    string,
    string?,
  ][])
    expect(origin(date, calendar)).toThrow(/is no time that is read/);
});

test.each(['', ' 00:00', 'T06:00:00Z', ' 0:0:0 UTC', ' 06:00 +00:00', ' 00:00:00.0 -0:00', ' 00:00:00 GMT'])('UTC, written %j', (clock) => {
  expect(iso(0, `hours since 2017-01-01${clock}`).slice(0, 10)).toBe('2017-01-01');
});

test.each([
  'hours since 2017-01-01 00:00:00 +08:00', 'hours since 2017-01-01 00:00:00+8', 'hours since 2017-01-01 6', 'hours since 2017-02-30', 'days since 2017-13-01',
  'days since 2017-01-00', 'days since 2017-01-010', 'days since 0000-01-01', 'months since 2017-01-01', 'days',
])('%s is refused, for weather and inventories', (units) => {
  const refused = failure('CF_TIME', `a.nc: time: "${units}" is no time that is read: write it as in "hours since 1900-01-01 00:00:00", in UTC`);
  const time = (calendar?: string): Parameters<typeof spansOfTime>[2] => ({
    name: 'time', dimensions: ['time'], data: Float64Array.of(0), attributes: { units, ...(calendar ? { calendar } : {}) },
  });
  expect(() => spansOfTime('a.nc', { dimensions: {}, variables: [] }, time())).toThrow(refused);
  expect(() => parseCfTimes([0], units, undefined, 'a.nc: time')).toThrow(refused);
  expect(() => spansOfTime('a.nc', { dimensions: {}, variables: [] }, time('julian'))).toThrow(
    failure('CF_TIME', 'a.nc: time: the calendar julian is not read: give a file of the calendar standard, proleptic_gregorian or noleap'),
  );
}); // prettier-ignore
