/**
 * Training samples: random hours and crops of random runs.
 *
 * With more than one run, a batch holds pairs: element i and element i + pairs are the same hour and crop of two different runs, so that the
 * loss can compare their difference with the transport model's own. Every batch is drawn from (seed, iteration) alone: a resumed training
 * sees the same batches, without any state to keep. What is random about a sample beside its choice has a stream of its own: of ranks that share a batch,
 * each draws all choices and fills its own samples alone, which are those that one process would see. So is it with micro-batches.
 */
import { ConfigError } from '../../base/errors';
import { Random } from '../../base/random';
import type { Crop, HourlyValues } from '../../fields/period-source';
import type { TrainingPeriod, TrainingRun } from '../../fields/training-period';
import {
  DrawnBatch,
  HostWindows,
  windowLengths,
  type Batch,
  type BatchDraw,
  type Field,
  type InputDraw,
  type InputName,
  type WindowBatch,
} from '../model/batch';
import { WHOLE_BATCH, type BatchPart } from './micro-batches';
import { ONE_HOUR, type Window } from '../model/window';

/** Which hours of a period are trained on and which are kept for the test. */
export interface HourSplit {
  train: number[];
  test: number[];
}

/** Names of the runs that are trained on, and of those that are compared with them in the test. */
export interface RunSplit {
  train: readonly string[];
  test: readonly string[];
}

export interface SamplerSettings {
  /** samples a batch, of all its parts together; even when pairs are drawn */
  batch: number;
  /** side of the square crop in cells; 0 = the whole domain */
  crop: number;
  rotation: boolean;
  /** standard deviation of the noise on normalised inputs, as a fraction of their scale */
  noise: number;
  /** largest random rescaling of emissions and concentrations together (0 = off): the paper's augmentation, wrong for non-linear chemistry */
  rescaling: number;
  previousConcentrations: boolean;
  /** windows of a sample, one after the other, each with the output of the one before as y; default 1 */
  rolloutWindows?: number;
  /** that draw beside a program which leaves them idle; default 1 */
  threads?: number;
  seed: number;
}

/** Splits a period's hours by days: the last `testFraction` of its days (above 0: at least one) test, the others train; spin-up and incomplete windows are left out. */
export function splitHours(hours: number, firstHour: number, testFraction: number): HourSplit {
  const days = Math.ceil((hours - firstHour) / 24);
  const testDays = Math.min(days - 1, Math.max(testFraction > 0 ? 1 : 0, Math.round(days * testFraction)));
  const boundary = hours - testDays * 24;
  return { train: hoursFrom(firstHour, boundary), test: hoursFrom(boundary, hours) };
}

/** Hours from `first` up to `end`, which is left out. */
export function hoursFrom(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
}

/** The size of the crops that a sampler takes from a domain. */
export function cropSize(rows: number, cols: number, crop: number): { rows: number; cols: number } {
  if (crop > 0 && (crop > rows || crop > cols)) {
    throw new ConfigError(
      'CASE_CROP',
      `training.crop: ${crop} cells do not fit in a domain of ${rows} x ${cols}: lower it, or set 0 for the whole domain`,
    );
  }
  return crop > 0 ? { rows: crop, cols: crop } : { rows, cols };
}

interface Choice {
  period: TrainingPeriod;
  hour: number;
  crop: Crop;
  turns: number;
}

/** A run of a sample, and the random numbers that are its own. */
interface OwnChoice {
  run: TrainingRun;
  random: Random;
  part: 'train' | 'test';
  /** whose weather and geography it has */
  sameAs?: number;
}

/** Whether a batch holds pairs of runs. */
export function drawsPairs(runs: readonly string[], batch: number): boolean {
  return runs.length > 1 && batch > 1;
}

/** Draws the samples of batches, or of one part of each. */
export class Sampler {
  /** samples of this part of a batch */
  readonly batch: number;
  /** pairs of this part of a batch; 0 = samples are not paired */
  readonly pairs: number;
  readonly size: { rows: number; cols: number };
  private readonly runs: RunSplit;
  private readonly wind?: { u: number; v: number };
  private readonly tracerChannels: number;
  /** of windows one after the other */
  private readonly rollout: number;
  private readonly host: HostWindows;
  /** memory of batches that are done with */
  private readonly spare: Batch[] = [];

