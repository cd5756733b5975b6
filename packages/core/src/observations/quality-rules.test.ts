import { describeQuality } from './observation-quality';
import { Random } from '../base/random';
import { applyRules, RULES, type QualityRules, type RuleCounts } from './quality-rules';
import { NO_RULES, observationTables, series } from './testing/observation-samples';

const N = Number.NaN;
const hours = (count: number): { start: Date; stepSeconds: number; count: number } => ({
  start: new Date('2017-01-01T00:00Z'),
  stepSeconds: 3600,
  count,
});

/** What is left of one station's values. */
function left(values: number[], rules: Partial<QualityRules>, zone = 'UTC'): { values: number[]; counts: RuleCounts } {
  const held = Float32Array.from(values);
  const counts = applyRules(held, 1, 'NO2', { ...NO_RULES, ...rules }, { axis: hours(values.length), zone });
  return { values: [...held], counts };
}

test('without rules nothing is touched', () => {
  expect(left([5, 5, 5, 500, -1, N], {})).toEqual({ values: [5, 5, 5, 500, -1, N], counts: { outOfRange: 0, stuck: 0, spike: 0, fewHours: 0 } });
});

test('range: both ends count as inside', () => {
  const { values, counts } = left([1, 2, 50, 51, N], { range: { NO2: { min: 2, max: 50 } } });
  expect([values, counts.outOfRange]).toEqual([[N, 2, 50, N, N], 2]);
  expect(left([99], { range: { O3: { min: 0, max: 1 } } }).values).toEqual([99]);
});

test('range: without a least value the lower end is open', () => {
  expect(left([-1, 0, 51], { range: { NO2: { max: 50 } } }).values).toEqual([-1, 0, N]);
});

test('stuck: whole runs of at least n, which a gap breaks', () => {
  const { values, counts } = left([7, 7, 7, 8, 8, 9, N, N, N, 6, 6, N, 6, 4, 4, 4, 4], { stuckSteps: 3 });
  expect([values, counts.stuck]).toEqual([[N, N, N, 8, 8, 9, N, N, N, 6, 6, N, 6, N, N, N, N], 7]);
});

test('spike: above both neighbours by factor and floor; not at the ends, beside a gap, or of two together', () => {
  const rule = { spike: { factor: 3, floor: 20 } };
  expect(left([10, 90, 12, 9, 80, 85, 11, 1, 15, 1, N, 90, 5], rule)).toMatchObject({
    values: [10, N, 12, 9, 80, 85, 11, 1, 15, 1, N, 90, 5],
    counts: { spike: 1 },
  });
  expect(left([90, 1, 90], rule).values).toEqual([90, 1, 90]);
});

test('spike: of neighbours below zero no multiple is taken', () => {
  const rule = { spike: { factor: 3, floor: 0 } };
  expect(left([-1, -0.5, -1, -0.5, 2, -0.5], rule).values).toEqual([-1, -0.5, -1, -0.5, N, -0.5]);
});

test('few hours: days of the time zone', () => {
  // 40 hours from 0 h UTC: in Shanghai 16 hours of one day and 24 of the next
  const values = Array.from({ length: 40 }, (_, i) => i + 1);
  values[20] = N;
  const utc = left(values, { minimumHours: 20 });
  expect(utc.values.map(Number.isNaN)).toEqual(values.map((_, i) => i === 20 || i >= 24));
  expect(utc.counts.fewHours).toBe(16);
  const shanghai = left(values, { minimumHours: 20 }, 'Asia/Shanghai');
  expect(shanghai.values.map(Number.isNaN)).toEqual(values.map((_, i) => i === 20 || i < 16));
});

test('stations are judged each by itself', () => {
  const held = Float32Array.of(5, 1, 5, 2, 5, 3);
  expect(applyRules(held, 2, 'NO2', { ...NO_RULES, stuckSteps: 3 }, { axis: hours(3), zone: 'UTC' }).stuck).toBe(3);
  expect([...held]).toEqual([N, 1, N, 2, N, 3]);
});

