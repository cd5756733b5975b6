/**
 * When observations are: which hours of the model each observation time covers.
 *
 * Hour t of a period is the mean over [t, t + 1 h). An observation time covers [a, b) in hours since the period's start, and hour t enters its
 * mean with the length of the overlap of [t, t + 1) and [a, b), divided by b − a. Daily means of a local day therefore need nothing but the
 * right start in UTC, half-hour time zones included.
 */

/** A period of the model. */
export interface ModelPeriod {
  start: Date;
  /** spin-up included */
  hours: number;
  /** hours at the start that are not compared */
  spinUpHours: number;
}

/** An observation time that lies wholly inside the compared part of a period. */
export interface ObservedTime {
  /** step on the observations' time axis */
  step: number;
  start: Date;
  /** hours of the period whose fields enter, ascending */
  hours: Int32Array;
  /** weight of each of these hours; sum 1 */
  weights: Float64Array;
}

const HOUR_MS = 3_600_000;

/** Hours of the day (0 … 23) at which a sample of n hours a day is taken: the middles of n equal parts. */
export function sampledHours(hoursPerDay: number): number[] {
  return Array.from({ length: hoursPerDay }, (_, k) => Math.floor(((k + 0.5) * 24) / hoursPerDay));
}

/**
 * The observation times inside a period.
 *
 * @param time - time axis of the observations (UTC; steps of 3600 or 86400 s)
 * @param hoursPerDay - below 24: daily means are taken from that many evenly spread hours, and of hourly observations only those of as many
 *   hours of the (UTC) day are used; for a model that pays for every hour
 */
export function observedTimes(time: { start: Date; stepSeconds: number; count: number }, period: ModelPeriod, hoursPerDay = 24): ObservedTime[] {
  const length = time.stepSeconds / 3600;
  const sample = sampledHours(hoursPerDay);
  const times: ObservedTime[] = [];
  for (let step = 0; step < time.count; step++) {
    const start = new Date(time.start.getTime() + step * length * HOUR_MS);
    const from = (start.getTime() - period.start.getTime()) / HOUR_MS;
    if (from < period.spinUpHours || from + length > period.hours) continue;
    if (length < 24 && hoursPerDay < 24 && !sample.includes(start.getUTCHours())) continue;
    times.push({ step, start, ...(length === 24 && hoursPerDay < 24 ? sampledDay(from, sample) : overlap(from, from + length)) });
  }
  return times;
}

function sampledDay(from: number, sample: number[]): { hours: Int32Array; weights: Float64Array } {
  return { hours: Int32Array.from(sample, (hour) => Math.floor(from) + hour), weights: new Float64Array(sample.length).fill(1 / sample.length) };
}

function overlap(from: number, to: number): { hours: Int32Array; weights: Float64Array } {
  const first = Math.floor(from);
  const hours = Int32Array.from({ length: Math.ceil(to) - first }, (_, k) => first + k);
  const weights = Float64Array.from(hours, (t) => (Math.min(t + 1, to) - Math.max(t, from)) / (to - from));
  return { hours, weights };
}
