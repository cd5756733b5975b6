import { channelsOfCase } from '../base/species';
import { unitGrid } from '../inversion/testing/small-world';
import { sourceOf, readWithPriorConcentrations, withPriorConcentrations } from './training-period';
import { part } from './period-source';
import { writePreparedMeteorology, writePreparedRun, type PreparedPeriod } from './prepared';
import { openPrepared } from './prepared-store';
import { temporaryFolder } from '../files/testing/shared-data';

const folder = temporaryFolder();
const grid = unitGrid(3, 4);
const time = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 5 };
const ramp = (length: number, first: number): Float32Array => Float32Array.from({ length }, (_, i) => first + i);
const run = (first: number): { emissions: Float32Array; concentrations: Float32Array } => ({
  emissions: ramp(60 * 5, first),
  concentrations: ramp(60 * 4, first + 0.5),
});
const CHANNELS = channelsOfCase(
  [...'abcde'],
  [...'pqrs'].map((name) => ({ name, unit: 'ppb' })),
);
const period: PreparedPeriod = {
  name: 'jan',
  grid,
  time,
  meteorologyNames: ['u', 'v'],
  geographyNames: [],
  groups: CHANNELS.groups,
  species: CHANNELS.species,
  geography: new Float32Array(),
  meteorology: ramp(60 * 2, 7000),
  runs: new Map([
    ['prior', run(0)],
    ['member01', run(1000)],
  ]),
};
const NAMES = ['u', 'v', 'prior_p', 'prior_q', 'prior_r', 'prior_s'];

describe('the concentrations of the prior run as channels of the meteorology', () => {
  it('stand after the weather of the same hour and cell', () => {
    const { meteorologyNames, meteorology, runs } = withPriorConcentrations(period);
    expect(meteorologyNames).toEqual(NAMES);
    expect(meteorology).toHaveLength(60 * 6);
    for (const point of [0, 17, 59]) {
      const [m, c] = [7000 + 2 * point, 4 * point + 0.5];
      expect([...meteorology.subarray(6 * point, 6 * point + 6)]).toEqual([m, m + 1, c, c + 1, c + 2, c + 3]);
    }
    expect(runs).toBe(period.runs);
    expect(period.meteorologyNames).toEqual(['u', 'v']);
  });

  it('are the same read from the store, in part and as a whole; other fields stay as they are', () => {
    writePreparedMeteorology(folder.path, period);
    for (const [name, each] of period.runs) writePreparedRun(folder.path, { period: 'jan', run: name, grid, time, channels: CHANNELS, ...each });
    const stored = readWithPriorConcentrations(openPrepared(folder.path, 'jan', CHANNELS));
    expect(stored.meteorologyNames).toEqual(NAMES);
    const held = sourceOf(withPriorConcentrations(period));
    const asked: number[] = [];
    const memory = (length: number): Float32Array => (asked.push(length), new Float32Array(length));
    for (const crop of [
      { row: 1, col: 2, rows: 2, cols: 2 },
      { row: 0, col: 0, rows: 3, cols: 4 },
    ]) {
      const hours = { first: 1, count: 3 };
      expect(stored.hourly('meteorology', crop, hours, memory)).toEqual(held.hourly('meteorology', crop, hours));
      expect(stored.hourly('emissions', crop, hours)).toEqual(part(run(0).emissions, grid, 5, crop, hours));
      expect(stored.hourly('concentrations', crop, hours)).toEqual(part(run(0).concentrations, grid, 4, crop, hours));
    }
    expect(asked).toEqual([3 * 4 * 6, 3 * 12 * 6]); // the reader's own memory, once for the whole
  });

  it("of another run's emissions are still those of the prior run", () => {
    const seen = withPriorConcentrations(period);
    const hour = { first: 0, count: 1 };
    const crop = { row: 0, col: 0, rows: 3, cols: 4 };
    const member = sourceOf(seen, period.runs.get('member01')!.emissions);
    expect(member.hourly('meteorology', crop, hour)).toEqual(sourceOf(seen).hourly('meteorology', crop, hour));
    expect(member.hourly('emissions', crop, hour)[0]).toBe(1000);
  });
});