  constructor(
    private readonly periods: readonly TrainingPeriod[],
    private readonly splits: readonly HourSplit[],
    private readonly window: Window,
    private readonly settings: SamplerSettings,
    runs?: RunSplit,
    private readonly share: BatchPart = WHOLE_BATCH,
  ) {
    const { grid, meteorologyNames } = periods[0];
    const runNames = [...periods[0].runs.keys()];
    this.runs = runs ?? { train: runNames, test: runNames };
    this.tracerChannels = periods[0].runs.get(this.runs.train[0])?.tracers?.channels ?? 0;
    this.rollout = settings.rolloutWindows ?? 1;
    this.host = new HostWindows({ threads: settings.threads ?? 1, concurrent: true });
    this.size = cropSize(grid.rows, grid.cols, settings.crop);
    const paired = drawsPairs(this.runs.train, settings.batch);
    if (paired && settings.batch % 2 !== 0) {
      throw new ConfigError('CASE_BATCH', `training.batch: ${settings.batch} is odd, but samples come in pairs of runs: make it even`);
    }
    this.batch = settings.batch / share.parts;
    this.pairs = paired ? this.batch / 2 : 0;
    if (meteorologyNames.includes('u') && meteorologyNames.includes('v')) {
      this.wind = { u: meteorologyNames.indexOf('u'), v: meteorologyNames.indexOf('v') };
    }
  }

  /** The training batch of an iteration. */
  train(iteration: number): DrawnBatch {
    return this.drawn(new Random(this.settings.seed).fork(`batch ${iteration}`), 'train');
  }

  /** A fixed test batch, without augmentation. */
  test(index: number): DrawnBatch {
    return this.drawn(new Random(this.settings.seed).fork(`test ${index}`), 'test');
  }

  /** All fields that batches are drawn from; those that every sample sees first. */
  fields(): Field[] {
    const names = new Set([...this.runs.train, ...this.runs.test]);
    const shared = this.periods.flatMap((period) => [this.meteorologyOf(period), this.geographyOf(period)]);
    const ofRuns = this.periods.flatMap((period) =>
      [...names].flatMap((name) => {
        const { emissions, tracers, concentrations } = period.runs.get(name) as TrainingRun;
        const kinds: [HourlyValues | undefined, number][] = [
          [emissions, period.groups.length],
          [tracers, this.tracerChannels],
          [concentrations, period.species.length],
        ];
        return kinds.flatMap(([values, channels]) => (values ? [this.fieldOf(period, values, channels)] : []));
      }),
    );
    return [...shared, ...ofRuns].filter(({ channels }) => channels > 0);
  }

  /** Part of the hours of training in which there are values, by species: 1 but for columns. */
  presence(): number[] {
    const parts = this.periods.map(({ gaps, species }, p) => {
      const hours = this.splits[p].train;
      return species.map((_, s) => (gaps ? hours.filter((hour) => gaps.mask[hour * gaps.species + s] === 0).length / hours.length : 1));
    });
    return parts[0].map((_, s) => parts.reduce((sum, part) => sum + part[s], 0) / parts.length);
  }

  private drawn(random: Random, part: 'train' | 'test'): DrawnBatch {
    return new DrawnBatch(this.draw(random, part), this.host, this.spare, () => this.emptyBatch());
  }

  private emptyBatch(): Batch {
    const earlier = Array.from({ length: this.rollout - 1 }, (_, i) => this.emptyWindow(i === 0));
    return { ...this.emptyWindow(earlier.length === 0), earlier };
  }

  /** @param first - whether y comes from the run */
  private emptyWindow(first: boolean): WindowBatch {
    const { meteorologyNames, geographyNames, groups, species } = this.periods[0];
    const lengths = windowLengths({
      batch: this.batch,
      steps: this.window.steps.length,
      ...this.size,
      groups: groups.length,
      species: species.length,
      meteorology: meteorologyNames.length,
      geography: geographyNames.length,
      tracers: this.tracerChannels,
      previous: first && this.settings.previousConcentrations,
    });
    const empty = (input: InputName): Float32Array => new Float32Array(lengths[input]);
    return {
      emissions: empty('emissions'),
      tracers: empty('tracers'),
      meteorology: empty('meteorology'),
      geography: empty('geography'),
      previous: empty('previous'),
      target: empty('target'),
    };
  }

  private draw(random: Random, part: 'train' | 'test'): BatchDraw {
    const batchSize = this.pairs || this.batch;
    const total = batchSize * this.share.parts;
    const windows: InputDraw[][] = Array.from({ length: this.rollout }, () => []);
    for (let drawn = 0; drawn < total; drawn++) {
      const choice = this.choose(random, part);
      const runs = this.chooseRuns(random, part).map((name) => choice.period.runs.get(name) as TrainingRun);
      const i = drawn - batchSize * this.share.part;
      if (i < 0 || i >= batchSize) continue;
      const choiceOf = (run: TrainingRun, sample: number): OwnChoice => ({ run, random: random.fork(`sample ${sample}`), part });
      this.drawWindows(windows, i, choice, choiceOf(runs[0], drawn));
      if (this.pairs > 0) this.drawWindows(windows, i + batchSize, choice, { ...choiceOf(runs[1], drawn + total), sameAs: i });
    }
    return windows;
  }

