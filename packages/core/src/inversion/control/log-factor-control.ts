/**
 * Log factors with a correlation in space, time and between groups, as a preconditioned control (Rodgers 2000; Bannister 2008):
 *
 *   z = σ · L·T·S·v,    x = bound(z),    factor = exp(x),    Jb = ½ vᵀv
 *
 * v is standard normal a priori, so z has the prior covariance Sa = σ·(L·Lᵀ ⊗ T·Tᵀ ⊗ S·Sᵀ)·σ: a {@link SpatialBasis} S in space (a correlation filter, or one
 * number for each region), T between slots ({@link SlotBasis}), and between groups the root L of their correlations. Optimising over v instead of x makes the
 * prior's Hessian the identity, which is what lets an optimiser walk in fields and not in cells.
 *
 * @see Bannister (2008), doi:10.1002/qj.340, on control variable transforms
 */
import { type Control, type FactorDerivative, type LogFactorMap, shareOfEmitting } from './control';
import { type FactorShape, factorCount } from '../model/forward-model';
import { type SlotBasis, type SlotCorrelation, slotBasis, type SpatialBasis } from './correlation-bases';
import { dot, tabulate } from '../../base/vectors';

interface LogFactorOptions {
  /** standard deviation of the log factor, per group or `[rows, cols, groups]` */
  spread: ArrayLike<number>;
  /** S */
  basis: SpatialBasis;
  /** factors stay within 1/bound … bound */
  bound: number;
  /** a tighter bound on each |log factor|, above 0, `[slots, rows, cols, groups]` */
  largest?: ArrayLike<number>;
  /** default: slots are independent */
  slotCorrelation?: SlotCorrelation;
  /** L, lower triangular, `[groups, groups]`; default: groups are independent */
  groupRoot?: Float64Array;
  /** 1 where something is emitted, `[slots, rows, cols, groups]` */
  emitting: Uint8Array;
}

/** A factor counts as at its bound where |log factor| exceeds this part of the log bound (the bound itself is never reached). */
export const AT_BOUND = 0.95;

export class LogFactorControl implements Control, LogFactorMap {
  readonly size: number;
  readonly factorCount: number;
  readonly hasHardBounds = false;
  readonly independentSlots: boolean;
  private readonly logBound: number;
  private readonly slotBasis: SlotBasis;

  constructor(
    readonly shape: FactorShape,
    private readonly options: LogFactorOptions,
  ) {
    this.size = shape.slots * shape.groups * options.basis.size;
    this.factorCount = factorCount(shape);
    this.logBound = Math.log(options.bound);
    this.slotBasis = slotBasis(shape.slots, options.slotCorrelation ?? 0);
    this.independentSlots = this.slotBasis.independent;
  }

  initial(): Float64Array {
    return new Float64Array(this.size);
  }

  factors(control: Float64Array): Float64Array {
    return this.factorsOf(this.logFactors(control));
  }

  factorsOf(z: Float64Array): Float64Array {
    return z.map((value, i) => (this.options.emitting[i] ? Math.exp(smoothBound(value, this.boundAt(i))) : 1));
  }

  priorSpread(): Float64Array {
    const { basis, emitting } = this.options;
    const cell = (i: number): number => Math.floor(i / this.shape.groups) % (this.shape.rows * this.shape.cols);
    return tabulate(new Float64Array(emitting.length), (i) => (emitting[i] && basis.covers(cell(i)) ? this.spreadAt(i) : 0));
  }

  logFactorMaps(): LogFactorMap[] {
    return [this];
  }

  sumIn(mask: ArrayLike<number>, [first, end]: readonly [number, number], group: number, values: Float64Array): number {
    const share = this.options.basis.shareIn(mask);
    let sum = 0;
    for (let slot = first; slot < end; slot++) sum += dot(share, this.numbers(values, slot, group));
    return sum;
  }

  derivativeAt(control: Float64Array): FactorDerivative {
    const slope = this.slopes(this.logFactors(control));
    return {
      tangent: (direction) => this.logFactors(direction).map((dz, i) => slope[i] * dz),
      gradient: (gradFactors) => this.logFactorsAdjoint(slope.map((s, i) => s * gradFactors[i])),
    };
  }

  penalty(control: Float64Array): number {
    let sum = 0;
    for (const v of control) sum += v * v;
    return sum / 2;
  }

  addPenaltyGradient(control: Float64Array, gradient: Float64Array): void {
    for (let i = 0; i < this.size; i++) gradient[i] += control[i];
  }

