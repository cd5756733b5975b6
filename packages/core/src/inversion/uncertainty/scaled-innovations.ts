/** Values of one species with their innovations. */

/** What one value contributes. */
export interface ScaledInnovation {
  /** row · cols + col */
  cell: number;
  /** hours since 1970 */
  hour: number;
  /** (y − F(0))/σ and (y − F(v̂))/σ */
  prior: number;
  updated: number;
  /** σ, in the unit of the species */
  error: number;
}

/** Pairs that say something. */
export const LEAST_PAIRS = 100;
/** Longer lags are those of another period. */
export const FARTHEST_HOURS = 240;

export function groupsBy<T>(values: readonly T[], key: (value: T) => number): T[][] {
  const groups = new Map<number, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return [...groups.values()];
}
