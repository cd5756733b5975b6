/**
 * Training samples: random hours and crops of random runs.
 *
 * With more than one run, a batch holds pairs: element i and element i + pairs are the same hour and crop of two different runs, so that the
 * loss can compare their difference with the transport model's own. Every batch is drawn from (seed, iteration) alone: a resumed training
 * sees the same batches, without any state to keep. What is random about a sample beside its choice has a stream of its own: of ranks that share a batch,
 * each draws all choices and fills its own samples alone, which are those that one process would see. So is it with micro-batches.
 */
import { windowMean, windowMeanOfHalves } from '@retroplume/native';
import { ConfigError } from '../errors';
import { Random } from '../random';
import { copyHour, keptMemory, placed, type Crop, type HourlyValues } from '../data/period-source';
import type { TrainingPeriod, TrainingRun } from '../data/training-period';
import { WHOLE_BATCH, type BatchPart } from './micro-batches';
import { canRotate, rotatePlanes } from './rotation';
import type { Window } from './window';

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

/** What the surrogate sees at one hour of each sample, and what the transport model makes of it; in physical units, channels last. */
export interface WindowBatch {
  emissions: Float32Array;
  /** empty where the runs have none */
  tracers: Float32Array;
  meteorology: Float32Array;
  geography: Float32Array;
  /** empty where the surrogate takes no y, or takes it from the window before */
  previous: Float32Array;
  target: Float32Array;
}

/** One batch; `earlier`: the windows before, whose outputs it is rolled out from, the oldest first. */
export interface Batch extends WindowBatch {
  earlier: WindowBatch[];
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
  /** of what is read for a sample */
  private readonly memory = keptMemory();
  private readonly workers: { threads: number; beside: boolean };

