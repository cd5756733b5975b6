/**
 * Factors of sectors: each sector s of a group g has a control of its own, and the model sees the factor on their sum,
 *
 *   E = Σ_s f_s·E_s,    f = Σ_s share_s·f_s,    share_s = E_s / Σ_s' E_s'
 *
 * in every cell and slot. The shares are those of a slot's mean: within it the sectors are taken to have one course in time. Sectors know nothing of each
 * other a priori, so that Jb is the sum of theirs; the monitors tell them apart by where and when their shares differ, and by the groups that they emit.
 */
import { emittingCells, type Control, type FactorDerivative, type LogFactorMap, type SectorFactors } from './control';
import type { FactorShape } from '../model/forward-model';
import { JointControl } from './joint-control';
import { tabulate } from '../../base/vectors';

interface SectorPart {
  name: string;
  /** mean prior emissions per slot, `[slots, rows, cols, groups]` */
  emissions: ArrayLike<number>;
  /** of the sector's own factors, of the same shape */
  control: Control;
}

export class SectorControl implements Control {
  readonly size: number;
  readonly factorCount: number;
  readonly shape: FactorShape;
  readonly hasHardBounds: boolean;
  private readonly joint: JointControl;
  private readonly shares: Float64Array[];

  constructor(private readonly parts: readonly SectorPart[]) {
    this.joint = new JointControl(parts.map(({ control }) => control));
    this.shape = this.joint.shape;
    this.size = this.joint.size;
    this.factorCount = parts[0].control.factorCount;
    this.hasHardBounds = this.joint.hasHardBounds;
    const total = tabulate(new Float64Array(this.factorCount), (i) => parts.reduce((sum, { emissions }) => sum + emissions[i], 0));
    this.shares = parts.map(({ emissions }) => total.map((sum, i) => (sum > 0 ? emissions[i] / sum : 0)));
  }

  initial(): Float64Array {
    return this.joint.initial();
  }

  factors(control: Float64Array): Float64Array {
    const sum = this.summed(this.joint.factors(control));
    return sum.map((factor, i) => (this.shares.some((share) => share[i] > 0) ? factor : 1));
  }

  /** Of each sector, in the order of the parts. */
  sectorFactors(control: Float64Array): SectorFactors[] {
    const factors = this.joint.factors(control);
    return this.parts.map(({ name }, s) => ({ name, factors: factors.slice(s * this.factorCount, (s + 1) * this.factorCount) }));
  }

  logFactorMaps(vector: Float64Array): LogFactorMap[] {
    const partValues = this.joint.split(vector);
    const sectors = this.parts.flatMap(({ name, control }, s) =>
      (control.logFactorMaps?.(partValues[s]) ?? []).map((map) => ({ ...this.joint.mapOfPart(map, s), sector: name })),
    );
    return [this.mapOfSum(vector, sectors), ...sectors];
  }

  /**
   * The logarithm of the factor on the sum is not linear in the log factors of the sectors, and is taken as its tangent:
   *
   *   d ln f = Σ_s c_s dz_s,    c_s = share_s · (df_s/dz_s) / f
   *
   * so that z = Σ_s c_s z_s is ln f but for a number that is the same for all controls.
   */
  private mapOfSum(vector: Float64Array, sectors: readonly LogFactorMap[]): LogFactorMap {
    const factors = this.factors(vector);
    const weights = sectors.map((map, s) => map.slopes(map.logFactors(vector)).map((slope, i) => (this.shares[s][i] * slope) / factors[i]));
    const summed = (fields: readonly Float64Array[]): Float64Array =>
      factors.map((_, i) => fields.reduce((sum, field, s) => sum + weights[s][i] * field[i], 0));
    const logFactors = (control: Float64Array): Float64Array => summed(sectors.map((map) => map.logFactors(control)));
    const emitting = factors.map((_, i) => (this.shares.some((share) => share[i] > 0) ? 1 : 0));
    const origin = logFactors(vector);
    const factorsOf = (z: Float64Array): Float64Array => z.map((value, i) => (emitting[i] ? factors[i] * Math.exp(value - origin[i]) : 1));
    return {
      logFactors,
      factorsOf,
      priorSpread: () => {
        const spreads = sectors.map((map) => map.priorSpread());
        return factors.map((_, i) => Math.hypot(...spreads.map((spread, s) => weights[s][i] * spread[i])));
      },
      slopes: (z) => factorsOf(z).map((factor, i) => emitting[i] * factor),
      factors: (control) => this.factors(control),
      derivativeAt: (control) => this.derivativeAt(control),
      sumIn: (...args) => sectors.reduce((sum, map) => sum + map.sumIn(...args), 0),
    };
  }

  derivativeAt(control: Float64Array): FactorDerivative {
    const ofSectors = this.joint.derivativeAt(control);
    return {
      tangent: (direction) => this.summed(ofSectors.tangent(direction)),
      gradient: (gradFactors) => {
        const gradients = new Float64Array(this.parts.length * this.factorCount);
        this.shares.forEach((share, s) => share.forEach((part, i) => (gradients[s * this.factorCount + i] = part * gradFactors[i])));
        return ofSectors.gradient(gradients);
      },
    };
  }

  penalty(control: Float64Array): number {
    return this.joint.penalty(control);
  }

  addPenaltyGradient(control: Float64Array, gradient: Float64Array): void {
    this.joint.addPenaltyGradient(control, gradient);
  }

  project(control: Float64Array): void {
    this.joint.project(control);
  }

  /** Of all factors of sectors. */
  atBound(control: Float64Array): number[] {
    const { groups } = this.shape;
    const [hits, weightSum] = [new Float64Array(groups), new Float64Array(groups)];
    this.joint.split(control).forEach((values, s) => {
      const { control: part, emissions } = this.parts[s];
      const emitting = emittingCells(emissions);
      part.atBound(values).forEach((share, g) => {
        let count = 0;
        for (let i = g; i < emitting.length; i += groups) count += emitting[i];
        hits[g] += share * count;
        weightSum[g] += count;
      });
    });
    return Array.from(hits, (hit, g) => (weightSum[g] > 0 ? hit / weightSum[g] : 0));
  }

  /** Σ_s share_s·values_s */
  private summed(values: Float64Array): Float64Array {
    const out = new Float64Array(this.factorCount);
    this.shares.forEach((share, s) => share.forEach((part, i) => (out[i] += part * values[s * this.factorCount + i])));
    return out;
  }
}
