import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelsOfCase, speciesOfTable } from '../../base/species';
import { sourceOf } from '../../fields/training-period';
import { DomainRun } from '../domain/domain-run';
import { Surrogate } from './surrogate';
import { wholeDomain } from './tiles';
import { randomPeriod, randomSurrogate } from '../testing/random-surrogate';
import { tinyPeriod, tinySurrogate } from '../testing/tiny-world';

it.each([
  ['missing', undefined, 'SURROGATE_MISSING', 'no such file: run the stage train first'],
  ['cut short', '{"settings": {"ne', 'JSON_UNREADABLE', 'expected JSON but it cannot be read'],
  ['of something else', '{"settings": {}}', 'JSON_UNREADABLE', 'expected an object whose normalisation is of type object'],
])('a surrogate whose description is %s is refused with the file and what to do', (_what, text, code, said) => {
  const folder = mkdtempSync(join(tmpdir(), 'surrogate-'));
  try {
    const path = join(folder, 'surrogate.json');
    if (text !== undefined) writeFileSync(path, text);
    expect(() => Surrogate.load(folder)).toThrow(
      expect.objectContaining({ code, exitCode: 3, message: expect.stringContaining(`${path}: ${said}`) as string }) as Error,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('is saved, loaded and run with the groups and species of a case, and with tracers of a group that no table has', async () => {
  const channels = channelsOfCase(['CO', 'soilNO'], [speciesOfTable('CO'), { name: 'dust', unit: 'ug m-3' }, speciesOfTable('NO2')]);
  const settings = tinySurrogate({ tracers: [{ lifetime: 3, groups: ['soilNO'] }, { lifetime: 48 }] }, channels);
  const period = randomPeriod(8, 8, 24, channels);
  const folder = mkdtempSync(join(tmpdir(), 'surrogate-'));
  try {
    randomSurrogate(settings, [period]).save(folder);
    const surrogate = Surrogate.load(folder);
    expect(surrogate.description.settings).toEqual(settings);
    const engine = surrogate.program(1, 8, 8, { threads: 1 }, { adjoint: false });
    const run = new DomainRun({ surrogate, sources: [sourceOf(period)], tiling: wholeDomain(period.grid), engine, batchSize: 1, threads: 1 });
    const before = await run.forward({ period: 0, hours: [20] });
    const factors = { data: Float32Array.from({ length: 8 * 8 * 2 }, (_, i) => (i % 2 === 1 ? 2 : 1)) }; // soilNO
    const after = await run.forward({ period: 0, hours: [20], factors });
    engine.dispose();
    expect(before).toHaveLength(8 * 8 * 3);
    expect(before.every(Number.isFinite)).toBe(true);
    expect(after.some((value, i) => value !== before[i])).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a surrogate that was saved', () => {
  const surrogate = randomSurrogate(tinySurrogate(), [tinyPeriod('winter', 1)]);
  const folder = mkdtempSync(join(tmpdir(), 'surrogate-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  /** Loads what was saved of other weights and settings. */
  const saved = (weights: Surrogate['weights'], settings: object = {}): Surrogate => {
    const { description } = surrogate;
    new Surrogate({ ...description, settings: { ...description.settings, ...settings } }, weights).save(folder);
    return Surrogate.load(folder);
  };
  const without = [...surrogate.weights].filter(([name]) => name !== 'cell.weight');
  const wider = { data: new Float32Array(2), shape: [1, 2] };

  test('is loaded as it was', () => {
    const loaded = saved(surrogate.weights);
    expect(loaded.description).toEqual(surrogate.description);
    expect(loaded.weights).toEqual(surrogate.weights);
  });

  test.each([
    ['lacks weights', new Map(without), {}, 'cell.weight'],
    ['has weights of another shape', new Map([...without, ['cell.weight', wider]]), {}, 'cell.weight'],
    ['has settings that this version does not know', surrogate.weights, { wings: 2 }, 'wings'],
  ])('is refused where it %s: another version made it', (_what, weights, settings, named) => {
    expect(() => saved(weights, settings)).toThrow(
      expect.objectContaining({
        code: 'SURROGATE_OUTDATED',
        exitCode: 3,
        message: expect.stringMatching(new RegExp(`${named}.*: run the stage train again`)) as string,
      }) as Error,
    );
  });
});
