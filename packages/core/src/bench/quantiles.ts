/** Seconds of the rounds of one contestant: the median, and how far the machine let it scatter. */
export interface Timing {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** Median, 10th and 90th percentile (nearest rank). */
export function timingOf(seconds: readonly number[]): Timing {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))];
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) };
}
