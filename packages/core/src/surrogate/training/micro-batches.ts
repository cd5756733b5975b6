/**
 * A batch in equal parts. With `training.microBatches: M` above 1 the same program makes the forward and the backward pass of M parts, one after the other, and
 * what they leave is added up in the order of parts and in double, whichever rank has made which: any number of ranks that divides M ends with the bits of one.
 * With M = 1 ranks share the batch within their programs (`BatchShare` of graph/definition/graph.ts), one part each, and batch norm can look over all of it.
 */
import type { Ranks } from '@retroplume/native';
import { ConfigError } from '../../base/errors';
import type { FloatArray, Program } from '../../graph/program/program';

/** Which part of a batch, of how many. */
export interface BatchPart {
  readonly part: number;
  readonly parts: number;
}

export const WHOLE_BATCH: BatchPart = { part: 0, parts: 1 };

/**
 * The parts of each batch that a rank makes: as many as every other, next to each other.
 *
 * @param paired - whether samples are pairs of runs, which stay together
 * @throws {ConfigError} `CASE_BATCH_RANKS`, `CASE_MICRO_BATCHES`, `CASE_MICRO_BATCHES_RANKS` if they do not come out equal
 */
export function partsOf(settings: { batch: number; microBatches: number }, paired: boolean, { rank, size }: Ranks): BatchPart[] {
  const { batch, microBatches } = settings;
  const parts = microBatches > 1 ? microBatches : size;
  const unit = parts * (paired ? 2 : 1);
  const samples = `${batch} samples${paired ? ', in pairs of runs,' : ''}`;
  if (parts > 1 && batch % unit !== 0) {
    throw microBatches > 1
      ? new ConfigError(
          'CASE_MICRO_BATCHES',
          `training.microBatches: ${samples} do not divide into ${parts} micro-batches: set training.batch to a multiple of ${unit}, or fewer micro-batches`,
        )
      : new ConfigError(
          'CASE_BATCH_RANKS',
          `training.batch: ${samples} do not divide among ${size} processes: set a multiple of ${unit}, or start fewer`,
        );
  }
  if (parts % size !== 0) {
    throw new ConfigError(
      'CASE_MICRO_BATCHES_RANKS',
      `training.microBatches: ${parts} micro-batches do not divide among ${size} processes: set a multiple of ${size}, or start fewer`,
    );
  }
  const partSize = parts / size;
  return Array.from({ length: partSize }, (_, i) => ({ part: rank * partSize + i, parts }));
}

/** Brings together what the micro-batches of a step leave in the program: gradients, and running statistics of batch norm, which become their mean. */
export class MicroBatchSums {
  private gradients: FloatArray[] = [];
  private buffers: FloatArray[] = [];
  private previousSum?: FloatArray;

  constructor(
    private readonly program: Program,
    private readonly ranks: Ranks,
    private readonly microBatches: number,
  ) {}

  /** Before the first micro-batch of a step. */
  begin(): void {
    [this.gradients, this.buffers] = [[], []];
    if (this.program.regions['buffers']) this.previousSum = this.program.getRegion('buffers');
  }

  /** After the backward pass of each. */
  keep(): void {
    this.gradients.push(this.program.getRegion('gradients'));
    if (!this.previousSum) return;
    this.buffers.push(this.program.getRegion('buffers'));
    // Each begins with the statistics that the step began with.
    this.program.setRegion('buffers', this.previousSum as Float32Array);
  }

  /** Before the update. */
  async finish(): Promise<void> {
    this.program.setRegion('gradients', await this.sum(this.gradients));
    if (this.previousSum)
      this.program.setRegion(
        'buffers',
        (await this.sum(this.buffers)).map((total) => total / this.microBatches),
      );
  }

  private async sum([first, ...remaining]: FloatArray[]): Promise<Float32Array> {
    await this.ranks.sum(first, ...remaining);
    return first as Float32Array;
  }
}
