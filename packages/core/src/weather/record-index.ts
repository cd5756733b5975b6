/** Which record of which file holds each time, over files that hold a time each, or many, or overlap. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../base/errors';
import { type TimeAxis, instant, timeAt } from '../grid/grid';
import { openNetcdf, reading } from '../files/netcdf/netcdf-access';
import { notCovered } from '../files/ioapi/period-steps';
import { cachedByFile } from '../base/whole-files';

/** A file, opened when it is first asked for, and the times of its records, ms since 1970, rising. */
export interface TimedFile {
  path: string;
  readonly file: NetcdfFile;
  times: readonly number[];
}

/** Consecutive steps of the axis that are consecutive records of one file. */
interface RecordRun {
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
   * @param subject - the variable whose files these are, for messages
   * @throws {DataError} `TIME_GAP` if the times of all files together do not follow each other in even steps; `PERIOD_NOT_COVERED`
   */
  constructor(
    files: readonly TimedFile[],
    during?: TimeAxis,
    private readonly subject?: string,
  ) {
    this.files = [...files].sort((a, b) => a.times[0] - b.times[0]);
    // Where two files hold a time, the later one counts, as the first hours of a new forecast do.
    for (const source of this.files) source.times.forEach((time, record) => this.places.set(time, { source, record }));
    const times = [...this.places.keys()].sort((a, b) => a - b);
    const chosen = during ? this.timesAround(during, times) : times;
    const step = stepOf(chosen.length > 1 ? chosen : times);
    const wanted = new Set(chosen);
    this.files = this.files.filter((file) => file.times.some((time) => wanted.has(time)));
    const gap = chosen.findIndex((time, i) => i > 0 && time - chosen[i - 1] !== step);
    if (gap > 0) {
      throw new DataError(
        'TIME_GAP',
        `${this.path}: between ${instant(new Date(chosen[gap - 1]))} and ${instant(new Date(chosen[gap]))} there is none of the steps of ${step / 1000} s that the other times are apart: give the files that lie between`,
      );
    }
    this.axis = axisOf(chosen, step);
  }

  /**
   * The times of a period, with the one before and the instant at its end.
   *
   * @throws {DataError} `PERIOD_NOT_COVERED` where there are none, or they begin or end within it
   */
  private timesAround(period: TimeAxis, allTimes: readonly number[]): number[] {
    const [start, end, hour] = [period.start.getTime(), timeAt(period, period.count).getTime(), 1000 * period.stepSeconds];
    const near = allTimes.filter((time) => time >= start - hour && time <= end);
    const step = stepOf(near.length > 1 ? near : allTimes);
    const isWithin = near.some((time) => time >= start && time < end);
    const [first, last] = [near[0], near[near.length - 1]];
    const isWhole = first <= start && last >= end - step;
    // Gaps are told as such; hours of another length are for whoever asks for these to refuse.
    if (isWithin && (isWhole || step !== hour || last - first !== step * (near.length - 1))) return near;
    const stretches = evenStretches(allTimes, step).map((times) => axisOf(times, step));
    const covering = stretches.filter((axis) => axis.start.getTime() < end && timeAt(axis, axis.count).getTime() > start);
    throw notCovered(this.path, period, covering.length > 0 ? covering : stretches);
  }

  get path(): string {
    const paths = this.files.map(({ path }) => path);
    const label = paths.length === 1 ? paths[0] : `${paths[0]} … ${paths[paths.length - 1]}`;
    return this.subject === undefined ? label : `${label}: ${this.subject}`;
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

/** The least by which rising times are apart, ms; of one time 0. */
function stepOf(times: readonly number[]): number {
  return times.length > 1 ? times.slice(1).reduce((smallest, time, i) => Math.min(smallest, time - times[i]), Infinity) : 0;
}

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
  return cachedByFile((path) => {
    const file = openNetcdf(path);
    try {
      return reading(path, () => read(file, path));
    } finally {
      file.close();
    }
  });
}
