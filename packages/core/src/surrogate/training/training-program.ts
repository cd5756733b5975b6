/**
 * The training step as one native program: forward, loss, reverse, update.
 *
 * A batch may come in parts (micro-batches.ts), of which the program computes one at a time. The weights of the losses (training-loss.ts) are those of
 * the whole batch, so that loss and gradient are the sums over parts.
 */
import { ALONE, type Ranks } from '@retroplume/native';
import type { TrainingSettings } from '../../case';
import { adamUpdate, averageBuffers, takenGradients } from '../../graph/ops/training/updates';
import { compile, planProgram, type CompileOptions } from '../../graph/program/compile';
import { Graph, type BatchShare, type Value } from '../../graph/definition/graph';
import { gradients } from '../../graph/gradients';
import { initializeParameters } from '../../graph/initialize';
import { type Execution, bytesOfFields, executionOf, roomOf } from '../../graph/program/execution';
import type { Program } from '../../graph/program/program';
import type { Tensor } from '../../files/checkpoint';
import { NumericalError } from '../../base/errors';
import { differenceKinds, LossWeights } from './loss-weights';
import { MicroBatchSums, WHOLE_BATCH, type BatchPart } from './micro-batches';
import { INPUTS, requestOf, windowsOf, type Batch, type DrawnBatch, type Field, type InputDraw } from '../model/batch';
import { ResidentFields } from '../model/resident-fields';
import { DIFFERENCE_WEIGHT, suffixOf, trainingLoss, type LossParts, type LossValues } from './training-loss';

export interface StepLosses {
  total: number;
  absolute: number;
  /** undefined when samples are not paired */
  difference?: number;
}

const SHRINK_BY = 'training.batch or training.crop (a smaller square; 0 is the whole domain), raise training.microBatches';

/** Adds the loss and what a step of training makes of it to a graph; inputs beside those of the loss: `learningRate` and `step`. */
export function trainingStep(g: Graph, parts: LossParts): { losses: LossValues; update: Value } {
  const { optimiser, l2, clipNorm } = parts.training;
  const losses = trainingLoss(g, parts, 'train');
  const parameters = g.modelValues().filter((value) => value.kind === 'parameter');
  const grads = gradients(g, losses.total, parameters);
  const rates = { learningRate: g.scalar('learningRate'), step: g.scalar('step'), l2, clipNorm, matrices: optimiser };
  return { losses, update: adamUpdate(g, new Map(parameters.map((parameter, i) => [parameter, grads[i]])), rates) };
}

/** What a step's graphs are made of: all but the kinds of differences, which follow from it. */
type GraphParts = Omit<LossParts, 'kinds'>;

/** What is trained, with the names of the species in the order of their channels. */
type Trained = GraphParts & { species: readonly string[]; /** see {@link Sampler.presence}; default: 1 of all */ presence?: readonly number[] };

/** A graph, and what is compiled of it. */
type Planned = { graph: Graph } & Pick<CompileOptions, 'outputs'> & Required<Pick<CompileOptions, 'phases'>>;

/** A step of training. @param graph - empty @param averages - whether ranks average the statistics of batch norm */
function stepGraph(graph: Graph, parts: LossParts, averages: boolean): Planned {
  const { losses, update } = trainingStep(graph, parts);
  const averaged = averages ? averageBuffers(graph) : undefined;
  const outputs = outputsOf(losses);
  return {
    graph,
    outputs,
    phases: { forward: Object.values(outputs), backward: takenGradients(update), update: [update, ...(averaged ? [averaged] : [])] },
  };
}

/** The losses with the network frozen. */
function frozenGraph(parts: LossParts): Planned {
  const graph = new Graph();
  const outputs = outputsOf(trainingLoss(graph, parts, 'frozen'));
  return { graph, outputs, phases: { evaluate: Object.values(outputs) } };
}

export class TrainingProgram {
  private readonly training: Program;
  private readonly frozen: Program;
  private readonly weights: LossWeights;
  /** of several micro-batches */
  private readonly sums?: MicroBatchSums;
  /** The part that lies on the GPU for the next forward pass. */
  private staged?: DrawnBatch;
  /** What the loss on differences is relative to in training. */
  private typical?: Float64Array;
  private resident?: ResidentFields;

