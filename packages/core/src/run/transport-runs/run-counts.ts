/** How often a case runs the transport model: what users pay with. */
import type { Case } from '../../case';
import { hasExternalPrior, simulatedRuns } from '../../case/case-runs';
import { readRecord } from '../engine/record';
import { certifyingRunNames } from './certify-runs';

/** Runs of the transport model, each over all periods. */
export interface RunCounts {
  simulate: number;
  certify: number;
  /** on updated emissions: of the case, its paper mode and further passes of the loop */
  verify: number;
}

export function countRuns(settings: Case): RunCounts {
  const { loop, paperMode, updatedConcentrations } = settings;
  const isOurs = updatedConcentrations === undefined && !hasExternalPrior(settings);
  return {
    simulate: simulatedRuns(settings).length,
    certify: certifyingRunNames(settings).length,
    verify: isOurs ? (paperMode.run ? 2 : 1) + loop.passes - 1 : 0,
  };
}

/** `18 times (10 by simulate, 6 by certify, 2 by verify)` */
export function runsInWords({ simulate, certify, verify }: RunCounts): string {
  const runs = simulate + certify + verify;
  return `${runs === 1 ? 'once' : `${runs} times`} (${simulate} by simulate, ${certify} by certify, ${verify} by verify)`;
}

/** Hours that a run took over all periods, as `simulate` made its runs one after the other; undefined where it has not made them, or made them side by side. */
export function hoursOfRun(simulate: string, runs: number): number | undefined {
  const seconds = readRecord(simulate)?.seconds ?? 0;
  const hours = seconds / 3600 / runs;
  return runs > 0 && hours > 0.001 ? hours : undefined;
}
