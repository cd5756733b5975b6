/** The factors of a period for CMAQ's own scaling: masks do not change in time, so that each set of rules serves a run of whole days. */
import { join, relative } from 'node:path';
import { type Grid, type TimeAxis, instant, timeAt } from '../../grid/grid';
import { writeDesid, type DesidStream } from '../../inventory/scaling/desid';
import { changeWithinDay, stretchLabel, type Stretch } from './slot-stretches';

export const DESID_FOLDER = 'desid';

interface DesidPeriod {
  name: string;
  grid: Grid;
  time: TimeAxis;
  stretches: readonly Stretch[];
  streamsOf: (stretch: Stretch) => DesidStream[];
  /** the program and the run that made the factors */
  origin: string;
}

/**
 * Writes `desid/desid_<period>[_<day>].nml` and its masks, a pair for each stretch of days that share their factors.
 *
 * @param log - told where factors change within a day, and nothing is written
 * @returns the files, relative to `dir`
 */
export function writePeriodDesid(
  dir: string,
  { name, grid, time, stretches, streamsOf, origin }: DesidPeriod,
  log: (text: string) => void,
): string[] {
  const changeTime = changeWithinDay(time, stretches);
  if (changeTime) {
    log(
      `${name}: no DESID rules are written: the factors change at ${instant(changeTime)}, within a day, and CMAQ's masks are the same at all hours of a run: give CMAQ the updated files`,
    );
    return [];
  }
  return stretches
    .flatMap((stretch) => {
      const start = timeAt(time, stretch.first);
      const label = stretchLabel(name, start, stretches);
      const path = (kind: string): string => join(dir, DESID_FOLDER, `${kind}_${label}`);
      const span = { begin: start, end: timeAt(time, stretch.first + stretch.hours), origin };
      return writeDesid({ rules: `${path('desid')}.nml`, masks: `${path('masks')}.nc` }, grid, streamsOf(stretch), span);
    })
    .map((path) => relative(dir, path));
}
