/** The periods of the demo's world: its winter and summer week, or a week in any months between them. */
import type { PeriodSettings } from '../case';

/** How far a week is from January to July, 0…1, and what stands for it in names and random numbers. */
export interface Season {
  name: string;
  warmth: number;
}

export const WINTER: Season = { name: 'winter', warmth: 0 };
export const SUMMER: Season = { name: 'summer', warmth: 1 };

/** A week of the demo. */
export interface DemoWeek {
  season: Season;
  /** Monday 00:00 UTC */
  start: Date;
  members: PeriodSettings['members'];
}

const YEAR = 2026;

const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

/** The first Monday of a month from its fifth day on. @param month - from 1 */
function mondayOf(month: number): Date {
  const fifth = new Date(Date.UTC(YEAR, month - 1, 5));
  return new Date(fifth.getTime() + ((8 - fifth.getUTCDay()) % 7) * 86400e3);
}

/**
 * A winter and a summer week, or one in each of some months, between those as the sun is.
 * @param months - from 1 to 12 @param withMembers - those of them that are trained on; default all
 */
export function demoWeeks(months?: readonly number[], withMembers: readonly number[] = months ?? []): DemoWeek[] {
  if (!months)
    return [
      { season: WINTER, start: mondayOf(1), members: true },
      { season: SUMMER, start: mondayOf(7), members: true },
    ];
  return months.map((month) => ({
    season: { name: MONTHS[month - 1], warmth: (1 - Math.cos((2 * Math.PI * (month - 1)) / 12)) / 2 },
    start: mondayOf(month),
    members: withMembers.includes(month),
  }));
}

/** Between a value of winter and one of summer. */
export function seasonalValue(winter: number, summer: number, { warmth }: Season): number {
  return warmth === 1 ? summer : winter + warmth * (summer - winter);
}
