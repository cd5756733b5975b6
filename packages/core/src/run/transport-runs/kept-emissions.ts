/**
 * Runs that are kept on a user's word beside an inventory that was written anew: the emission files of one that was scaled tell whether its values are the same.
 * Where only the prior run was made there is no such file, and the word is all there is.
 */
import { existsSync } from 'node:fs';
import { GROUPS } from '../../base/species';
import { type PeriodSettings } from '../../case';
import { gridOf } from '../../case/gridded/case-grid';
import { ConfigError } from '../../base/errors';
import { factorLookup } from '../../inventory/scaling/emission-factors';
import { keeps, type StageMark } from '../engine/record';
import type { StageContext } from '../engine/stage';
import { PRIOR, simulatedChanges, simulatedRuns, timeOf } from '../../case/case-runs';
import { readInventory } from '../../inventory/reading/read-inventory';
import { concentrationsOf, factorsOf } from './run-keys';
import { filesOf, priorEmissionInputs, priorSectors, simulatedSectors } from '../../inventory/reading/sector-files';

/** Of the emissions of a cell in an hour: sums in another order, and another format of a file, leave less. */
const SAME_EMISSIONS = 1e-4;

/** @param before - with what the runs were made @throws {ConfigError} `RUNS_OTHER_EMISSIONS` */
export function refuseOtherEmissions(context: StageContext, before: Partial<StageMark>, now: StageMark): void {
  const { caseSettings, dir } = context;
  const known = new Set(before.inputs?.map(({ sha256 }) => sha256));
  const own = new Map(now.inputs.map(({ path, sha256 }) => [path, sha256]));
  const isKept = keeps(dir, now);
  for (const period of caseSettings.periods) {
    if (priorEmissionInputs(caseSettings, period.name).every((path) => known.has(own.get(path)!))) continue;
    const run = simulatedRuns(caseSettings).find(
      (name) =>
        name !== PRIOR &&
        !simulatedChanges(caseSettings).has(name) &&
        isKept(concentrationsOf(name, period)) &&
        filesOf(simulatedSectors(caseSettings, dir, name, period.name)).every((path) => existsSync(path)),
    );
    if (run === undefined || isOfInventory(context, run, period)) continue;
    throw new ConfigError(
      'RUNS_OTHER_EMISSIONS',
      `simulate: ${run} in ${period.name} cannot be kept: its emissions are not those that it would be given now, as the inventory has other values: ` +
        'change it back, give another --out, or agree with --changed-runs replace',
    );
  }
}

/** Whether a run has the emissions that its factors make of the inventory as it is now. */
function isOfInventory(context: StageContext, run: string, period: PeriodSettings): boolean {
  const { caseSettings, dir, signal } = context;
  const [grid, time] = [gridOf(caseSettings), timeOf(period)];
  const cells = grid.rows * grid.cols;
  const groups = GROUPS.length;
  const [own, prior] = [simulatedSectors(caseSettings, dir, run, period.name), priorSectors(caseSettings, period.name)].map((sectors) =>
    readInventory(sectors, grid, time, { signal }),
  );
  const factors = factorsOf(caseSettings, grid, run, period);
  const lookup = factorLookup(factors instanceof Float32Array ? [{ factors, start: time.start }] : factors, cells, time);
  for (let hour = 0; hour < time.count; hour++) {
    for (let group = 0; group < groups; group++) {
      const factorOf = lookup(hour, group) ?? (() => 1);
      for (let cell = 0; cell < cells; cell++) {
        const i = (hour * cells + cell) * groups + group;
        if (Math.abs(own[i] - factorOf(cell) * prior[i]) > SAME_EMISSIONS * own[i]) return false;
      }
    }
  }
  return true;
}
