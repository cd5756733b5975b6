/**
 * The training step as one native program: forward, loss, reverse, Adam.
 *
 *   J = J_abs + λ·J_diff
 *   J_abs  = Σ_s w_s Σ |ŷ − y| / (N·H·W·Σ w_s)                 with ŷ, y in units of each species' standard deviation (eq. 3 of the paper)
 *   J_diff = Σ_s w_s (Σ |Δŷ − Δy|^p / Σ |Δy|^p) / Σ w_s          with Δ the difference between the two runs of a pair at the same hour; p = 1, 2, or the mean
 *                                                              of both
 *
 * J_diff is what teaches the response: an error of a tenth of the concentration may be an error of the whole response.
 *
 * Ranks that share a batch have a program of their own samples each. The weights of the losses are those of the whole batch, so that J and its gradient are the
 * sums over ranks of what each computes.
 *
 * Where samples are rolled out (`training.rolloutWindows`) J is the mean over their windows, each of which takes the output of the one before as y: the gradient
 * goes through it, so that what the network hands on is trained too.
 */
import { ALONE, type Ranks } from '@retroplume/native';
import type { SurrogateSettings, TrainingSettings } from '../data/case';
import {
  adamUpdate,
  averageBuffers,
  compile,
  Graph,
  gradients,
  initializeParameters,
  loss,
  slice,
  subtract,
  weightedSum,
  type BatchShare,
  type Execution,
  type Program,
  type Value,
} from '../graph';
import { executionOf } from '../graph/execution';
import type { Tensor } from '../data/checkpoint';
import { NumericalError } from '../errors';
import { LossWeights, SPECIES } from './loss-weights';
import { buildSurrogate, normaliseConcentrations, type SurrogateSizes } from './model';
import type { Normalisation } from './normalisation';
import type { Batch, WindowBatch } from './sampler';

export interface StepLosses {
  total: number;
  absolute: number;
  /** undefined when samples are not paired */
  difference?: number;
}

interface LossValues {
  total: Value;
  absolute: Value;
  difference?: Value;
}

/** Inputs that hold the weights of the loss on differences. */
const DIFFERENCE_WEIGHT = { l1: 'differenceWeight', l2: 'squaredDifferenceWeight' } as const;

/** Of the names of inputs of a window so many windows back. */
const suffixOf = (back: number): string => (back === 0 ? '' : ` ${back} back`);

const SHRINK_BY = 'training.batch, or training.crop (a smaller square, 0 is the whole domain)';

export class TrainingProgram {
  private readonly training: Program;
  private readonly frozen: Program;
  private readonly weights: LossWeights;
  /** The batch that lies on the GPU for the next step. */
  private staged?: Batch;

  /**
   * @param sizes - with the samples of this rank in a batch
   * @param pairs - pairs of runs among them; 0 = samples are not paired
   */
  constructor(
    settings: SurrogateSettings,
    private readonly training_: TrainingSettings,
    private readonly sizes: SurrogateSizes,
    private readonly normalisation: Normalisation,
    private readonly pairs: number,
    execution: Execution & { dtype?: 'float64' },
    private readonly ranks: Ranks = ALONE,
  ) {
    this.weights = new LossWeights(training_, normalisation, { samples: sizes.batch, pairs, cells: sizes.rows * sizes.cols }, ranks.size);
    // The numbers that are read and set are converted, so that the type of a program in double does not matter here.
    const common = { ...executionOf(execution), dtype: execution.dtype as 'float32' | undefined, shrinkBy: SHRINK_BY };
    const share = shareOf(ranks, pairs, training_);
    const g = new Graph();
    const losses = this.losses(g, settings, 'train');
    const parameters = g.modelValues().filter((value) => value.kind === 'parameter');
    const grads = gradients(g, losses.total, parameters);
    const update = adamUpdate(g, new Map(parameters.map((parameter, i) => [parameter, grads[i]])), {
      learningRate: g.scalar('learningRate'),
      step: g.scalar('step'),
      l2: training_.l2,
      clipNorm: training_.clipNorm,
    });
    const averaged = share && !share.synchronisedBatchNorm ? averageBuffers(g) : undefined;
    this.training = compile(g, {
      outputs: outputsOf(losses),
      phases: { forward: Object.values(outputsOf(losses)), update: [update, ...(averaged ? [averaged] : [])] },
      ...common,
      share,
      ranks: ranks.collective,
    });
    this.training.setParameters(initializeParameters(g, training_.seed));

    const f = new Graph();
    const frozenLosses = this.losses(f, settings, 'frozen');
    this.frozen = compile(f, { outputs: outputsOf(frozenLosses), phases: { evaluate: Object.values(outputsOf(frozenLosses)) }, ...common });
  }

