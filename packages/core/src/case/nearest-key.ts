/** Finds the name that someone probably meant. */

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
