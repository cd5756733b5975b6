/** Observations that only judge, held against the case: read as `verify` reads them. */
import { independentFiles, readIndependent } from '../../../assimilation/observed/independent';
import type { Case } from '../../../case';
import { joinPath } from '../../../case/source';
import type { Grid } from '../../../grid/grid';
import type { Observations } from '../../../observations/observations';
import type { Findings } from './findings';
import { tellMassState, tellObservations } from './observed-inputs';

/** @returns by entry and period, what could be read */
export async function checkIndependentInputs(
  findings: Findings,
  settings: Case,
  unread: ReadonlySet<string>,
  grid: Grid | undefined,
): Promise<Map<string, Map<string, Observations>>> {
  const read = new Map<string, Map<string, Observations>>();
  if (unread.has('periods')) return read;
  for (const [i, entry] of settings.observations.independent.entries()) {
    const key = ['observations', 'independent', i];
    // Without what the case file has wrong in it, other faults would be found than there are.
    if (findings.problems.some((problem) => `${problem.key}.`.startsWith(`${joinPath(key)}.`))) continue;
    if (!grid) {
      await findings.attempt(key, () => independentFiles({ ...settings, observations: { ...settings.observations, independent: [entry] } }));
      continue;
    }
    const tell = (text: string): void => void findings.notes.push(text);
    const periods = await findings.attempt(key, () => readIndependent(settings, entry, grid, { signal: findings.signal, tell }));
    if (!periods) continue;
    const subject = `observations.independent, ${entry.name}`;
    const observed = new Map([...periods].map(([period, { monitors }]) => [period, monitors.observations]));
    for (const [period, observations] of observed) tellObservations(findings, subject, period, observations, true);
    tellMassState(findings, subject, entry, settings);
    read.set(entry.name, observed);
  }
  return read;
}
