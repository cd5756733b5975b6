import type { FoldResult } from '../../inversion/cross-validation/fold-scores';
import type { Candidate, CandidateResult } from '../cross-validation/candidates';
import { lCurves } from './cross-validation-table';

const candidate: Candidate = {
  lengthKm: 54,
  factorCorrelationFar: { part: 0, km: 0 },
  spreadScale: 1,
  errorScale: 1,
  errorCorrelation: { hours: 0, km: 0 },
  factorCorrelationPeriods: 0,
};

function result(changes: Partial<Candidate>, ...costs: [observation: number, prior: number, ofEmissions: number][]): CandidateResult {
  const folds = costs.map(([observationCost, priorCost, emissionPriorCost]): FoldResult => ({
    fold: '',
    errors: [],
    observationCost,
    priorCost,
    emissionPriorCost,
    iterations: 1,
    status: 'iterations',
  }));
  return { candidate: { ...candidate, ...changes }, changes: [], folds, score: { mean: 1, standardError: null, bySpecies: {} } };
}

it('draws an L-curve in the norms of the case: of Jb what the emissions have is scaled with their spreads, the rest stays', () => {
  const [curve, ...more] = lCurves([
    result({ spreadScale: 2 }, [8, 5, 3], [4, 2, 2]),
    result({}, [10, 6, 4], [6, 2, 1]),
    result({ errorScale: 3 }, [2, 9, 9]),
  ]);
  expect(curve.key).toBe('spreadScale');
  expect(curve.points).toEqual([
    { candidate: 1, value: 1, misfit: 16, distance: 8 },
    { candidate: 0, value: 2, misfit: 12, distance: 4 * 5 + 2 },
  ]);
  expect(more).toMatchObject([{ key: 'errorScale', points: [{ misfit: 16 }, { misfit: 9 * 2, distance: 9 }] }]);
});
