import type { ReportConcentrations, ReportStation } from '../data/report-data';
import { fitSeries, roundStep, stationSeries } from './fitted-series';
import { packSeries } from './packed-series';
import { unpack } from '../testing/unpack-page';

const numbers = (...values: number[]): Float64Array => Float64Array.from(values);

describe('packed series', () => {
  it('come back as whole steps, missing values as missing', async () => {
    const first = { observed: numbers(1, NaN, 3.14, -2), prior: numbers(2, 2.5, NaN, 1e6), updated: numbers(1.96, NaN, 7, 0) };
    const second = { observed: numbers(NaN), prior: numbers(0.25), updated: numbers(1e30) };
    const found = await unpack(
      packSeries([first, second], [0.1, 0.05]),
      [4, 1].map((count, i) => ({ count, step: [0.1, 0.05][i] })),
    );
    expect(found.map(({ observed, prior, updated }) => [observed, prior, updated].map((values) => [...values]))).toEqual([
      [
        [1, NaN, 3.1, -2],
        [2, 2.5, NaN, 1e6],
        [2, NaN, 7, 0],
      ],
      [[NaN], [0.25], [NaN]], // 1e30 is no concentration
    ]);
  });

  it('has steps that read well', () => {
    expect([0.04, 0.05, 1.3, 99, 0, NaN].map(roundStep)).toEqual([0.02, 0.05, 1, 50, 0.001, 0.001]);
  });
});

describe('series in so many bytes', () => {
  const count = 240;
  const roles = Array.from({ length: 40 }, (_, i): ReportStation['role'] => (i % 4 === 0 ? 'withheld' : 'used'));
  const stations = roles.map((role, i) => ({ id: `S${i}`, lon: 0, lat: 0, role }));
  const noise = (phase: number): Float32Array =>
    Float32Array.from({ length: count * stations.length }, (_, i) => 20 + 10 * Math.sin(i * (1.7 + phase)) * Math.cos(i * i));
  const observed = noise(0).map((value, i) => (i % 7 === 0 ? NaN : value));
  const concentrations: ReportConcentrations[] = [
    { period: 'winter', species: 'NO2', start: new Date(0), stepSeconds: 3600, observed, prior: noise(0.1), updated: noise(0.2) },
  ];
  const fit = (budget: number): ReturnType<typeof fitSeries> => fitSeries({ stations, concentrations }, budget);
  const bytes = (lines: readonly string[]): number => lines.reduce((sum, { length }) => sum + length + 1, 0);
  const whole = fit(1e9);

  it('keeps every hour, finely rounded, where there is room', () => {
    expect([whole.averaged, whole.steps]).toEqual([1, [0.02]]); // of 30 at most
    expect(whole.lines.every((line) => line !== '')).toBe(true);
  });

  it('rounds more coarsely first, then takes means, then leaves stations out, withheld ones last', () => {
    const coarse = fit(0.9 * bytes(whole.lines));
    expect(coarse.averaged).toBe(1);
    expect(coarse.steps[0]).toBeGreaterThan(whole.steps[0]);
    const means = fit(0.4 * bytes(whole.lines));
    expect(means.averaged).toBeGreaterThan(1);
    expect(means.lines.every((line) => line !== '')).toBe(true);
    const few = fit(0.015 * bytes(whole.lines));
    expect(few.averaged).toBe(24);
    const left = roles.filter((_, i) => few.lines[i] !== '');
    expect(left.length).toBeLessThan(stations.length);
    expect(left.filter((role) => role === 'withheld').length).toBe(Math.min(10, left.length));
    for (const [{ lines }, part] of [[coarse, 0.9] as const, [means, 0.4] as const, [few, 0.015] as const])
      expect(bytes(lines)).toBeLessThanOrEqual(part * bytes(whole.lines) + stations.length);
  });

  it('has means of the hours that have all three values', () => {
    const three = stationSeries(concentrations[0], 3, stations.length, 3);
    const hours = [0, 1, 2].filter((t) => Number.isFinite(observed[t * stations.length + 3]));
    const mean = (values: ArrayLike<number>): number => hours.reduce((sum, t) => sum + values[t * stations.length + 3], 0) / hours.length;
    expect(three.observed[0]).toBeCloseTo(mean(observed), 5);
    expect(three.updated[0]).toBeCloseTo(mean(concentrations[0].updated), 5);
    expect(three.observed).toHaveLength(80);
  });
});
