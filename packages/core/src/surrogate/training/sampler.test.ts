import { windowMean } from '@retroplume/native';
import { ConfigError } from '../../base/errors';
import { rotatePlanes } from '../testing/rotate-planes';
import { cropSize, hoursFrom, Sampler, splitHours, type RunSplit, type SamplerSettings } from './sampler';
import { METEOROLOGY, tinyPeriod, WORLD } from '../testing/tiny-world';
import { carryRuns } from '../tracers/carried-runs';
import { Window } from '../model/window';

const window = new Window([
  { count: 2, hours: 3 },
  { count: 2, hours: 1 },
]);
const base: SamplerSettings = { batch: 4, crop: 0, rotation: false, noise: 0, rescaling: 0, previousConcentrations: false, seed: 5 };

const PRIOR_ALONE: RunSplit = { train: ['prior'], test: ['prior'] };

function sampler(over: Partial<SamplerSettings> = {}, names?: string[]): Sampler {
  const periods = [tinyPeriod('winter', 1), tinyPeriod('summer', 2)];
  const split = splitHours(WORLD.hours, WORLD.spinUpHours, 0.5);
  return new Sampler(periods, [split, split], window, { ...base, ...over }, names && { train: names, test: names });
}

describe('splitting the hours', () => {
  it('keeps the last days for the test', () => {
    const { train, test } = splitHours(216, 72, 0.25); // 6 days, of which 1.5 rounds to 2
    expect([train[0], train.at(-1), test[0], test.at(-1)]).toEqual([72, 167, 168, 215]);
    expect(new Set([...train, ...test]).size).toBe(144);
  });

  it('tests on at least a day of two, unless no part is asked for', () => {
    expect(splitHours(120, 72, 0.17).test).toEqual(Array.from({ length: 24 }, (_, i) => 96 + i));
    expect(splitHours(120, 72, 0).test).toEqual([]);
  });

  it('leaves at least a day to train on, and with a broken day the whole days are tested', () => {
    expect(splitHours(72, 24, 0.9).train).toEqual(Array.from({ length: 24 }, (_, i) => 24 + i));
    expect(splitHours(70, 24, 0.5).test).toEqual(Array.from({ length: 24 }, (_, i) => 46 + i));
  });
});

