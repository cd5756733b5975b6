/**
 * What the transport model gave on updated emissions: a part of the settings of stages that read it, as a run that was taken away and made again may give
 * something else with the same key.
 */
import { join } from 'node:path';
import { canonicalJson, hashText } from '../../files/canonical-json';
import { readRecord, summaryIn } from '../engine/record';

/** By run and period, out of the records of these stages. */
export function updatedValues(dirs: readonly string[]): Record<string, string> {
  return Object.fromEntries(dirs.flatMap((dir) => Object.entries(summaryIn<{ values?: Record<string, string> }>(dir)?.values ?? {})));
}

/** All of them as one hash, which the log can show. */
export function updatedHash(dirs: readonly string[]): string | undefined {
  const values = updatedValues(dirs);
  return Object.keys(values).length === 0 ? undefined : hashText(canonicalJson(values)).slice(0, 12);
}

/** What decides the updated run of a stage, and what came of it; not how it was scored. */
export function updatedRunKey(dir: string): string | undefined {
  const record = readRecord(dir);
  const values = updatedHash([dir]);
  return values === undefined ? record?.key : hashText(canonicalJson({ made: record?.expensiveKey ?? record?.key, values }));
}

/** The concentrations of a period on updated emissions, in the folder of `verify`. */
export function updatedOutput(dir: string, period: string): string {
  return join(dir, `ACONC_${period}.nc`);
}
