/** The periods of a case: the hours that its files share. */

/** Whole hours since 1970, the end excluded. */
export interface Hours {
  first: number;
  end: number;
}

const DAY = 24;
/** What the tracers of the surrogate need before the air no longer knows how a run began. */
const USUAL_SPIN_UP = 72;
/** Below that there is nothing to train and to test on beside a window of 24 hours. */
const LEAST_HOURS = 48;

/** Stretches without gaps in which at least one of the spans lies, in order. */
export function stretchesOf(spans: readonly Hours[]): Hours[] {
  const out: Hours[] = [];
  for (const { first, end } of [...spans].sort((a, b) => a.first - b.first)) {
    const last = out.at(-1);
    if (last && first <= last.end) last.end = Math.max(last.end, end);
    else out.push({ first, end });
  }
  return out;
}

/** What two lists of stretches share. */
export function sharedHours(stretches: readonly Hours[], otherStretches: readonly Hours[]): Hours[] {
  return stretches.flatMap((a) =>
    otherStretches.flatMap((b) => {
      const shared = { first: Math.max(a.first, b.first), end: Math.min(a.end, b.end) };
      return shared.first < shared.end ? [shared] : [];
    }),
  );
}

/** Long enough for a period; a 25th hour at the end, which files have for CMAQ to interpolate to, is none of a run of whole days. */
export function periodHours(stretches: readonly Hours[]): { periods: Hours[]; short: Hours[] } {
  const whole = stretches.map(({ first, end }) => ({ first, end: (end - first) % DAY === 1 && end - first > DAY ? end - 1 : end }));
  const isLong = ({ first, end }: Hours): boolean => end - first >= LEAST_HOURS;
  return { periods: whole.filter(isLong), short: whole.filter((stretch) => !isLong(stretch)) };
}

/** Hours of spin-up: 72, or in a short period whole days of no more than its third. */
export function spinUpHours({ first, end }: Hours): number {
  return Math.min(USUAL_SPIN_UP, Math.floor((end - first) / 3 / DAY) * DAY);
}

export function overlap(a: Hours, b: Hours): number {
  return Math.max(0, Math.min(a.end, b.end) - Math.max(a.first, b.first));
}

/** `2017-01-10T00:00:00Z` */
export function hourText(hour: number): string {
  return `${new Date(hour * 3600e3).toISOString().slice(0, 13)}:00:00Z`;
}
