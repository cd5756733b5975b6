/** A control whose prior term is taken about another control than that of the prior emissions: Jb(v − centre). */
import type { Control, FactorDerivative, LogFactorMap } from './control';
import type { FactorShape } from '../model/forward-model';

export class CentredControl implements Control {
  readonly shape: FactorShape;
  readonly size: number;
  readonly factorCount: number;
  readonly hasHardBounds: boolean;
  readonly independentSlots?: boolean;

  constructor(
    private readonly inner: Control,
    private readonly centre: Float64Array,
  ) {
    this.shape = inner.shape;
    this.size = inner.size;
    this.factorCount = inner.factorCount;
    this.hasHardBounds = inner.hasHardBounds;
    this.independentSlots = inner.independentSlots;
  }

  initial(): Float64Array {
    return this.inner.initial();
  }

  factors(control: Float64Array): Float64Array {
    return this.inner.factors(control);
  }

  derivativeAt(control: Float64Array): FactorDerivative {
    return this.inner.derivativeAt(control);
  }

  penalty(control: Float64Array): number {
    return this.inner.penalty(this.fromCentre(control));
  }

  addPenaltyGradient(control: Float64Array, gradient: Float64Array): void {
    this.inner.addPenaltyGradient(this.fromCentre(control), gradient);
  }

  project(control: Float64Array): void {
    this.inner.project(control);
  }

  atBound(control: Float64Array): number[] {
    return this.inner.atBound(control);
  }

  logFactorMaps(at: Float64Array): LogFactorMap[] {
    return this.inner.logFactorMaps?.(at) ?? [];
  }

  private fromCentre(control: Float64Array): Float64Array {
    return control.map((value, i) => value - this.centre[i]);
  }
}
