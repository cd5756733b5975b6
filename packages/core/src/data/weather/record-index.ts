/** Which record of which file holds each time, over files that hold a time each, or many, or overlap. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../../errors';
import type { TimeAxis } from '../../grid/grid';
import { instant, timeAt } from '../ioapi-time';
import { openNetcdf, reading } from '../netcdf-access';
import { notCovered } from '../period-steps';
import { remembered } from '../remembered';

/** A file, opened when it is first asked for, and the times of its records, ms since 1970, rising. */
export interface TimedFile {
  path: string;
  readonly file: NetcdfFile;
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
  /** Those that hold a time of the axis, in the order of their first. */
  readonly files: readonly TimedFile[];
  private readonly places = new Map<number, { source: TimedFile; record: number }>();

  /**
   * @param during - the hours that are asked for: the axis then has these, the one before and the instant at which they end, where they are held, and of what
   *   else the files hold, such as other periods, nothing is looked at. By default it has all times
   * @param what - the variable whose files these are, for messages
   * @throws {DataError} `TIME_GAP` if the times of all files together do not follow each other in even steps; `PERIOD_NOT_COVERED`
   */
  constructor(
    files: readonly TimedFile[],
    during?: TimeAxis,
    private readonly what?: string,
  ) {
    this.files = [...files].sort((a, b) => a.times[0] - b.times[0]);
    // Where two files hold a time, the later one counts, as the first hours of a new forecast do.
    for (const source of this.files) source.times.forEach((time, record) => this.places.set(time, { source, record }));
    const all = [...this.places.keys()].sort((a, b) => a - b);
    const step = all.length > 1 ? all.slice(1).reduce((least, time, i) => Math.min(least, time - all[i]), Infinity) : 0;
    const stretches = evenStretches(all, step);
    const asked = during ? this.around(during, stretches, step) : stretches;
    const wanted = new Set(asked.flat());
    this.files = this.files.filter((file) => file.times.some((time) => wanted.has(time)));
    if (asked.length > 1) {
      const [before, next] = [asked[0][asked[0].length - 1], asked[1][0]];
      throw new DataError(
        'TIME_GAP',
        `${this.path}: between ${instant(new Date(before))} and ${instant(new Date(next))} there is none of the steps of ${step / 1000} s that the other times are apart: give the files that lie between`,
      );
    }
    this.axis = axisOf(asked[0], step);
  }

  /** The stretch that holds a period, cut to what is around it; several, where it has gaps. @throws {DataError} `PERIOD_NOT_COVERED` */
  private around(period: TimeAxis, stretches: number[][], step: number): number[][] {
    const [start, end] = [period.start.getTime(), timeAt(period, period.count).getTime()];
    const found = stretches.filter((times) => times.some((time) => time >= start && time < end));
    if (found.length > 1 || (found.length === 1 && step !== 1000 * period.stepSeconds)) return found;
    const [times] = found;
    if (times && times[0] <= start && times[times.length - 1] >= end - step) return [times.filter((time) => time >= start - step && time <= end)];
    throw notCovered(
      this.path,
      period,
      (times ? found : stretches).map((each) => axisOf(each, step)),
    );
  }

  get path(): string {
    const paths = this.files.map(({ path }) => path);
    const label = paths.length === 1 ? paths[0] : `${paths[0]} … ${paths[paths.length - 1]}`;
    return this.what === undefined ? label : `${label}: ${this.what}`;
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
}

const axisOf = (times: readonly number[], step: number): TimeAxis => ({ start: new Date(times[0]), stepSeconds: step / 1000, count: times.length });

/** Cuts rising times where they are further apart than a step. */
function evenStretches(times: readonly number[], step: number): number[][] {
  const stretches: number[][] = [[times[0]]];
  times.slice(1).forEach((time, i) => (time - times[i] === step ? stretches[stretches.length - 1].push(time) : stretches.push([time])));
  return stretches;
}

/** An index whose files are its own. */
export interface OpenIndex {
  index: RecordIndex;
  close(): void;
}

/**
 * Indexes the times of files, of which those are opened that are read.
 *
 * @param timesOf - see {@link timesOfFiles}
 */
export function openIndexed(paths: string[], timesOf: (path: string) => readonly number[], during?: TimeAxis): OpenIndex {
  const opened: NetcdfFile[] = [];
  const files = paths.map((path): TimedFile => {
    let file: NetcdfFile | undefined;
    return {
      path,
      times: timesOf(path),
      get file() {
        if (!file) opened.push((file = openNetcdf(path)));
        return file;
      },
    };
  });
  return {
    index: new RecordIndex(files, during),
    close: () => {
      for (const file of opened) file.close();
    },
  };
}

/** The times of a file's records, ms since 1970: a year of hourly files is asked for them again and again. */
export function timesOfFiles(read: (file: NetcdfFile, path: string) => number[]): (path: string) => readonly number[] {
  return remembered((path) => {
    const file = openNetcdf(path);
    try {
      return reading(path, () => read(file, path));
    } finally {
      file.close();
    }
  });
}
