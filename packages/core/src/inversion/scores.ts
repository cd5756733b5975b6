/**
 * How well simulated concentrations match observed ones.
 *
 * @see Yu et al. (2006), doi:10.1002/asl.125, for the normalised measures
 */
export interface Scores {
  /** pairs of which both are finite */
  n: number;
  /** mean absolute error, in the unit of the values */
  mae: number;
  /** mean of simulated − observed, in the unit of the values */
  bias: number;
  /** normalised mean bias Σ(simulated − observed) / Σ observed */
  nmb: number;
  /** normalised mean error Σ|simulated − observed| / Σ observed */
  nme: number;
  /** Pearson's correlation; NaN where one side does not vary */
  r: number;
}

/**
 * Scores of all pairs in which both numbers are finite; without such a pair n is 0 and the rest NaN.
 *
 * @example
 * scores([1, 2, NaN], [2, 2, 5]); // { n: 2, mae: 0.5, bias: 0.5, nmb: 1 / 3, nme: 1 / 3, r: NaN }
 */
export function scores(observed: ArrayLike<number>, simulated: ArrayLike<number>): Scores {
  if (observed.length !== simulated.length) {
    throw new RangeError(`scores: expected as many simulated as observed values (${observed.length}) but received ${simulated.length}`);
  }
  let n = 0;
  let sumObserved = 0;
  let sumSimulated = 0;
  let sumAbsolute = 0;
  const paired = (i: number): boolean => Number.isFinite(observed[i]) && Number.isFinite(simulated[i]);
  for (let i = 0; i < observed.length; i++) {
    if (!paired(i)) continue;
    n++;
    sumObserved += observed[i];
    sumSimulated += simulated[i];
    sumAbsolute += Math.abs(simulated[i] - observed[i]);
  }
  // Second pass: variances as squares about the mean, which loses no digits.
  let varObserved = 0;
  let varSimulated = 0;
  let covariance = 0;
  for (let i = 0; i < observed.length; i++) {
    if (!paired(i)) continue;
    const o = observed[i] - sumObserved / n;
    const s = simulated[i] - sumSimulated / n;
    varObserved += o * o;
    varSimulated += s * s;
    covariance += o * s;
  }
  return {
    n,
    mae: sumAbsolute / n,
    bias: (sumSimulated - sumObserved) / n,
    nmb: n ? (sumSimulated - sumObserved) / sumObserved : NaN,
    nme: n ? sumAbsolute / sumObserved : NaN,
    r: varObserved > 0 && varSimulated > 0 ? covariance / Math.sqrt(varObserved * varSimulated) : NaN,
  };
}
