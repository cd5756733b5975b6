/** The training loop: batches, learning rate, test loss, checkpoints, early stop. */
import { ALONE, type Ranks } from '@retroplume/native';
import type { SurrogateSettings, TrainingSettings } from '../../case';
import { decodeTensors, encodeTensors, readCheckpoint, writeCheckpoint, type Checkpoint, type Tensor } from '../../files/checkpoint';
import type { TrainingPeriod } from '../../fields/training-period';
import { ConfigError, InterruptedError } from '../../base/errors';
import type { Execution } from '../../graph/program/execution';
import { takesInitialConcentrations } from '../model/surrogate-settings';
import { partsOf, type BatchPart } from './micro-batches';
import type { Normalisation } from '../model/normalisation';
import type { DrawnBatch } from '../model/batch';
import { drawsPairs, Sampler, type RunSplit } from './sampler';
import { trainingHours } from './training-hours';
import { TrainingProgram, type StepLosses } from './training-program';
import { Window } from '../model/window';

/** One look at the test loss. */
export interface CurvePoint {
  iteration: number;
  /** mean over the steps since the point before */
  train: StepLosses;
  test: StepLosses;
}

export interface TrainOptions extends Execution {
  checkpoint: string;
  /** names of runs that are kept for the test, on all hours; default: none, and the last days of each period are kept, of all runs */
  testRuns?: readonly string[];
  /** weights of an earlier training with the same network and normalisation to go on from; default: random */
  weights?: ReadonlyMap<string, Tensor>;
  onProgress?: (completed: number, total: number, text: string) => void;
  log?: (text: string) => void;
  signal?: AbortSignal;
  /** that train together: each computes its parts of every batch; the first reads and writes the checkpoint. Default: this process alone */
  ranks?: Ranks;
  /** plain kernels in double, on the CPU: for tests of what must not depend on rounding; weights and checkpoints are double, too */
  dtype?: 'float64';
}

type TrainStatus = 'iterations' | 'early-stop' | 'time';

export interface TrainResult {
  /** the weights with the lowest test loss if early stopping is on, else the last */
  weights: Map<string, Tensor>;
  curve: CurvePoint[];
  status: TrainStatus;
  iterations: number;
}

/** Which are kept from one look at the test loss to the next. */
export const TEST_BATCHES = 8;
const TYPICAL_BATCHES = 64;

interface Progress {
  iteration: number;
  seconds: number;
  curve: CurvePoint[];
  best: { loss: number; iteration: number };
}

/** Step size at an iteration: a short linear start, then a cosine down to `decay` of the start. */
export function learningRateAt(iteration: number, { iterations, learningRate, learningRateDecay: decay }: TrainingSettings): number {
  const warmUp = Math.min(100, iterations / 20);
  const cosine = 0.5 * (1 + Math.cos((Math.PI * iteration) / iterations));
  return learningRate * Math.min(1, (iteration + 1) / warmUp) * (decay + (1 - decay) * cosine);
}

/** Where no run is kept for the test, all are tested, on hours that are. */
function splitRuns(runs: readonly string[], testRuns: readonly string[]): RunSplit {
  const train = runs.filter((name) => !testRuns.includes(name));
  return { train, test: testRuns.length > 0 ? testRuns : train };
}

/** The sampler that a training uses. @param options - runs: default all; testRuns: of these, those that are kept for the test, on all hours; default none, and days are kept */
export function samplerOf(
  periods: readonly TrainingPeriod[],
  spinUp: readonly number[],
  surrogate: SurrogateSettings,
  training: TrainingSettings,
  { runs, testRuns = [], share, threads }: { runs?: readonly string[]; testRuns?: readonly string[]; share?: BatchPart; threads?: number } = {},
): Sampler {
  const window = new Window(surrogate.window);
  const runSplit = splitRuns(runs ?? [...periods[0].runs.keys()], testRuns);
  const splits = periods.map(({ name, time }, p) =>
    trainingHours({ name, hours: time.count, spinUpHours: spinUp[p] }, surrogate, training, testRuns.length > 0),
  );
  return new Sampler(
    periods,
    splits,
    window,
    { ...training, previousConcentrations: takesInitialConcentrations(surrogate), threads },
    runSplit,
    share,
  );
}

/**
 * Trains the surrogate on all runs of the prepared periods. Resumes from `options.checkpoint`, bit for bit, when it is there. With several ranks the
 * result is the same bits on all of them; with another number of ranks it is the same bits where there are micro-batches (micro-batches.ts), else the same up
 * to rounding, and a checkpoint can be gone on from.
 *
 * @throws {NumericalError} when a loss is not finite
 * @throws {InterruptedError} when the signal is raised, of any rank; a checkpoint has been written
 * @throws {ConfigError} `CASE_BATCH_RANKS`, `CASE_MICRO_BATCHES`, `CASE_MICRO_BATCHES_RANKS` if the batch does not divide, `RANKS_ON_GPU` for what only CPUs do together
 */
