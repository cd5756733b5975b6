/** Consecutive hours of a period that share their factors. */
import type { PeriodFactors } from './factors-file';
import type { TimeSlots } from './time-slots';

export interface Stretch {
  /** first hour of the period, and how many */
  first: number;
  hours: number;
  slot: number;
}

export function slotStretches({ of }: Pick<TimeSlots, 'of'>): Stretch[] {
  const out: Stretch[] = [];
  of.forEach((slot, hour) => {
    if (out.at(-1)?.slot === slot) out[out.length - 1].hours++;
    else out.push({ first: hour, hours: 1, slot });
  });
  return out;
}

/** Factors of a stretch, `[H, W, 5]`: a file holds one field, or one for every hour. */
export function factorsAt({ data, slots }: PeriodFactors, { first }: Stretch): Float32Array {
  const field = data.length / slots;
  return slots === 1 ? data : data.subarray(first * field, (first + 1) * field);
}
