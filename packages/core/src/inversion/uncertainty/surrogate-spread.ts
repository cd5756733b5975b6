/**
 * A posterior with the spread of inversions that differ in nothing but their surrogate: variances and covariances add up.
 *
 * A few surrogates tell the variance of one cell badly (of two, by a χ² with one degree of freedom), so that of log factors is averaged over the emitting cells
 * around, with the prior's correlation length as the width of a Gaussian: errors of a surrogate are no finer than what its emissions are told by.
 *
 * @see Raynaud et al. (2009), doi:10.1002/qj.506, on averaging the variances of small ensembles in space
 */
import { CorrelationFilter } from '../../grid/correlation';
import type { LogFactorMap } from '../control/control';
import type { FactorShape } from '../model/forward-model';
import type { FactorSum, Posterior } from './posterior';
import { EnsemblePosterior } from './randomised';

export class WithSurrogateSpread implements Posterior {
  private readonly ensemble: EnsemblePosterior;

  /**
   * @param inner - with one surrogate
   * @param shape - of the factors on the emissions
   * @param controls - where the inversions ended, at least two
   * @param length - in cells (rows and columns alike, or [rows, cols]); 0: variances are not averaged
   */
  constructor(
    private readonly inner: Posterior,
    private readonly shape: FactorShape,
    controls: readonly Float64Array[],
    private readonly length: number | readonly [number, number],
  ) {
    this.ensemble = new EnsemblePosterior(controls);
  }

  logFactorSigma(map: LogFactorMap): Float64Array {
    const spread = this.logFactorSpread(map);
    return this.inner.logFactorSigma(map).map((sigma, i) => Math.hypot(sigma, spread[i]));
  }

  covarianceOfSums(map: LogFactorMap, sums: readonly FactorSum[]): number[][] {
    const [inner, ensemble] = [this.inner, this.ensemble].map((posterior) => posterior.covarianceOfSums(map, sums));
    return inner.map((row, i) => row.map((value, j) => value + ensemble[i][j]));
  }

  /** Standard deviation of the log factors over the surrogates, averaged in space; 0 where nothing is emitted. */
  logFactorSpread(map: LogFactorMap): Float64Array {
    const { slots, rows, cols, groups } = this.shape;
    const spread = this.ensemble.logFactorSigma(map);
    const priorSpread = map.priorSpread();
    const filter = new CorrelationFilter(rows, cols, this.length);
    const out = new Float64Array(spread.length);
    for (let slot = 0; slot < slots; slot++) {
      for (let g = 0; g < groups; g++) {
        const indexOf = (cell: number): number => (slot * rows * cols + cell) * groups + g;
        const field = (value: (i: number) => number): Float64Array =>
          filter.apply(Float64Array.from({ length: rows * cols }, (_, cell) => (priorSpread[indexOf(cell)] > 0 ? value(indexOf(cell)) : 0)));
        const [variance, weight] = [field((i) => spread[i] ** 2), field(() => 1)];
        for (let cell = 0; cell < rows * cols; cell++)
          if (priorSpread[indexOf(cell)] > 0) out[indexOf(cell)] = Math.sqrt(variance[cell] / weight[cell]);
      }
    }
    return out;
  }
}