export async function train(
  periods: readonly TrainingPeriod[],
  spinUp: readonly number[],
  surrogate: SurrogateSettings,
  training: TrainingSettings,
  normalisation: Normalisation,
  options: TrainOptions,
): Promise<TrainResult> {
  const runs = surrogate.mode === 'paper' ? ['prior'] : [...periods[0].runs.keys()];
  const testRuns = runs.filter((name) => options.testRuns?.includes(name));
  const ranks = options.ranks ?? ALONE;
  requireSharable(surrogate, training, options, ranks);
  const parts = partsOf(training, drawsPairs(splitRuns(runs, testRuns).train, training.batch), ranks);
  // A program on a GPU leaves the processor's threads to the sampler; one on the CPU needs them all.
  const threads = (options.device ?? 'cpu') === 'cpu' ? 1 : options.threads;
  const samplers = parts.map((share) => samplerOf(periods, spinUp, surrogate, training, { runs, testRuns, share, threads }));
  const [sampler] = samplers;
  const sizes = {
    batch: sampler.batch,
    steps: new Window(surrogate.window).steps.length,
    ...sampler.size,
    meteorology: periods[0].meteorologyNames.length,
    geography: periods[0].geographyNames.length,
  };
  const program = new TrainingProgram(
    { surrogate, training, species: periods[0].species, sizes, normalisation, pairs: sampler.pairs, presence: sampler.presence() },
    options,
    parts,
    ranks,
  );
  try {
    const { onDevice, total } = program.holdFields(sampler.fields());
    const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(bytes < 2 ** 24 ? 1 : 0);
    if (onDevice > 0) options.log?.(`${mebibytes(onDevice)} of ${mebibytes(total)} MiB of fields lie in the memory of ${options.device}`);
    return await new Loop(program, samplers, training, options, ranks).run();
  } finally {
    program.dispose();
  }
}

/** @throws {ConfigError} `RANKS_ON_GPU` */
function requireSharable({ batchNorm, dropout }: SurrogateSettings, training: TrainingSettings, { device = 'cpu' }: Execution, ranks: Ranks): void {
  if (ranks.size === 1 || training.microBatches > 1 || device === 'cpu') return;
  const set =
    batchNorm && training.synchronisedBatchNorm ? 'training.synchronisedBatchNorm: false' : dropout > 0 ? 'surrogate.dropout: 0' : undefined;
  if (set === undefined) return;
  throw new ConfigError(
    'RANKS_ON_GPU',
    `training on ${ranks.size} processes with ${device}: what they make together within the network needs CPUs: set ${set}, or training.microBatches, or --device cpu`,
  );
}

class Loop {
  private progress: Progress = { iteration: 0, seconds: 0, curve: [], best: { loss: Infinity, iteration: 0 } };
  private best?: Map<string, Tensor>;
  private readonly sums: StepLosses[] = [];

  constructor(
    private readonly program: TrainingProgram,
    /** one for each part of a batch that this rank computes */
    private readonly samplers: readonly Sampler[],
    private readonly settings: TrainingSettings,
    private readonly options: TrainOptions,
    private readonly ranks: Ranks,
  ) {}

  async run(): Promise<TrainResult> {
    await this.resume();
    const { settings } = this;
    const testBatches = Array.from({ length: TEST_BATCHES }, (_, i) => this.samplers.map((sampler) => sampler.test(i)));
    await this.program.takeTypical(this.typicalBatches());
    const began = performance.now() - this.progress.seconds * 1000;
    let next = this.samplers.map((sampler) => sampler.train(this.progress.iteration));
    let status = this.ended();
    while (!status) {
      const { iteration } = this.progress;
      const batch = next;
      next = [];
      const losses = await this.program.step(batch, iteration, learningRateAt(iteration, settings), (part) => {
        if (iteration + 1 >= settings.iterations) return undefined;
        next[part] = this.samplers[part].train(iteration + 1);
        return next[part];
      });
      for (const part of batch) part.release();
      this.sums.push(losses);
      this.progress.iteration++;
      if (this.due(settings.evaluateEvery)) await this.look(testBatches);
      this.options.onProgress?.(this.progress.iteration, settings.iterations, this.describe(losses));
      const { stopped, seconds } = await this.agree((performance.now() - began) / 1000);
      this.progress.seconds = seconds;
      if (this.due(settings.checkpointEvery) || stopped) this.save();
      if (stopped) {
        // No rank ends before the checkpoint is whole.
        await this.ranks.barrier();
        throw new InterruptedError(
          'INTERRUPTED',
          `train: stopped at step ${this.progress.iteration}; the checkpoint is ${this.options.checkpoint}: run the same command to go on`,
          { cause: this.options.signal?.reason },
        );
      }
      status = this.ended();
    }
    const keepBest = settings.earlyStoppingIterations > 0 && this.best;
    const weights = keepBest ? (this.best as Map<string, Tensor>) : this.program.weightsNow();
    return { weights, curve: this.progress.curve, status, iterations: this.progress.iteration };
  }

