/** How long a stage has been at work, and how much longer it will be, where that is worth a word. */

/** Below this nobody asks, and no pace can be told. */
const WORTH_TELLING_MS = 10_000;

/** Of a stage, from what it tells of its progress. One that goes on with what was left has made the first part in another process. */
export class Pace {
  private readonly begun: number;
  private start: { time: number; finished: number; total: number } | undefined;

  /** @param clock - milliseconds */
  constructor(private readonly clock: () => number = () => performance.now()) {
    this.begun = clock();
  }

  /** As `, 3 min, about 12 min left`; nothing of a short stage, and no time left where none can be told. */
  text(finished: number, total: number): string {
    const time = this.clock();
    // A stage with several parts counts each anew.
    if (this.start === undefined || finished < this.start.finished || total !== this.start.total) this.start = { time, finished, total };
    const elapsed = time - this.begun;
    if (elapsed < WORTH_TELLING_MS) return '';
    const [advanced, took] = [finished - this.start.finished, time - this.start.time];
    const remaining =
      advanced > 0 && took >= WORTH_TELLING_MS && finished < total ? `, about ${duration((took * (total - finished)) / advanced)} left` : '';
    return `, ${duration(elapsed)}${remaining}`;
  }
}

/** In seconds, minutes or hours. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 99.5) return `${Math.round(minutes)} min`;
  return `${(minutes / 60).toFixed(1)} h`;
}
