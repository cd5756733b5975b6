/** Which record of which file holds each time, over files that hold a time each, or many, or overlap. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../../errors';
import type { TimeAxis } from '../../grid/grid';
import { instant, timeAt } from '../ioapi-time';
import { readingFiles } from '../netcdf-access';
import { notCovered } from '../period-steps';

/** An open file and the times of its records, ms since 1970, rising. */
export interface TimedFile {
  path: string;
  file: NetcdfFile;
  times: readonly number[];
}

/** Consecutive steps of the axis that are consecutive records of one file. */
export interface RecordRun {
  source: TimedFile;
  record: number;
  /** first step, counted from the first that was asked for */
  step: number;
  count: number;
}

export class RecordIndex {
  readonly axis: TimeAxis;
  /** Those of whose times the axis has any, in the order of their first. */
  readonly files: readonly TimedFile[];
  private readonly places = new Map<number, { source: TimedFile; record: number }>();

  /**
   * @param during - the hours that are asked for: the axis then is the stretch of even steps that holds them, and what else the files hold, such as other
   *   periods, may lie apart from it. By default it has all times
   * @throws {DataError} `TIME_GAP` if the times of all files together do not follow each other in even steps; `PERIOD_NOT_COVERED`
   */
  constructor(files: readonly TimedFile[], during?: TimeAxis) {
    this.files = [...files].sort((a, b) => a.times[0] - b.times[0]);
    // Where two files hold a time, the later one counts, as the first hours of a new forecast do.
    for (const source of this.files) source.times.forEach((time, record) => this.places.set(time, { source, record }));
    const all = [...this.places.keys()].sort((a, b) => a - b);
    const step = all.length > 1 ? all.slice(1).reduce((least, time, i) => Math.min(least, time - all[i]), Infinity) : 0;
    const stretches = evenStretches(all, step);
    const asked = during && stretches.length > 1 ? this.holding(during, stretches, step) : stretches;
    const wanted = new Set(asked.flat());
    this.files = this.files.filter((file) => file.times.some((time) => wanted.has(time)));
    if (asked.length > 1) {
      const [before, next] = [asked[0][asked[0].length - 1], asked[1][0]];
      throw new DataError(
        'TIME_GAP',
        `${this.path}: between ${instant(new Date(before))} and ${instant(new Date(next))} there is none of the steps of ${step / 1000} s that the other times are apart: give the files that lie between`,
      );
    }
    const [times] = asked;
    this.axis = { start: new Date(times[0]), stepSeconds: step / 1000, count: times.length };
  }

  /** Those that hold an hour of a period. @throws {DataError} `PERIOD_NOT_COVERED` */
  private holding(period: TimeAxis, stretches: number[][], step: number): number[][] {
    const [start, end] = [period.start.getTime(), timeAt(period, period.count).getTime()];
    const found = stretches.filter((times) => times.some((time) => time >= start && time < end));
    if (found.length > 0) return found;
    throw notCovered(
      this.path,
      period,
      stretches.map((times) => ({ start: new Date(times[0]), stepSeconds: step / 1000, count: times.length })),
    );
  }

  get path(): string {
    const paths = this.files.map(({ path }) => path);
    return paths.length === 1 ? paths[0] : `${paths[0]} … ${paths[paths.length - 1]}`;
  }

  /** Time of a step, ms since 1970. */
  timeOf(step: number): number {
    return this.axis.start.getTime() + 1000 * this.axis.stepSeconds * step;
  }

  find(time: number): { source: TimedFile; record: number } | undefined {
    return this.places.get(time);
  }

  /** @throws {DataError} `STEP_OUTSIDE` */
  runs(first: number, count: number): RecordRun[] {
    if (first < 0 || first + count > this.axis.count) {
      throw new DataError(
        'STEP_OUTSIDE',
        `${this.path}: steps ${first} to ${first + count - 1} were asked for but the files hold ${this.axis.count} from ${instant(this.axis.start)}: give files that cover the period`,
      );
    }
    const runs: RecordRun[] = [];
    for (let step = 0; step < count; step++) {
      const { source, record } = this.places.get(this.timeOf(first + step))!;
      const last = runs[runs.length - 1];
      if (last?.source === source && last.record + last.count === record) last.count++;
      else runs.push({ source, record, step, count: 1 });
    }
    return runs;
  }

  close(): void {
    for (const { file } of this.files) file.close();
  }
}

/** Cuts rising times where they are further apart than a step. */
function evenStretches(times: readonly number[], step: number): number[][] {
  const stretches: number[][] = [[times[0]]];
  times.slice(1).forEach((time, i) => (time - times[i] === step ? stretches[stretches.length - 1].push(time) : stretches.push([time])));
  return stretches;
}

/**
 * Opens files and indexes their times; those that have none of the index's are closed again.
 *
 * @param timesOf - of an open file, ms since 1970
 */
export function openIndexed(
  paths: string[],
  open: (path: string) => NetcdfFile,
  timesOf: (file: NetcdfFile, path: string) => number[],
  during?: TimeAxis,
): RecordIndex {
  const files: TimedFile[] = [];
  try {
    return readingFiles(() => {
      for (const path of paths) {
        const file = open(path);
        files.push({ path, file, times: [] });
        files[files.length - 1] = { path, file, times: timesOf(file, path) };
      }
      const index = new RecordIndex(files, during);
      for (const source of files) if (!index.files.includes(source)) source.file.close();
      return index;
    });
  } catch (error) {
    for (const { file } of files) file.close();
    throw error;
  }
}
