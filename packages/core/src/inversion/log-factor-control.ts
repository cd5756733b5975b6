/**
 * Log factors with a correlation in space (and between hourly slots), as a preconditioned control (Rodgers 2000; Bannister 2008):
 *
 *   z = σ_g · T·S·v,    x = bound(z),    factor = exp(x),    Jb = ½ vᵀv
 *
 * v is standard normal a priori, so z has the prior covariance Sa = σ_g² T·S·Sᵀ·Tᵀ: the {@link CorrelationFilter} S in space, and between slots
 * the first-order autoregression T (w'_t = ρ·w'_{t−1} + √(1 − ρ²)·w_t), which has variance 1 in every slot. With ρ = 0 slots are independent.
 * Optimising over v instead of x makes the prior's Hessian the identity, which is what lets Adam walk in fields and not in cells.
 *
 * @see Bannister (2008), doi:10.1002/qj.340, on control variable transforms
 */
import { CorrelationFilter } from '../grid/correlation';
import { shareOfEmitting, type Control, type LogFactorMap } from './control';
import { factorCount, type FactorShape } from './forward-model';
import { smoothBound, smoothBoundDerivative } from './smooth-bound';

export interface LogFactorOptions {
  /** standard deviation of the log factor, per group */
  spread: readonly number[];
  /** correlation length in cells; 0: none */
  lengthCells: number | readonly [number, number];
  /** factors stay within 1/bound … bound */
  bound: number;
  /** a tighter bound on each |log factor|, above 0, `[slots, rows, cols, groups]` */
  largest?: ArrayLike<number>;
  /** correlation ρ between neighbouring slots, in [0, 1) */
  slotCorrelation?: number;
  /** 1 where something is emitted, `[slots, rows, cols, groups]` */
  emitting: Uint8Array;
}

/** A factor counts as at its bound where |log factor| exceeds this part of the log bound (the bound itself is never reached). */
export const AT_BOUND = 0.95;

export class LogFactorControl implements Control, LogFactorMap {
  readonly size: number;
  readonly factorCount: number;
  readonly independentSlots: boolean;
  readonly logFactorMap: LogFactorMap = this;
  private readonly filter: CorrelationFilter;
  private readonly logBound: number;
  private readonly rho: number;

  constructor(
    readonly shape: FactorShape,
    private readonly options: LogFactorOptions,
  ) {
    this.size = this.factorCount = factorCount(shape);
    this.filter = new CorrelationFilter(shape.rows, shape.cols, options.lengthCells);
    this.logBound = Math.log(options.bound);
    this.rho = options.slotCorrelation ?? 0;
    this.independentSlots = this.rho === 0;
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
    const { spread, emitting } = this.options;
    return Float64Array.from(emitting, (on, i) => (on ? spread[i % this.shape.groups] : 0));
  }

  tangent(control: Float64Array, direction: Float64Array): Float64Array {
    const slope = this.slopes(this.logFactors(control));
    return this.logFactors(direction).map((dz, i) => slope[i] * dz);
  }

  gradient(control: Float64Array, gradFactors: ArrayLike<number>): Float64Array {
    const slope = this.slopes(this.logFactors(control));
    return this.logFactorsAdjoint(slope.map((s, i) => s * gradFactors[i]));
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

  /** z = σ·T·S·v: from planes `[slots, groups, rows, cols]` to `[slots, rows, cols, groups]`; linear. */
  logFactors(control: Float64Array): Float64Array {
    const z = new Float64Array(this.size);
    const { slots, groups, rows, cols } = this.shape;
    const cells = rows * cols;
    for (let g = 0; g < groups; g++) {
      let before: Float64Array | undefined;
      for (let t = 0; t < slots; t++) {
        const plane = this.filter.apply(this.plane(control, t, g));
        if (before) blend(plane, Math.sqrt(1 - this.rho ** 2), before, this.rho);
        for (let p = 0; p < cells; p++) z[(t * cells + p) * groups + g] = this.options.spread[g] * plane[p];
        before = plane;
      }
    }
    return z;
  }

  /** The transpose of {@link logFactors}. */
  logFactorsAdjoint(gradZ: Float64Array): Float64Array {
    const gradient = new Float64Array(this.size);
    const { slots, groups, rows, cols } = this.shape;
    const cells = rows * cols;
    for (let g = 0; g < groups; g++) {
      let after: Float64Array | undefined;
      for (let t = slots - 1; t >= 0; t--) {
        const plane = Float64Array.from({ length: cells }, (_, p) => this.options.spread[g] * gradZ[(t * cells + p) * groups + g]);
        if (after) blend(plane, 1, after, this.rho);
        after = plane;
        const innovation = t > 0 ? plane.map((value) => value * Math.sqrt(1 - this.rho ** 2)) : plane;
        this.plane(gradient, t, g).set(this.filter.adjoint(innovation));
      }
    }
    return gradient;
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

  private plane(field: Float64Array, slot: number, group: number): Float64Array {
    const cells = this.shape.rows * this.shape.cols;
    const begin = (slot * this.shape.groups + group) * cells;
    return field.subarray(begin, begin + cells);
  }
}

/** a ← wa·a + wb·b */
function blend(a: Float64Array, wa: number, b: Float64Array, wb: number): void {
  for (let i = 0; i < a.length; i++) a[i] = wa * a[i] + wb * b[i];
}
