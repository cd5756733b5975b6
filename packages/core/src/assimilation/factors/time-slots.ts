/** Which hours of a period share a factor, and how factors of slots become factors of hours. */
import type { InversionSettings } from '../../case';
import { channelsOf, hoursOf, type PeriodSource } from '../../fields/period-source';
import type { TimeAxis } from '../../grid/grid';
import type { EmissionFactors } from '../../surrogate/tracers/emission-factors';

export type FactorBasis = InversionSettings['factors'];

/** Slots of one period: hour t has the factors of slot `of[t]`. */
export interface TimeSlots {
  count: number;
  slotOfHour: Int32Array;
  /** hours from the middle of one slot to that of the next; 0 where there is only one */
  stepHours: number;
}

const HOURS_OF: Record<Exclude<FactorBasis, 'period' | 'month' | 'hour-of-day'>, number> = { hour: 1, day: 24, week: 168 };

/** Days, months and hours of the day are those of UTC; weeks begin with the period. */
export function timeSlots({ start, count }: Pick<TimeAxis, 'start' | 'count'>, basis: FactorBasis): TimeSlots {
  const hourOfDay = start.getUTCHours();
  const hours = Array.from({ length: count }, (_, t) => t);
  const slotsFrom = (slot: (t: number) => number, stepHours: number): TimeSlots => {
    const slotOfHour = Int32Array.from(hours, slot);
    const slots = slotOfHour.reduce((a, b) => Math.max(a, b), 0) + 1;
    return { count: slots, slotOfHour, stepHours: slots > 1 ? stepHours : 0 };
  };
  switch (basis) {
    case 'period':
      return slotsFrom(() => 0, 0);
    case 'month': {
      const month = (t: number): number => {
        const date = new Date(start.getTime() + t * 3_600_000);
        return 12 * date.getUTCFullYear() + date.getUTCMonth();
      };
      return slotsFrom((t) => month(t) - month(0), 730);
    }
    case 'hour-of-day':
      // A period that begins at noon has its first slot at noon: slots follow each other as hours do.
      return slotsFrom((t) => t % 24, 1);
    case 'day':
      return slotsFrom((t) => Math.floor((t + hourOfDay) / 24), 24);
    default:
      return slotsFrom((t) => Math.floor(t / HOURS_OF[basis]), HOURS_OF[basis]);
  }
}

/** One slot for all hours, or one for each. */
export function isPlain({ count, slotOfHour }: TimeSlots): boolean {
  return count === 1 || count === slotOfHour.length;
}

/** How many hours each slot has; those at the ends of a period, and months, may have fewer or more than others. */
export function hoursPerSlot({ count, slotOfHour }: Pick<TimeSlots, 'count' | 'slotOfHour'>): Int32Array {
  const hours = new Int32Array(count);
  for (const slot of slotOfHour) hours[slot]++;
  return hours;
}

/** Factors of slots `[slots, field]` as factors of hours `[hours, field]`. */
export function expandSlots(data: Float32Array, { count, slotOfHour }: TimeSlots): Float32Array {
  const field = data.length / count;
  const out = new Float32Array(slotOfHour.length * field);
  slotOfHour.forEach((slot, t) => out.set(data.subarray(slot * field, (slot + 1) * field), t * field));
  return out;
}

/** The transpose of {@link expandSlots}: the hours of each slot summed, added to `out`. */
export function addHoursToSlots(hourly: Float32Array, { count, slotOfHour }: TimeSlots, out: Float32Array): void {
  const field = out.length / count;
  slotOfHour.forEach((slot, t) => {
    for (let i = 0; i < field; i++) out[slot * field + i] += hourly[t * field + i];
  });
}

/** The factors that the first hour of each slot has. */
export function firstOfSlots(hourly: Float32Array, { count, slotOfHour }: TimeSlots): Float32Array {
  const field = hourly.length / slotOfHour.length;
  const out = new Float32Array(count * field);
  for (let t = slotOfHour.length - 1; t >= 0; t--) out.set(hourly.subarray(t * field, (t + 1) * field), slotOfHour[t] * field);
  return out;
}

/** Mean emissions of each slot, `[slots, H, W, groups]`. */
export function meanOfSlots(period: PeriodSource, { count, slotOfHour }: TimeSlots): Float32Array {
  const field = period.grid.rows * period.grid.cols * channelsOf(period, 'emissions');
  const hours = hoursPerSlot({ count, slotOfHour });
  const mean = new Float32Array(count * field);
  let t = 0;
  for (const emissions of hoursOf(period, 'emissions', { first: 0, count: slotOfHour.length })) {
    const slot = slotOfHour[t++];
    emissions.forEach((emission, i) => (mean[slot * field + i] += emission / hours[slot]));
  }
  return mean;
}

/** Factors of all periods, `[slots, field]`, which nobody changes any more; perhaps a step from others along a direction. */
export type SteppedFactors = Pick<EmissionFactors, 'data' | 'step'>;

/** Factors of slots as each period's surrogate takes them, on all its hours or on each, and the way back of their gradient. */
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

  emissionFactors(period: number, { data, step }: SteppedFactors): EmissionFactors {
    const { first, slots } = this.periods[period];
    if (isPlain(slots)) return { data, offset: first * this.field, hourly: slots.count > 1, fixed: true, step };
    const ofHours = (slotFactors: Float32Array): Float32Array => this.ofHours(period, slotFactors);
    return {
      data: ofHours(data),
      hourly: true,
      fixed: true,
      ...(step ? { step: { ...step, base: ofHours(step.base), direction: ofHours(step.direction) } } : {}),
    };
  }

  /** Room for dJ/d(factors) of a period, as {@link emissionFactors} lays factors out: in `gradient` of all periods, or until {@link finishGradient} beside it. */
  gradientOf(period: number, gradient: Float32Array): EmissionFactors {
    const { first, slots } = this.periods[period];
    if (isPlain(slots)) return { data: gradient, offset: first * this.field, hourly: slots.count > 1 };
    const data = this.hourlyGradient.get(period) ?? new Float32Array(slots.slotOfHour.length * this.field);
    this.hourlyGradient.set(period, data);
    return { data, hourly: true };
  }

  /** Adds to `gradient` what lies beside it. */
  finishGradient(period: number, gradient: Float32Array): void {
    const hourlyGradient = this.hourlyGradient.get(period);
    if (hourlyGradient) addHoursToSlots(hourlyGradient, this.periods[period].slots, this.part(period, gradient));
    this.hourlyGradient.delete(period);
  }

  /** Factors of each hour from those of slots, as the same array for the same one. */
  private ofHours(period: number, data: Float32Array): Float32Array {
    const hourlyFactors = this.hourly.get(data) ?? new Map<number, Float32Array>();
    this.hourly.set(data, hourlyFactors);
    if (!hourlyFactors.has(period)) hourlyFactors.set(period, expandSlots(this.part(period, data), this.periods[period].slots));
    return hourlyFactors.get(period)!;
  }

  private part(period: number, data: Float32Array): Float32Array {
    const [first, end] = this.rangeOf(period);
    return data.subarray(first * this.field, end * this.field);
  }
}
