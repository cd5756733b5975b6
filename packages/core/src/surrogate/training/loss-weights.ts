/** What the terms of the training's loss are weighted with (training-program.ts), over the whole of a batch that may come in parts. */
import { type TrainingSettings } from '../../case';
import type { Normalisation } from '../model/normalisation';
import { windowsOf, type Batch, type InputDraw } from '../model/batch';

export type DifferenceKind = 'l1' | 'l2';

/** Of a part of a batch. */
interface Sizes {
  samples: number;
  /** pairs of runs among them; 0 = samples are not paired */
  pairs: number;
  /** of a sample */
  cells: number;
}

/** Of which the loss on differences is made; none where it is not asked for. */
export function differenceKinds({ differenceWeight, differenceLoss }: TrainingSettings, pairs: number): DifferenceKind[] {
  return pairs === 0 || differenceWeight === 0 ? [] : differenceLoss === 'both' ? ['l1', 'l2'] : [differenceLoss];
}

export class LossWeights {
  /** `[samples, cells, species]`: w_s / (N·H·W·Σ w_s), of the absolute error */
  readonly absolute: Float32Array;
  /** the same of the first of each pair alone */
  readonly absoluteOfFirsts: Float32Array;
  /** of the loss on differences; empty where there is none */
  readonly kinds: readonly DifferenceKind[];
  private readonly species: number[];
  private readonly weights: Float32Array;
  private readonly sampleLength: number;

  /**
   * @param species - names of the channels, in their order
   * @param parts - equal ones that make up a batch
   * @param presence - part of the hours in which each species has values
   */
  constructor(
    settings: TrainingSettings,
    species: readonly string[],
    private readonly normalisation: Normalisation,
    { samples, pairs, cells }: Sizes,
    parts: number,
    presence: readonly number[] = species.map(() => 1),
  ) {
    const weightsByName: Readonly<Record<string, number>> = settings.speciesWeights;
    const list = species.map((name) => weightsByName[name]);
    const total = list.reduce((a, b) => a + b, 0);
    this.species = list.map((x) => x / total);
    const places = samples * cells;
    const { length: speciesCount } = species;
    const weights = this.species.map((weight, s) => (presence[s] > 0 ? weight / presence[s] : 0));
    this.absolute = Float32Array.from({ length: places * speciesCount }, (_, i) => weights[i % speciesCount] / (places * parts));
    this.sampleLength = cells * speciesCount;
    this.absoluteOfFirsts = this.absolute.map((weight, i) => (pairs === 0 ? weight : i < pairs * cells * speciesCount ? 2 * weight : 0));
    this.kinds = differenceKinds(settings, pairs);
    this.weights = new Float32Array(pairs * cells * speciesCount);
  }

  /**
   * @param weights - `[samples or pairs, cells, species]` @param inputs - of their window
   * @returns a copy with 0 where a target is in a gap of columns; where none is, the same
   */
  withoutGaps(weights: Float32Array, inputs: readonly InputDraw[]): Float32Array {
    const { sampleLength } = this;
    const { length: speciesCount } = this.species;
    let copy: Float32Array | undefined;
    for (const { input, sample, hour, field } of inputs) {
      const { gaps } = field;
      if (input !== 'target' || !gaps || (sample + 1) * sampleLength > weights.length) continue;
      for (let s = 0; s < speciesCount; s++) {
        if (gaps.mask[hour * speciesCount + s] === 0) continue;
        copy ??= weights.slice();
        for (let i = sample * sampleLength + s; i < (sample + 1) * sampleLength; i += speciesCount) copy[i] = 0;
      }
    }
    return copy ?? weights;
  }

  /** Σφ(Δy) over the part's pairs, `[windows, kinds, species]`, with φ the loss of one value; over all of them it is the sum over parts. */
  differenceSums(batch: Batch): Float64Array {
    const half = this.weights.length;
    const { scale } = this.normalisation.concentrations;
    const windows = windowsOf(batch);
    const { length: speciesCount } = this.species;
    const sums = new Float64Array(windows.length * this.kinds.length * speciesCount);
    windows.forEach(({ target }, w) =>
      this.kinds.forEach((kind, k) => {
        const kindSums = sums.subarray((w * this.kinds.length + k) * speciesCount);
        for (let i = 0; i < half; i++) {
          const difference = Math.abs(target[i] - target[i + half]) / scale[i % speciesCount];
          kindSums[i % speciesCount] += kind === 'l1' ? difference : difference ** 2 / 2;
        }
      }),
    );
    return sums;
  }

  /**
   * Weights w_s / Σφ(Δy): the loss is relative to the size of the difference in a batch.
   *
   * @param sums - of one window, `[kinds, species]`, mean over batches
   * @returns `[pairs, cells, species]`, in memory that the next call writes over
   */
  difference(sums: Float64Array, kind: number): Float32Array {
    const { length: speciesCount } = this.species;
    const speciesSums = sums.subarray(kind * speciesCount, (kind + 1) * speciesCount);
    const weights = this.species.map((w, s) => (speciesSums[s] > 0 ? w / speciesSums[s] : 0));
    for (let i = 0; i < this.weights.length; i++) this.weights[i] = weights[i % speciesCount];
    return this.weights;
  }
}
