/** Whether intervals hold what they say: in a twin experiment, the share of cells whose true factor lies within one and two σ of the log factor. */
import type { Group } from '../../base/species';
import type { LogFactorMap } from '../control/control';

/** Parts of the emitting, constrained cells of a group, all periods together; 0.68 and 0.95 where all is as assumed. */
export interface Coverage {
  group: Group;
  cells: number;
  oneSigma: number;
  twoSigma: number;
  /** weighted with the prior emissions */
  weighted: { oneSigma: number; twoSigma: number };
}

/**
 * The interval of a factor is that of its log factor before the bound, carried through the bound, which is monotonous: a normal quantile stays what it is.
 *
 * @param truth - true factors, laid out as `z`
 * @param groups - in the order of their channels
 * @returns groups without a constrained cell are left out
 */
export function coverage(
  map: LogFactorMap,
  z: Float64Array,
  { sigma, constrained }: { sigma: Float64Array; constrained: Uint8Array },
  truth: ArrayLike<number>,
  priorEmissions: ArrayLike<number>,
  groups: readonly Group[],
): Coverage[] {
  const inside = [1, 2].map((k) => {
    const low = map.factorsOf(z.map((value, i) => value - k * sigma[i]));
    const high = map.factorsOf(z.map((value, i) => value + k * sigma[i]));
    return Array.from(truth, (factor, i) => factor >= low[i] && factor <= high[i]);
  });
  return groups.flatMap((group, g) => {
    const cells = Array.from(constrained, (isConstrained, i) => (isConstrained && i % groups.length === g ? i : -1)).filter((i) => i >= 0);
    if (cells.length === 0) return [];
    const share = (hits: boolean[], weight: (i: number) => number): number =>
      cells.reduce((sum, i) => sum + (hits[i] ? weight(i) : 0), 0) / cells.reduce((sum, i) => sum + weight(i), 0);
    const [oneSigma, twoSigma] = inside.map((hits) => share(hits, () => 1));
    const [withinOne, two] = inside.map((hits) => share(hits, (i) => priorEmissions[i]));
    return [{ group, cells: cells.length, oneSigma, twoSigma, weighted: { oneSigma: withinOne, twoSigma: two } }];
  });
}
