import { expectNumbers, ShapeError } from '../../base/errors';

/**
 * How well simulated concentrations m match observed ones o, over the N pairs of which both are finite.
 *
 *   MB   = Σ(m − o) / N                ME = Σ|m − o| / N              RMSE = √(Σ(m − o)² / N)
 *   NMB  = Σ(m − o) / Σo              NME = Σ|m − o| / Σo
 *   MFB  = 200 % / N · Σ (m − o) / (m + o)                            MFE = 200 % / N · Σ |m − o| / (m + o)
 *   IOA  = 1 − Σ(m − o)² / Σ(|m − ō| + |o − ō|)²
 *
 * A pair of two zeros agrees: it counts as 0 in MFB and MFE, whose terms have no limit there. A value below zero, the noise of a monitor in clean air, counts
 * as zero in these two: their terms have a pole at o = −m. The others take it as it is.
 *
 * @see Yu et al. (2006), doi:10.1002/asl.125, for NMB and NME; Boylan & Russell (2006), doi:10.1016/j.atmosenv.2005.09.087, for MFB and MFE;
 *   Willmott (1981), Physical Geography 2, 184–194, doi:10.1080/02723646.1981.10642213, for IOA in its first form, with squares; docs/report.md
 */
export interface Scores {
  /** pairs of which both are finite */
  n: number;
  /** ME, the mean absolute error, in the unit of the values */
  mae: number;
  /** MB, the mean of simulated − observed, in the unit of the values */
  bias: number;
  /** normalised mean bias, a fraction; NaN where the observed mean is not above zero */
  nmb: number;
  /** normalised mean error, a fraction; NaN where the observed mean is not above zero */
  nme: number;
  /** Pearson's correlation; NaN where one side does not vary */
  r: number;
  /** root mean square error, in the unit of the values */
  rmse: number;
  /** mean fractional bias, in per cent: −200 … 200 */
  mfb: number;
  /** mean fractional error, in per cent: 0 … 200 */
  mfe: number;
  /** index of agreement, 0 … 1; NaN where all values are equal */
  ioa: number;
  /** in the unit of the values */
  meanObserved: number;
  /** in the unit of the values */
  meanSimulated: number;
}

/**
 * Scores of all pairs in which both numbers are finite; without such a pair n is 0 and the rest NaN.
 *
 * @throws {ShapeError} `SCORES_SHAPE` if the two differ in length
 *
 * @example
 * scores([1, 2, NaN], [2, 2, 5]); // n 2, mae 0.5, bias 0.5, nmb 1/3, nme 1/3, r NaN, mfb 33.3, mfe 33.3 …
 */
export function scores(observed: ArrayLike<number>, simulated: ArrayLike<number>): Scores {
  expectNumbers(observed, 'scores: observed');
  expectNumbers(simulated, 'scores: simulated');
  if (observed.length !== simulated.length) {
    throw new ShapeError(
      'SCORES_SHAPE',
      `scores: expected as many simulated as observed values (${observed.length}) but received ${simulated.length}: mend the call`,
    );
  }
  const first = sumsOf(observed, simulated);
  const { n, mae, bias, meanObserved, meanSimulated, mse } = first;
  const { r, potential } = spreadAbout(observed, simulated, first);
  const { observedVaries, simulatedVaries } = first;
  const level = meanObserved > 0 ? meanObserved : NaN;
  return {
    n,
    mae,
    bias,
    nmb: bias / level,
    nme: mae / level,
    r: observedVaries && simulatedVaries ? r : NaN,
    rmse: Math.sqrt(mse),
    mfb: first.mfb,
    mfe: first.mfe,
    ioa: observedVaries || simulatedVaries || mse > 0 ? 1 - mse / potential : NaN,
    meanObserved,
    meanSimulated,
  };
}

function isPair(observed: ArrayLike<number>, simulated: ArrayLike<number>, i: number): boolean {
  return Number.isFinite(observed[i]) && Number.isFinite(simulated[i]);
}

type Sums = Pick<Scores, 'n' | 'mae' | 'bias' | 'mfb' | 'mfe' | 'meanObserved' | 'meanSimulated'> & {
  mse: number;
  // Of equal values the mean is not always exactly that value, so a variance does not tell whether they vary.
  observedVaries: boolean;
  simulatedVaries: boolean;
};

/** Means over the pairs of all that needs no mean itself. */
function sumsOf(observed: ArrayLike<number>, simulated: ArrayLike<number>): Sums {
  let [n, sumObserved, sumSimulated, sumBias, sumAbsolute, sumSquares, sumFraction, sumAbsoluteFraction] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [firstObserved, firstSimulated, observedVaries, simulatedVaries] = [NaN, NaN, false, false];
  for (let i = 0; i < observed.length; i++) {
    if (!isPair(observed, simulated, i)) continue;
    const [o, m] = [observed[i], simulated[i]];
    if (n++ === 0) [firstObserved, firstSimulated] = [o, m];
    observedVaries ||= o !== firstObserved;
    simulatedVaries ||= m !== firstSimulated;
    const difference = m - o;
    const fraction = fractionOf(Math.max(0, o), Math.max(0, m));
    sumObserved += o;
    sumSimulated += m;
    sumBias += difference;
    sumAbsolute += Math.abs(difference);
    sumSquares += difference * difference;
    sumFraction += fraction;
    sumAbsoluteFraction += Math.abs(fraction);
  }
  return {
    n,
    meanObserved: sumObserved / n,
    meanSimulated: sumSimulated / n,
    bias: sumBias / n,
    mae: sumAbsolute / n,
    mse: sumSquares / n,
    mfb: (200 * sumFraction) / n,
    mfe: (200 * sumAbsoluteFraction) / n,
    observedVaries,
    simulatedVaries,
  };
}

/** A term of MFB, of values that are not negative. */
function fractionOf(observed: number, simulated: number): number {
  return observed === simulated ? 0 : (simulated - observed) / (simulated + observed);
}

/** What is measured about the means: a second pass, since variances as differences of large sums lose digits. */
function spreadAbout(
  observed: ArrayLike<number>,
  simulated: ArrayLike<number>,
  { n, meanObserved, meanSimulated }: Sums,
): { r: number; potential: number } {
  let [covariance, varianceObserved, varianceSimulated, potential] = [0, 0, 0, 0];
  for (let i = 0; i < observed.length; i++) {
    if (!isPair(observed, simulated, i)) continue;
    const [o, m] = [observed[i] - meanObserved, simulated[i] - meanSimulated];
    covariance += o * m;
    varianceObserved += o * o;
    varianceSimulated += m * m;
    potential += (Math.abs(simulated[i] - meanObserved) + Math.abs(o)) ** 2;
  }
  return { r: covariance / Math.sqrt(varianceObserved * varianceSimulated), potential: potential / n };
}
