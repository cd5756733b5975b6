import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelsOfCase, GROUPS, SPECIES, speciesOfTable } from '../../base/species';
import { namingOf } from '../../case/testing/naming';
import { MemoryBudget } from '../../fields/memory-budget';
import { gridSetting, tinyPeriod, tinySurrogate, WORLD, writePeriods } from '../../surrogate/testing/tiny-world';
import type { Surrogate } from '../../surrogate/model/surrogate';
import type { StageContext } from '../../run/engine/stage';
import { randomPeriod, randomSurrogate } from '../../surrogate/testing/random-surrogate';
import { comparedHourStep, domainPlan, loadSurrogate, preparedPeriods, storedPeriods, trainingPeriods, type PlanOptions } from './trained-surrogate';

it.each([
  [24, 3],
  [8, 4],
  [2, 2],
  [1, 1],
  [7, 7],
  [25, 5],
])('with a window of %i h, of which y is rolled out, every %i hours are compared: the chain’s own', (hours, step) => {
  const window = [{ count: hours, hours: 1 }];
  expect(comparedHourStep(tinySurrogate({ initialConcentrations: 'rollout', window }))).toBe(step);
  expect(comparedHourStep(tinySurrogate({ window }))).toBe(3);
});

describe('hours that the program takes at once', () => {
  const surrogate = randomSurrogate(tinySurrogate({}), [randomPeriod(8, 8, 12)]);
  const context = { caseSettings: { tileCells: 0 }, log: () => undefined } as unknown as StageContext;
  const hoursOn = (rows: number, options: Partial<PlanOptions>): number =>
    domainPlan(context, surrogate, { rows, cols: rows }, { adjoint: true, ...options }).batchSize;

  it('are few on a large domain, those of a day where an observation has its mean, and those that are asked for', () => {
    expect([hoursOn(60, {}), hoursOn(150, {}), hoursOn(220, {})]).toEqual([8, 1, 1]);
    expect([hoursOn(60, { day: 4 }), hoursOn(150, { day: 4 }), hoursOn(220, { day: 4 })]).toEqual([8, 4, 4]);
    expect(hoursOn(220, { day: 4, hours: 2 })).toBe(2);
  });

  it('are no more of a day than there is room for', () => {
    const bytes = jest.spyOn(surrogate, 'programBytes').mockImplementation((hours) => hours * 0.6 * 2 ** 30);
    expect(hoursOn(220, { day: 4 })).toBe(2);
    bytes.mockRestore();
  });
});

describe('a surrogate that another case has left', () => {
  const dir = mkdtempSync(join(tmpdir(), 'retroplume-learning-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const hourly = { window: [{ count: 4, hours: 1 }] };

  it.each([
    [{}, hourly, /trained with paperMode\.surrogate\.window \[\{"count":2,"hours":3\},.*\] but the case now has .*: run .*, or set it as it was$/],
    [{}, { initialConcentrations: 'prior' }, /initialConcentrations none but the case now has prior: run .*, or set it to none$/],
    [{ initialConcentrations: 'rollout' }, {}, /initialConcentrations rollout but the case now has none: run .*, or set it to another than none$/],
    [{ initialConcentrations: 'prior' }, { initialConcentrations: 'rollout' }, undefined], // the same network
    [hourly, { window: [1, 3].map((count) => ({ count, hours: 1 })) }, undefined], // the same steps
  ])('%j is told from what the case has now, %j', (then, now, message) => {
    randomSurrogate(tinySurrogate(then), [randomPeriod(8, 8, 12)]).save(dir);
    const paperMode = { surrogate: tinySurrogate(now) };
    const context = { caseSettings: namingOf(), settings: paperMode, variant: 'paper', dirOf: () => dir } as unknown as StageContext;
    const load = (): string => loadSurrogate(context).description.settings.initialConcentrations;
    if (message)
      expect(load).toThrow(expect.objectContaining({ code: 'SURROGATE_INPUTS', message: expect.stringMatching(message) as string }) as Error);
    else expect(load()).toBe(paperMode.surrogate.initialConcentrations);
  });

  it('of other groups or species is told, too', () => {
    randomSurrogate(tinySurrogate(), [randomPeriod(8, 8, 12)]).save(dir);
    const load = (groups: readonly string[], species: readonly string[]) => (): Surrogate => {
      const caseSettings = namingOf(channelsOfCase(groups, species.map(speciesOfTable)));
      return loadSurrogate({
        caseSettings,
        settings: { surrogate: tinySurrogate() },
        variant: 'default',
        dirOf: () => dir,
      } as unknown as StageContext);
    };
    expect(load(GROUPS, SPECIES)().description.groups).toHaveLength(5);
    expect(load(['NOx', 'CO'], SPECIES)).toThrow(
      /trained with the groups NOx, NH3, SO2, VOC, PM2\.5 but the case now has NOx, CO: run "retroplume run"/,
    );
    expect(load(GROUPS, ['CO'])).toThrow(/trained with the species NO2, SO2, O3, PM2\.5 but the case now has CO: run "retroplume run"/);
  });
});

it.each([
  ['another day', { start: '2026-01-06T00:00:00Z' }, /has 72 hours from 2026-01-05T00:00Z but the case now has 72 hours from 2026-01-06T00:00Z: run/],
  ['fewer hours', { hours: 48 }, /has 72 hours from .* but the case now has 48 hours from 2026-01-05T00:00Z: run/],
  ['the same', {}, undefined],
])('fields of other hours than the case has are not held against its observations: %s', (_, changed, message) => {
  const dir = mkdtempSync(join(tmpdir(), 'retroplume-learning-'));
  const room = new MemoryBudget(1e9);
  try {
    writePeriods(dir, [tinyPeriod('winter', 1, { runs: { prior: 1 } })]);
    const grid = gridSetting(dir);
    const periods = [{ name: 'winter', start: WORLD.start.toISOString(), hours: WORLD.hours, members: true, ...changed }];
    const settings = { surrogate: tinySurrogate({ mode: 'paper' }), training: {}, inversion: {} };
    const context = { caseSettings: { ...namingOf(), grid, periods }, settings, variant: 'paper', dirOf: () => dir } as unknown as StageContext;
    for (const read of [preparedPeriods, storedPeriods, (of: StageContext): unknown[] => trainingPeriods(of, room)]) {
      if (message)
        expect(() => read(context)).toThrow(
          expect.objectContaining({ code: 'PREPARED_TIME', message: expect.stringMatching(message) as string }) as Error,
        );
      else expect(read(context)).toHaveLength(1);
    }
  } finally {
    room.dispose();
    rmSync(dir, { recursive: true });
  }
});
