/** Factors of slots as each period's surrogate takes them, on all its hours or on each, and the way back of their gradient. */
import type { TimeAxis } from '../../grid/grid';
import type { EmissionFactors } from '../../surrogate/tracers/emission-factors';
import { addHoursToSlots, expandSlots, isPlain, timeSlots, type FactorBasis, type TimeSlots } from './time-slots';

/** Factors of all periods, `[slots, field]`, which nobody changes any more; perhaps a step from others along a direction. */
export type SteppedFactors = Pick<EmissionFactors, 'data' | 'along'>;

export class SlotFactors {
  /** of all periods */
  readonly count: number;
  private readonly periods: readonly { first: number; slots: TimeSlots }[];
  /** of hours that were made from factors of slots, per period */
  private readonly hourly = new WeakMap<Float32Array, Map<number, Float32Array>>();
  /** per period whose slots are neither one nor hours: dJ/d(factors of its hours) */
  private readonly hourlyGradient = new Map<number, Float32Array>();

  /**
   * @param times - of the periods
   * @param field - number of factors of a slot
   */
  constructor(
    times: readonly TimeAxis[],
    basis: FactorBasis,
    readonly field: number,
  ) {
    let count = 0;
    this.periods = times.map((time) => {
      const [first, slots] = [count, timeSlots(time, basis)];
      count += slots.count;
      return { first, slots };
    });
    this.count = count;
  }

  /** Slots of a period among all, half-open. */
  rangeOf(period: number): [number, number] {
    const { first, slots } = this.periods[period];
    return [first, first + slots.count];
  }

  of(period: number, { data, along }: SteppedFactors): EmissionFactors {
    const { first, slots } = this.periods[period];
    if (isPlain(slots)) return { data, offset: first * this.field, hourly: slots.count > 1, fixed: true, along };
    const ofHours = (each: Float32Array): Float32Array => this.ofHours(period, each);
    return {
      data: ofHours(data),
      hourly: true,
      fixed: true,
      ...(along ? { along: { ...along, base: ofHours(along.base), direction: ofHours(along.direction) } } : {}),
    };
  }

  /** Room for dJ/d(factors) of a period, as {@link of} lays factors out: in `gradient` of all periods, or until {@link finishGradient} beside it. */
  gradientOf(period: number, gradient: Float32Array): EmissionFactors {
    const { first, slots } = this.periods[period];
    if (isPlain(slots)) return { data: gradient, offset: first * this.field, hourly: slots.count > 1 };
    const data = this.hourlyGradient.get(period) ?? new Float32Array(slots.of.length * this.field);
    this.hourlyGradient.set(period, data);
    return { data, hourly: true };
  }

  /** Adds to `gradient` what lies beside it. */
  finishGradient(period: number, gradient: Float32Array): void {
    const beside = this.hourlyGradient.get(period);
    if (beside) addHoursToSlots(beside, this.periods[period].slots, this.part(period, gradient));
    this.hourlyGradient.delete(period);
  }

  /** Factors of each hour from those of slots, as the same array for the same one. */
  private ofHours(period: number, data: Float32Array): Float32Array {
    const made = this.hourly.get(data) ?? new Map<number, Float32Array>();
    this.hourly.set(data, made);
    if (!made.has(period)) made.set(period, expandSlots(this.part(period, data), this.periods[period].slots));
    return made.get(period)!;
  }

  private part(period: number, data: Float32Array): Float32Array {
    const [first, end] = this.rangeOf(period);
    return data.subarray(first * this.field, end * this.field);
  }
}