describe('batches', () => {
  const augmented = { rotation: true, noise: 0.1, rescaling: 0.2, crop: 4, previousConcentrations: true };

  it('follow from seed and iteration alone', () => {
    const [a, b] = [sampler(augmented), sampler(augmented)];
    a.train(3).arrays();
    expect(a.train(7).arrays()).toEqual(b.train(7).arrays());
    expect(a.test(1).arrays()).toEqual(b.test(1).arrays());
    expect(a.train(7).arrays()).not.toEqual(a.train(8).arrays());
    expect(a.train(7).arrays()).not.toEqual(
      sampler({ ...augmented, seed: 6 })
        .train(7)
        .arrays(),
    );
  });

  it('hold pairs of one hour and crop from two runs: the same meteorology and geography, other emissions and concentrations', () => {
    const { pairs, ...rest } = { pairs: sampler().pairs, ...sampler({ rotation: true, crop: 4 }).train(0).arrays() };
    expect(pairs).toBe(2);
    const halves = (field: Float32Array): [Float32Array, Float32Array] => [field.subarray(0, field.length / 2), field.subarray(field.length / 2)];
    for (const field of [rest.meteorology, rest.geography]) expect(halves(field)[0]).toEqual(halves(field)[1]);
    for (const field of [rest.emissions, rest.target]) expect(halves(field)[0]).not.toEqual(halves(field)[1]);
  });

  it('never pair a run with itself', () => {
    const all = sampler({ crop: 4 });
    for (let iteration = 0; iteration < 30; iteration++) {
      const { target } = all.train(iteration).arrays();
      const size = target.length / all.batch;
      for (let i = 0; i < all.pairs; i++) {
        const [first, second] = [i, i + all.pairs].map((sample) => target.subarray(sample * size, (sample + 1) * size));
        expect(first).not.toEqual(second);
      }
    }
  });

  it('hold what the window sees of the hour, target included', () => {
    const period = tinyPeriod('winter', 1);
    carryRuns([period], [{ lifetime: 3 }, { lifetime: 40 }], 1);
    const only = new Sampler([period], [{ train: [40], test: [41] }], window, { ...base, batch: 1, crop: 0 }, PRIOR_ALONE);
    const { emissions, tracers, meteorology, target } = only.train(0).arrays();
    const { rows, cols } = WORLD;
    const expected = new Float32Array(emissions.length);
    windowMean(window.request(WORLD, 5, 40, { row: 0, col: 0, rows, cols }), period.runs.get('prior')!.emissions, expected);
    expect(emissions).toEqual(expected);
    expect(tracers).toEqual(period.runs.get('prior')!.tracers!.hours({ first: 40, count: 1 }));
    expect(new Set(tracers).size).toBeGreaterThan(tracers.length / 2);
    const field = rows * cols * METEOROLOGY.length;
    expect(meteorology.subarray(3 * field)).toEqual(period.meteorology.subarray(40 * field, 41 * field));
    expect(target).toEqual(period.runs.get('prior')!.concentrations.slice(40 * rows * cols * 4, 41 * rows * cols * 4));
  });

  it("hold as y what was there before the window's first hour, of a roll-out before that of its first window", () => {
    const period = tinyPeriod('winter', 1);
    const { concentrations } = period.runs.get('prior')!;
    const at = (hour: number): Float32Array => concentrations.slice(hour * WORLD.rows * WORLD.cols * 4, (hour + 1) * WORLD.rows * WORLD.cols * 4);
    const drawn = (rolloutWindows: number): ReturnType<ReturnType<Sampler['train']>['arrays']> => {
      const settings = { ...base, batch: 1, previousConcentrations: true, rolloutWindows };
      return new Sampler([period], [{ train: [40], test: [41] }], window, settings, PRIOR_ALONE).train(0).arrays();
    };
    const single = drawn(1);
    expect([single.previous, single.target]).toEqual([at(32), at(40)]); // the window sees hours 33 to 40
    const { earlier, previous, target } = drawn(3);
    expect(earlier.map((each) => [each.previous.length, each.target])).toEqual([
      [single.previous.length, at(24)],
      [0, at(32)],
    ]);
    expect(earlier[0].previous).toEqual(at(16));
    expect([previous.length, target]).toEqual([0, at(40)]);
  });

  it('of one sample are of one run', () => {
    expect([sampler({ batch: 1 }).pairs, sampler({ batch: 2 }).pairs, sampler({ batch: 2 }, ['prior']).pairs]).toEqual([0, 1, 0]);
  });

  it('turn target, emissions and winds together', () => {
    const period = tinyPeriod('winter', 1);
    carryRuns([period], [{ lifetime: 12 }], 1);
    const make = (rotation: boolean): Sampler =>
      new Sampler([period], [{ train: [40], test: [41] }], window, { ...base, batch: 1, rotation }, PRIOR_ALONE);
    const plain = make(false).train(0).arrays();
    const turned = make(true);
    const seen = new Set<number>();
    for (let iteration = 0; iteration < 20; iteration++) {
      const { emissions, tracers, meteorology, target } = turned.train(iteration).arrays();
      const turns = [0, 1, 2, 3].find((n) => {
        const copy = plain.target.slice();
        rotatePlanes(copy, 0, 1, WORLD.rows, 4, n);
        return copy.every((value, i) => value === target[i]);
      });
      expect(turns).toBeDefined();
      seen.add(turns!);
      const [e, t, m] = [plain.emissions.slice(), plain.tracers.slice(), plain.meteorology.slice()];
      rotatePlanes(t, 0, 4, WORLD.rows, 5, turns!);
      expect(tracers).toEqual(t);
      rotatePlanes(e, 0, 4, WORLD.rows, 5, turns!);
      rotatePlanes(m, 0, 4, WORLD.rows, METEOROLOGY.length, turns!, { u: 0, v: 1 });
      expect(emissions).toEqual(e);
      expect(meteorology).toEqual(m);
    }
    expect(seen).toEqual(new Set([0, 1, 2, 3]));
  });

  it('never train on a test hour', () => {
    const period = tinyPeriod('winter', 1);
    const hourOf = new Map(
      Array.from({ length: WORLD.hours }, (_, hour) => [period.runs.get('prior')!.concentrations[hour * WORLD.rows * WORLD.cols * 4], hour]),
    );
    const split = splitHours(WORLD.hours, WORLD.spinUpHours, 0.5);
    const drawn = new Sampler([period], [split], window, { ...base, batch: 8 }, PRIOR_ALONE);
    const hours = (target: Float32Array): number[] => Array.from({ length: 8 }, (_, i) => hourOf.get(target[(i * target.length) / 8])!);
    const trained = new Set(Array.from({ length: 50 }, (_, i) => hours(drawn.train(i).arrays().target)).flat());
    const tested = new Set(Array.from({ length: 50 }, (_, i) => hours(drawn.test(i).arrays().target)).flat());
    expect([...trained].sort((a, b) => a - b)).toEqual(split.train); // 400 draws of 24 hours: each comes up
    expect([...tested].sort((a, b) => a - b)).toEqual(split.test);
  });

  it('never train on a run that is kept for the test, and test it on every hour against one that is trained on', () => {
    const names = ['prior', 'member01', 'member02'];
    const period = tinyPeriod('winter', 1, { runs: { prior: 1, member01: 2, member02: 3 } });
    const hours = hoursFrom(WORLD.spinUpHours, WORLD.hours);
    const firstCell = (name: string, hour: number): number => period.runs.get(name)!.concentrations[hour * WORLD.rows * WORLD.cols * 4];
    const at = new Map(names.flatMap((name) => hours.map((hour) => [firstCell(name, hour), { name, hour }] as const)));
    const settings = { ...base, batch: 8 };
    const drawn = new Sampler([period], [{ train: hours, test: hours }], window, settings, { train: names.slice(0, 2), test: ['member02'] });
    expect(drawn.pairs).toBe(4);
    const seen = (target: Float32Array): { name: string; hour: number }[] =>
      Array.from({ length: 8 }, (_, i) => at.get(target[(i * target.length) / 8])!);
    const batches = Array.from({ length: 100 }, (_, i) => ({
      trained: seen(drawn.train(i).arrays().target),
      tested: seen(drawn.test(i).arrays().target),
    }));
    expect(new Set(batches.flatMap(({ trained }) => trained.map(({ name }) => name)))).toEqual(new Set(['prior', 'member01']));
    for (const { tested } of batches) {
      expect(tested.slice(0, 4).map(({ name }) => name)).toEqual(Array(4).fill('member02'));
      expect(tested.slice(4).every(({ name }) => name !== 'member02')).toBe(true);
      expect(tested.slice(4).map(({ hour }) => hour)).toEqual(tested.slice(0, 4).map(({ hour }) => hour));
    }
    const sorted = (part: 'trained' | 'tested'): number[] =>
      [...new Set(batches.flatMap((each) => each[part].map(({ hour }) => hour)))].sort((a, b) => a - b);
    expect(sorted('trained')).toEqual(hours);
    expect(sorted('tested')).toEqual(hours);
  });

  it('are not augmented in the test', () => {
    expect(sampler({ rotation: true, noise: 0.1, rescaling: 0.2 }).test(0).arrays()).toEqual(sampler().test(0).arrays());
  });

  it('rescale emissions and concentrations of a sample by one factor', () => {
    // One pair: hour, crop and runs are drawn before the factors, so both batches show the same samples.
    const [plain, rescaled] = [sampler({ batch: 2 }), sampler({ batch: 2, rescaling: 0.5 })].map((each) => each.train(0).arrays());
    const size = plain.target.length / 2;
    const factors = [0, 1].map((i) => rescaled.target[i * size] / plain.target[i * size]);
    const of = (i: number, length: number): number => factors[Math.floor((i * 2) / length)];
    plain.target.forEach((value, i, { length }) => expect(rescaled.target[i] / value).toBeCloseTo(of(i, length), 5)); // float32
    plain.emissions.forEach((value, i, { length }) => expect(rescaled.emissions[i] / value).toBeCloseTo(of(i, length), 5));
    for (const factor of factors) expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.5 + 1e-6);
    expect(factors[0]).not.toBeCloseTo(factors[1], 3);
  });

  it('of a single run are not paired and may be odd', () => {
    const single = sampler({ batch: 3 }, ['prior']);
    expect(single.pairs).toBe(0);
    expect(single.train(0).arrays().target).toHaveLength(3 * WORLD.rows * WORLD.cols * 4);
  });
});

describe('settings that make no batch are refused', () => {
  it('an odd batch of pairs', () => {
    expect(() => sampler({ batch: 3 })).toThrow(ConfigError);
    expect(() => sampler({ batch: 3 })).toThrow(/training\.batch: 3 is odd/);
  });

  it('a crop larger than the domain', () => {
    expect(cropSize(8, 10, 8)).toEqual({ rows: 8, cols: 8 });
    expect(() => cropSize(8, 10, 9)).toThrow(expect.objectContaining({ code: 'CASE_CROP' }) as Error);
    expect(() => sampler({ crop: 9 })).toThrow(/training\.crop: 9 cells do not fit in a domain of 8 x 8/);
  });
});
