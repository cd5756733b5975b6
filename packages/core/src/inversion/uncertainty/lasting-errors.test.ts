import { lastingErrors, withoutMeans } from './lasting-errors';
import type { ScaledInnovation } from './scaled-innovations';

/** A value a day of two cells, whose errors stay as they are. @param days - on which there is a value, and by what all errors are multiplied on it */
function lasting(errors: readonly [number, number], days: readonly (readonly [day: number, sign: number])[], sigma = 1): ScaledInnovation[] {
  return days.flatMap(([day, sign]) =>
    errors.map((error, cell) => ({ cell, hour: 24 * day, prior: (sign * error) / sigma, updated: (sign * error) / sigma, error: sigma })),
  );
}

const month = Array.from({ length: 40 }, (_, day) => [day, 1] as const);
const atRoot = (value: number | null): number | null => value && value ** 2;

describe('what lasts', () => {
  it('is told apart by hand: what two cells share, and what each has of its own', () => {
    // 4 and 2: between cells 8 is alike, of one cell (16 + 4)/2 = 10.
    const found = lastingErrors(lasting([4, 2], month))!;
    expect([found.everywhere, found.place].map(atRoot)).toEqual([expect.closeTo(8, 9), expect.closeTo(2, 9)]);
    expect(lastingErrors(lasting([4, 2], month.toReversed()))).toEqual(found); // in whatever order
    const inUnits = lastingErrors(lasting([4, 2], month, 0.5))!;
    expect([inUnits.everywhere, inUnits.place].map(atRoot)).toEqual([expect.closeTo(8, 9), expect.closeTo(2, 9)]);
  });

  it('is nothing that two cells share where they err against each other', () => {
    const found = lastingErrors(lasting([1, -1], month))!;
    expect(found.everywhere).toBeNull();
    expect(atRoot(found.place)).toBeCloseTo(2, 9);
  });

  it('is of one place or of all, nobody knows which, where there is one place', () => {
    const alone = lasting([4, 2], month).filter(({ cell }) => cell === 0);
    const found = lastingErrors(alone)!;
    expect([found.everywhere, atRoot(found.place)]).toEqual([null, expect.closeTo(16, 9)]);
  });

  it('is looked for five to ten days apart: nearer values share weather, those farther are of another period', () => {
    const later = month.map(([day]) => [80 + day, -1] as const);
    expect(lastingErrors(lasting([4, 2], [...month, ...later]))).toEqual(lastingErrors(lasting([4, 2], month)));
    expect(lastingErrors(lasting([4, 2], month.slice(0, 5)))).toBeUndefined();
  });

  it('is taken away from each cell and period by itself', () => {
    const twice = [...month.slice(0, 20), ...month.slice(0, 20).map(([day]) => [180 + day, -1] as const)];
    const rest = withoutMeans(lasting([4, 2], twice));
    expect(rest).toHaveLength(80);
    expect(rest.every(({ prior, updated }) => prior === 0 && updated === 0)).toBe(true);
    expect(new Set(rest.map(({ cell, hour, error }) => `${cell} ${hour} ${error}`)).size).toBe(80); // each where it was
    expect(rest.filter(({ cell, hour }) => cell === 1 && hour === 24 * 180)).toHaveLength(1);
    // Periods may stand in any order in a case.
    expect(withoutMeans(lasting([4, 2], twice.toReversed())).every(({ prior, updated }) => prior === 0 && updated === 0)).toBe(true);
    expect(withoutMeans(lasting([4, 2], month.slice(0, 9)))).toEqual([]); // too few for a mean
  });
});
