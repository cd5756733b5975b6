/**
 * Hashes of what the transport model gave, and of the certificate that rests on it: parts of the settings of stages that read these. A run that was taken away and made
 * again may give something else with the same key.
 */
import { join } from 'node:path';
import type { Case, PeriodSettings } from '../../case';
import { filesOfRun, preparedRuns } from '../../case/case-runs';
import { broughtOutput } from '../../inventory/reading/sector-files';
import type { RunOutput } from '../../transport/run-fields';
import { canonicalJson, hashText } from '../../files/json';
import type { Certificate } from '../../surrogate/judgement/certificate';
import { hashOfValues } from '../commands/bundle/compare-files';
import { readRecord, summaryIn } from '../engine/record';
import type { StageContext } from '../engine/stage';
import { partName } from './run-keys';

/** In the record of `simulate`. */
export interface SimulateSummary {
  runs: string[];
  /** hashes of what each run gave in a period, by the name of its part */
  values: Record<string, string>;
}

/** One that the log can show. */
const shortHash = (value: unknown): string => hashText(canonicalJson(value)).slice(0, 12);

/** Of the values in what a run has left in a period, not of the bytes, which tell the time. @param output - its surface concentrations */
export function hashOfRun(settings: Pick<Case, 'columns'>, output: string): string {
  const hashes = filesOfRun(settings, output).map(hashOfValues);
  return hashes.length === 1 ? hashes[0] : hashText(hashes.join(' '));
}

/** Names of the parts of `simulate` that are these runs. */
export function runsAsParts({ periods }: Pick<Case, 'periods'>, runs: readonly string[]): string[] {
  return periods.flatMap(({ name }) => runs.map((run) => partName(run, name)));
}

/** Names of the parts of `prepare` that hold weather, prior run and members of these periods. */
export function preparedAsParts(settings: Case, periods: readonly PeriodSettings[]): string[] {
  return periods.flatMap((period) => [period.name, ...preparedRuns(settings, period).map((run) => partName(run, period.name))]);
}

/** Hashes of what these runs gave, where `simulate` made them. */
export function simulatedValues(
  { caseSettings, dirOf }: Pick<StageContext, 'caseSettings' | 'dirOf'>,
  runs: readonly string[],
): Record<string, string> {
  const values = summaryIn<SimulateSummary>(dirOf('simulate'))?.values ?? {};
  const partNames = new Set(runsAsParts(caseSettings, runs));
  return Object.fromEntries(Object.entries(values).filter(([name]) => partNames.has(name)));
}

/** All of them as one hash; while `simulate` is not done, that of the stage's last run. */
export function simulatedHash(context: StageContext, runs: readonly string[]): string | undefined {
  if (readRecord(context.dirOf('simulate'))) return shortHash(simulatedValues(context, runs));
  return (readRecord(context.dir)?.settings as { simulated?: string } | undefined)?.simulated;
}

/** Hashes of what the transport model gave on updated emissions, by run and period, out of the records of these stages. */
export function updatedValues(dirs: readonly string[]): Record<string, string> {
  return Object.fromEntries(dirs.flatMap((dir) => Object.entries(summaryIn<{ values?: Record<string, string> }>(dir)?.values ?? {})));
}

/** All of them as one hash. */
export function updatedHash(dirs: readonly string[]): string | undefined {
  const values = updatedValues(dirs);
  return Object.keys(values).length === 0 ? undefined : shortHash(values);
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

/** The updated run's files in a period, where the case brings it. */
export function givenOutput(settings: Case, period: string): RunOutput | undefined {
  const { updatedConcentrations, updatedLayers } = settings;
  if (updatedConcentrations === undefined) return undefined;
  return broughtOutput(settings, { concentrations: updatedConcentrations, layers: updatedLayers }, period);
}

export const CERTIFICATE_FILE = 'certificate.json';

/** What a certificate says. @param part - of the certificate that is read; all of it unless given */
export function certificateHash(dir: string, part: (certificate: Certificate) => unknown = (certificate) => certificate): string | undefined {
  const record = readRecord(dir);
  return record && shortHash(part(record.summary as Certificate));
}
