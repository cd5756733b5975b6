/** Cross-validation as a table, one line per candidate, fold and species; and the L-curves that its candidates lie on. */
import type { CaseChannels } from '../../base/species';
import type { FoldResult } from '../../inversion/cross-validation/fold-scores';
import { lCurveCorner } from '../../inversion/cross-validation/l-curve';
import { lengthWords, type Candidate, type CandidateResult, type CrossValidation, type LCurve } from '../cross-validation/candidates';
import { canonicalJson } from '../../files/json';
import { csvField } from './score-table';

export const CROSS_VALIDATION_TABLE = 'crossvalidation.csv';

interface TableRow extends CandidateResult {
  index: number;
  picked: boolean;
  fold: FoldResult;
  error: FoldResult['errors'][number];
  unit: string;
}

/** The columns, each with what it says of a row. */
const COLUMNS: readonly [name: string, value: (row: TableRow) => string | number | undefined][] = [
  ['candidate', ({ index }) => index],
  ['picked', ({ picked }) => (picked ? 1 : 0)],
  ['length_km', ({ candidate }) => candidate.lengthKm],
  ['factor_correlation_far_part', ({ candidate }) => candidate.factorCorrelationFar?.part ?? 0],
  ['factor_correlation_far_km', ({ candidate }) => candidate.factorCorrelationFar?.km],
  ['spread_scale', ({ candidate }) => candidate.spreadScale],
  ['error_scale', ({ candidate }) => candidate.errorScale],
  ['error_correlation_hours', ({ candidate }) => lengthWords(candidate.errorCorrelation.hours)],
  ['error_correlation_km', ({ candidate }) => lengthWords(candidate.errorCorrelation.km)],
  ['factor_correlation_periods', ({ candidate }) => candidate.factorCorrelationPeriods],
  ['fold', ({ fold }) => fold.fold],
  ['species', ({ error }) => error.species],
  ['unit', ({ unit }) => unit],
  ['n', ({ error }) => error.n],
  ['prior_mae', ({ error }) => error.priorMae],
  ['updated_mae', ({ error }) => error.updatedMae],
  ['relative_error', ({ error }) => error.updatedMae / error.priorMae],
  ['observation_cost', ({ fold }) => fold.observationCost],
  ['prior_cost', ({ fold }) => fold.priorCost],
  ['iterations', ({ fold }) => fold.iterations],
  ['status', ({ fold }) => fold.status],
];

export function crossValidationCsv({ candidates, picked }: CrossValidation, units: CaseChannels['units']): string {
  const rows = candidates.flatMap((result, index) =>
    result.folds.flatMap((fold) =>
      fold.errors.map((error): TableRow => ({ ...result, index, picked: index === picked, fold, error, unit: units[error.species] })),
    ),
  );
  const lines = rows.map((row) => COLUMNS.map(([, value]) => csvField(value(row))).join(','));
  return [COLUMNS.map(([name]) => name).join(','), ...lines, ''].join('\n');
}

/**
 * For each scale the largest set of candidates that differ in it alone, where there are two or more. A candidate's misfit is Σ Jo over the folds, its distance Σ Jb, both in the norms of
 * the case's own settings: Jo times the square of the error's scale (of Huber's function nearly), the part of Jb that is of the emissions times the square of the
 * spread's; the spreads of nuisance numbers and initial concentrations stay.
 */
export function lCurves(candidates: readonly CandidateResult[]): LCurve[] {
  return (['spreadScale', 'errorScale'] as const).flatMap((key): LCurve[] => {
    const sets = new Map<string, number[]>();
    candidates.forEach(({ candidate }, i) => {
      const rest = canonicalJson({ ...candidate, [key]: undefined });
      sets.set(rest, [...(sets.get(rest) ?? []), i]);
    });
    const largest = [...sets.values()].reduce((a, b) => (b.length > a.length ? b : a));
    if (largest.length < 2) return [];
    const points = largest
      .sort((a, b) => candidates[a].candidate[key] - candidates[b].candidate[key])
      .map((i) => ({ candidate: i, value: candidates[i].candidate[key], ...inOwnNorms(candidates[i].candidate, candidates[i].folds) }));
    return [{ key, points, corner: lCurveCorner(points) }];
  });
}

function inOwnNorms({ spreadScale, errorScale }: Candidate, folds: readonly FoldResult[]): { misfit: number; distance: number } {
  const sum = (valueOf: (fold: FoldResult) => number): number => folds.reduce((total, fold) => total + valueOf(fold), 0);
  return {
    misfit: errorScale ** 2 * sum(({ observationCost }) => observationCost),
    distance: sum(({ priorCost, emissionPriorCost }) => spreadScale ** 2 * emissionPriorCost + (priorCost - emissionPriorCost)),
  };
}