describe('through the reader', () => {
  const { read } = observationTables();
  test('what the rules drop is missing, counted and told', async () => {
    const rows = [5, 5, 5, 30, 6].map((value, hour) => `A,2017-01-01T0${hour}:00,${value},1\n`).join('');
    const observations = await read(rows, {
      columns: { station: 'station', time: 'time', species: { 'PM2.5': { column: 'no2', unit: 'ug m-3' } } },
      quality: { ...NO_RULES, stuckSteps: 3, spike: { factor: 2, floor: 10 } },
    });
    // the run goes first, so that 30 has no neighbour before it
    expect(series(observations, 'PM2.5', 'A')).toEqual([N, N, N, 30, 6]);
    expect(observations.quality?.species['PM2.5']).toMatchObject({ valid: 2, missing: 3, rules: { stuck: 3, spike: 0 } });
    expect(describeQuality(observations.quality!)).toContain('3 values of PM2.5 that stood still were left out');
  });

  const read72 = (
    quality: Partial<QualityRules>,
    span?: { start: Date; end: Date },
    values = (hour: number) => hour + 1,
  ): ReturnType<typeof read> => {
    const rows = Array.from(
      { length: 72 },
      (_, hour) => `A,${new Date(Date.UTC(2016, 11, 31, hour)).toISOString().slice(0, 16)}Z,${values(hour)},1\n`,
    );
    const columns = { station: 'station', time: 'time', species: { 'PM2.5': { column: 'no2', unit: 'ug m-3' } } };
    return read(rows.join(''), { columns, timeZone: 'Asia/Shanghai', quality: { ...NO_RULES, ...quality } }, span ? { span } : {});
  };
  const day = { start: new Date('2017-01-01T00:00Z'), end: new Date('2017-01-02T00:00Z') };

  test('a period that cuts days of the zone keeps their hours, of which the files hold all', async () => {
    const { time, values, quality } = await read72({ minimumHours: 18 }, day);
    expect(time).toEqual({ start: day.start, stepSeconds: 3600, count: 24 });
    expect([...values.get('PM2.5')!]).toEqual(Array.from({ length: 24 }, (_, hour) => 25 + hour));
    expect(quality?.species['PM2.5']).toMatchObject({ valid: 24, missing: 0, rules: { fewHours: 0 } });
  });

  test('the rules judge a period as they judge all that the files hold, and count its own values alone', async () => {
    // Runs and spikes over both ends of the day in the middle; the hours 64 to 71 are a short day.
    const values = (hour: number): number => (hour > 20 && hour < 27 ? 7 : hour === 47 ? 400 : hour === 71 ? -500 : hour % 5);
    const rules = { stuckSteps: 6, spike: { factor: 3, floor: 20 }, minimumHours: 18 };
    const whole = series(await read72(rules, undefined, (hour) => (hour === 71 ? 1 : values(hour))), 'PM2.5', 'A');
    const part = await read72(rules, day, values);
    expect(series(part, 'PM2.5', 'A')).toEqual(whole.slice(24, 48));
    expect(whole.slice(24, 48).map(Number.isNaN)).toEqual(Array.from({ length: 24 }, (_, i) => i < 3 || i === 23));
    expect(part.quality?.species['PM2.5']).toMatchObject({ valid: 20, missing: 4, negative: 0, rules: { stuck: 3, spike: 1, fewHours: 0 } });
  });
});

test('each station is judged by its own values alone, and loses no other values', () => {
  const random = new Random(4);
  const time = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 96 };
  const stations = Array.from({ length: 3 }, () =>
    Float32Array.from({ length: time.count }, () => (random.uniform() < 0.2 ? NaN : random.uniform() < 0.1 ? 90 : Math.round(4 * random.uniform()))),
  );
  const rules = { range: { NO2: { min: 1, max: 95 } }, stuckSteps: 3, spike: { factor: 5, floor: 20 }, minimumHours: 14 };
  const together = Float32Array.from({ length: 3 * time.count }, (_, i) => stations[i % 3][Math.floor(i / 3)]);
  const counts = applyRules(together, 3, 'NO2', rules, { axis: time, zone: 'UTC' });
  const alone = stations.map((values) => applyRules(values, 1, 'NO2', rules, { axis: time, zone: 'UTC' }));
  expect([...together]).toEqual(Array.from({ length: 3 * time.count }, (_, i) => stations[i % 3][Math.floor(i / 3)]));
  for (const rule of RULES) expect([rule, counts[rule]]).toEqual([rule, alone.reduce((sum, each) => sum + each[rule], 0)]);
  expect(counts.outOfRange * counts.stuck * counts.spike * counts.fewHours).toBeGreaterThan(0);
});
