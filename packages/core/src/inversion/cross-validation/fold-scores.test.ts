import { bestOf, candidateScore, foldError, simplestWithinStandardError, type FoldResult } from './fold-scores';

function fold(name: string, errors: [species: string, n: number, priorMae: number, updatedMae: number][]): FoldResult {
  return {
    fold: name,
    observationCost: 1,
    priorCost: 1,
    emissionPriorCost: 1,
    iterations: 1,
    status: 'iterations',
    errors: errors.map(([species, n, priorMae, updatedMae]) => ({ species, n, priorMae, updatedMae })),
  };
}

describe('candidateScore', () => {
  it('weights folds by their values', () => {
    const folds = [
      fold('1', [
        ['NO2', 30, 10, 5],
        ['O3', 30, 20, 14],
      ]), // (0.5 + 0.7) / 2 = 0.6
      fold('2', [['NO2', 20, 10, 8]]), // 0.8
    ];
    expect(folds.map(foldError)).toEqual([expect.closeTo(0.6, 12), expect.closeTo(0.8, 12)]);
    const { mean, standardError, bySpecies } = candidateScore(folds);
    expect(mean).toBeCloseTo(0.75 * 0.6 + 0.25 * 0.8, 12); // 0.65
    expect(standardError).toBeCloseTo(Math.sqrt(0.75 * 0.05 ** 2 + 0.25 * 0.15 ** 2), 12);
    expect(bySpecies['NO2']).toBeCloseTo((30 * 0.5 + 20 * 0.8) / 50, 12);
    expect(bySpecies['O3']).toBeCloseTo(0.7, 12);
  });

  it('has the usual standard error where folds are of one size, and none of one fold', () => {
    const folds = [0.5, 0.6, 0.8, 0.9].map((error, k) => fold(String(k), [['NO2', 7, 1, error]]));
    const s = Math.sqrt((0.2 ** 2 + 0.1 ** 2 + 0.1 ** 2 + 0.2 ** 2) / 3);
    expect(candidateScore(folds).standardError).toBeCloseTo(s / 2, 12);
    expect(candidateScore(folds.slice(0, 1)).standardError).toBeNull();
  });
});

describe('the one-standard-error rule', () => {
  const score = (mean: number, standardError: number | null = 0.03): { mean: number; standardError: number | null } => ({ mean, standardError });

  it('takes the simplest of those that are hardly worse than the best', () => {
    const scores = [score(0.64), score(0.62), score(0.6), score(0.615)];
    expect(bestOf(scores)).toBe(2);
    // 0.63 is the limit: the start (0.64) is beyond it; of the two with one change the better one.
    expect(simplestWithinStandardError(scores, [0, 1, 2, 1])).toBe(3);
    expect(simplestWithinStandardError([score(0.63), ...scores.slice(1)], [0, 1, 2, 1])).toBe(0);
    // Wherever among them it is.
    expect(simplestWithinStandardError([score(0.6), score(0.62)], [2, 1])).toBe(1);
  });

  it('takes the better one of two that are as simple, the first one of equals, and the only one', () => {
    expect(simplestWithinStandardError([score(0.6), score(0.615)], [1, 1])).toBe(0);
    expect(simplestWithinStandardError([score(0.6), score(0.6)], [1, 1])).toBe(0);
    expect(bestOf([score(0.6), score(0.6)])).toBe(0);
    expect(bestOf([score(0.6)])).toBe(0);
  });

  it('takes the best where there is no standard error', () => {
    expect(simplestWithinStandardError([score(0.61), score(0.6, null)], [0, 1])).toBe(1);
  });
});