  /** Of which the mean difference between runs is taken: the first that are trained on. */
  private *typicalBatches(): Generator<DrawnBatch[]> {
    for (let i = 0; i < TYPICAL_BATCHES; i++) {
      const batch = this.samplers.map((sampler) => sampler.train(i));
      yield batch;
      for (const part of batch) part.release();
    }
  }

  /** What all ranks must see alike: whether any was asked to stop, and the clock of the first. */
  private async agree(seconds: number): Promise<{ stopped: boolean; seconds: number }> {
    const figures = Float64Array.of(this.options.signal?.aborted ? 1 : 0, this.ranks.rank === 0 ? seconds : 0);
    await this.ranks.sum(figures);
    return { stopped: figures[0] > 0, seconds: figures[1] };
  }

  private due(interval: number): boolean {
    return this.progress.iteration % interval === 0 || this.progress.iteration === this.settings.iterations;
  }

  private async look(testBatches: readonly (readonly DrawnBatch[])[]): Promise<void> {
    const test = await this.program.evaluate(testBatches, this.options.testRuns?.length ? 'firsts' : 'all');
    const { iteration, curve } = this.progress;
    curve.push({ iteration, train: meanLosses(this.sums), test });
    this.sums.length = 0;
    if (test.total < this.progress.best.loss) {
      this.progress.best = { loss: test.total, iteration };
      if (this.settings.earlyStoppingIterations > 0) this.best = this.program.weightsNow();
    }
  }

  /** Why training is over, if it is; asked before the first step too, for a run that was stopped at its very end. */
  private ended(): TrainStatus | undefined {
    const { iterations, maxMinutes, earlyStoppingIterations: patience } = this.settings;
    const { iteration, seconds, curve, best } = this.progress;
    if (patience > 0 && curve.length > 0 && iteration - best.iteration >= patience) return 'early-stop';
    if (iteration >= iterations) return 'iterations';
    return maxMinutes !== undefined && seconds > maxMinutes * 60 ? 'time' : undefined;
  }

  private describe(losses: StepLosses): string {
    const test = this.progress.curve.at(-1)?.test;
    return `loss ${losses.total.toFixed(4)}${test ? `, test ${test.total.toFixed(4)}` : ''}`;
  }

  private save(): void {
    if (this.ranks.rank > 0) return;
    const tensors = this.program.state();
    for (const [name, tensor] of this.best ?? []) tensors.set(`best/${name}`, tensor);
    const { iteration, seconds, curve, best } = this.progress;
    const finiteBest = { ...best, loss: Number.isFinite(best.loss) ? best.loss : null };
    writeCheckpoint(this.options.checkpoint, { tensors, metadata: { iteration, seconds, curve, best: finiteBest, pending: this.sums } });
  }

  /** The first rank's checkpoint, on all of them. */
  private async checkpoint(): Promise<Checkpoint | undefined> {
    const { checkpoint, log } = this.options;
    const saved = this.ranks.rank === 0 ? readCheckpoint(checkpoint, (error) => log?.(`${error.message}; it is passed over`)) : undefined;
    if (this.ranks.size === 1) return saved;
    const bytes = await this.ranks.broadcast(saved && encodeTensors(saved));
    return bytes.length > 0 ? decodeTensors(Buffer.from(bytes), checkpoint) : undefined;
  }

  private async resume(): Promise<void> {
    const checkpoint = await this.checkpoint();
    if (!checkpoint) {
      if (this.options.weights) this.program.begin(this.options.weights);
      return;
    }
    const saved = checkpoint.metadata as unknown as Omit<Progress, 'best'> & {
      best: { loss: number | null; iteration: number };
      pending: StepLosses[];
    };
    const state = new Map([...checkpoint.tensors].filter(([name]) => !name.startsWith('best/')));
    const best = [...checkpoint.tensors]
      .filter(([name]) => name.startsWith('best/'))
      .map(([name, tensor]) => [name.slice('best/'.length), tensor] as const);
    this.program.restore(state);
    this.best = best.length > 0 ? new Map(best) : undefined;
    this.progress = {
      iteration: saved.iteration,
      seconds: saved.seconds,
      curve: saved.curve,
      best: { ...saved.best, loss: saved.best.loss ?? Infinity },
    };
    this.sums.push(...saved.pending);
    this.options.log?.(`resuming at step ${saved.iteration}`);
  }
}

function meanLosses(list: readonly StepLosses[]): StepLosses {
  const mean = (pick: (losses: StepLosses) => number): number => list.reduce((sum, losses) => sum + pick(losses), 0) / list.length;
  const paired = list[0]?.difference !== undefined;
  return { total: mean((l) => l.total), absolute: mean((l) => l.absolute), ...(paired ? { difference: mean((l) => l.difference as number) } : {}) };
}
