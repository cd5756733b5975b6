import { standardTimeOffset } from '../../files/tables/local-time';
import { dailyMeans, hourOf, maximumDaily8hMeans, type DailyValues } from './daily-values';
import { agree, column, expected } from '../testing/scores/tables';

const DAYS = 20_000 * 24;

describe('the fixed week', () => {
  // Summer time begins in it: days stay those of standard time, as in pandas' Etc/GMT+5.
  const start = new Date('2026-03-05T02:00Z');
  const firstHour = hourOf(start, standardTimeOffset(start, 'America/New_York'));
  const of = (station: string): Parameters<typeof dailyMeans>[0] => ({
    observed: column('ozone-week', `observed${station}`),
    simulated: [column('ozone-week', `prior${station}`), column('ozone-week', `updated${station}`)],
  });

  it.each([
    ['A', 'mda8', maximumDaily8hMeans],
    ['B', 'mda8', maximumDaily8hMeans],
    ['A', 'dailyMean', dailyMeans],
    ['B', 'dailyMean', dailyMeans],
  ] as const)('station %s, %s: the values of pandas to 1e-12, on as many days', (station, kind, make) => {
    const { observed, simulated }: DailyValues = make(of(station), firstHour);
    const wanted = expected.stations[station][kind];
    for (const [received, values] of [
      [observed, wanted.observed],
      [simulated[0], wanted.prior],
      [simulated[1], wanted.updated],
    ]) {
      expect(received).toHaveLength(values.length);
      expect(received.every((value, day) => agree(value, values[day]))).toBe(true);
    }
  });
});

describe('the maximum daily 8-hour mean', () => {
  const of = (observed: number[], simulated = observed): DailyValues => maximumDaily8hMeans({ observed, simulated: [simulated] }, DAYS);
  /** 31 hours of zeros: a day and the night after it; `value` in some hours */
  const hours = (value: number, ...at: number[]): number[] => Array.from({ length: 31 }, (_, t) => (at.includes(t) ? value : 0));

  it('counts windows that begin at 7 to 23 o’clock', () => {
    expect(of(hours(8, 6)).observed).toEqual([0]); // no window of the day holds 6 o'clock
    expect(of(hours(8, 7)).observed).toEqual([1]);
    expect(of(hours(8, 30)).observed).toEqual([1]); // the window from 23 to 7 o'clock
  });

  it('takes each run’s own window', () => {
    expect(of(hours(8, 8), hours(16, 20))).toEqual({ observed: [1], simulated: [[2]] });
  });

  it('needs 6 of 8 hours in a window: with 6 it is their mean', () => {
    const observed = hours(6, 10);
    for (const t of [11, 12]) observed[t] = NaN;
    expect(of(observed).observed).toEqual([1]);
    observed[13] = NaN; // the windows that begin at 7 … 11 hold all three gaps: 12 of 17 are left
    expect(of(observed).observed).toEqual([]);
  });

  it('needs 13 of 17 windows', () => {
    const valid = (missing: number): number => of(hours(1).fill(NaN, 31 - missing)).observed.length;
    // Without the last m hours the windows that begin after 23 + 8 − m − 6 have fewer than 6 hours: 17 − (m − 2) are left.
    expect([valid(6), valid(7)]).toEqual([1, 0]);
  });

  it('leaves out hours that a run lacks, for all', () => {
    const simulated = hours(0);
    simulated[9] = NaN;
    expect(of(hours(8, 9), simulated)).toEqual({ observed: [0], simulated: [[0]] });
  });

  it('of a series without a value is none', () => {
    expect(of(new Array<number>(48).fill(NaN))).toEqual({ observed: [], simulated: [[]] });
  });
});

describe('the mean of a day', () => {
  const day = (missing: number): number[] => Array.from({ length: 24 }, (_, t) => (t < missing ? NaN : 2));
  it('needs 18 of 24 hours', () => {
    const of = (observed: number[]): number[] => dailyMeans({ observed, simulated: [] }, DAYS).observed;
    expect(of(day(6))).toEqual([2]);
    expect(of(day(7))).toEqual([]);
  });

  it('is there of a first day that begins late, where it has enough hours', () => {
    const of = (first: number): number[] => dailyMeans({ observed: new Array<number>(24 - first).fill(2), simulated: [] }, DAYS + first).observed;
    expect([of(6), of(7)]).toEqual([[2], []]);
    const late = maximumDaily8hMeans({ observed: new Array<number>(24).fill(3), simulated: [] }, DAYS + 7); // to 7 o'clock of the next day
    expect(late.observed).toEqual([3]);
  });

  it('begins at midnight of the given time', () => {
    const observed = [...new Array<number>(16).fill(1), ...new Array<number>(24).fill(3), ...new Array<number>(8).fill(5)];
    const shanghai = standardTimeOffset(new Date('2017-01-01T00:00Z'), 'Asia/Shanghai');
    expect(dailyMeans({ observed, simulated: [] }, hourOf(new Date('2017-01-01T00:00Z'), shanghai)).observed).toEqual([3]);
  });

  it('takes an hour for that in which it begins, where zones are half an hour off', () => {
    // In India midnight UTC is half past five: 19 hours begin on the first day.
    const observed = [...new Array<number>(19).fill(1), ...new Array<number>(24).fill(3), ...new Array<number>(5).fill(5)];
    const kolkata = standardTimeOffset(new Date('2017-01-01T00:00Z'), 'Asia/Kolkata');
    expect(dailyMeans({ observed, simulated: [] }, hourOf(new Date('2017-01-01T00:00Z'), kolkata)).observed).toEqual([1, 3]);
  });
});
