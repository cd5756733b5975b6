/** The factors of a period as scale factors of HEMCO. */
import { join, relative } from 'node:path';
import { instant, timeAt } from '../../grid/grid';
import type { PeriodSource } from '../../fields/period-source';
import { writeHemco, type HemcoGrid } from '../../inventory/scaling/hemco';
import type { PeriodFactors } from './factors-file';
import { changeWithinDay, factorsAt, stretchLabel, type Stretch } from './slot-stretches';
import { meanOfStretch } from './updated-fields';

export const HEMCO_FOLDER = 'hemco';

/**
 * Writes `hemco/hemco_<period>[_<day>].nc` and the lines of HEMCO_Config.rc, a pair for each stretch of days that share their factors.
 *
 * @param log - told where factors change within a day, and nothing is written
 * @returns the files, relative to `dir`
 */
export function writePeriodHemco(
  dir: string,
  hemco: HemcoGrid,
  period: PeriodSource,
  { factors, stretches, origin }: { factors: PeriodFactors; stretches: readonly Stretch[]; origin: string },
  log: (text: string) => void,
): string[] {
  const { name, grid, groups, time } = period;
  const changeTime = changeWithinDay(time, stretches);
  if (changeTime) {
    log(
      `${name}: no scale factors for HEMCO are written: the factors change at ${instant(changeTime)}, within a day, and each file serves whole days`,
    );
    return [];
  }
  return stretches.flatMap((stretch) => {
    const start = timeAt(time, stretch.first);
    const path = (kind: string): string => join(dir, HEMCO_FOLDER, `${kind}_${stretchLabel(name, start, stretches)}`);
    const prior = meanOfStretch(period, stretch).map((rate, i) => rate * grid.cellArea(Math.floor(i / groups.length / grid.cols)));
    const span = { from: start, to: timeAt(time, stretch.first + stretch.hours) };
    const paths = { factors: `${path('hemco')}.nc`, config: `${path('HEMCO_Config')}.rc` };
    return writeHemco(paths, hemco, { groups, prior, factors: factorsAt(factors, stretch), origin, ...span }).map((written) =>
      relative(dir, written),
    );
  });
}
