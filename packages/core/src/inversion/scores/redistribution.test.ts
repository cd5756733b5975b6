import { diurnalShift, massMoved, redistribution } from './redistribution';

describe('redistribution', () => {
  // Three emitting cells, one of them twice as large and one half in the region, and one that emits nothing.
  const prior = [4, 2, 8, 0];
  const updated = [2, 6, 8, 0];
  const weight = [2, 1, 0.5, 1];

  it('is what was worked out by hand', () => {
    // masses before 8, 2, 4, 0 = 14; after 4, 6, 4, 0 = 14: −4 + 4 nets out
    expect(redistribution(prior, updated, weight)).toMatchObject({ prior: 14, updated: 14, change: 0, moved: 8 / 14, netsOut: 1 });
    expect(massMoved(prior, updated, weight)).toBeCloseTo(8 / 14, 12);
    // −4 and +2: |net| 2 of 6 shows in the total
    const some = redistribution(prior, [2, 4, 8, 0], weight);
    expect(some.change).toBeCloseTo(-2 / 14, 12);
    expect(some.moved).toBeCloseTo(6 / 14, 12);
    expect(some.netsOut).toBeCloseTo(4 / 6, 12);
  });

  it('correlates over the emitting cells of the region', () => {
    // prior 4, 2, 8 (deviations −2/3, −8/3, 10/3), updated 2, 6, 8 (−10/3, 2/3, 8/3): Σ = (20 − 16 + 80)/9, squares (4 + 64 + 100)/9 and (100 + 4 + 64)/9
    expect(redistribution(prior, updated, weight).patternCorrelation).toBeCloseTo(84 / 168, 12);
    // factors 0.5, 3, 1 on ln 4, ln 2, ln 8: deviations −1, 1.5, −0.5 and 0, −ln 2, ln 2
    expect(redistribution(prior, updated, weight).factorCorrelation).toBeCloseTo(-2 / Math.sqrt(3.5 * 2), 12);
    expect(redistribution(prior, updated, [1, 1, 0, 1]).patternCorrelation).toBeCloseTo(-1, 12);
  });

  it('leaves out what has no meaning', () => {
    const still = redistribution(prior, prior, weight);
    expect(still).toMatchObject({ change: 0, moved: 0, netsOut: undefined, factorCorrelation: undefined });
    expect(still.patternCorrelation).toBeCloseTo(1, 12);
    const nothing = redistribution([0, 0], [0, 0], [1, 1]);
    expect(nothing).toEqual({
      prior: 0,
      updated: 0,
      change: undefined,
      moved: undefined,
      netsOut: undefined,
      patternCorrelation: undefined,
      factorCorrelation: undefined,
    });
  });
});

describe('diurnalShift', () => {
  const at = (...hours: number[]): number[] => Array.from({ length: 24 }, (_, hour) => hours.filter((each) => each === hour).length);

  it('is later above 0, whatever the scale, and goes the short way round midnight', () => {
    const later = diurnalShift(
      at(8, 8, 16),
      [...at(8, 16, 16)].map((value) => 5 * value),
    );
    // mean direction of ⅔ at 8 h and ⅓ at 16 h, 120° apart: atan(√3/2 · ⅓ / (⅔ − ½ · ⅓)) = 30° after 8 h; mirrored, 30° before 16 h
    expect(later.hours).toBeCloseTo(8 - 2 * 2, 10);
    expect(later.distance).toBeCloseTo(1 / 3, 12);
    expect(diurnalShift(at(23), at(1)).hours).toBeCloseTo(2, 10);
    expect(diurnalShift(at(1), at(23)).hours).toBeCloseTo(-2, 10);
    expect(diurnalShift(at(1), at(23)).distance).toBe(1);
    expect(diurnalShift(at(7, 9), at(7, 9))).toEqual({ hours: 0, distance: 0 });
  });

  it('knows no mean hour of a flat day', () => {
    const flat = new Array<number>(24).fill(3);
    expect(diurnalShift(flat, at(5))).toEqual({ hours: undefined, distance: expect.closeTo(23 / 24, 12) as number });
  });
});
