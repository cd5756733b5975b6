/**
 * What cross-validation says of one setting of the inversion, from its errors at the monitors of each fold.
 *
 *   c_k = mean over species of MAE_ks / prior MAE_ks,     c̄ = Σ_k w_k c_k,     SE² = Σ_k w_k (c_k − c̄)² / (K − 1)
 *
 * w_k: part of all values that fold k holds. With folds of one size SE is s/√K, s being the standard deviation of the c_k. Folds share most of the monitors that they
 * fit, so it is a rough figure, as everywhere in cross-validation.
 */

/** Errors at the left-out monitors of one species, in its unit. */
export interface LeftOutError {
  species: string;
  /** values */
  n: number;
  priorMae: number;
  updatedMae: number;
}

/** One inversion of cross-validation: what it left out, and how it ended. */
export interface FoldResult {
  fold: string;
  /** species without a value there are missing */
  errors: LeftOutError[];
  /** Jo and Jb at the control that is kept */
  observationCost: number;
  priorCost: number;
  /** the part of Jb that is of the emissions */
  emissionPriorCost: number;
  iterations: number;
  status: string;
}

export interface CandidateScore {
  /** c̄: error relative to the prior run's, mean over species; 1 is no gain */
  mean: number;
  /** SE of it; null with fewer than two folds */
  standardError: number | null;
  /** the same of each species */
  bySpecies: Record<string, number>;
}

/** c_k */
export function foldError({ errors }: FoldResult): number {
  return weightedMean(
    errors.map(relativeError),
    errors.map(() => 1),
  );
}

export function candidateScore(folds: readonly FoldResult[]): CandidateScore {
  const values = folds.map(({ errors }) => errors.reduce((sum, { n }) => sum + n, 0));
  const errors = folds.map(foldError);
  const mean = weightedMean(errors, values);
  const total = values.reduce((a, b) => a + b, 0);
  const variance = errors.reduce((sum, error, k) => sum + (values[k] / total) * (error - mean) ** 2, 0) / (folds.length - 1);
  const species = new Set(folds.flatMap((fold) => fold.errors.map((error) => error.species)));
  return {
    mean,
    standardError: folds.length > 1 ? Math.sqrt(variance) : null,
    bySpecies: Object.fromEntries(
      [...species].map((name) => {
        const errors = folds.flatMap((fold) => fold.errors.filter((error) => error.species === name));
        return [
          name,
          weightedMean(
            errors.map(relativeError),
            errors.map(({ n }) => n),
          ),
        ];
      }),
    ),
  };
}

/**
 * The one-standard-error rule: of the candidates whose error exceeds the lowest one by no more than its standard error, the simplest; of several as simple, the one with
 * the lowest error. Without a standard error the best.
 *
 * @param complexity - of each candidate; smaller is simpler
 * @returns index of the candidate
 * @see Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, sect. 7.10.1
 */
export function simplestWithinStandardError(
  scores: readonly Pick<CandidateScore, 'mean' | 'standardError'>[],
  complexity: readonly number[],
): number {
  const best = bestOf(scores);
  const limit = scores[best].mean + (scores[best].standardError ?? 0);
  const near = scores.flatMap(({ mean }, i) => (mean <= limit ? [i] : []));
  return near.reduce((a, b) => {
    const simpler = complexity[b] - complexity[a];
    return simpler < 0 || (simpler === 0 && scores[b].mean < scores[a].mean) ? b : a;
  });
}

/** Index of the lowest error; the first one of equals. */
export function bestOf(scores: readonly { mean: number }[]): number {
  return scores.reduce((best, { mean }, i) => (mean < scores[best].mean ? i : best), 0);
}

function relativeError({ priorMae, updatedMae }: LeftOutError): number {
  return updatedMae / priorMae;
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((a, b) => a + b, 0);
  return values.reduce((sum, value, i) => sum + weights[i] * value, 0) / total;
}
