/** Which steps of a file belong to a period, and reading them a day at a time. */
import { DataError, ShapeError } from '../../base/errors';
import { instant, type TimeAxis, timeAt } from '../../grid/grid';
import type { IoapiReader } from './ioapi-file';

export interface LongRead {
  onProgress?: (completed: number, total: number, text: string) => void;
  signal?: AbortSignal;
}

/** Steps read at once, and bytes that they may take: a day of one layer of a 232 x 182 grid is 4 MB a variable, of 35 layers 142 MB. */
const [SLAB, SLAB_BYTES] = [24, 64e6];

/** How many steps of all layers are read at once: a day, or as many as keep a variable's slab small. */
export function stepsAtOnce({ grid, layers }: Pick<IoapiReader, 'grid' | 'layers'>): number {
  return Math.max(1, Math.min(SLAB, Math.floor(SLAB_BYTES / (4 * layers * grid.rows * grid.cols))));
}

/**
 * The step at which a period begins in a file or series.
 *
 * @throws {DataError} `PERIOD_NOT_COVERED` if the file does not hold all of it, `TIME_STEP` if its step is another
 */
export function firstStepOf(reader: IoapiReader, period: TimeAxis): number {
  const { time, path } = reader;
  if (time.stepSeconds !== period.stepSeconds) {
    throw new DataError(
      'TIME_STEP',
      `${path}: expected a time step of ${period.stepSeconds} s but received ${time.stepSeconds} s: give hourly files`,
    );
  }
  const first = (period.start.getTime() - time.start.getTime()) / (1000 * time.stepSeconds);
  if (Number.isInteger(first) && first >= 0 && first + period.count <= time.count) return first;
  throw notCovered(path, period, [time]);
}

/** Stretches of time that an error names. */
const NAMED = 3;

/** @param available - what the files hold, in the order of time */
export function notCovered(path: string, period: TimeAxis, available: readonly TimeAxis[]): DataError {
  const span = (axis: TimeAxis): string => `${instant(axis.start)} to ${instant(timeAt(axis, axis.count))}`;
  const spans = `${available.slice(0, NAMED).map(span).join(', ')}${available.length > NAMED ? ', …' : ''}`;
  return new DataError(
    'PERIOD_NOT_COVERED',
    `${path}: the period is ${span(period)} but the files hold ${spans}: give files that cover it, or shorten the period`,
  );
}

/** Calls `visit` for each day of the period, or `steps`, with the steps in the file and in the period. */
export function forEachSlab(
  reader: IoapiReader,
  period: TimeAxis,
  options: LongRead,
  visit: (fileStep: number, step: number, count: number) => void,
  steps = SLAB,
): void {
  const first = firstStepOf(reader, period);
  for (let step = 0; step < period.count; step += steps) {
    options.signal?.throwIfAborted();
    visit(first + step, step, Math.min(steps, period.count - step));
    options.onProgress?.(Math.min(step + steps, period.count), period.count, `reading ${reader.path}`);
  }
}

/**
 * Copies fields `[count, rows, cols]` into a channel of `[steps, rows, cols, channels]`.
 *
 * @throws {ShapeError} if they do not fit
 */
export function putChannel(target: Float32Array, channels: number, channel: number, firstCell: number, fields: Float32Array): void {
  if ((firstCell + fields.length) * channels > target.length) {
    throw new ShapeError(
      'CHANNEL_SHAPE',
      `channel ${channel}: ${fields.length} values at ${firstCell} do not fit into ${target.length}: mend the call`,
    );
  }
  for (let i = 0, offset = firstCell * channels + channel; i < fields.length; i++, offset += channels) target[offset] = fields[i];
}