  private losses(g: Graph, settings: SurrogateSettings, mode: 'train' | 'frozen'): LossValues {
    const windows: LossValues[] = [];
    let previous: Value | undefined;
    for (let back = this.training_.rolloutWindows - 1; back >= 0; back--) {
      const suffix = suffixOf(back);
      const built = buildSurrogate(g, settings, this.sizes, this.normalisation, mode, { suffix, previous });
      previous = built.concentrations;
      windows.push(this.windowLosses(g, built.normalised, suffix));
    }
    const mean = (values: Value[]): Value =>
      values.length === 1
        ? values[0]
        : weightedSum(
            g,
            values.map((value) => ({ value, weight: 1 / values.length })),
          );
    const differences = windows.flatMap(({ difference }) => difference ?? []);
    return {
      total: mean(windows.map(({ total }) => total)),
      absolute: mean(windows.map(({ absolute }) => absolute)),
      ...(differences.length > 0 ? { difference: mean(differences) } : {}),
    };
  }

  private windowLosses(g: Graph, normalised: Value, suffix: string): LossValues {
    const { batch, rows, cols } = this.sizes;
    const shape = [batch, rows, cols, SPECIES];
    const target = normaliseConcentrations(g, g.input(`target${suffix}`, shape), this.normalisation);
    const absolute = loss(g, normalised, target, g.input('weight', shape), { kind: 'l1', divisor: 1 });
    if (this.weights.kinds.length === 0) return { total: absolute, absolute };
    const half = (value: Value): Value => subtract(g, slice(g, value, 0, 0, this.pairs), slice(g, value, 0, this.pairs, 2 * this.pairs));
    const [predicted, wanted, { kinds }] = [half(normalised), half(target), this.weights];
    const terms = kinds.map((kind) => {
      const weight = g.input(DIFFERENCE_WEIGHT[kind] + suffix, [this.pairs, rows, cols, SPECIES]);
      return { value: loss(g, predicted, wanted, weight, { kind, divisor: 1 }), weight: 1 / kinds.length };
    });
    const difference = weightedSum(g, terms);
    const total = weightedSum(g, [
      { value: absolute, weight: 1 },
      { value: difference, weight: this.training_.differenceWeight },
    ]);
    return { total, absolute, difference };
  }

  /** Sets the rank's samples of a batch, whose differences are weighted by the sums of all ranks. */
  private async load(program: Program, batch: Batch): Promise<void> {
    const sums = this.weights.differenceSums(batch);
    await this.ranks.sum(sums);
    this.place(program, batch, sums);
  }

  /** @param sums - as from {@link LossWeights.differenceSums}, of the whole batch */
  private place(program: Program, batch: Batch, sums: Float64Array, how: 'set' | 'stage' = 'set'): void {
    if (batch.geography.length > 0) program[how]('geography', batch.geography);
    program[how]('weight', this.weights.absolute);
    const windows = [...batch.earlier, batch];
    const each = sums.length / windows.length;
    windows.forEach((window, i) => this.placeWindow(program, window, sums.subarray(i * each, (i + 1) * each), suffixOf(windows.length - 1 - i), how));
  }

  private placeWindow(program: Program, window: WindowBatch, sums: Float64Array, suffix: string, how: 'set' | 'stage'): void {
    const { emissions, tracers, meteorology, previous, target } = window;
    for (const [name, data] of Object.entries({ emissions, tracers, meteorology, previous, target })) {
      if (data.length > 0) program[how](name + suffix, data);
    }
    this.weights.kinds.forEach((kind, k) => program[how](DIFFERENCE_WEIGHT[kind] + suffix, this.weights.difference(sums, k)));
  }

  /**
   * One step of Adam.
   * @param iteration - from 0
   * @param overlap - work for the host while the device computes; the batch that it makes goes to a GPU meanwhile
   * @throws {NumericalError} naming the step and the tensor if the loss is not finite
   */
  async step(batch: Batch, iteration: number, learningRate: number, overlap?: () => Batch | undefined): Promise<StepLosses> {
    if (this.staged !== batch) await this.load(this.training, batch);
    this.training.set('learningRate', [learningRate]);
    this.training.set('step', [iteration + 1]);
    await this.training.run('forward');
    const losses = await this.lossesOf(this.training);
    if (!Number.isFinite(losses.total)) await this.explainNonFinite(batch, iteration);
    const running = this.training.run('update');
    this.staged = overlap?.();
    // Ranks add up the sums of the next batch only when this run is over.
    if (this.staged && this.training.stages && this.ranks.size === 1)
      this.place(this.training, this.staged, this.weights.differenceSums(this.staged), 'stage');
    else this.staged = undefined;
    await running;
    return losses;
  }

