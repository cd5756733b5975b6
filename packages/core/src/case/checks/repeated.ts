/** The first entry of a list that stands in it before. */
export function repeated<T>(list: readonly T[]): T | undefined {
  return list.find((entry, i) => list.indexOf(entry) !== i);
}