  /** Nothing to do: the bounds are built into the map. */
  project(): void {}

  atBound(control: Float64Array): number[] {
    const z = this.logFactors(control);
    return shareOfEmitting(this.options.emitting, this.shape.groups, (i) => Math.abs(smoothBound(z[i], this.boundAt(i))) > AT_BOUND * this.logBound);
  }

  /** z = σ·L·T·S·v: from `[slots, groups, basis]` to `[slots, rows, cols, groups]`; linear. */
  logFactors(control: Float64Array): Float64Array {
    const z = new Float64Array(this.factorCount);
    const { slots, groups, rows, cols } = this.shape;
    const cells = rows * cols;
    for (let g = 0; g < groups; g++) {
      for (let t = 0; t < slots; t++) {
        const values = this.numbers(control, t, g);
        if (values.every((value) => value === 0)) continue; // as in a direction of one period
        const plane = this.options.basis.apply(values);
        for (let p = 0; p < cells; p++) z[(t * cells + p) * groups + g] = plane[p];
      }
    }
    this.slotBasis.apply(z);
    this.mixGroups(z, false);
    return z.map((value, i) => this.spreadAt(i) * value);
  }

  /** The transpose of {@link logFactors}. */
  logFactorsAdjoint(gradZ: Float64Array): Float64Array {
    const gradient = new Float64Array(this.size);
    const { slots, groups, rows, cols } = this.shape;
    const cells = rows * cols;
    const weighted = gradZ.map((value, i) => this.spreadAt(i) * value);
    this.mixGroups(weighted, true);
    this.slotBasis.adjoint(weighted);
    for (let g = 0; g < groups; g++) {
      for (let t = 0; t < slots; t++) {
        const plane = tabulate(new Float64Array(cells), (p) => weighted[(t * cells + p) * groups + g]);
        // Sums of one group in one period have nothing in most planes.
        if (plane.some((value) => value !== 0)) this.numbers(gradient, t, g).set(this.options.basis.adjoint(plane));
      }
    }
    return gradient;
  }

  /** L on the groups of every cell and slot, or its transpose; in place. */
  private mixGroups(field: Float64Array, transposed: boolean): void {
    const { groupRoot: root } = this.options;
    if (!root) return;
    const { groups } = this.shape;
    for (let start = 0; start < field.length; start += groups) {
      const cellValues = field.slice(start, start + groups);
      for (let i = 0; i < groups; i++) {
        let sum = 0;
        for (let j = 0; j < groups; j++) sum += root[transposed ? j * groups + i : i * groups + j] * cellValues[j];
        field[start + i] = sum;
      }
    }
  }

  private spreadAt(i: number): number {
    const { spread } = this.options;
    return spread[i % spread.length];
  }

  /** dfactor/dz; 0 where nothing is emitted */
  slopes(z: Float64Array): Float64Array {
    return z.map((value, i) => {
      if (!this.options.emitting[i]) return 0;
      const bound = this.boundAt(i);
      return Math.exp(smoothBound(value, bound)) * smoothBoundDerivative(value, bound);
    });
  }

  private boundAt(i: number): number {
    const { largest } = this.options;
    return largest ? Math.min(this.logBound, largest[i]) : this.logBound;
  }

  private numbers(control: Float64Array, slot: number, group: number): Float64Array {
    const { size } = this.options.basis;
    const begin = (slot * this.shape.groups + group) * size;
    return control.subarray(begin, begin + size);
  }
}

/**
 * A smooth map of the whole line into (−b, b) that leaves small values as they are:
 *
 *   x(z) = z / (1 + |z/b|^4)^(1/4),     dx/dz = (1 + |z/b|^4)^(−5/4)
 *
 * Unlike tanh (which has changed z = b/2 by 8 %), it changes z = b/2 by 1.5 % only, so that the prior spread of the log factors stays what the
 * settings say; unlike clipping, it keeps a gradient with which a factor can come back.
 */
export function smoothBound(z: number, bound: number): number {
  return z / Math.sqrt(Math.sqrt(withFourthPower(z / bound)));
}

export function smoothBoundDerivative(z: number, bound: number): number {
  const sum = withFourthPower(z / bound);
  return 1 / (sum * Math.sqrt(Math.sqrt(sum)));
}

/** Roots and products, where `**` takes ten times as long: of every factor at every step. */
function withFourthPower(ratio: number): number {
  const square = ratio * ratio;
  return 1 + square * square;
}
