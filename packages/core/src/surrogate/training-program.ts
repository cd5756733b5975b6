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
 * Where samples are rolled out (`training.rolloutWindows`) J is the mean over their windows, each of which takes the output of the one before as y: the gradient
 * goes through it, so that what the network hands on is trained too.
 */
import type { SurrogateSettings, TrainingSettings } from '../data/case';
import {
  adamUpdate,
  compile,
  Graph,
  gradients,
  initializeParameters,
  loss,
  slice,
  subtract,
  weightedSum,
  type Execution,
  type Program,
  type Value,
} from '../graph';
import { executionOf } from '../graph/execution';
import type { Tensor } from '../data/checkpoint';
import { NumericalError } from '../errors';
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

const SPECIES = 4;

type DifferenceKind = 'l1' | 'l2';

/** Inputs that hold the weights of the loss on differences. */
const DIFFERENCE_WEIGHT = { l1: 'differenceWeight', l2: 'squaredDifferenceWeight' } as const;

/** Of the names of inputs of a window so many windows back. */
const suffixOf = (back: number): string => (back === 0 ? '' : ` ${back} back`);

const SHRINK_BY = 'training.batch, or training.crop (a smaller square, 0 is the whole domain)';

export class TrainingProgram {
  private readonly training: Program;
  private readonly frozen: Program;
  private readonly weight: Float32Array;
  private readonly differenceWeight: Float32Array;
  /** The batch that lies on the GPU for the next step. */
  private staged?: Batch;

