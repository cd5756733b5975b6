/** Dates and steps of the I/O API: YYYYDDD (day of the year from 1) and HHMMSS, always UTC. */
import type { TimeAxis } from '../../grid/grid';

/** @returns [YYYYDDD, HHMMSS] */
export function toIoapiTime(date: Date): [date: number, time: number] {
  const year = date.getUTCFullYear();
  const day = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86400000) + 1;
  return [year * 1000 + day, date.getUTCHours() * 10000 + date.getUTCMinutes() * 100 + date.getUTCSeconds()];
}

export function fromIoapiTime(date: number, time: number): Date {
  return new Date(Date.UTC(Math.floor(date / 1000), 0, date % 1000) + fromIoapiStep(time) * 1000);
}

/** Whether a YYYYDDD has a year of four digits and a day of that year, and an HHMMSS a time of day; 240000 is the day's end. */
export function isIoapiTime(date: number, time: number): boolean {
  const isDate = date >= 1e6 && date < 1e7 && toIoapiTime(fromIoapiTime(date, 0))[0] === date;
  return isDate && time >= 0 && time <= 240000 && time % 100 < 60 && Math.floor(time / 100) % 100 < 60;
}

/** Seconds of a TSTEP or HHMMSS; hours may pass 24 (a month is 7440000), and a restart file's TSTEP is negative. */
export function fromIoapiStep(hhmmss: number): number {
  if (hhmmss < 0) return -fromIoapiStep(-hhmmss);
  return Math.floor(hhmmss / 10000) * 3600 + (Math.floor(hhmmss / 100) % 100) * 60 + (hhmmss % 100);
}

export function toIoapiStep(seconds: number): number {
  return Math.floor(seconds / 3600) * 10000 + (Math.floor(seconds / 60) % 60) * 100 + (seconds % 60);
}

/** Instant at which a step begins. */
export function timeAt(axis: TimeAxis, step: number): Date {
  return new Date(axis.start.getTime() + step * axis.stepSeconds * 1000);
}

/** `2017-01-31T05:00Z`, for messages. */
export function instant(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString().replace(/:00\.000Z$/, 'Z');
}
