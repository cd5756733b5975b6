/** A rule of the case file that is broken, and the name that someone probably meant. */
import type { Case } from '../schema/case-schema';
import type { KeyPath } from '../source';

export interface Breach {
  path: KeyPath;
  /** the rest of the sentence, from what is wrong to what to do */
  text: string;
  /** another section that decides it: where that cannot be read, nothing can be said */
  restsOn?: string;
}

export function checkRegion({ regions }: Case, name: string, path: KeyPath): Breach[] {
  if (Object.hasOwn(regions, name)) return [];
  const known = Object.keys(regions);
  const near = nearestKey(name, known);
  const remedy = near !== undefined ? `did you mean ${near}?` : known.length > 0 ? `known are ${known.join(', ')}` : 'add it to regions';
  return [{ path, text: `there is no region ${name}: ${remedy}` }];
}

/** The first entry of a list that stands in it before. */
export function repeated<T>(list: readonly T[]): T | undefined {
  return list.find((entry, i) => list.indexOf(entry) !== i);
}

/** Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/** The known name nearest to `name`, case ignored; undefined when none is near enough to be meant. */
export function nearestKey(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((k) => editDistance(name.toLowerCase(), k.toLowerCase()));
  const smallest = Math.min(Infinity, ...distances);
  const allowed = Math.max(1, Math.round(name.length * 0.4));
  return smallest <= allowed ? known[distances.indexOf(smallest)] : undefined;
}
