/**
 * Rules that leave out values of a monitor that cannot be right, or days that say too little. All are off unless the case asks for them; each counts
 * what it drops. They are applied in the order of {@link RULES}; a value that one drops is missing for the next.
 */
import type { TimeAxis } from '../grid/grid';
import { zoneDay } from '../files/tables/local-time';

export interface QualityRules {
  /** least value that can be a monitor's noise by species, ppb or µg m-3, 0 or less; default: the species' negativeFloor (base/species.ts) */
  negativeFloor?: Record<string, number>;
  /** least and greatest value by species, ppb or µg m-3 */
  range?: Record<string, { min?: number; max: number } | undefined>;
  /** runs of at least so many equal values one after the other are dropped; 0: none */
  stuckSteps: number;
  /** a value more than `factor` times the larger of its neighbours in time, and more than `floor` (ppb, µg m-3) above it, is dropped */
  spike?: { factor: number; floor: number };
  /** days (of the time zone) with fewer hours at a station are dropped; hourly values only; 0: none */
  minimumHours: number;
}

export const RULES = ['outOfRange', 'stuck', 'spike', 'fewHours'] as const;
export type RuleCounts = Record<(typeof RULES)[number], number>;

export function anyRule({ range, stuckSteps, spike, minimumHours }: QualityRules): boolean {
  return range !== undefined || stuckSteps > 0 || spike !== undefined || minimumHours > 0;
}

const LONGEST_DAY = 25;

/** By how many steps beside a value the rules judge it: those of its run, its neighbours in time, and its day; each rule looks at what the one before left. */
export function reachOf({ stuckSteps, spike, minimumHours }: QualityRules, stepSeconds: number): number {
  return stuckSteps + (spike ? 1 : 0) + (minimumHours > 0 && stepSeconds === 3600 ? LONGEST_DAY : 0);
}

interface RuleTimes {
  axis: TimeAxis;
  /** in which days begin */
  zone: string;
  /** steps whose values are counted, from the first up to the end; by default all */
  counted?: { first: number; end: number };
}

/**
 * Drops values of one species in place.
 *
 * @param values - `[time, station]`, NaN where missing
 * @returns how many values each rule dropped
 */
export function applyRules(values: Float32Array, stations: number, species: string, rules: QualityRules, times: RuleTimes): RuleCounts {
  const { axis: time, zone, counted = { first: 0, end: time.count } } = times;
  const counts: RuleCounts = { outOfRange: 0, stuck: 0, spike: 0, fewHours: 0 };
  const range = rules.range?.[species];
  const days = rules.minimumHours > 0 && time.stepSeconds === 3600 ? daysOf(time, zone) : undefined;
  for (let station = 0; station < stations; station++) {
    const series = new Series(values, stations, station, counted);
    if (range) counts.outOfRange += series.drop((value) => value < (range.min ?? -Infinity) || value > range.max);
    if (rules.stuckSteps > 1) counts.stuck += series.dropRuns(rules.stuckSteps);
    if (rules.spike) counts.spike += series.dropSpikes(rules.spike.factor, rules.spike.floor);
    if (days) counts.fewHours += series.dropShortDays(days, rules.minimumHours);
  }
  return counts;
}

/** First steps of the days, and the end. */
function daysOf(time: TimeAxis, zone: string): number[] {
  const starts: number[] = [];
  let previousId = '';
  for (let step = 0; step < time.count; step++) {
    const day = zoneDay(time.start.getTime() + 1000 * time.stepSeconds * step, zone);
    if (day !== previousId) starts.push(step);
    previousId = day;
  }
  return [...starts, time.count];
}

/** The values of one station, in time. */
class Series {
  private readonly steps: number;

  constructor(
    private readonly values: Float32Array,
    private readonly stations: number,
    private readonly station: number,
    private readonly counted: { first: number; end: number },
  ) {
    this.steps = values.length / stations;
  }

  private hourAt(step: number): number {
    return this.values[step * this.stations + this.station];
  }

  /** @returns how many of them are counted */
  private remove(steps: readonly number[]): number {
    for (const step of steps) this.values[step * this.stations + this.station] = Number.NaN;
    return steps.filter((step) => step >= this.counted.first && step < this.counted.end).length;
  }

  drop(bad: (value: number) => boolean): number {
    let dropped = 0;
    for (let step = 0; step < this.steps; step++) if (bad(this.hourAt(step))) dropped += this.remove([step]); // NaN is neither below nor above anything
    return dropped;
  }

  dropRuns(length: number): number {
    let dropped = 0;
    for (let first = 0; first < this.steps;) {
      let end = first + 1;
      while (end < this.steps && this.hourAt(end) === this.hourAt(first)) end++;
      if (end - first >= length) dropped += this.remove(Array.from({ length: end - first }, (_, i) => first + i));
      first = end;
    }
    return dropped;
  }

  /** Judged by the values as they came: of two high values side by side neither is a spike. */
  dropSpikes(factor: number, floor: number): number {
    const spikes: number[] = [];
    for (let step = 1; step + 1 < this.steps; step++) {
      const neighbour = Math.max(0, this.hourAt(step - 1), this.hourAt(step + 1)); // NaN if one is missing; of a value below zero there is no multiple
      if (this.hourAt(step) > factor * neighbour && this.hourAt(step) > neighbour + floor) spikes.push(step);
    }
    return this.remove(spikes);
  }

  dropShortDays(days: readonly number[], minimumHours: number): number {
    let dropped = 0;
    for (let day = 0; day + 1 < days.length; day++) {
      const validSteps = Array.from({ length: days[day + 1] - days[day] }, (_, i) => days[day] + i).filter(
        (step) => !Number.isNaN(this.hourAt(step)),
      );
      if (validSteps.length < minimumHours) dropped += this.remove(validSteps);
    }
    return dropped;
  }
}
