/**
 * What of the errors of observations lasts, at a place or everywhere: products of innovations five to ten days apart, which share no weather. Their mean over pairs of
 * two cells is the square of a bias that all share, that over pairs of one cell has the square of its own beside it.
 */
import { FARTHEST_HOURS, groupsBy, LEAST_PAIRS, type ScaledInnovation } from './scaled-innovations';

/** From this lag on values share no weather, and what they have in common lasts. */
const LASTING_HOURS = FARTHEST_HOURS / 2;
/** Of a cell in a period; the mean of fewer is not far enough from each of them to be taken away. */
const LEAST_OF_MEAN = 10;

/**
 * Standard deviation of what lasts at each place by itself, and what lasts everywhere, in the unit of the species: as `inversion.nuisance.stationBias` and
 * `sharedBias`, beside those that the inversion was told; null where their products contradict each other, or what lasts everywhere cannot be told from
 * what lasts at a place, since cells are too few: `place` then has both. What lasts everywhere may also be a level that the
 * spread of the inventory did not let the emissions explain.
 */
export interface LastingErrors {
  place: number | null;
  everywhere: number | null;
}

/** Of the values of one species; undefined where those of one cell are too few, or too near in time. */
export function lastingErrors(values: readonly ScaledInnovation[]): LastingErrors | undefined {
  const whole = values.map(({ cell, hour, prior, updated, error }) => ({ cell, hour, n: 1, prior: prior * error, updated: updated * error }));
  const ofCells = groupsBy(whole, ({ cell }) => cell).map(farProducts);
  const sameCell = { pairs: sumOf(ofCells, ({ pairs }) => pairs), sum: sumOf(ofCells, ({ sum }) => sum) };
  if (sameCell.pairs < LEAST_PAIRS) return undefined;
  const anyCells = farProducts(
    groupsBy(whole, ({ hour }) => hour).map((group) => ({
      hour: group[0].hour,
      n: group.length,
      prior: sumOf(group, ({ prior }) => prior),
      updated: sumOf(group, ({ updated }) => updated),
    })),
  );
  const root = (square: number): number | null => (square >= 0 ? Math.sqrt(square) : null);
  const pairsBetween = anyCells.pairs - sameCell.pairs;
  if (pairsBetween < LEAST_PAIRS) return { place: root(sameCell.sum / sameCell.pairs), everywhere: null };
  const shared = (anyCells.sum - sameCell.sum) / pairsBetween;
  return { place: root(sameCell.sum / sameCell.pairs - shared), everywhere: root(shared) };
}

/** Sums over the n values of a time. */
interface Moment {
  hour: number;
  n: number;
  prior: number;
  updated: number;
}

/** Over the pairs of values {@link LASTING_HOURS} to {@link FARTHEST_HOURS} apart: how many they are, and the sum of ½(before_i after_j + after_i before_j). */
function farProducts(moments: readonly Moment[]): { pairs: number; sum: number } {
  const sorted = [...moments].sort((a, b) => a.hour - b.hour);
  const out = { pairs: 0, sum: 0 };
  // of the moments that are far enough before the one that is looked at, and not too far
  const window = { n: 0, prior: 0, updated: 0 };
  let [entering, leaving] = [0, 0];
  const add = ({ n, prior, updated }: Moment, sign: number): void => {
    window.n += sign * n;
    window.prior += sign * prior;
    window.updated += sign * updated;
  };
  for (const { hour, n, prior, updated } of sorted) {
    while (hour - sorted[entering].hour >= LASTING_HOURS) add(sorted[entering++], 1);
    while (hour - sorted[leaving].hour > FARTHEST_HOURS) add(sorted[leaving++], -1);
    out.pairs += n * window.n;
    out.sum += (prior * window.updated + updated * window.prior) / 2;
  }
  return out;
}

function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}

/** What the values of each cell are beyond their mean over a period; those of a cell with few are left out. */
export function withoutMeans(values: readonly ScaledInnovation[]): ScaledInnovation[] {
  return groupsBy(values, ({ cell }) => cell)
    .flatMap(periodsOf)
    .filter(({ length }) => length >= LEAST_OF_MEAN)
    .flatMap((group) => {
      const [priorMean, updatedMean] = [sumOf(group, (value) => value.prior) / group.length, sumOf(group, (value) => value.updated) / group.length];
      return group.map((value) => ({ ...value, prior: value.prior - priorMean, updated: value.updated - updatedMean }));
    });
}

/** Values of a cell, in order of time, cut where more time lies between two than periods have gaps. */
function periodsOf(group: readonly ScaledInnovation[]): ScaledInnovation[][] {
  const sorted = [...group].sort((a, b) => a.hour - b.hour);
  const cuts = [...sorted.keys()].filter((i) => i === 0 || sorted[i].hour - sorted[i - 1].hour > FARTHEST_HOURS);
  return cuts.map((start, c) => sorted.slice(start, cuts[c + 1]));
}
