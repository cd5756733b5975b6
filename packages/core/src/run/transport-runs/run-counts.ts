/** How often a case runs the transport model: what users pay with. */
import type { Case } from '../../case';
import { hasExternalPrior, runsOfPeriod } from '../../case/case-runs';
import { readRecord } from '../engine/record';
import { certifyingRunNames } from './certify-runs';

/** Runs of the transport model, each through one period. */
export interface RunCounts {
  simulate: number;
  certify: number;
  /** on updated emissions: of the case, the modes beside it and further passes of the loop */
  verify: number;
  /** that all of them simulate */
  hours: number;
}

export function countRuns(settings: Case): RunCounts {
  const { loop, paperMode, ensembleMode, updatedConcentrations } = settings;
  const isOurs = updatedConcentrations === undefined && !hasExternalPrior(settings);
  const updatedRuns = isOurs ? loop.passes + Number(paperMode.run) + Number(ensembleMode.run) : 0;
  const certifyingRuns = certifyingRunNames(settings).length;
  const counts: RunCounts = { simulate: 0, certify: 0, verify: 0, hours: 0 };
  for (const period of settings.periods) {
    const [simulate, certify] = [runsOfPeriod(settings, period).length, period.members === true ? certifyingRuns : 0];
    counts.simulate += simulate;
    counts.certify += certify;
    counts.verify += updatedRuns;
    counts.hours += (simulate + certify + updatedRuns) * period.hours;
  }
  return counts;
}

/** `18 times (10 by simulate, 6 by certify, 2 by verify), 12960 hours in all` */
export function runsInWords({ simulate, certify, verify, hours }: RunCounts): string {
  const runs = simulate + certify + verify;
  return `${runs === 1 ? 'once' : `${runs} times`} (${simulate} by simulate, ${certify} by certify, ${verify} by verify), ${hours} hours in all`;
}

/** Numbers of random members of which docs/runs.md has figures. */
const MEASURED_COUNTS = [3, 6, 10, 20];

/** @returns 'members.count: 3 would make it 10 times, members.count: 10 would make it 24 times; docs/runs.md tells what that changes'; undefined where no random member is run */
export function otherDesignsInWords(settings: Case): string | undefined {
  const { members } = settings;
  if (members.count === 0 || !settings.periods.some((period) => period.members === true)) return undefined;
  const cheaper = MEASURED_COUNTS.filter((count) => count < members.count).slice(-1);
  const dearer = MEASURED_COUNTS.filter((count) => count > members.count).slice(0, 1);
  const designs = [...cheaper, ...dearer].map((count) => {
    const { simulate, certify, verify } = countRuns({ ...settings, members: { ...members, count } });
    return `members.count: ${count} would make it ${simulate + certify + verify} times`;
  });
  return `${designs.join(', ')}; docs/runs.md tells what that changes`;
}

/** Hours that a run took in a period, as `simulate` made its runs one after the other; undefined where it has not made them, or made them side by side. */
export function hoursOfRun(simulate: string, runs: number): number | undefined {
  const seconds = readRecord(simulate)?.seconds ?? 0;
  const hours = seconds / 3600 / runs;
  return runs > 0 && hours > 0.001 ? hours : undefined;
}