  /** @param pairs - pairs of runs in a batch; 0 = samples are not paired */
  constructor(
    settings: SurrogateSettings,
    private readonly training_: TrainingSettings,
    private readonly sizes: SurrogateSizes,
    private readonly normalisation: Normalisation,
    private readonly pairs: number,
    execution: Execution,
  ) {
    const common = { ...executionOf(execution), shrinkBy: SHRINK_BY };
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
    this.training = compile(g, {
      outputs: outputsOf(losses),
      phases: { forward: Object.values(outputsOf(losses)), update: [update] },
      ...common,
    });
    this.training.setParameters(initializeParameters(g, training_.seed));

    const f = new Graph();
    const frozenLosses = this.losses(f, settings, 'frozen');
    this.frozen = compile(f, { outputs: outputsOf(frozenLosses), phases: { evaluate: Object.values(outputsOf(frozenLosses)) }, ...common });
    this.weight = this.speciesWeights(sizes.batch * sizes.rows * sizes.cols);
    this.differenceWeight = new Float32Array(pairs * sizes.rows * sizes.cols * SPECIES);
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
    if (this.pairs === 0 || this.training_.differenceWeight === 0) return { total: absolute, absolute };
    const half = (value: Value): Value => subtract(g, slice(g, value, 0, 0, this.pairs), slice(g, value, 0, this.pairs, 2 * this.pairs));
    const [predicted, wanted, kinds] = [half(normalised), half(target), this.differenceKinds()];
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

  private weights(): number[] {
    const { speciesWeights: w } = this.training_;
    const list = [w.NO2, w.SO2, w.O3, w['PM2.5']];
    const total = list.reduce((a, b) => a + b, 0);
    return list.map((x) => x / total);
  }

  private speciesWeights(cells: number): Float32Array {
    const weights = this.weights();
    return Float32Array.from({ length: cells * SPECIES }, (_, i) => weights[i % SPECIES] / cells);
  }

  private differenceKinds(): DifferenceKind[] {
    const { differenceLoss } = this.training_;
    return differenceLoss === 'both' ? ['l1', 'l2'] : [differenceLoss];
  }

  /** Weights w_s / Σφ(Δy), with φ the loss of one value: it is relative to the size of the difference in this batch. */
  private differenceWeights(target: Float32Array, kind: DifferenceKind): Float32Array {
    const half = this.differenceWeight.length;
    const { scale } = this.normalisation.concentrations;
    const sums = new Float64Array(SPECIES);
    for (let i = 0; i < half; i++) {
      const difference = Math.abs(target[i] - target[i + half]) / scale[i % SPECIES];
      sums[i % SPECIES] += kind === 'l1' ? difference : difference ** 2 / 2;
    }
    const weights = this.weights().map((w, s) => (sums[s] > 0 ? w / sums[s] : 0));
    for (let i = 0; i < half; i++) this.differenceWeight[i] = weights[i % SPECIES];
    return this.differenceWeight;
  }

  private load(program: Program, batch: Batch, how: 'set' | 'stage' = 'set'): void {
    if (batch.geography.length > 0) program[how]('geography', batch.geography);
    program[how]('weight', this.weight);
    batch.earlier.forEach((window, i) => this.loadWindow(program, window, suffixOf(batch.earlier.length - i), how));
    this.loadWindow(program, batch, suffixOf(0), how);
  }

  private loadWindow(program: Program, window: WindowBatch, suffix: string, how: 'set' | 'stage'): void {
    const { emissions, tracers, meteorology, previous, target } = window;
    for (const [name, data] of Object.entries({ emissions, tracers, meteorology, previous, target })) {
      if (data.length > 0) program[how](name + suffix, data);
    }
    if (this.pairs > 0 && this.training_.differenceWeight > 0) {
      for (const kind of this.differenceKinds()) program[how](DIFFERENCE_WEIGHT[kind] + suffix, this.differenceWeights(target, kind));
    }
  }

  /**
   * One step of Adam.
   * @param iteration - from 0
   * @param overlap - work for the host while the device computes; the batch that it makes goes to a GPU meanwhile
   * @throws {NumericalError} naming the step and the tensor if the loss is not finite
   */
  async step(batch: Batch, iteration: number, learningRate: number, overlap?: () => Batch | undefined): Promise<StepLosses> {
    if (this.staged !== batch) this.load(this.training, batch);
    this.training.set('learningRate', [learningRate]);
    this.training.set('step', [iteration + 1]);
    await this.training.run('forward');
    const losses = readLosses(this.training, this.pairs > 0 && this.training_.differenceWeight > 0);
    if (!Number.isFinite(losses.total)) await this.explainNonFinite(batch, iteration);
    const running = this.training.run('update');
    this.staged = overlap?.();
    if (this.staged && this.training.stages) this.load(this.training, this.staged, 'stage');
    else this.staged = undefined;
    await running;
    return losses;
  }

  /** Finds the tensor in which the first value that is not finite appears: one of the batch, or one that the weights make of it. */
  private async explainNonFinite(batch: Batch, iteration: number): Promise<never> {
    const { earlier, ...own } = batch;
    const spoiled = [own, ...earlier]
      .flatMap((window) => Object.entries(window))
      .find(([, data]: [string, Float32Array]) => !data.every(Number.isFinite));
    let where = spoiled ? `the batch holds NaN or infinite values in ${spoiled[0]}` : 'the sum itself overflows';
    this.frozen.setParameters(this.training.getParameters());
    this.load(this.frozen, batch);
    try {
      if (!spoiled) await this.frozen.runChecked('evaluate');
    } catch (cause) {
      where = (cause as Error).message;
    }
    throw new NumericalError(
      'TRAINING_NOT_FINITE',
      `train: the loss is not finite at step ${iteration}: ${where}; lower training.learningRate, or look for NaN in the inputs of prepare`,
    );
  }

  /** Mean losses over batches with the network frozen. */
  async evaluate(batches: readonly Batch[]): Promise<StepLosses> {
    this.frozen.setParameters(this.training.getParameters());
    const mean: StepLosses = { total: 0, absolute: 0 };
    for (const batch of batches) {
      this.load(this.frozen, batch);
      await this.frozen.run('evaluate');
      const losses = readLosses(this.frozen, this.pairs > 0 && this.training_.differenceWeight > 0);
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

function withShapes(program: Program, arrays: Map<string, Float32Array>): Map<string, Tensor> {
  return new Map([...arrays].map(([name, data]) => [name, { data, shape: [...program.shapeOf(name)] }]));
}

function outputsOf({ total, absolute, difference }: LossValues): Record<string, Value> {
  return { total, absolute, ...(difference ? { difference } : {}) };
}

function readLosses(program: Program, paired: boolean): StepLosses {
  const read = (name: string): number => program.get(name)[0];
  return { total: read('total'), absolute: read('absolute'), ...(paired ? { difference: read('difference') } : {}) };
}
