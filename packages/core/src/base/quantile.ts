/** The value below which a fraction of the finite values lies (nearest rank); NaN where there are none. */
export function quantile(values: Iterable<number>, fraction: number): number {
  const sorted = new Float64Array(values).filter(Number.isFinite).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(fraction * sorted.length) - 1))] ?? NaN;
}
