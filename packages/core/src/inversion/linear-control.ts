/**
 * The paper's control (Huang et al. 2021, sect. 2.4): every cell's emission on its own, no prior term, hard bounds.
 *
 *   e = factor · p,     0 ≤ e ≤ bound · p
 *
 * with p the prior emission in the surrogate's normalised units, in which the paper's step of 0.1 is meant. "At most 200 % of the prior" is read
 * as an update of at most +200 % (bound 3) or as a result of at most 200 % (bound 2). Without p the control is the factor itself.
 */
import { emittingCells, shareOfEmitting, type Control, type PointwiseControl, type Stretch } from './control';
import { factorCount, type FactorShape } from './forward-model';

export interface LinearOptions {
  /** largest factor */
  bound: number;
  /** p, `[slots, rows, cols, groups]`, 0 where nothing is emitted */
  prior: Float64Array;
}

export class LinearControl implements Control {
  readonly size: number;
  readonly factorCount: number;
  readonly hasHardBounds = true;
  readonly pointwise: PointwiseControl = this;
  private readonly all: Stretch;
  private readonly emitting: Uint8Array;

  constructor(
    readonly shape: FactorShape,
    private readonly options: LinearOptions,
  ) {
    this.size = this.factorCount = factorCount(shape);
    this.all = [0, this.size];
    this.emitting = emittingCells(options.prior);
  }

  initial(): Float64Array {
    return this.options.prior.slice();
  }

  factors(control: Float64Array, [begin, end] = this.all): Float64Array {
    const { emitting } = this;
    const { prior } = this.options;
    const factors = new Float64Array(end - begin);
    for (let i = begin; i < end; i++) factors[i - begin] = emitting[i] ? control[i] / prior[i] : 1;
    return factors;
  }

  tangent(_control: Float64Array, direction: Float64Array): Float64Array {
    return direction.map((d, i) => (this.emitting[i] ? d / this.options.prior[i] : 0));
  }

  gradient(_control: Float64Array, gradFactors: ArrayLike<number>, [begin, end] = this.all): Float64Array {
    const { emitting } = this;
    const { prior } = this.options;
    const gradient = new Float64Array(end - begin);
    for (let i = begin; i < end; i++) gradient[i - begin] = emitting[i] ? gradFactors[i - begin] / prior[i] : 0;
    return gradient;
  }

  /** The paper has no prior term: the bounds are all that holds the emissions. */
  penalty(): number {
    return 0;
  }

  addPenaltyGradient(): void {}

  project(control: Float64Array, [begin, end] = this.all): void {
    const { prior, bound } = this.options;
    for (let i = begin; i < end; i++) control[i] = Math.min(Math.max(control[i], 0), bound * prior[i]);
  }

  atBound(control: Float64Array): number[] {
    const { prior, bound } = this.options;
    return shareOfEmitting(this.emitting, this.shape.groups, (i) => control[i] <= 0 || control[i] >= bound * prior[i]);
  }
}