  /** The losses of the whole batch, from what the program has computed of the rank's samples. */
  private async lossesOf(program: Program): Promise<StepLosses> {
    const names = ['total', 'absolute', ...(this.weights.kinds.length > 0 ? ['difference'] : [])];
    const [total, absolute, difference] = await this.summed(Float64Array.from(names, (name) => program.get(name)[0]));
    return { total, absolute, ...(difference !== undefined ? { difference } : {}) };
  }

  private async summed(figures: Float64Array): Promise<Float64Array> {
    await this.ranks.sum(figures);
    return figures;
  }

  /**
   * Finds the tensor in which the first value that is not finite appears: one of the batch, or one that the weights make of it. Of several ranks the first that
   * finds one says so for all.
   */
  private async explainNonFinite(batch: Batch, iteration: number): Promise<never> {
    const spoiled = await this.firstTold(spoiledField(batch));
    const found = spoiled ?? (await this.firstTold(await this.spoiledResult(batch)));
    throw new NumericalError(
      'TRAINING_NOT_FINITE',
      `train: the loss is not finite at step ${iteration}: ${found ?? 'the sum itself overflows'}; lower training.learningRate, or look for NaN in the inputs of prepare`,
    );
  }

  /** What the first rank says that says anything. */
  private async firstTold(text: string | undefined): Promise<string | undefined> {
    const told = await this.ranks.gather(new TextEncoder().encode(text ?? ''));
    return told.map((bytes) => new TextDecoder().decode(bytes)).find((each) => each !== '');
  }

  private async spoiledResult(batch: Batch): Promise<string | undefined> {
    this.frozen.setParameters(this.training.getParameters());
    this.place(this.frozen, batch, this.weights.differenceSums(batch));
    try {
      await this.frozen.runChecked('evaluate');
      return undefined;
    } catch (cause) {
      return (cause as Error).message;
    }
  }

  /** Mean losses over batches with the network frozen. */
  async evaluate(batches: readonly Batch[]): Promise<StepLosses> {
    this.frozen.setParameters(this.training.getParameters());
    const mean: StepLosses = { total: 0, absolute: 0 };
    for (const batch of batches) {
      await this.load(this.frozen, batch);
      await this.frozen.run('evaluate');
      const losses = await this.lossesOf(this.frozen);
      mean.total += losses.total / batches.length;
      mean.absolute += losses.absolute / batches.length;
      if (losses.difference !== undefined) mean.difference = (mean.difference ?? 0) + losses.difference / batches.length;
    }
    return mean;
  }

  /** Parameters and batch-norm statistics. */
  weightsNow(): Map<string, Tensor> {
    return withShapes(this.training, this.training.getParameters());
  }

  /** Everything that the next step depends on: weights, statistics, moments. */
  state(): Map<string, Tensor> {
    return withShapes(this.training, new Map([...this.training.getParameters(), ...this.training.getState()]));
  }

  /** Parameters and batch-norm statistics of another training; the moments begin anew. */
  begin(weights: ReadonlyMap<string, Tensor>): void {
    this.training.setParameters(new Map([...weights].map(([name, { data }]) => [name, data])));
  }

  restore(state: Map<string, Tensor>): void {
    const arrays = new Map([...state].map(([name, { data }]) => [name, data]));
    this.training.setParameters(arrays);
    this.training.setState(arrays);
  }

  dispose(): void {
    this.training.dispose();
    this.frozen.dispose();
  }
}

function spoiledField({ earlier, ...own }: Batch): string | undefined {
  const spoiled = [own, ...earlier]
    .flatMap((window) => Object.entries(window))
    .find(([, data]: [string, Float32Array]) => !data.every(Number.isFinite));
  return spoiled && `the batch holds NaN or infinite values in ${spoiled[0]}`;
}

function withShapes(program: Program, arrays: Map<string, Float32Array>): Map<string, Tensor> {
  return new Map([...arrays].map(([name, data]) => [name, { data, shape: [...program.shapeOf(name)] }]));
}

function outputsOf({ total, absolute, difference }: LossValues): Record<string, Value> {
  return { total, absolute, ...(difference ? { difference } : {}) };
}

/** What a rank holds of a batch; undefined where there is one alone. */
function shareOf({ rank, size }: Ranks, pairs: number, training: TrainingSettings): BatchShare | undefined {
  if (size === 1) return undefined;
  return { rank, ranks: size, stretches: pairs > 0 ? 2 : 1, synchronisedBatchNorm: training.synchronisedBatchNorm };
}
