/**
 * Which times of observation files begin a step of the series. Steps follow each other, so that all begin at one minute of the hour, or at one hour of the day:
 * at that where the stations that count have most values. Values at other times are left out and counted: in an hour of AirNow's 12 of 14 683 are those of
 * embassies in zones half an hour off.
 */
import { DataError } from '../base/errors';
import { instant } from '../grid/grid';
import type { Layout } from './observation-layouts';
import { standsForNone, type OffStep } from './observation-quality';
import { isMidnight, isSameOffset, parseTime, standardTimeOffset } from '../files/tables/local-time';
import { type TableStore } from '../files/tables/table-store';

export interface HeldTime {
  text: string;
  /** ms since 1970 */
  time: number;
  /** whether a step may begin there: at a quarter of an hour, or at midnight */
  begins: boolean;
}

/** The table `raw` of a layout, and `station_index`, which numbers the stations that count from 0. */
export interface TimedTable {
  store: TableStore;
  layout: Layout;
  label: string;
  stepSeconds: number;
  /** of times without an offset */
  zone: string;
}

/** What zones differ by from whole hours: Asia/Kolkata by two of these, Asia/Kathmandu by three. */
const QUARTER_HOUR_MS = 900_000;
const DAY_SECONDS = 86400;

/** @throws {DataError} `OBSERVATIONS_TIME` for a text that is no time */
export function readTime({ layout: { standardTime, endLabels }, label, stepSeconds, zone }: TimedTable, text: string): HeldTime {
  const clock = standardTime ? 'UTC' : zone;
  const read = parseTime(text, clock);
  if (read === undefined)
    throw new DataError('OBSERVATIONS_TIME', `${label}: "${text}" is no time: write times as 2017-01-31T05:00, 2017-01-31 or 20170131`);
  const time = read - (standardTime ? standardTimeOffset(new Date(read), zone) : 0) - (endLabels ? 1000 * stepSeconds : 0);
  return { text, time, begins: stepSeconds === DAY_SECONDS ? isMidnight(text, clock) : time % QUARTER_HOUR_MS === 0 };
}

const NUMBER = 'TRY_CAST(o.value AS DOUBLE)';

/** SQL of the values of the stations that count. */
function valuesOf(relation: string): string {
  return `(${relation}) o JOIN station_index s ON o.station::VARCHAR = s.text AND s.position >= 0 AND ${NUMBER} IS NOT NULL AND NOT ${standsForNone(NUMBER)}`;
}

/**
 * @param times - all that are asked for
 * @returns those that begin the steps of the series
 * @throws {DataError} `OBSERVATIONS_TIME` where none begins a step, or where most steps hold several values of a monitor; for days of 23 or 25 hours
 */
export async function timesOfSteps(table: TimedTable, times: readonly HeldTime[]): Promise<HeldTime[]> {
  expectSameClock(table, times);
  const stepMs = 1000 * table.stepSeconds;
  const phaseOf = ({ time }: HeldTime): number => ((time % stepMs) + stepMs) % stepMs;
  if (times.every((time) => time.begins && phaseOf(time) === phaseOf(times[0]))) return [...times];
  const counts = await valuesByTime(table);
  // Where no station that counts has a value, all times are alike, and what follows will say so.
  const counted = counts.size === 0 ? times : times.filter(({ text }) => counts.has(text));
  const countOfPhase = new Map<number, number>();
  for (const time of counted.filter(({ begins }) => begins))
    countOfPhase.set(phaseOf(time), (countOfPhase.get(phaseOf(time)) ?? 0) + (counts.get(time.text) ?? 1));
  if (countOfPhase.size === 0) throw refusal(table, counted[0], false);
  const [[phase]] = [...countOfPhase].sort(([firstPhase, values], [secondPhase, secondCount]) => secondCount - values || firstPhase - secondPhase);
  const isTaken = (time: HeldTime): boolean => time.begins && phaseOf(time) === phase;
  const odd = counted.find((time) => !isTaken(time));
  if (odd !== undefined && (await isCrowded(table, times, ({ time }) => Math.floor((time - phase) / stepMs)))) throw refusal(table, odd, true);
  return times.filter(isTaken);
}

