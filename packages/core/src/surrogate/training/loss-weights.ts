/** What the terms of the training's loss are weighted with (training-program.ts), over the whole of a batch that may come in parts. */
import { SPECIES } from '../../base/species';
import { type TrainingSettings } from '../../case';
import type { Normalisation } from '../model/normalisation';
import { windowsOf, type Batch } from '../model/batch';

export const SPECIES_COUNT = SPECIES.length;

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

  /** @param parts - equal ones that make up a batch */
  constructor(
    settings: TrainingSettings,
    private readonly normalisation: Normalisation,
    { samples, pairs, cells }: Sizes,
    parts: number,
  ) {
    const w = settings.speciesWeights;
    const list = SPECIES.map((species) => w[species]);
    const total = list.reduce((a, b) => a + b, 0);
    this.species = list.map((x) => x / total);
    const places = samples * cells;
    this.absolute = Float32Array.from({ length: places * SPECIES_COUNT }, (_, i) => this.species[i % SPECIES_COUNT] / (places * parts));
    this.absoluteOfFirsts = this.absolute.map((weight, i) => (pairs === 0 ? weight : i < pairs * cells * SPECIES_COUNT ? 2 * weight : 0));
    this.kinds = differenceKinds(settings, pairs);
    this.weights = new Float32Array(pairs * cells * SPECIES_COUNT);
  }

  /** Σφ(Δy) over the part's pairs, `[windows, kinds, species]`, with φ the loss of one value; over all of them it is the sum over parts. */
  differenceSums(batch: Batch): Float64Array {
    const half = this.weights.length;
    const { scale } = this.normalisation.concentrations;
    const windows = windowsOf(batch);
    const sums = new Float64Array(windows.length * this.kinds.length * SPECIES_COUNT);
    windows.forEach(({ target }, w) =>
      this.kinds.forEach((kind, k) => {
        const kindSums = sums.subarray((w * this.kinds.length + k) * SPECIES_COUNT);
        for (let i = 0; i < half; i++) {
          const difference = Math.abs(target[i] - target[i + half]) / scale[i % SPECIES_COUNT];
          kindSums[i % SPECIES_COUNT] += kind === 'l1' ? difference : difference ** 2 / 2;
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
    const speciesSums = sums.subarray(kind * SPECIES_COUNT, (kind + 1) * SPECIES_COUNT);
    const weights = this.species.map((w, s) => (speciesSums[s] > 0 ? w / speciesSums[s] : 0));
    for (let i = 0; i < this.weights.length; i++) this.weights[i] = weights[i % SPECIES_COUNT];
    return this.weights;
  }
}
