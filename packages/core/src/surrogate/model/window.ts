/**
 * The surrogate's window in time: which hours before (and including) hour t it sees, and how they are averaged into steps.
 *
 * A window is a list of segments, oldest first. `[{count: 24, hours: 1}]` is the paper's k = 24 hourly steps; the multi-rate window
 * `[{count: 4, hours: 12}, {count: 4, hours: 3}, {count: 8, hours: 1}]` sees 68 hours in 16 steps, so that a long-lived species needs no
 * earlier concentration as an input (docs/faq.md says why that matters).
 */
import type { WindowMeanRequest } from '@retroplume/native';
import type { Crop } from '../../fields/period-source';
import { ConfigError } from '../../base/errors';

/** `count` consecutive steps, each the mean over `hours` hours. */
interface WindowSegment {
  count: number;
  hours: number;
}

/** One step: the mean of hours t − last … t − first (both included, hours back from t). */
interface WindowStep {
  readonly first: number;
  readonly last: number;
}

/** The window's steps, oldest first, and the number of hours that they cover. */
export class Window {
  readonly steps: readonly WindowStep[];
  readonly hours: number;
  private readonly pairs: Int32Array;

  /** @throws {ConfigError} if there is no segment or one is not a positive whole number of hours */
  constructor(readonly segments: readonly WindowSegment[]) {
    const wrong = segments.find((s) => !(Number.isInteger(s.count) && Number.isInteger(s.hours) && s.count > 0 && s.hours > 0));
    if (segments.length === 0 || wrong) {
      throw new ConfigError(
        'CASE_WINDOW',
        `surrogate.window: expected segments {count, hours} of whole numbers ≥ 1 but received ${JSON.stringify(segments)}`,
      );
    }
    const steps: WindowStep[] = [];
    let back = 0;
    for (const { count, hours } of [...segments].reverse()) {
      for (let i = 0; i < count; i++, back += hours) steps.push({ first: back, last: back + hours - 1 });
    }
    this.steps = steps.reverse();
    this.hours = back;
    this.pairs = Int32Array.from(this.steps.flatMap(({ first, last }) => [first, last]));
  }

  /** What the native `windowMean` needs to average hourly fields of a grid over this window at `hour`, in the cells of `crop`. */
  request(grid: { rows: number; cols: number }, channels: number, hour: number, crop: Crop): WindowMeanRequest {
    return {
      rows: grid.rows,
      cols: grid.cols,
      channels,
      hour,
      steps: this.pairs,
      cropRow: crop.row,
      cropCol: crop.col,
      cropRows: crop.rows,
      cropCols: crop.cols,
    };
  }

  /** The earliest hour t for which the whole window lies in the data. */
  get firstHour(): number {
    return this.hours - 1;
  }
}

/** Of hours that are taken as they are. */
export const ONE_HOUR = new Window([{ count: 1, hours: 1 }]);
