/** Rates of tracers against their equations in double. */
import { tracerRates, type TracerRatesRequest } from './tracers';
import { randomArray } from './testing/oracles';
import { plainTracerRates } from './testing/plain-tracer-rates';

const CHANNELS = 5;
const POINTS = 503;
const ALL: TracerRatesRequest = { channels: CHANNELS, radiation: 3, temperature: 0, mixingRatio: 4, rain: 1 };

/** From night to noon, from -20 to 35 degrees, dry and more than saturated, no rain and up to 20 mm. */
const random = randomArray(POINTS * CHANNELS, 1).map(Math.abs);
const meteorology = Float32Array.from(random, (value, i) => {
  const scale = [55, 1, 1, 800, 0.02][i % CHANNELS];
  const of = Math.min(1, value / 2) * scale;
  return [253 + of, Math.floor(i / CHANNELS) % 3 === 0 ? 2 * of : -0.001, of, i % 7 === 0 ? 9000 : of - 100, of][i % CHANNELS];
});

it.each<[string, TracerRatesRequest]>([
  ['all', ALL],
  ['all, on three threads', { ...ALL, threads: 3 }],
  ['light alone', { channels: CHANNELS, radiation: 3 }],
  ['clouds without rain', { channels: CHANNELS, temperature: 0, mixingRatio: 4 }],
  ['rain alone', { channels: CHANNELS, rain: 1 }],
  ['none', { channels: CHANNELS }],
])('%s', (_, request) => {
  const expected = plainTracerRates(request, meteorology);
  const actual = tracerRates(request, meteorology);
  expect(actual).toHaveLength(expected.length);
  const worst = expected.reduce((most, each, i) => Math.max(most, Math.abs(actual[i] - each) / Math.max(each, 1e-3)), 0);
  expect(worst).toBeLessThan(2e-7);
});

it('has values on both sides of every bound', () => {
  const rates = plainTracerRates(ALL, meteorology);
  const [light, cloud, kept] = [0, 1, 2].map((rate) => rates.filter((_, i) => i % 3 === rate));
  expect([light.includes(0), light.includes(1)]).toEqual([true, true]);
  expect([cloud.includes(0), cloud.includes(0.5 / 6), cloud.includes(1 / 6)]).toEqual([true, true, true]);
  expect([kept.includes(1), kept.some((each) => each < 0.5)]).toEqual([true, true]);
});

it('has clouds where it rains, not where it hardly does', () => {
  const dry = (rain: number): number => tracerRates(ALL, Float32Array.of(280, rain, 0, 0, 0))[1];
  expect([0.009, 0.011].map(dry)).toEqual([0, Math.fround(0.5 / 6)]);
});

it('passes on what is not a number', () => {
  const bad = Float32Array.of(NaN, 0, 0, NaN, 0.01);
  expect([...tracerRates({ ...ALL, rain: undefined }, bad)]).toEqual([NaN, NaN, 0]);
  expect(tracerRates(ALL, Float32Array.of(280, NaN, 0, 0, 0.01))[2]).toBeNaN();
});

it.each<[string, Partial<TracerRatesRequest>, RegExp]>([
  ['a channel that is not there', { rain: 5 }, /channels to hold rain/],
  ['a part of a point', { channels: 4, mixingRatio: 2 }, /meteorology of whole points/],
])('refuses %s', (_, over, message) => {
  expect(() => tracerRates({ ...ALL, ...over }, meteorology)).toThrow(message);
});