  constructor(
    private readonly periods: readonly TrainingPeriod[],
    private readonly splits: readonly HourSplit[],
    private readonly window: Window,
    private readonly settings: SamplerSettings,
    runs?: RunSplit,
    private readonly share: BatchPart = WHOLE_BATCH,
  ) {
    const { grid, meteorologyNames } = periods[0];
    const all = [...periods[0].runs.keys()];
    this.runs = runs ?? { train: all, test: all };
    this.tracerChannels = periods[0].runs.get(this.runs.train[0])?.tracers?.channels ?? 0;
    this.rollout = settings.rolloutWindows ?? 1;
    this.workers = { threads: settings.threads ?? 1, beside: true };
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

  /**
   * The training batch of an iteration.
   * @param out - memory of an earlier batch to write it into: new arrays in every step keep the garbage collector busier than the sampler
   */
  train(iteration: number, out = this.emptyBatch()): Batch {
    return this.draw(new Random(this.settings.seed).fork(`batch ${iteration}`), 'train', out);
  }

  /** A fixed test batch, without augmentation. */
  test(index: number): Batch {
    return this.draw(new Random(this.settings.seed).fork(`test ${index}`), 'test', this.emptyBatch());
  }

  private emptyBatch(): Batch {
    const earlier = Array.from({ length: this.rollout - 1 }, (_, i) => this.emptyWindow(i === 0));
    return { ...this.emptyWindow(earlier.length === 0), earlier };
  }

  /** @param first - whether y comes from the run */
  private emptyWindow(first: boolean): WindowBatch {
    const { batch } = this;
    const cells = this.size.rows * this.size.cols;
    const { meteorologyNames, geographyNames } = this.periods[0];
    const steps = this.window.steps.length;
    return {
      emissions: new Float32Array(batch * steps * cells * 5),
      tracers: new Float32Array(batch * steps * cells * this.tracerChannels),
      meteorology: new Float32Array(batch * steps * cells * meteorologyNames.length),
      geography: new Float32Array(batch * cells * geographyNames.length),
      previous: new Float32Array(first && this.settings.previousConcentrations ? batch * cells * 4 : 0),
      target: new Float32Array(batch * cells * 4),
    };
  }

  private draw(random: Random, part: 'train' | 'test', out: Batch): Batch {
    const own = this.pairs || this.batch;
    const all = own * this.share.parts;
    for (let drawn = 0; drawn < all; drawn++) {
      const choice = this.choose(random, part);
      const [first, second] = this.chooseRuns(random, part);
      const i = drawn - own * this.share.part;
      if (i < 0 || i >= own) continue;
      const stream = (sample: number): Random => random.fork(`sample ${sample}`);
      this.fillWindows(out, i, choice, first, stream(drawn), part);
      if (this.pairs > 0) this.fillWindows(out, i + own, choice, second, stream(drawn + all), part, i);
    }
    return out;
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
    const at = train.indexOf(first);
    const second = at < 0 ? random.integer(train.length) : (at + 1 + random.integer(train.length - 1)) % train.length;
    return [first, train[second]];
  }

  /** Fills sample `i` at the hour of `choice` and, where it is rolled out, at those a window or more before. */
  private fillWindows(out: Batch, i: number, choice: Choice, runName: string, random: Random, part: 'train' | 'test', sameAs?: number): void {
    const { rescaling } = this.settings;
    const windows = [...out.earlier, out];
    windows.forEach((window, at) => {
      const hour = choice.hour - (windows.length - 1 - at) * this.window.hours;
      this.fill(window, i, { ...choice, hour }, runName, random, part, sameAs);
    });
    if (part === 'test' || rescaling === 0) return;
    const factor = 1 + rescaling * (2 * random.uniform() - 1);
    for (const window of windows) this.rescale(window, i, factor);
  }

  /** Fills one window of sample `i`; `sameAs` names a sample whose meteorology and geography it shares. */
  private fill(out: WindowBatch, i: number, choice: Choice, runName: string, random: Random, part: 'train' | 'test', sameAs?: number): void {
    const { period, hour, crop, turns } = choice;
    const run = period.runs.get(runName) as TrainingRun;
    const cells = crop.rows * crop.cols;
    const steps = this.window.steps.length;
    const meteorologyChannels = period.meteorologyNames.length;
    const geographyChannels = period.geographyNames.length;
    const size = {
      emissions: steps * cells * 5,
      tracers: steps * cells * this.tracerChannels,
      meteorology: steps * cells * meteorologyChannels,
      geography: cells * geographyChannels,
      species: cells * 4,
    };

    this.copyWindow(run.emissions, 5, choice, out.emissions, i * size.emissions);
    rotatePlanes(out.emissions, i * size.emissions, steps, crop.rows, 5, turns);
    if (run.tracers) {
      this.copyWindow(run.tracers, this.tracerChannels, choice, out.tracers, i * size.tracers);
      rotatePlanes(out.tracers, i * size.tracers, steps, crop.rows, this.tracerChannels, turns);
    }
    this.copyHour(run.concentrations, 4, choice, out.target, i * size.species);
    rotatePlanes(out.target, i * size.species, 1, crop.rows, 4, turns);
    if (out.previous.length > 0) {
      this.copyHour(run.concentrations, 4, { ...choice, hour: Math.max(0, hour - this.window.hours) }, out.previous, i * size.species);
      rotatePlanes(out.previous, i * size.species, 1, crop.rows, 4, turns);
    }
    if (sameAs !== undefined) {
      out.meteorology.copyWithin(i * size.meteorology, sameAs * size.meteorology, (sameAs + 1) * size.meteorology);
      out.geography.copyWithin(i * size.geography, sameAs * size.geography, (sameAs + 1) * size.geography);
    } else {
      this.copyWindow(period.meteorology, meteorologyChannels, choice, out.meteorology, i * size.meteorology);
      rotatePlanes(out.meteorology, i * size.meteorology, steps, crop.rows, meteorologyChannels, turns, this.wind);
      this.copyHour(period.geography, geographyChannels, { ...choice, hour: 0 }, out.geography, i * size.geography);
      rotatePlanes(out.geography, i * size.geography, 1, crop.rows, geographyChannels, turns);
    }
    if (part === 'train') this.addNoise(out.emissions.subarray(i * size.emissions, (i + 1) * size.emissions), random);
  }

  /** Writes the steps of the window of a choice to `out` from `offset` on. */
  private copyWindow(values: HourlyValues, channels: number, { period, hour, crop }: Choice, out: Float32Array, offset: number): void {
    const { hours } = this.window;
    const range = { first: hour - hours + 1, count: hours };
    const halves = 'rectangle' in values ? values.halves?.(crop, range) : undefined;
    if (halves) {
      const request = this.window.request(halves.grid, channels, halves.first + hours - 1, halves.crop);
      windowMeanOfHalves({ ...request, ...this.workers, stepsOffset: offset }, halves.fields, out);
      return;
    }
    const { data, grid, crop: its, first } = placed(values, period.grid, crop, range, this.memory);
    windowMean({ ...this.window.request(grid, channels, first + hours - 1, its), ...this.workers, stepsOffset: offset }, data, out);
  }

  private copyHour(values: HourlyValues, channels: number, { period, hour, crop }: Choice, out: Float32Array, offset: number): void {
    const { data, grid, crop: its, first } = placed(values, period.grid, crop, { first: hour, count: 1 }, this.memory);
    copyHour(data, grid.rows, grid.cols, channels, first, its, out, offset);
  }

  private addNoise(emissions: Float32Array, random: Random): void {
    const { noise } = this.settings;
    if (noise > 0) for (let k = 0; k < emissions.length; k++) emissions[k] *= Math.max(0, 1 + noise * random.normal());
  }

  /** Multiplies what is emitted and what comes of it. */
  private rescale({ emissions, tracers, target, previous }: WindowBatch, i: number, factor: number): void {
    for (const field of [emissions, tracers, target, previous]) {
      const size = field.length / this.batch;
      for (let k = i * size; k < (i + 1) * size; k++) field[k] *= factor;
    }
  }
}
