import { isTimeZone, parseTime } from './observation-time';

test.each([
  ['2026115', 'a day of the year'],
  ['2017-0102', 'one separator'],
  ['2017-01-01T24:59', 'an hour 24 that is not midnight'],
  ['2017-01-01T10:00:75', 'seconds'],
  ['2017-01-01T00:00+99:00', 'an offset of no zone'],
  ['2017-01-01T00:00+08:75', 'minutes of an offset'],
])('%s is no time: %s', (text) => {
  expect(parseTime(text, 'UTC')).toBeUndefined();
});

test.each([
  ['2017-01-01T24:00:00', '2017-01-02T00:00Z'],
  ['2017-01-01T00:00+14:00', '2016-12-31T10:00Z'],
  ['20170101 5', '2017-01-01T05:00Z'],
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
