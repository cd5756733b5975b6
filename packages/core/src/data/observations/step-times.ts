/**
 * Which times of observation files begin a step of the series. Steps follow each other, so that all begin at one minute of the hour, or at one hour of the day:
 * at that where the stations that count have most values. Values at other times are left out and counted: in an hour of AirNow's 12 of 14 683 are those of
 * embassies in zones half an hour off.
 */
import type { DataError } from '../../errors';
import type { Layout } from '../observation-layouts';
import { standsForNone } from '../observation-quality';
import type { TableStore } from '../table-store';

export interface HeldTime {
  text: string;
  /** ms since 1970 */
  at: number;
  /** whether a step may begin there: at a quarter of an hour (Asia/Kolkata is two of them off whole hours, Asia/Kathmandu three), or at midnight */
  begins: boolean;
}

/** Values of one species at times that begin no step. */
export interface OffStep {
  values: number;
  /** identifiers, in their order */
  stations: string[];
}

/** The table `raw` of a layout, and `station_index`, which numbers the stations that count from 0. */
export interface TimedTable {
  store: TableStore;
  layout: Layout;
  label: string;
  stepSeconds: number;
}

const NUMBER = 'TRY_CAST(o.value AS DOUBLE)';

/** SQL of the values of the stations that count. */
function valuesOf(relation: string): string {
  return `(${relation}) o JOIN station_index s ON o.station::VARCHAR = s.text AND s.position >= 0 AND ${NUMBER} IS NOT NULL AND NOT ${standsForNone(NUMBER)}`;
}

/**
 * @param times - all that are asked for
 * @param refusal - the error for a time, where none begins a step, or where most steps hold several values of a monitor
 * @returns those that begin the steps of the series
 */
export async function timesOfSteps(
  table: TimedTable,
  times: readonly HeldTime[],
  refusal: (odd: HeldTime, isCrowded: boolean) => DataError,
): Promise<HeldTime[]> {
  const stepMs = 1000 * table.stepSeconds;
  const phaseOf = ({ at }: HeldTime): number => ((at % stepMs) + stepMs) % stepMs;
  if (times.every((time) => time.begins && phaseOf(time) === phaseOf(times[0]))) return [...times];
  const counts = await valuesByTime(table);
  // Where no station that counts has a value, all times are alike, and what follows will say so.
  const counted = counts.size === 0 ? times : times.filter(({ text }) => counts.has(text));
  const held = new Map<number, number>();
  for (const time of counted.filter(({ begins }) => begins)) held.set(phaseOf(time), (held.get(phaseOf(time)) ?? 0) + (counts.get(time.text) ?? 1));
  if (held.size === 0) throw refusal(counted[0], false);
  const [[phase]] = [...held].sort(([one, values], [other, others]) => others - values || one - other);
  const isTaken = (time: HeldTime): boolean => time.begins && phaseOf(time) === phase;
  const odd = counted.find((time) => !isTaken(time));
  if (odd !== undefined && (await isCrowded(table, times, ({ at }) => Math.floor((at - phase) / stepMs)))) throw refusal(odd, true);
  return times.filter(isTaken);
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
  let [all, crowded] = [0, 0];
  for (const relation of layout.relations) {
    const ofSteps = `SELECT count(DISTINCT o.time::VARCHAR) AS held FROM ${valuesOf(relation)} JOIN step_index t ON o.time::VARCHAR = t.text GROUP BY ${monitor}`;
    const [[every, several]] = await store.rows(`SELECT count(*), count(*) FILTER (held > 1) FROM (${ofSteps})`, label);
    [all, crowded] = [all + Number(every), crowded + Number(several)];
  }
  return 2 * crowded > all;
}

/** Values at times that begin no step, by species. @param times - asked for, but not taken */
export async function offStep({ store, layout, label }: TimedTable, times: readonly HeldTime[]): Promise<Map<string, OffStep>> {
  const found = new Map<string, OffStep>();
  if (times.length === 0) return found;
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
      const of = found.get(String(species)) ?? { values: 0, stations: [] };
      found.set(String(species), { values: of.values + Number(count), stations: [...of.stations, String(station)] });
    }
  }
  return found;
}
