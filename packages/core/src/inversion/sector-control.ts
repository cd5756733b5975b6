/**
 * Factors of sectors: each sector s of a group g has a control of its own, and the model sees the factor on their sum,
 *
 *   E = Σ_s f_s·E_s,    f = Σ_s share_s·f_s,    share_s = E_s / Σ_s' E_s'
 *
 * in every cell and slot. The shares are those of a slot's mean: within it the sectors are taken to have one course in time. Sectors know nothing of each
 * other a priori, so that Jb is the sum of theirs; the monitors tell them apart by where and when their shares differ, and by the groups that they emit.
 */
import { emittingCells, type Control, type SectorFactors } from './control';
import type { FactorShape } from './forward-model';
import { JointControl } from './joint-control';

export interface SectorPart {
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
    const total = Float64Array.from({ length: this.factorCount }, (_, i) => parts.reduce((sum, { emissions }) => sum + emissions[i], 0));
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
    const all = this.joint.factors(control);
    return this.parts.map(({ name }, s) => ({ name, factors: all.slice(s * this.factorCount, (s + 1) * this.factorCount) }));
  }

  tangent(control: Float64Array, direction: Float64Array): Float64Array {
    return this.summed(this.joint.tangent(control, direction));
  }

  gradient(control: Float64Array, gradFactors: ArrayLike<number>): Float64Array {
    const all = new Float64Array(this.parts.length * this.factorCount);
    this.shares.forEach((share, s) => share.forEach((part, i) => (all[s * this.factorCount + i] = part * gradFactors[i])));
    return this.joint.gradient(control, all);
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
    const [hits, all] = [new Float64Array(groups), new Float64Array(groups)];
    this.joint.split(control).forEach((own, s) => {
      const { control: part, emissions } = this.parts[s];
      const emitting = emittingCells(emissions);
      part.atBound(own).forEach((share, g) => {
        let count = 0;
        for (let i = g; i < emitting.length; i += groups) count += emitting[i];
        hits[g] += share * count;
        all[g] += count;
      });
    });
    return Array.from(hits, (hit, g) => (all[g] > 0 ? hit / all[g] : 0));
  }

  /** Σ_s share_s·values_s */
  private summed(values: Float64Array): Float64Array {
    const out = new Float64Array(this.factorCount);
    this.shares.forEach((share, s) => share.forEach((part, i) => (out[i] += part * values[s * this.factorCount + i])));
    return out;
  }
}
