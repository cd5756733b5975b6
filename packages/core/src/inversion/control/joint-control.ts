/** Several controls as one vector, one after the other, which know nothing of each other: emission factors first, then what is inverted beside them. */
import { joined } from '../../base/vectors';
import type { Control, FactorDerivative, LogFactorMap, SectorFactors } from './control';
import type { FactorShape } from '../model/forward-model';

export class JointControl implements Control {
  readonly size: number;
  readonly factorCount: number;
  readonly shape: FactorShape;
  readonly hasHardBounds: boolean;

  /** @param parts - the first is that of the emissions */
  constructor(private readonly parts: readonly Control[]) {
    this.shape = parts[0].shape;
    this.hasHardBounds = parts.some((part) => part.hasHardBounds);
    this.size = parts.reduce((sum, part) => sum + part.size, 0);
    this.factorCount = parts.reduce((sum, part) => sum + part.factorCount, 0);
  }

  initial(): Float64Array {
    return joined(
      Float64Array,
      this.parts.map((part) => part.initial()),
    );
  }

  factors(control: Float64Array): Float64Array {
    const split = this.split(control);
    return joined(
      Float64Array,
      this.parts.map((part, p) => part.factors(split[p])),
    );
  }

  derivativeAt(control: Float64Array): FactorDerivative {
    const values = this.split(control);
    const derivatives = this.parts.map((part, p) => part.derivativeAt(values[p]));
    return {
      tangent: (direction) => {
        const directions = this.split(direction);
        return joined(
          Float64Array,
          derivatives.map((derivative, p) => derivative.tangent(directions[p])),
        );
      },
      gradient: (gradFactors) => {
        const gradient = Float64Array.from(gradFactors);
        let first = 0;
        return joined(
          Float64Array,
          this.parts.map(({ factorCount }, p) => {
            first += factorCount;
            return derivatives[p].gradient(gradient.subarray(first - factorCount, first));
          }),
        );
      },
    };
  }

  penalty(control: Float64Array): number {
    const values = this.split(control);
    return this.parts.reduce((sum, part, p) => sum + part.penalty(values[p]), 0);
  }

  /** The part of {@link penalty} that is of the emissions. */
  emissionPenalty(control: Float64Array): number {
    return this.parts[0].penalty(this.split(control)[0]);
  }

  addPenaltyGradient(control: Float64Array, gradient: Float64Array): void {
    const [values, out] = [this.split(control), this.split(gradient)];
    this.parts.forEach((part, p) => part.addPenaltyGradient(values[p], out[p]));
  }

  project(control: Float64Array): void {
    const values = this.split(control);
    this.parts.forEach((part, p) => part.project(values[p]));
  }

  /** Of the emissions, by group. */
  atBound(control: Float64Array): number[] {
    return this.parts[0].atBound(this.split(control)[0]);
  }

  /** Of the emissions. */
  logFactorMaps(control: Float64Array): LogFactorMap[] {
    return (this.parts[0].logFactorMaps?.(this.split(control)[0]) ?? []).map((map) => this.mapOfPart(map, 0));
  }

  /** What is a map of the control of one part, as a map of all of it. */
  mapOfPart(map: LogFactorMap, part: number): LogFactorMap {
    return {
      sector: map.sector,
      logFactors: (control) => map.logFactors(this.split(control)[part]),
      priorSpread: () => map.priorSpread(),
      factorsOf: (z) => map.factorsOf(z),
      slopes: (z) => map.slopes(z),
      factors: (control) => map.factors(this.split(control)[part]),
      derivativeAt: (control) => {
        const derivative = map.derivativeAt(this.split(control)[part]);
        return {
          tangent: (direction) => derivative.tangent(this.split(direction)[part]),
          gradient: (gradFactors) => {
            const out = new Float64Array(this.size);
            this.split(out)[part].set(derivative.gradient(gradFactors));
            return out;
          },
        };
      },
      sumIn: (mask, slots, group, values) => map.sumIn(mask, slots, group, this.split(values)[part]),
    };
  }

  /** Of the emissions. */
  sectorFactors(control: Float64Array): SectorFactors[] {
    return this.parts[0].sectorFactors?.(this.split(control)[0]) ?? [];
  }

  /** The same control with one of its parts put back to the prior. */
  withPrior(control: Float64Array, part: number): Float64Array {
    return joined(
      Float64Array,
      this.split(control).map((values, p) => (p === part ? this.parts[p].initial() : values)),
    );
  }

  /** The parts of a control, views of it. */
  split(vector: Float64Array): Float64Array[] {
    let first = 0;
    return this.parts.map(({ size }) => {
      const partVector = vector.subarray(first, first + size);
      first += size;
      return partVector;
    });
  }
}

/** Numbers that are added to what is simulated, independent and normal a priori: β_k = σ_k · v_k, Jb = ½ vᵀv. */
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

/** A control whose prior term is taken about another control than that of the prior emissions: Jb(v − centre). */
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

  logFactorMaps(control: Float64Array): LogFactorMap[] {
    return this.inner.logFactorMaps?.(control) ?? [];
  }

  private fromCentre(control: Float64Array): Float64Array {
    return control.map((value, i) => value - this.centre[i]);
  }
}