  /**
   * @param trained - with the samples of one part of a batch
   * @param parts - of each batch, that this rank computes
   */
  constructor(
    private readonly trained: Trained,
    private readonly execution: Execution & { dtype?: 'float64' },
    private readonly parts: readonly BatchPart[] = [WHOLE_BATCH],
    private readonly ranks: Ranks = ALONE,
  ) {
    const { training, species, sizes, normalisation, pairs } = trained;
    const cells = sizes.rows * sizes.cols;
    this.weights = new LossWeights(training, species, normalisation, { samples: sizes.batch, pairs, cells }, parts[0].parts, trained.presence);
    // The numbers that are read and set are converted, so that the type of a program in double does not matter here.
    const common = { ...executionOf(execution), dtype: execution.dtype as 'float32' | undefined, shrinkBy: SHRINK_BY };
    const share = shareOf(ranks, pairs, training);
    const lossParts = { ...trained, kinds: this.weights.kinds };
    // Ranks of a node may share a GPU.
    const room = Math.floor(roomOf(execution) / ranks.localSize);
    const { graph, ...step } = stepGraph(new Graph(room), lossParts, share !== undefined && !share.synchronisedBatchNorm);
    this.training = compile(graph, { ...step, ...common, share, ranks: ranks.collective });
    this.training.setParameters(initializeParameters(graph, training.seed));
    if (training.microBatches > 1) this.sums = new MicroBatchSums(this.training, ranks, training.microBatches);

    const { graph: frozen, ...evaluation } = frozenGraph(lossParts);
    this.frozen = compile(frozen, { ...evaluation, ...common });
  }

  /** Bytes of the arenas that such a program takes on a processor, without making it. */
  static bytes(trained: GraphParts): number {
    const whole = { ...trained, kinds: differenceKinds(trained.training, trained.pairs) };
    const planned = [stepGraph(new Graph(), whole, false), frozenGraph(whole)];
    return 4 * planned.reduce((sum, { graph, outputs, phases }) => sum + planProgram(graph, { outputs, phases }).spec.arenaElements, 0);
  }

  /** Copies the fields that batches are drawn from to the GPU, where there is one, as far as it has room for them. @returns the bytes of those that lie there and of all */
  holdFields(fields: readonly Field[]): { onDevice: number; total: number } {
    if (!this.training.stages) return { onDevice: 0, total: 0 };
    this.resident?.dispose();
    this.resident = new ResidentFields(this.execution.device, bytesOfFields(this.execution) / this.ranks.localSize);
    for (const field of fields) this.resident.hold(field);
    return this.resident.bytes;
  }

  /**
   * Takes the mean of the differences over some batches as what the loss on differences of every batch is relative to. Before the first step.
   *
   * @param batches - each as its parts that this rank computes; one is asked for after the other
   */
  async takeTypical(batches: Iterable<readonly DrawnBatch[]>): Promise<void> {
    // Samples that are not paired have no differences: none need be drawn.
    this.typical = this.weights.kinds.length > 0 ? await this.meanSums(batches) : new Float64Array();
  }

  /** Mean over batches of {@link LossWeights.differenceSums} over all parts of a batch. */
  private async meanSums(batches: Iterable<readonly DrawnBatch[]>): Promise<Float64Array> {
    const windowSums: Float64Array[] = [];
    for (const parts of batches) windowSums.push(await this.overBatch(parts.map((part) => this.differenceSums(part))));
    return windowSums[0].map((_, i) => windowSums.reduce((sum, sums) => sum + sums[i], 0) / windowSums.length);
  }

  /** The sum over all parts of a batch of what each has. */
  private async overBatch([first, ...remaining]: Float64Array[]): Promise<Float64Array> {
    await this.ranks.sum(first, ...remaining);
    return first;
  }

  private differenceSums(part: DrawnBatch): Float64Array {
    return this.weights.kinds.length > 0 ? this.weights.differenceSums(part.arrays(['target'])) : new Float64Array();
  }

