/** What runs of the transport model gave: a part of the settings of stages that read it, as a run that was taken away and made again may give something else with the same key. */
import type { Case } from '../../case';
import { canonicalJson, hashText } from '../../files/canonical-json';
import { readRecord, summaryIn } from '../engine/record';
import { partName } from './run-keys';
import type { StageContext } from '../engine/stage';

/** In the record of `simulate`. */
export interface SimulateSummary {
  runs: string[];
  /** hashes of what each run gave in a period, by the name of its part */
  values: Record<string, string>;
}

/** Names of the parts of `simulate` that are these runs. */
export function runsAsParts({ periods }: Pick<Case, 'periods'>, runs: readonly string[]): string[] {
  return periods.flatMap(({ name }) => runs.map((run) => partName(run, name)));
}

/** Hashes of what these runs gave, where `simulate` made them. */
export function simulatedValues(
  { caseSettings, dirOf }: Pick<StageContext, 'caseSettings' | 'dirOf'>,
  runs: readonly string[],
): Record<string, string> {
  const values = summaryIn<SimulateSummary>(dirOf('simulate'))?.values ?? {};
  const asked = new Set(runsAsParts(caseSettings, runs));
  return Object.fromEntries(Object.entries(values).filter(([name]) => asked.has(name)));
}

/** All of them as one hash, which the log can show; while `simulate` is not done, that of the stage's last run. */
export function simulatedHash(context: StageContext, runs: readonly string[]): string | undefined {
  if (readRecord(context.dirOf('simulate'))) return hashText(canonicalJson(simulatedValues(context, runs))).slice(0, 12);
  return (readRecord(context.dir)?.settings as { simulated?: string } | undefined)?.simulated;
}
