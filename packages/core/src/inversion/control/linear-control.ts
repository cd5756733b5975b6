/**
 * The paper's control (Huang et al. 2021, sect. 2.4): every cell's emission on its own, no prior term, hard bounds.
 *
 *   e = factor · p,     0 ≤ e ≤ bound · p
 *
 * with p the prior emission in the surrogate's normalised units, in which the paper's step of 0.1 is meant. "At most 200 % of the prior" is read
 * as an update of at most +200 % (bound 3) or as a result of at most 200 % (bound 2). Without p the control is the factor itself.
 */
import { linearBounds, linearDescent, linearFactors, type LinearStretch } from '@retroplume/native';
import { emittingCells, shareOfEmitting, type Control, type FactorDerivative, type PointwiseControl, type Stretch } from './control';
import { factorCount, type FactorShape } from '../model/forward-model';
import { tabulate } from '../../base/vectors';

interface LinearOptions {
  /** largest factor */
  bound: number;
  /** p, `[slots, rows, cols, groups]`, 0 where nothing is emitted */
  prior: Float64Array;
  /** of steps on a stretch, which of a large domain has millions of elements; default 1 */
  threads?: number;
}

export class LinearControl implements Control {
  readonly size: number;
  readonly factorCount: number;
  readonly hasHardBounds = true;
  readonly pointwise: PointwiseControl;
  private readonly emitting: Uint8Array;

  constructor(
    readonly shape: FactorShape,
    private readonly options: LinearOptions,
  ) {
    this.size = this.factorCount = factorCount(shape);
    this.emitting = emittingCells(options.prior);
    this.pointwise = pointwiseOf(options);
  }

  initial(): Float64Array {
    return this.options.prior.slice();
  }

  factors(control: Float64Array): Float64Array {
    const { prior } = this.options;
    return tabulate(new Float64Array(this.size), (i) => (this.emitting[i] ? control[i] / prior[i] : 1));
  }

  derivativeAt(): FactorDerivative {
    const { prior } = this.options;
    const perPrior = (values: ArrayLike<number>): Float64Array =>
      tabulate(new Float64Array(this.size), (i) => (this.emitting[i] ? values[i] / prior[i] : 0));
    return { tangent: perPrior, gradient: perPrior };
  }

  /** The paper has no prior term: the bounds are all that holds the emissions. */
  penalty(): number {
    return 0;
  }

  addPenaltyGradient(): void {}

  project(control: Float64Array): void {
    this.pointwise.project(control, [0, this.size]);
  }

  atBound(control: Float64Array): number[] {
    const { prior, bound } = this.options;
    return shareOfEmitting(this.emitting, this.shape.groups, (i) => control[i] <= 0 || control[i] >= bound * prior[i]);
  }
}

function pointwiseOf({ prior, bound, threads = 1 }: LinearOptions): PointwiseControl {
  const stretchOf = ([begin, end]: Stretch): LinearStretch => ({ begin, end, threads });
  return {
    factors: (control, stretch) => {
      const factors = new Float32Array(stretch[1] - stretch[0]);
      linearFactors(stretchOf(stretch), control, prior, factors);
      return factors;
    },
    descend: (control, gradFactors, rate, stretch) => linearDescent(stretchOf(stretch), control, prior, gradFactors, rate),
    project: (control, stretch) => linearBounds(stretchOf(stretch), control, prior, bound),
  };
}