  /** @param sums - as from {@link LossWeights.differenceSums}, of a whole batch */
  private place(program: Program, batch: DrawnBatch, sums: Float64Array, mode: 'set' | 'stage' = 'set', absolute = this.weights.absolute): void {
    const windowLength = sums.length / batch.draw.length;
    batch.draw.forEach((inputs, w) => {
      const stepsBefore = batch.draw.length - 1 - w;
      program[mode](`weight${suffixOf(stepsBefore)}`, this.weights.withoutGaps(absolute, inputs));
      for (const input of INPUTS) {
        // All windows share geography.
        if (input === 'geography' && stepsBefore > 0) continue;
        const draws = inputs.filter((draw) => draw.input === input);
        const name = input === 'geography' ? input : input + suffixOf(stepsBefore);
        if (draws.length > 0 && !this.takeInput(program, draws, name)) program[mode](name, windowsOf(batch.arrays([input]))[w][input]);
      }
      const windowSums = sums.subarray(w * windowLength, (w + 1) * windowLength);
      this.weights.kinds.forEach((kind, k) =>
        program[mode](DIFFERENCE_WEIGHT[kind] + suffixOf(stepsBefore), this.weights.withoutGaps(this.weights.difference(windowSums, k), inputs)),
      );
    });
  }

  /** Lets the GPU take an input of fields in its memory, where those of all samples are there. @returns whether they are */
  private takeInput(program: Program, draws: readonly InputDraw[], name: string): boolean {
    const resident = draws.map(({ field }) => this.resident?.residentOf(field.values));
    if (!resident.every((fields) => fields !== undefined)) return false;
    draws.forEach((draw, i) => program.stageWindow(name, { part: draw.sample, parts: draws.length }, resident[i], requestOf(draw)));
    return true;
  }

  /**
   * One step of the optimiser.
   *
   * @param batch - its parts that this rank computes
   * @param iteration - from 0
   * @param overlap - work for the host while the device computes a part's gradients; the part of the next batch that it makes goes to a GPU meanwhile
   * @throws {NumericalError} naming the step and the tensor if the loss is not finite
   */
  async step(
    batch: readonly DrawnBatch[],
    iteration: number,
    learningRate: number,
    overlap?: (part: number) => DrawnBatch | undefined,
  ): Promise<StepLosses> {
    const { typical } = this;
    if (!typical) throw new Error('takeTypical has not been called');
    const figures: Float64Array[] = [];
    const next: DrawnBatch[] = [];
    this.sums?.begin();
    for (const [i, part] of batch.entries()) {
      if (this.staged !== part) this.place(this.training, part, typical);
      this.training.set('step', [this.dropoutStep(iteration, i)]);
      await this.training.run('forward');
      figures.push(this.figures(this.training));
      const running = this.training.run('backward');
      const drawn = overlap?.(i);
      if (drawn) next.push(drawn);
      this.stage(batch[i + 1] ?? next[0], typical);
      await running;
      this.sums?.keep();
    }
    const losses = lossesOf(await this.overBatch(figures));
    if (!Number.isFinite(losses.total)) await this.explainNonFinite(batch, iteration);
    await this.sums?.finish();
    this.training.set('learningRate', [learningRate]);
    this.training.set('step', [iteration + 1]);
    await this.training.run('update');
    return losses;
  }

  /** Counts the forward passes: every micro-batch has masks of its own. */
  private dropoutStep(iteration: number, part: number): number {
    const { microBatches } = this.trained.training;
    return microBatches > 1 ? iteration * microBatches + this.parts[part].part + 1 : iteration + 1;
  }

  /** Gets ready what is computed next, a part of this batch or the first of the next one: its arrays, or, on a GPU that is at work, its inputs there. */
  private stage(part: DrawnBatch | undefined, typical: Float64Array): void {
    this.staged = this.training.stages ? part : undefined;
    if (this.staged) this.place(this.training, this.staged, typical, 'stage');
    else part?.arrays();
  }

  /** The losses of a part: what they add to those of the batch. */
  private figures(program: Program): Float64Array {
    const names = ['total', 'absolute', ...(this.weights.kinds.length > 0 ? ['difference'] : [])];
    return Float64Array.from(names, (name) => program.get(name)[0]);
  }

