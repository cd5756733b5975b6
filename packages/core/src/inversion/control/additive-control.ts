/** Numbers that are added to what is simulated, independent and normal a priori: β_k = σ_k · v_k, Jb = ½ vᵀv. */
import type { Control, FactorDerivative } from './control';
import type { FactorShape } from '../model/forward-model';

export class AdditiveControl implements Control {
  readonly shape: FactorShape;
  readonly size: number;
  readonly factorCount: number;
  readonly hasHardBounds = false;

  /** @param spread - σ_k, in the unit of each */
  constructor(private readonly spread: readonly number[]) {
    this.size = this.factorCount = spread.length;
    this.shape = { slots: 1, rows: 1, cols: 1, groups: spread.length };
  }

  initial(): Float64Array {
    return new Float64Array(this.size);
  }

  factors(control: Float64Array): Float64Array {
    return control.map((v, k) => this.spread[k] * v);
  }

  derivativeAt(): FactorDerivative {
    return {
      tangent: (direction) => this.factors(direction),
      gradient: (gradFactors) => Float64Array.from(this.spread, (sigma, k) => sigma * gradFactors[k]),
    };
  }

  penalty(control: Float64Array): number {
    return control.reduce((sum, v) => sum + v * v, 0) / 2;
  }

  addPenaltyGradient(control: Float64Array, gradient: Float64Array): void {
    control.forEach((v, k) => (gradient[k] += v));
  }

  project(): void {}

  /** Nothing bounds them. */
  atBound(): number[] {
    return this.spread.map(() => 0);
  }
}
