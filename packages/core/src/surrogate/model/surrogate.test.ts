import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Surrogate } from './surrogate';
import { randomSurrogate } from '../testing/random-surrogate';
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
