import { observedTimes, sampledHours } from './super-observations';

const period = { start: new Date('2017-01-01T00:00:00Z'), hours: 72, spinUpHours: 6 };

describe('observedTimes', () => {
  it('keeps hourly observations inside the compared part, each from its own hour', () => {
    const times = observedTimes({ start: new Date('2017-01-01T04:00:00Z'), stepSeconds: 3600, count: 100 }, period);
    expect(times.length).toBe(66);
    expect(times[0]).toMatchObject({ step: 2, start: new Date('2017-01-01T06:00:00Z') });
    expect([...times[0].hours]).toEqual([6]);
    expect([...times[0].weights]).toEqual([1]);
    expect([...times.at(-1)!.hours]).toEqual([71]);
  });

  it('takes local days from their UTC hours: Shanghai is 8 hours ahead', () => {
    const times = observedTimes({ start: new Date('2016-12-31T16:00:00Z'), stepSeconds: 86400, count: 5 }, period);
    // 1 January local began before the period; 2 January local is hours 16 … 39; 4 January would end after the period.
    expect(times.map(({ step }) => step)).toEqual([1, 2]);
    expect([...times[0].hours]).toEqual(Array.from({ length: 24 }, (_, i) => 16 + i));
    expect(times[0].weights.every((w) => w === 1 / 24)).toBe(true);
  });

  it('splits hours at half-hour time zones', () => {
    const [time] = observedTimes({ start: new Date('2017-01-01T18:30:00Z'), stepSeconds: 86400, count: 1 }, period);
    expect(time.hours.length).toBe(25);
    expect(time.weights[0]).toBeCloseTo(0.5 / 24, 15);
    expect(time.weights[24]).toBeCloseTo(0.5 / 24, 15);
    expect(time.weights.reduce((a, b) => a + b)).toBeCloseTo(1, 14);
  });

  it('samples a day evenly where every hour costs', () => {
    expect(sampledHours(8)).toEqual([1, 4, 7, 10, 13, 16, 19, 22]);
    expect(sampledHours(1)).toEqual([12]);
    const [day] = observedTimes({ start: new Date('2017-01-01T16:00:00Z'), stepSeconds: 86400, count: 1 }, period, 8);
    expect([...day.hours]).toEqual([17, 20, 23, 26, 29, 32, 35, 38]);
    expect(day.weights.every((w) => w === 1 / 8)).toBe(true);
    // The hour at which a day begins need not be one of the sample.
    const [ofFour] = observedTimes({ start: new Date('2017-01-01T16:00:00Z'), stepSeconds: 86400, count: 1 }, period, 4);
    expect([...ofFour.hours]).toEqual([19, 25, 31, 37]);
    const hourly = observedTimes({ start: period.start, stepSeconds: 3600, count: 72 }, period, 8);
    expect(hourly.map(({ hours }) => hours[0] % 24).slice(0, 8)).toEqual([7, 10, 13, 16, 19, 22, 1, 4]);
  });
});
