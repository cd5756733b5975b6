import type { HourStore } from '../../fields/hour-store';
import { DEFAULT_CHANNELS } from '../../base/species';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBudget } from '../../fields/memory-budget';
import { readPrepared } from '../../fields/prepared';
import { withPriorConcentrations, openTrainingPeriods, type TrainingPeriod } from '../../fields/training-period';
import { normalisationOf } from '../model/normalisation';
import { Sampler, type SamplerSettings } from './sampler';
import { CELLS, METEOROLOGY, tinyPeriod, WORLD, writePeriods } from '../testing/tiny-world';
import { carryRuns, dropTracers } from '../tracers/carried-runs';
import { Window } from '../model/window';

let folder: string;
const NAMES = ['winter', 'summer'];
const RUNS = ['prior', 'member01', 'member02'];
const TRACERS = [{ lifetime: 3 }, { lifetime: 40 }];
const window = new Window([
  { count: 2, hours: 3 },
  { count: 2, hours: 1 },
]);
const HOURS = Array.from({ length: WORLD.hours - WORLD.spinUpHours }, (_, i) => WORLD.spinUpHours + i);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-sampling-'));
  const runs = { prior: 1, member01: 1.4, member02: 0.7 };
  writePeriods(
    folder,
    NAMES.map((name, i) => tinyPeriod(name, i + 1, { runs })),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const opened = (mostBytes: number): { periods: TrainingPeriod[]; room: MemoryBudget } => {
  const room = new MemoryBudget(mostBytes);
  return { periods: openTrainingPeriods(folder, NAMES, { channels: DEFAULT_CHANNELS, runs: RUNS, priorConcentrations: true, room }), room };
};

/** Bytes of so many channels in a period. */
const bytes = (channels: number): number => 4 * WORLD.hours * CELLS * channels;
const WEATHER = METEOROLOGY.length + 4;
const ALL = 2 * bytes(WEATHER + 3 * 9);

const AUGMENTED: Partial<SamplerSettings> = { crop: 4, rotation: true, noise: 0.1, rescaling: 0.2 };

describe.each([
  ['nothing is in memory', 0, [0, 0, 0]],
  ['only the weather is', 2 * bytes(WEATHER), [2, 0, 0]],
  ['the weather and half of the fields of the runs are', ALL - bytes(27), [2, 3, 3]],
  ['everything is', ALL, [2, 6, 6]],
])('where %s', (_, mostBytes, inMemory) => {
  const held = (): TrainingPeriod[] => NAMES.map((name) => withPriorConcentrations(readPrepared(folder, name, DEFAULT_CHANNELS, { runs: RUNS })));

  it('what is in memory is as large as it may be', () => {
    const { periods, room } = opened(mostBytes);
    const arrays = (values: object[]): number => values.filter((each) => each instanceof Float32Array).length;
    const runs = periods.flatMap((period) => [...period.runs.values()]);
    expect([periods.map((p) => p.meteorology), runs.map((r) => r.emissions), runs.map((r) => r.concentrations)].map(arrays)).toEqual(inMemory);
    expect(room.spent.inMemory).toBe(mostBytes);
    expect(room.spent.elsewhere).toBe(ALL - mostBytes);
  });

  it.each([
    ['as they are', {}],
    ['augmented', AUGMENTED],
    ['with concentrations of the window before', { ...AUGMENTED, previousConcentrations: true }],
    ['rolled out', { ...AUGMENTED, previousConcentrations: true, rolloutWindows: 3 }],
  ])('batches are to the bit those of fields in memory: %s', (__, over: Partial<SamplerSettings>) => {
    const settings = { batch: 4, crop: 0, rotation: false, noise: 0, rescaling: 0, previousConcentrations: false, seed: 5, ...over };
    const [stored, expected] = [opened(mostBytes).periods, held()].map((of) => {
      carryRuns(of, TRACERS, 1);
      const splits = of.map(() => ({ train: HOURS, test: HOURS }));
      const sampler = new Sampler(of, splits, window, settings);
      const drawn = [...[0, 1, 2, 3].map((i) => sampler.train(i).arrays()), sampler.test(0).arrays()];
      dropTracers(of);
      return drawn;
    });
    expect(expected[0].earlier).toHaveLength((over.rolloutWindows ?? 1) - 1);
    expect(expected[0].tracers.length).toBeGreaterThan(0);
    expect(stored).toEqual(expected);
  });

  it('tracers and scales are, too', () => {
    const [stored, expected] = [opened(mostBytes).periods, held()];
    for (const of of [stored, expected]) carryRuns(of, TRACERS, 1);
    const spinUp = NAMES.map(() => WORLD.spinUpHours);
    expect(normalisationOf(stored, spinUp)).toEqual(normalisationOf(expected, spinUp));
    const all = { first: 0, count: WORLD.hours };
    stored.forEach(({ runs }, p) =>
      runs.forEach(({ tracers }, run) => expect(tracers!.hours(all)).toEqual(expected[p].runs.get(run)!.tracers!.hours(all))),
    );
    for (const of of [stored, expected]) dropTracers(of);
  });
});

it('fields that no store holds lie in a temporary file where there is no room', () => {
  const shape = { hours: 4, rows: 2, cols: 3, channels: 5 };
  const fields = Float32Array.from({ length: 120 }, (_, i) => i);
  const room = new MemoryBudget(480);
  expect(room.keep(fields, shape)).toBe(fields);
  const second = room.keep(fields, shape);
  if (second instanceof Float32Array) throw new Error('there was no room');
  const whole = { row: 0, col: 0, rows: 2, cols: 3 };
  expect(second.rectangle(whole, { first: 1, count: 3 })).toEqual(fields.subarray(30));
  expect(room.spent).toEqual({ inMemory: 480, elsewhere: 480 });
  room.dispose();
  expect(() => second.rectangle(whole, { first: 0, count: 1 })).toThrow(/EBADF/);
});

it.each([
  ['in memory, on two threads', 1e9, 2],
  ['in files', 0, 1],
])('of tracers in half precision %s, windows are to the bit those of their numbers', (_, mostBytes, threads) => {
  const periods = NAMES.map((name) => readPrepared(folder, name, DEFAULT_CHANNELS, { runs: RUNS }));
  carryRuns(periods, TRACERS, 1, { mostBytes, mostInSingle: 0 });
  const plain = periods.map((period): TrainingPeriod => ({
    ...period,
    runs: new Map(
      [...period.runs].map(([name, run]) => {
        const { channels } = run.tracers!;
        const tracers = { channels, rectangle: (...asked) => run.tracers!.rectangle(...asked) } as HourStore;
        return [name, { ...run, tracers }];
      }),
    ),
  }));
  const [drawn, expected] = [periods, plain].map((of) => {
    const settings = { batch: 4, crop: 0, rotation: false, noise: 0, rescaling: 0, previousConcentrations: false, seed: 5, threads };
    const sampler = new Sampler(
      of,
      of.map(() => ({ train: HOURS, test: HOURS })),
      window,
      settings,
    );
    return [0, 1, 2, 3].map((i) => sampler.train(i).arrays());
  });
  expect('halves' in periods[0].runs.get(RUNS[0])!.tracers!).toBe(true);
  expect(drawn).toEqual(expected);
  dropTracers(periods);
});
