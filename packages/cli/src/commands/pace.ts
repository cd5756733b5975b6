/** How long a stage has been at work, and how much longer it will be, where that is worth a word. */

/** Below this nobody asks, and no pace can be told. */
const WORTH_TELLING_MS = 10_000;

/** Of a stage, from what it tells of its progress. One that goes on with what was left has made the first part in another process. */
export class Pace {
  private readonly begun: number;
  private from: { at: number; done: number; total: number } | undefined;

  /** @param now - milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.begun = now();
  }

  /** As `, 3 min, about 12 min left`; nothing of a short stage, and no time left where none can be told. */
  told(done: number, total: number): string {
    const at = this.now();
    // A stage with several parts counts each anew.
    if (this.from === undefined || done < this.from.done || total !== this.from.total) this.from = { at, done, total };
    const elapsed = at - this.begun;
    if (elapsed < WORTH_TELLING_MS) return '';
    const [made, took] = [done - this.from.done, at - this.from.at];
    const left = made > 0 && took >= WORTH_TELLING_MS && done < total ? `, about ${duration((took * (total - done)) / made)} left` : '';
    return `, ${duration(elapsed)}${left}`;
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