  /**
   * Finds the tensor in which the first value that is not finite appears: one of the batch, or one that the weights make of it. Of several ranks the first that
   * finds one says so for all.
   */
  private async explainNonFinite(batch: readonly DrawnBatch[], iteration: number): Promise<never> {
    const spoiled = await this.firstTold(batch.map((part) => spoiledField(part.arrays())).find((text) => text !== undefined));
    const failure = spoiled ?? (await this.firstTold(await this.spoiledResult(batch)));
    throw new NumericalError(
      'TRAINING_NOT_FINITE',
      `train: the loss is not finite at step ${iteration}: ${failure ?? 'the sum itself overflows'}; lower training.learningRate, or look for NaN in the inputs of prepare`,
    );
  }

  /** What the first rank says that says anything. */
  private async firstTold(text: string | undefined): Promise<string | undefined> {
    const messages = await this.ranks.gather(new TextEncoder().encode(text ?? ''));
    return messages.map((bytes) => new TextDecoder().decode(bytes)).find((message) => message !== '');
  }

  private async spoiledResult(batch: readonly DrawnBatch[]): Promise<string | undefined> {
    this.frozen.setParameters(this.training.getParameters());
    try {
      for (const part of batch) {
        this.place(this.frozen, part, this.differenceSums(part));
        await this.frozen.runChecked('evaluate');
      }
      return undefined;
    } catch (cause) {
      return (cause as Error).message;
    }
  }

  /**
   * Mean losses over batches, each as its parts that this rank computes, with the network frozen; that on differences is relative to these batches' own.
   *
   * @param judged - `firsts`: the second of each pair is one that was trained on, and is in the differences alone
   */
  async evaluate(batches: readonly (readonly DrawnBatch[])[], judged: 'all' | 'firsts' = 'all'): Promise<StepLosses> {
    const weight = judged === 'all' ? this.weights.absolute : this.weights.absoluteOfFirsts;
    this.frozen.setParameters(this.training.getParameters());
    const sums = await this.meanSums(batches);
    const mean: StepLosses = { total: 0, absolute: 0 };
    for (const batch of batches) {
      const losses = await this.frozenLosses(batch, sums, weight);
      mean.total += losses.total / batches.length;
      mean.absolute += losses.absolute / batches.length;
      if (losses.difference !== undefined) mean.difference = (mean.difference ?? 0) + losses.difference / batches.length;
    }
    return mean;
  }

  private async frozenLosses(batch: readonly DrawnBatch[], sums: Float64Array, weight: Float32Array): Promise<StepLosses> {
    const figures: Float64Array[] = [];
    for (const part of batch) {
      this.place(this.frozen, part, sums, 'set', weight);
      await this.frozen.run('evaluate');
      figures.push(this.figures(this.frozen));
    }
    return lossesOf(await this.overBatch(figures));
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
    this.resident?.dispose();
  }
}

function spoiledField(batch: Batch): string | undefined {
  const spoiled = INPUTS.find((input) => windowsOf(batch).some((window) => !window[input].every(Number.isFinite)));
  return spoiled && `the batch holds NaN or infinite values in ${spoiled}`;
}

function lossesOf([total, absolute, difference]: Float64Array): StepLosses {
  return { total, absolute, ...(difference !== undefined ? { difference } : {}) };
}

function withShapes(program: Program, arrays: Map<string, Float32Array>): Map<string, Tensor> {
  return new Map([...arrays].map(([name, data]) => [name, { data, shape: [...program.shapeOf(name)] }]));
}

function outputsOf({ total, absolute, difference }: LossValues): Record<string, Value> {
  return { total, absolute, ...(difference ? { difference } : {}) };
}

/** What the program of a rank holds of a batch that ranks share within it; undefined where none do. */
function shareOf({ rank, size }: Ranks, pairs: number, { microBatches, synchronisedBatchNorm }: TrainingSettings): BatchShare | undefined {
  if (size === 1 || microBatches > 1) return undefined;
  return { rank, ranks: size, stretches: pairs > 0 ? 2 : 1, synchronisedBatchNorm };
}
