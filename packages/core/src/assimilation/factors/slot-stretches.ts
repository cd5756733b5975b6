/** Consecutive hours of a period that share their factors. */
import { type TimeAxis, timeAt } from '../../grid/grid';
import type { PeriodFactors } from './factors-file';
import type { TimeSlots } from './time-slots';

export interface Stretch {
  /** first hour of the period, and how many */
  first: number;
  hours: number;
  slot: number;
}

export function slotStretches({ slotOfHour }: Pick<TimeSlots, 'slotOfHour'>): Stretch[] {
  const out: Stretch[] = [];
  slotOfHour.forEach((slot, hour) => {
    if (out.at(-1)?.slot === slot) out[out.length - 1].hours++;
    else out.push({ first: hour, hours: 1, slot });
  });
  return out;
}

/** Factors of a stretch, `[H, W, groups]`: a file holds one field, or one for every hour. */
export function factorsAt({ data, slots }: PeriodFactors, { first }: Stretch): Float32Array {
  const field = data.length / slots;
  return slots === 1 ? data : data.subarray(first * field, (first + 1) * field);
}

/** The first instant within a day (UTC) at which the factors of a period change; undefined where they change at midnight only. */
export function changeWithinDay(time: TimeAxis, [, ...later]: readonly Stretch[]): Date | undefined {
  return later.map(({ first }) => timeAt(time, first)).find((start) => start.getUTCHours() !== 0);
}

/** What names the files of a stretch: the period, and its first day where there are several. */
export function stretchLabel(period: string, start: Date, stretches: readonly Stretch[]): string {
  return stretches.length === 1 ? period : `${period}_${start.toISOString().slice(0, 10).replaceAll('-', '')}`;
}
