/** What runs of the transport model gave: a part of the settings of stages that read it, as a run that was taken away and made again may give something else with the same key. */
import { canonicalJson, hashText, readRecord } from '../engine/record';
import { partName } from './run-keys';
import type { StageContext } from '../engine/stage';

/** In the record of `simulate`. */
export interface SimulateSummary {
  runs: string[];
  /** hashes of what each run gave in a period, by the name of its part */
  values: Record<string, string>;
}

/** Hashes of what these runs gave, where `simulate` made them. */
export function simulatedValues({ case: { periods }, dirOf }: Pick<StageContext, 'case' | 'dirOf'>, runs: readonly string[]): Record<string, string> {
  const { values = {} } = (readRecord(dirOf('simulate'))?.summary ?? {}) as Partial<SimulateSummary>;
  const asked = new Set(periods.flatMap(({ name }) => runs.map((run) => partName(run, name))));
  return Object.fromEntries(Object.entries(values).filter(([name]) => asked.has(name)));
}

/** All of them as one hash, which the log can show; while `simulate` is not done, that of the stage's last run. */
export function simulatedHash(context: StageContext, runs: readonly string[]): string | undefined {
  if (readRecord(context.dirOf('simulate'))) return hashText(canonicalJson(simulatedValues(context, runs))).slice(0, 12);
  return (readRecord(context.dir)?.settings as { simulated?: string } | undefined)?.simulated;
}