  private choose(random: Random, part: 'train' | 'test'): Choice {
    const p = random.integer(this.periods.length);
    const period = this.periods[p];
    const hours = this.splits[p][part];
    const { rows, cols } = this.size;
    const crop = { row: random.integer(period.grid.rows - rows + 1), col: random.integer(period.grid.cols - cols + 1), rows, cols };
    const turns = part === 'train' && this.settings.rotation && canRotate(crop) ? random.integer(4) : 0;
    return { period, hour: hours[random.integer(hours.length)], crop, turns };
  }

  /** Two runs; in a test the first is one of the test's. */
  private chooseRuns(random: Random, part: 'train' | 'test'): [string, string] {
    const firsts = this.runs[part];
    const first = firsts[random.integer(firsts.length)];
    const { train } = this.runs;
    if (train.length === 1) return [first, train[0]];
    const firstIndex = train.indexOf(first);
    const second = firstIndex < 0 ? random.integer(train.length) : (firstIndex + 1 + random.integer(train.length - 1)) % train.length;
    return [first, train[second]];
  }

  /** Draws sample `i` at the hour of `choice` and, where it is rolled out, at those a window or more before. */
  private drawWindows(windows: InputDraw[][], i: number, choice: Choice, ownChoice: OwnChoice): void {
    const { rescaling, noise } = this.settings;
    const augmented = ownChoice.part === 'train';
    const keys = windows.map(() => (augmented && noise > 0 ? ownChoice.random.integer(2 ** 53) : undefined));
    const factor = augmented && rescaling > 0 ? 1 + rescaling * (2 * ownChoice.random.uniform() - 1) : undefined;
    windows.forEach((window, index) => {
      const hour = choice.hour - (windows.length - 1 - index) * this.window.hours;
      const key = keys[index];
      window.push(
        ...this.inputsOf(i, { ...choice, hour }, ownChoice, index === 0, factor, key === undefined ? undefined : { deviation: noise, key }),
      );
    });
  }

  /** @param first - whether y comes from the run @param factor - on what is emitted and what comes of it */
  private inputsOf(
    sample: number,
    { period, hour, crop, turns }: Choice,
    { run, sameAs }: OwnChoice,
    first: boolean,
    factor: number | undefined,
    noise: InputDraw['augmentation']['noise'],
  ): InputDraw[] {
    const input = (name: InputName, field: Field, details: Partial<InputDraw>, augmentation: InputDraw['augmentation']): InputDraw => ({
      input: name,
      sample,
      field,
      window: this.window,
      hour,
      crop,
      ...details,
      augmentation: { ...(turns > 0 ? { turns } : {}), ...augmentation },
    });
    const emitted = factor === undefined ? {} : { factor };
    const oneHour = { window: ONE_HOUR };
    const concentrations: Field = { ...this.fieldOf(period, run.concentrations, period.species.length), gaps: period.gaps };
    return [
      input('emissions', this.fieldOf(period, run.emissions, period.groups.length), {}, noise ? { ...emitted, noise } : emitted),
      ...(run.tracers ? [input('tracers', this.fieldOf(period, run.tracers, this.tracerChannels), oneHour, emitted)] : []),
      input('target', concentrations, oneHour, emitted),
      ...(first && this.settings.previousConcentrations
        ? [input('previous', concentrations, { ...oneHour, hour: Math.max(0, hour - this.window.hours) }, emitted)]
        : []),
      input('meteorology', this.meteorologyOf(period), { sameAs }, this.wind ? { vector: this.wind } : {}),
      ...(period.geographyNames.length > 0 ? [input('geography', this.geographyOf(period), { ...oneHour, hour: 0, sameAs }, {})] : []),
    ];
  }

  private meteorologyOf(period: TrainingPeriod): Field {
    return this.fieldOf(period, period.meteorology, period.meteorologyNames.length);
  }

  private geographyOf(period: TrainingPeriod): Field {
    return { ...this.fieldOf(period, period.geography, period.geographyNames.length), hours: 1 };
  }

  private fieldOf({ grid, time }: TrainingPeriod, values: HourlyValues, channels: number): Field {
    return { values, hours: time.count, grid: { rows: grid.rows, cols: grid.cols }, channels };
  }
}

/** A turn by a quarter needs a square. */
function canRotate({ rows, cols }: Crop): boolean {
  return rows === cols;
}
