/** The emissions of a period before and after an inversion, as `verify` judges them. */
import { join } from 'node:path';
import type { PreparedPeriod } from '../../fields/prepared';
import { PRIOR } from '../../case/case-runs';
import { FACTORS_FILE, meanEmissions, readFactors, type PeriodFactors } from '../factors/factors-file';
import type { Workspace } from '../workspace';

export interface EmissionUpdate {
  /** means over the period, `[H, W, groups]` kg m-2 s-1 */
  prior: Float64Array;
  updated: Float64Array;
  factors: PeriodFactors;
}

export function emissionUpdate(context: Workspace, { grid, groups, name, time, runs }: PreparedPeriod): EmissionUpdate {
  const { emissions } = runs.get(PRIOR)!;
  const factors = readFactors(join(context.dirOf('invert'), FACTORS_FILE), { grid, groups }, name);
  return { prior: meanEmissions(emissions, time.count), updated: meanEmissions(emissions, time.count, factors), factors };
}
