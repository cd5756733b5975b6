/**
 * A search over settings one key after the other: each key's values are tried with the other keys at the best values so far, and a better value is kept. A round goes through all keys;
 * a round that kept nothing new ends the search. Nothing is tried twice. It finds a combination that no change of a single key betters, not the best of all combinations, for
 * the sum of the lists' lengths instead of their product.
 */

import { isDeepStrictEqual } from 'node:util';

/** The values of one key that are tried beside the start's. */
export interface SearchAxis<T> {
  key: keyof T;
  values: readonly T[keyof T][];
}

interface Tried<T> {
  candidate: T;
  score: number;
}

/**
 * @param score - of a candidate: lower is better; `remaining`: how many may still be tried in this round, this one included
 * @returns all candidates in the order in which they were tried, the start first
 */
export async function coordinateSearch<T extends object>(
  start: T,
  axes: readonly SearchAxis<T>[],
  rounds: number,
  score: (candidate: T, remaining: number) => Promise<number>,
): Promise<Tried<T>[]> {
  const tried: Tried<T>[] = [];
  const best = (): T => tried.reduce((a, b) => (b.score < a.score ? b : a)).candidate;
  const neighbours = (start: T, axis: SearchAxis<T>): T[] =>
    axis.values
      .map((value): T => ({ ...start, [axis.key]: value }))
      .filter((value) => ![...tried.map(({ candidate }) => candidate), start].some((triedValue) => isDeepStrictEqual(triedValue, value)));
  const attempt = async (candidate: T, remaining: number): Promise<void> => {
    tried.push({ candidate, score: await score(candidate, remaining) });
  };
  await attempt(start, 1 + axes.flatMap((axis) => neighbours(start, axis)).length);
  for (let round = 0; round < rounds; round++) {
    const previous = best();
    for (const [a, axis] of axes.entries()) {
      const candidates = neighbours(best(), axis);
      // The values of later keys count from the best so far: as many are new where another is best by then.
      const later = axes.slice(a + 1).flatMap((laterAxis) => neighbours(best(), laterAxis)).length;
      for (const [c, candidate] of candidates.entries()) await attempt(candidate, candidates.length - c + later);
    }
    if (best() === previous) break;
  }
  return tried;
}
