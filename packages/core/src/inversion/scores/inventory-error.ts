/**
 * Error of an inventory against a known truth, Σ w·|f − t| / Σ w·t, with w the prior emissions, f the factors on them and t the true
 * factors: the part of the true emissions that is put in the wrong place or is missing.
 *
 * @param weight - prior emissions `[cells]` of one group
 * @param truth - true factors `[cells]`
 * @param factors - factors that are judged, `[cells]`; absent: 1, the prior itself
 */
export function inventoryError(weight: ArrayLike<number>, truth: ArrayLike<number>, factors?: ArrayLike<number>): number {
  let difference = 0;
  let total = 0;
  for (let i = 0; i < weight.length; i++) {
    difference += weight[i] * Math.abs((factors ? factors[i] : 1) - truth[i]);
    total += weight[i] * truth[i];
  }
  return difference / total;
}
