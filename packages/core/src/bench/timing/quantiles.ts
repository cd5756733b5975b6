/** Seconds of the rounds of one contestant: the median, and how far the machine let it scatter. */
export interface Timing {
  readonly median: number;
  /** 10th and 90th percentile. */
  readonly p10: number;
  readonly p90: number;
  /** How many turns these are of. */
  readonly turns: number;
}

/** Median (of an even number of turns the mean of the middle two), 10th and 90th percentile (nearest rank). */
export function timingOf(seconds: readonly number[]): Timing {
  const sorted = [...seconds].sort((a, b) => a - b);
  const last = sorted.length - 1;
  const quantileAt = (share: number): number => sorted[Math.round(share * last)];
  const median = (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2;
  return { median, p10: quantileAt(0.1), p90: quantileAt(0.9), turns: sorted.length };
}
