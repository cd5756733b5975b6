/** Which record of which file holds each time, over files that hold a time each, or many, or overlap. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../../errors';
import type { TimeAxis } from '../../grid/grid';
import { instant } from '../ioapi-time';
import { readingFiles } from '../netcdf-access';

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
  /** The files in the order of their first times. */
  readonly files: readonly TimedFile[];
  private readonly places = new Map<number, { source: TimedFile; record: number }>();

  /** @throws {DataError} `TIME_GAP` if the times of all files together do not follow each other in even steps */
  constructor(files: readonly TimedFile[]) {
    this.files = [...files].sort((a, b) => a.times[0] - b.times[0]);
    // Where two files hold a time, the later one counts, as the first hours of a new forecast do.
    for (const source of this.files) source.times.forEach((time, record) => this.places.set(time, { source, record }));
    const times = [...this.places.keys()].sort((a, b) => a - b);
    const step = times.length > 1 ? times.slice(1).reduce((least, time, i) => Math.min(least, time - times[i]), Infinity) : 0;
    times.slice(1).forEach((time, i) => {
      if (time - times[i] === step) return;
      throw new DataError(
        'TIME_GAP',
        `${this.path}: between ${instant(new Date(times[i]))} and ${instant(new Date(time))} there is none of the steps of ${step / 1000} s that the other times are apart: give the files that lie between`,
      );
    });
    this.axis = { start: new Date(times[0]), stepSeconds: step / 1000, count: times.length };
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

/**
 * Opens files and indexes their times.
 *
 * @param timesOf - of an open file, ms since 1970
 */
export function openIndexed(paths: string[], open: (path: string) => NetcdfFile, timesOf: (file: NetcdfFile, path: string) => number[]): RecordIndex {
  const files: TimedFile[] = [];
  try {
    return readingFiles(() => {
      for (const path of paths) {
        const file = open(path);
        files.push({ path, file, times: [] });
        files[files.length - 1] = { path, file, times: timesOf(file, path) };
      }
      return new RecordIndex(files);
    });
  } catch (error) {
    for (const { file } of files) file.close();
    throw error;
  }
}