/** @param isCrowded - whether other times do begin steps */
function refusal({ label, stepSeconds, zone }: TimedTable, { text, time }: HeldTime, isCrowded: boolean): DataError {
  const timeText = instant(new Date(time));
  if (stepSeconds === DAY_SECONDS) {
    return new DataError(
      'OBSERVATIONS_TIME',
      `${label}: "${text}" is no midnight in ${zone}, where a daily mean begins: write the date alone (of layout sql: substr(time, 1, 10)), or set observations.resolution and timeZone to what the files hold`,
    );
  }
  return new DataError(
    'OBSERVATIONS_TIME',
    isCrowded
      ? `${label}: ${timeText} is one of several times of an hour, and most hours have several: give hourly means, which a query of observations.sql can make (GROUP BY station, substr(time, 1, 13))`
      : `${label}: ${timeText} is not the beginning of an hour, nor is any time at which a station of the case has a value: give hourly means, or name the hour of each value in a query of observations.sql (substr(time, 1, 13) AS time)`,
  );
}

/** @throws {DataError} `OBSERVATIONS_TIME` if days are of 23 or 25 hours */
function expectSameClock({ layout, label, stepSeconds, zone }: TimedTable, times: readonly HeldTime[]): void {
  if (stepSeconds !== DAY_SECONDS || layout.standardTime) return;
  const midnights = times.flatMap(({ time, begins }) => (begins ? [time] : []));
  const first = midnights.reduce((a, b) => Math.min(a, b), Infinity);
  const odd = midnights.find((midnight) => (midnight - first) % (1000 * DAY_SECONDS) !== 0 && !isSameOffset(first, midnight, zone));
  if (odd === undefined) return;
  throw new DataError(
    'OBSERVATIONS_TIME',
    `${label}: the clocks of ${zone} change between ${instant(new Date(first))} and ${instant(new Date(odd))}, where a day has 23 or 25 hours: if the days of the files are those of standard time, set timeZone to it, such as Etc/GMT-1 for an hour ahead of UTC, else let a period end before the change or begin after it`,
  );
}

async function valuesByTime({ store, layout, label }: TimedTable): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const relation of layout.relations)
    for (const [text, count] of await store.rows(`SELECT o.time::VARCHAR, count(*) FROM ${valuesOf(relation)} GROUP BY 1`, label))
      counts.set(String(text ?? ''), (counts.get(String(text ?? '')) ?? 0) + Number(count));
  return counts;
}

/** Whether most steps of a monitor hold values of several times: those of half hours, say, are no hourly means. */
async function isCrowded({ store, layout, label }: TimedTable, times: readonly HeldTime[], stepOf: (time: HeldTime) => number): Promise<boolean> {
  const steps = times.map(stepOf);
  const first = steps.reduce((a, b) => Math.min(a, b));
  await store.index(
    'step_index',
    times.map(({ text }) => text),
    steps.map((step) => step - first),
  );
  const monitor = ['o.species', 's.position', 't.position', ...(layout.precedence === undefined ? [] : [layout.precedence])].join(', ');
  let [total, crowded] = [0, 0];
  for (const relation of layout.relations) {
    const ofSteps = `SELECT count(DISTINCT o.time::VARCHAR) AS held FROM ${valuesOf(relation)} JOIN step_index t ON o.time::VARCHAR = t.text GROUP BY ${monitor}`;
    const [[stepCount, repeated]] = await store.rows(`SELECT count(*), count(*) FILTER (held > 1) FROM (${ofSteps})`, label);
    [total, crowded] = [total + Number(stepCount), crowded + Number(repeated)];
  }
  return 2 * crowded > total;
}

/** Values at times that begin no step, by species. @param times - asked for, but not taken */
export async function offStep({ store, layout, label }: TimedTable, times: readonly HeldTime[]): Promise<Map<string, OffStep>> {
  const offSteps = new Map<string, OffStep>();
  if (times.length === 0) return offSteps;
  await store.index(
    'off_index',
    times.map(({ text }) => text),
  );
  for (const relation of layout.relations) {
    const rows = await store.rows(
      `SELECT o.species, s.text, count(*) FROM ${valuesOf(relation)} JOIN off_index t ON o.time::VARCHAR = t.text GROUP BY 1, 2 ORDER BY 2`,
      label,
    );
    for (const [species, station, count] of rows) {
      const offStep = offSteps.get(String(species)) ?? { values: 0, stations: [] };
      offSteps.set(String(species), { values: offStep.values + Number(count), stations: [...offStep.stations, String(station)] });
    }
  }
  return offSteps;
}
