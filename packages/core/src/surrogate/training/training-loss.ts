/**
 * The loss that training minimises, as a graph.
 *
 *   J = J_abs + λ·J_diff
 *   J_abs  = Σ_s w_s Σ |ŷ − y| / (N·H·W·Σ w_s)                 with ŷ, y in units of each species' standard deviation (eq. 3 of the paper)
 *   J_diff = Σ_s w_s (Σ |Δŷ − Δy|^p / ⟨Σ |Δy|^p⟩) / Σ w_s        with Δ the difference between the two runs of a pair at the same hour; p = 1, 2, or the mean
 *                                                              of both; ⟨ ⟩ the mean over batches: relative to its own differences a batch of small ones
 *                                                              would count as much as one of large ones, which the response is made of
 *
 * Where a column has a gap (fields/column-gaps.ts) its weight is 0, and w_s of J_abs is larger by as much as its hours are rarer.
 *
 * J_diff is what teaches the response: an error of a tenth of the concentration may be an error of the whole response.
 *
 * Where samples are rolled out (`training.rolloutWindows`) J is the mean over their windows, each of which takes the output of the one before as y: the gradient
 * goes through it, so that what the network hands on is trained too.
 */
import type { SurrogateSettings, TrainingSettings } from '../../case';
import { loss, weightedSum } from '../../graph/ops/training/loss';
import { slice } from '../../graph/ops/arrays/copies';
import { subtract } from '../../graph/ops/elementwise/arithmetic';
import type { Graph, Value } from '../../graph/definition/graph';
import type { Mode } from '../../graph/ops/normalisation/batch-norm';
import { type DifferenceKind } from './loss-weights';
import { buildSurrogate, normaliseConcentrations, type SurrogateSizes } from '../model/model';
import type { Normalisation } from '../model/normalisation';

export interface LossValues {
  total: Value;
  absolute: Value;
  difference?: Value;
}

/** Inputs that hold the weights of the loss on differences. */
export const DIFFERENCE_WEIGHT = { l1: 'differenceWeight', l2: 'squaredDifferenceWeight' } as const;

/** Of the names of inputs of a window so many windows back. */
export const suffixOf = (back: number): string => (back === 0 ? '' : ` ${back} back`);

/** What the loss is made of. */
export interface LossParts {
  surrogate: SurrogateSettings;
  training: TrainingSettings;
  sizes: SurrogateSizes;
  normalisation: Normalisation;
  /** pairs of runs among the samples; 0 = they are not paired */
  pairs: number;
  /** of the loss on differences */
  kinds: readonly DifferenceKind[];
}

/** Adds the surrogate and its loss to a graph. */
export function trainingLoss(g: Graph, parts: LossParts, mode: Mode): LossValues {
  const { surrogate, training, sizes, normalisation } = parts;
  const windows: LossValues[] = [];
  let previous: Value | undefined;
  for (let back = training.rolloutWindows - 1; back >= 0; back--) {
    const suffix = suffixOf(back);
    const built = buildSurrogate(g, surrogate, sizes, normalisation, mode, { suffix, previous });
    previous = built.concentrations;
    windows.push(windowLosses(g, parts, built.normalised, suffix));
  }
  const mean = (values: Value[]): Value =>
    values.length === 1
      ? values[0]
      : weightedSum(
          g,
          values.map((value) => ({ value, weight: 1 / values.length })),
        );
  const differences = windows.flatMap(({ difference }) => difference ?? []);
  return {
    total: mean(windows.map(({ total }) => total)),
    absolute: mean(windows.map(({ absolute }) => absolute)),
    ...(differences.length > 0 ? { difference: mean(differences) } : {}),
  };
}

function windowLosses(g: Graph, { training, sizes, normalisation, pairs, kinds }: LossParts, normalised: Value, suffix: string): LossValues {
  const { batch, rows, cols } = sizes;
  const { length: species } = normalisation.concentrations.scale;
  const shape = [batch, rows, cols, species];
  const target = normaliseConcentrations(g, g.input(`target${suffix}`, shape), normalisation);
  const absolute = loss(g, normalised, target, g.input(`weight${suffix}`, shape), { kind: 'l1', divisor: 1 });
  if (kinds.length === 0) return { total: absolute, absolute };
  const half = (value: Value): Value => subtract(g, slice(g, value, 0, 0, pairs), slice(g, value, 0, pairs, 2 * pairs));
  const [predicted, wanted] = [half(normalised), half(target)];
  const terms = kinds.map((kind) => {
    const weight = g.input(DIFFERENCE_WEIGHT[kind] + suffix, [pairs, rows, cols, species]);
    return { value: loss(g, predicted, wanted, weight, { kind, divisor: 1 }), weight: 1 / kinds.length };
  });
  const difference = weightedSum(g, terms);
  const total = weightedSum(g, [
    { value: absolute, weight: 1 },
    { value: difference, weight: training.differenceWeight },
  ]);
  return { total, absolute, difference };
}
