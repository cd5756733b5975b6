/**
 * Whether the errors that the inversion was told are those that the data show: chi² at the result and the innovation statistics, per species.
 *
 *   chi² = Σ w u²  against  n − DOFS                                         u = (F(v̂) − y)/σ, decorrelated where errors are alike; w the weight of the species
 *   chi²/w = Σ u²  against  the same                                          for the errors σ as they were given: the cost takes them to be σ/√w
 *   E[d_oa d_ob] = σ_o²,   E[d_ab d_ob] = (H B Hᵀ),   E[d_ob²] = σ_o² + HBHᵀ      d_ob = y − F(0), d_oa = y − F(v̂), d_ab = F(v̂) − F(0)
 *
 * Where errors are alike and the cost takes them as independent with a variance raised by q (observation-error.ts), σ here is that of a value by itself, without q: Σ q w u²
 * stands in the place of Σ w u², σ²/q in that of σ². The values then lack more than DOFS, by up to q for each, of what fits many alike.
 *
 * With errors of σ the mean of Σ u² is not n − DOFS, which holds for those of σ/√w, but differs from it by no more than |1 − 1/w|·DOFS or so.
 *
 * The identities hold at the minimum, where errors are as assumed and the model is near linear (Desroziers et al. 2005, doi:10.1256/qj.05.108); the mean is over the
 * used values of a species. H B Hᵀ as assumed is sampled: the mean square of F(ξ) − F(0) over draws ξ of the prior, good to a part √(2/(draws · independent directions)).
 */
import type { Random } from '../../base/random';
import { counts, scaledMisfits, type Values } from '../cost/cost';
import type { EvaluationContext } from '../cost/evaluation';
import type { HistoryPoint } from '../solve/inversion-state';
import { errorLengths, type ErrorLengths } from './error-correlation';
import type { ScaledInnovation } from './scaled-innovations';

/** A cost at the result that exceeds the lowest by more than this part is of a step before the minimum, where the identities do not hold. */
export const TELLING_EXCESS = 0.02;

/** By what part the cost at a step exceeds the lowest of an inversion's evaluations: what watched monitors chose may lie far before the minimum. */
export function aboveMinimum(history: readonly Pick<HistoryPoint, 'iteration' | 'total'>[], step: number): number | undefined {
  const keptPoint = history.find(({ iteration }) => iteration === step);
  return keptPoint && keptPoint.total / history.reduce((smallest, { total }) => Math.min(smallest, total), Infinity) - 1;
}

/** Standard deviations in the unit of the species; null where the mean product is negative or there is no value. */
export interface InnovationStatistics {
  species: string;
  /** used values */
  values: number;
  /** Σ w u² at the result, of errors without their {@link inflation} */
  chiSquare: number;
  /** mean q, by which variances are larger in the cost than those here, for values that repeat each other; absent where it is 1 */
  inflation?: number;
  /** w; absent where it is 1: with it {@link chiSquare} is that of errors σ/√w, which the posterior is of, and a w-th part of it that of σ */
  weight?: number;
  /** n − DOFS of the species; null where the method gives no DOFS */
  expected: number | null;
  /** root mean square of the observation errors that were assumed (for the cost: σ/√w), and what the innovations say */
  observationError: { assumed: number | null; diagnosed: number | null };
  /** the prior's spread in the observed values: assumed, and what the innovations say */
  priorError: { assumed: number | null; diagnosed: number | null };
  /** over which errors stay alike, as the innovations say; absent where the model's values have no place */
  errorLengths?: ErrorLengths;
}

/** Where cells row · cols + col lie. */
export interface PlaceGrid {
  cols: number;
  /** along rows and columns */
  kmPerCell: readonly [number, number];
}

interface Sums {
  n: number;
  chiSquare: number;
  inflation: number;
  variance: number;
  analysed: number;
  moved: number;
  drawn: number;
  placed: ScaledInnovation[];
}

/**
 * @param draws - of the prior
 * @param grid - of the values' places
 */
export async function innovationStatistics(
  context: EvaluationContext,
  result: Float64Array,
  { draws, random, dofsBySpecies, grid }: { draws: number; random: Random; dofsBySpecies?: ArrayLike<number>; grid?: PlaceGrid },
): Promise<InnovationStatistics[]> {
  const { model, control, cost, species } = context;
  const sums = species.map((): Sums => ({ n: 0, chiSquare: 0, inflation: 0, variance: 0, analysed: 0, moved: 0, drawn: 0, placed: [] }));
  const prior = await simulateAll(context, control.initial());
  const updated = await simulateAll(context, result);
  const drawn: Values[][] = [];
  for (let draw = 0; draw < draws; draw++)
    drawn.push(
      await simulateAll(
        context,
        control.initial().map(() => random.normal()),
      ),
    );
  for (let batch = 0; batch < model.batches; batch++) {
    const observations = model.observations(batch);
    const { values, error, species: kinds } = observations;
    const place = observations.place?.();
    const u = scaledMisfits(observations, updated[batch]);
    for (let i = 0; i < values.length; i++) {
      if (!counts(observations, i) || kinds[i] >= species.length) continue; // known totals stand behind the species
      const sum = sums[kinds[i]];
      const weight = cost.weights[kinds[i]];
      const q = observations.inflation?.[i] ?? 1;
      const [priorError, updatedError] = [values[i] - prior[batch][i], values[i] - updated[batch][i]];
      sum.n++;
      sum.chiSquare += q * weight * u[i] ** 2;
      sum.inflation += q;
      sum.variance += error[i] ** 2 / (q * weight);
      sum.analysed += updatedError * priorError;
      sum.moved += (updated[batch][i] - prior[batch][i]) * priorError;
      if (place)
        sum.placed.push({
          cell: place.cell[i],
          hour: place.hour[i],
          prior: priorError / error[i],
          updated: updatedError / error[i],
          error: error[i],
        });
      for (const draw of drawn) sum.drawn += (draw[batch][i] - prior[batch][i]) ** 2 / draws;
    }
  }
  return sums.map(({ n, chiSquare, inflation, variance, analysed, moved, drawn: spread, placed }, s) => {
    const root = (sum: number): number | null => (n > 0 && sum >= 0 ? Math.sqrt(sum / n) : null);
    return {
      species: species[s],
      values: n,
      chiSquare,
      ...(n > 0 && inflation !== n ? { inflation: inflation / n } : {}),
      ...(n > 0 && cost.weights[s] !== 1 ? { weight: cost.weights[s] } : {}),
      expected: dofsBySpecies ? n - dofsBySpecies[s] : null,
      observationError: { assumed: root(variance), diagnosed: root(analysed) },
      priorError: { assumed: root(spread), diagnosed: root(moved) },
      ...(grid && placed.length > 0 && { errorLengths: errorLengths(placed, grid.cols, grid.kmPerCell) }),
    };
  });
}

async function simulateAll({ model, control, signal }: EvaluationContext, vector: Float64Array): Promise<Values[]> {
  const factors = control.factors(vector);
  const simulated: Values[] = [];
  for (let batch = 0; batch < model.batches; batch++) {
    signal?.throwIfAborted();
    simulated.push((await model.forward(factors, batch, signal)).slice());
  }
  return simulated;
}
