import { Random } from '../../base/random';
import { agreement, commonLag, exchangedStations, LAGS, type SeriesAtStations } from './prior-agreement';

const HOURS = 96;
const STATIONS = 8;

/** A run of which each station has its own level and daily cycle, with noise that lasts some hours. */
function run(): Float32Array {
  const random = new Random(3);
  const out = new Float32Array(HOURS * STATIONS);
  for (let station = 0; station < STATIONS; station++) {
    let weather = 0;
    for (let hour = 0; hour < HOURS; hour++) {
      weather = 0.8 * weather + random.normal();
      out[hour * STATIONS + station] = 20 + 2 * station + 5 * Math.sin((2 * Math.PI * (hour + station)) / 24) + 3 * weather;
    }
  }
  return out;
}

/** What is observed of a run: its value `late` hours before, times a factor, with an error. */
function observe(simulated: Float32Array, { late = 0, factor = 1, of = (station: number) => station } = {}): Float32Array {
  const random = new Random(5);
  return simulated.map((_, i) => {
    const [hour, station] = [Math.floor(i / STATIONS) - late, i % STATIONS];
    const value = hour < 0 || hour >= HOURS ? NaN : simulated[hour * STATIONS + of(station)];
    return factor * (value + random.normal());
  });
}

function seriesOf(observed: Float32Array, simulated: Float32Array): SeriesAtStations {
  return { step: 1, offset: 0, stations: STATIONS, observed, simulated };
}

test('pairs, means and correlations of what fits', () => {
  const simulated = run();
  const found = agreement(seriesOf(observe(simulated, { factor: 2 }), simulated))!;
  expect(found.pairs).toBe(HOURS * STATIONS);
  expect(found.observed / found.simulated).toBeCloseTo(2, 1);
  expect(found.r).toBeGreaterThan(0.95);
  expect(LAGS[found.byLag!.indexOf(Math.max(...found.byLag!))]).toBe(0);
  expect(commonLag([found])).toBeUndefined();
});

test.each([1, 8, 9, -1, -7])('what is %d hours late is known', (late) => {
  const simulated = run();
  const found = agreement(seriesOf(observe(simulated, { late }), simulated))!;
  expect(commonLag([found, found])).toMatchObject({ hours: late });
});

test('species that are late and early are a poor run, and no lag', () => {
  const simulated = run();
  const [late, early] = [3, -3].map((hours) => agreement(seriesOf(observe(simulated, { late: hours }), simulated))!);
  expect(commonLag([late, early])).toBeUndefined();
});

test('daily means are taken over their hours, in zones half an hour off by parts of them', () => {
  const simulated = Float32Array.from({ length: 72 }, (_, hour) => hour);
  const daily = { step: 24, stations: 1, observed: Float32Array.of(11.5, 35.5), simulated };
  const whole = agreement({ ...daily, offset: 0 });
  expect(whole).toMatchObject({ pairs: 2, simulated: 23.5 });
  expect(whole).not.toHaveProperty('byLag');
  expect(agreement({ ...daily, offset: 0.5 })).toMatchObject({ pairs: 2, simulated: 24 });
  // The last hour would have to be half of one that is not there.
  expect(agreement({ ...daily, offset: 24.5 })).toMatchObject({ pairs: 1 });
  expect(agreement({ ...daily, offset: 96 })).toBeUndefined();
});

test('missing values on either side are no pairs', () => {
  const simulated = Float32Array.of(1, 2, NaN, 4);
  expect(agreement({ step: 1, offset: 0, stations: 1, observed: Float32Array.of(1, NaN, 3, 5), simulated })).toMatchObject({
    pairs: 2,
    observed: 3,
    simulated: 2.5,
  });
});

test('two stations that are exchanged are found, and none where all are right', () => {
  const simulated = run();
  const swap = (station: number): number => (station === 1 ? 6 : station === 6 ? 1 : station);
  expect(exchangedStations([seriesOf(observe(simulated), simulated)])).toEqual([]);
  expect(exchangedStations([seriesOf(observe(simulated, { of: swap }), simulated)])).toEqual([[1, 6]]);
});

test('of a single station none is exchanged', () => {
  const simulated = Float32Array.from({ length: HOURS }, (_, hour) => 20 + 5 * Math.sin(hour));
  expect(exchangedStations([{ step: 1, offset: 0, stations: 1, observed: simulated, simulated }])).toEqual([]);
});

test('the only two stations there are, exchanged, are found', () => {
  const simulated = run();
  const swap = (station: number): number => (station === 1 ? 6 : station === 6 ? 1 : station);
  const two = (values: Float32Array): Float32Array => values.filter((_, i) => i % STATIONS === 1 || i % STATIONS === 6);
  const series = (observed: Float32Array): SeriesAtStations => ({
    step: 1,
    offset: 0,
    stations: 2,
    observed: two(observed),
    simulated: two(simulated),
  });
  expect(exchangedStations([series(observe(simulated))])).toEqual([]);
  expect(exchangedStations([series(observe(simulated, { of: swap }))])).toEqual([[0, 1]]);
});

test('of many stations with few values none is exchanged by chance', () => {
  const [days, stations] = [29, 400];
  const random = new Random(7);
  const weather = Float32Array.from({ length: days * stations }, () => random.normal());
  const noisy = (): Float32Array => weather.map((value) => 20 + value + 2 * random.normal());
  const daily: SeriesAtStations = { step: 24, offset: 0, stations, observed: noisy(), simulated: new Float32Array(0) };
  const values = noisy();
  daily.simulated = Float32Array.from({ length: 24 * days * stations }, (_, i) => values[Math.floor(i / stations / 24) * stations + (i % stations)]);
  expect(exchangedStations([daily])).toEqual([]);
});

test('of one station, or of stations without enough values, none is exchanged', () => {
  const series = (stations: number, hours: number): SeriesAtStations => {
    const values = Float32Array.from({ length: stations * hours }, (_, i) => 20 + Math.sin(i));
    return { step: 1, offset: 0, stations, observed: values, simulated: values };
  };
  expect(exchangedStations([series(1, 48)])).toEqual([]);
  expect(exchangedStations([series(5, 4)])).toEqual([]);
});
