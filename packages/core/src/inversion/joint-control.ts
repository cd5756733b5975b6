/** Emission factors and factors on initial concentrations as one control vector: first the one, then the other, which know nothing of each other. */
import type { Control, LogFactorMap } from './control';
import type { FactorShape } from './forward-model';

export class JointControl implements Control {
  readonly size: number;
  readonly factorCount: number;
  readonly shape: FactorShape;

  constructor(
    private readonly emissions: Control,
    private readonly concentrations: Control,
  ) {
    this.shape = emissions.shape;
    this.size = emissions.size + concentrations.size;
    this.factorCount = emissions.factorCount + concentrations.factorCount;
  }

  initial(): Float64Array {
    return joined(this.emissions.initial(), this.concentrations.initial());
  }

  factors(control: Float64Array): Float64Array {
    const [e, c] = this.split(control);
    return joined(this.emissions.factors(e), this.concentrations.factors(c));
  }

  tangent(control: Float64Array, direction: Float64Array): Float64Array {
    const [e, c] = this.split(control);
    const [ofE, ofC] = this.split(direction);
    return joined(this.emissions.tangent(e, ofE), this.concentrations.tangent(c, ofC));
  }

  gradient(control: Float64Array, gradFactors: ArrayLike<number>): Float64Array {
    const [e, c] = this.split(control);
    const all = Float64Array.from(gradFactors);
    const [ofE, ofC] = [all.subarray(0, this.emissions.factorCount), all.subarray(this.emissions.factorCount)];
    return joined(this.emissions.gradient(e, ofE), this.concentrations.gradient(c, ofC));
  }

  penalty(control: Float64Array): number {
    const [e, c] = this.split(control);
    return this.emissions.penalty(e) + this.concentrations.penalty(c);
  }

  addPenaltyGradient(control: Float64Array, gradient: Float64Array): void {
    const [e, c] = this.split(control);
    const [ofE, ofC] = this.split(gradient);
    this.emissions.addPenaltyGradient(e, ofE);
    this.concentrations.addPenaltyGradient(c, ofC);
  }

  project(control: Float64Array): void {
    const [e, c] = this.split(control);
    this.emissions.project(e);
    this.concentrations.project(c);
  }

  /** Of the emissions, by group. */
  atBound(control: Float64Array): number[] {
    return this.emissions.atBound(this.split(control)[0]);
  }

  /** Of the emissions. */
  get logFactorMap(): LogFactorMap | undefined {
    const map = this.emissions.logFactorMap;
    return (
      map && {
        logFactors: (control) => map.logFactors(this.split(control)[0]),
        priorSpread: () => map.priorSpread(),
        factorsOf: (z) => map.factorsOf(z),
        slopes: (z) => map.slopes(z),
      }
    );
  }

  /** A control with one of its two parts put back to the prior. */
  withPrior(control: Float64Array, part: 'emissions' | 'concentrations'): Float64Array {
    const [e, c] = this.split(control);
    return part === 'emissions' ? joined(this.emissions.initial(), c) : joined(e, this.concentrations.initial());
  }

  private split(vector: Float64Array): [Float64Array, Float64Array] {
    return [vector.subarray(0, this.emissions.size), vector.subarray(this.emissions.size)];
  }
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
