/** What the headers of I/O API files say, before any is read: of many files, those of a period. */
import { DataError, RetroplumeError } from '../../base/errors';
import type { TimeAxis } from '../../grid/grid';
import { IoapiFile } from './ioapi-file';
import { instant, timeAt } from './ioapi-time';
import { cachedByFile } from '../cached-by-file';

interface IoapiHead {
  time: TimeAxis;
  /** names */
  variables: string[];
}

/** Undefined where the file is no I/O API file or cannot be read: whoever reads it says so. Years of daily files are asked for again and again. */
export const headOf = cachedByFile((path): IoapiHead | undefined => {
  try {
    const file = IoapiFile.open(path);
    file.close();
    return { time: file.time, variables: file.variables.map(({ name }) => name) };
  } catch (error) {
    if (error instanceof RetroplumeError) return undefined;
    throw error;
  }
});

/**
 * The files of a period, the instant at which it ends included: CMAQ interpolates towards it. Left out are I/O API files all of whose hours lie before or
 * after it. A single file is given in any case, so that whoever reads it says which hours it holds.
 *
 * @throws {DataError} `PERIOD_NOT_COVERED` if none of several files holds an hour of the period
 */
export function filesWithin(paths: readonly string[], period: TimeAxis): string[] {
  const [start, end] = [period.start, timeAt(period, period.count)];
  const within = paths.filter((path) => {
    const time = headOf(path)?.time;
    if (time === undefined || time.stepSeconds === 0) return true;
    return time.start <= end && timeAt(time, time.count - 1) >= start;
  });
  if (within.length > 0) return within;
  if (paths.length <= 1) return [...paths];
  throw new DataError(
    'PERIOD_NOT_COVERED',
    `${paths[0]} … ${paths[paths.length - 1]}: none of these ${paths.length} files holds an hour of the period, ${instant(start)} to ${instant(end)}: give files that cover it`,
  );
}
