import { dailyMeans } from './daily-means';
import type { Observations } from './observations';

/** Two stations from 22:00 on; the first has 100 in the two hours before midnight, then the hour of the day, the second always 7. */
function observations(count: number, missing: number[] = []): Observations {
  const values = new Float32Array(2 * count);
  for (let hour = 0; hour < count; hour++) {
    values[2 * hour] = missing.includes(hour) ? NaN : hour < 2 ? 100 : (hour - 2) % 24;
    values[2 * hour + 1] = 7;
  }
  return {
    stations: ['a', 'b'].map((id) => ({ id, lat: 0, lon: 0 })),
    species: ['O3'],
    time: { start: new Date('2026-01-04T22:00:00Z'), stepSeconds: 3600, count },
    values: new Map([['O3', values]]),
    units: new Map([['O3', 'ppb']]),
  };
}

describe('dailyMeans', () => {
  it('means UTC days', () => {
    const { time, values, units } = dailyMeans(observations(2 + 48));
    expect(time).toEqual({ start: new Date('2026-01-04T00:00:00Z'), stepSeconds: 86400, count: 3 });
    expect([...values.get('O3')!]).toEqual([NaN, NaN, 11.5, 7, 11.5, 7]);
    expect(units.get('O3')).toBe('ppb');
  });

  it('keeps the first and last day where no station has their first and last hours', () => {
    const whole = observations(2 + 48 + 23);
    expect([...dailyMeans(whole).values.get('O3')!].slice(-2)).toEqual([11, 7]);
    const from = (hours: number): Observations => ({
      ...whole,
      time: { ...whole.time, start: new Date(whole.time.start.getTime() + hours * 3.6e6), count: 2 + 48 + 23 - hours },
      values: new Map([['O3', whole.values.get('O3')!.subarray(2 * hours)]]),
    });
    const { time, values } = dailyMeans(from(2 + 6));
    expect(time).toEqual({ start: new Date('2026-01-05T00:00:00Z'), stepSeconds: 86400, count: 3 });
    expect([...values.get('O3')!]).toEqual([14.5, 7, 11.5, 7, 11, 7]);
    expect([...dailyMeans(from(2 + 7)).values.get('O3')!]).toEqual([NaN, NaN, 11.5, 7, 11, 7]);
  });

  it('takes hours that begin at half past by the day in which they begin', () => {
    const whole = observations(2 + 24);
    const start = new Date(whole.time.start.getTime() - 30 * 6e4);
    // 21:30 to 23:30 of the first station are 100, 100 and 0
    const { time, values } = dailyMeans({ ...whole, time: { ...whole.time, start } });
    expect(time.start).toEqual(new Date('2026-01-04T00:30:00Z')); // the hours that are averaged
    expect([...values.get('O3')!]).toEqual([NaN, NaN, 12, 7]);
  });

  it('wants 18 hours of a day', () => {
    const first = (hours: number): number[] => Array.from({ length: hours }, (_, i) => 2 + i);
    expect([...dailyMeans(observations(50, first(6))).values.get('O3')!]).toEqual([NaN, NaN, 14.5, 7, 11.5, 7]);
    expect([...dailyMeans(observations(50, first(7))).values.get('O3')!]).toEqual([NaN, NaN, NaN, 7, 11.5, 7]);
  });

  it('says where there is no such day, and leaves daily values alone', () => {
    expect(() => dailyMeans(observations(19))).toThrow(
      'observations: from 2026-01-04T22:00Z on, for 19 h, no station has a UTC day with 18 hourly values: set inversion.dailyMeans: false, or',
    );
    const daily = { ...observations(2), time: { start: new Date('2026-01-04T16:00:00Z'), stepSeconds: 86400, count: 2 } };
    expect(dailyMeans(daily)).toBe(daily);
  });
});
