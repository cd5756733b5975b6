/** Reads what the transport model gave in a run. */
import { SPECIES } from '../base/species';
import { type Case } from '../case';
import { readConcentrations } from '../case/gridded/case-fields';
import { IoapiSeries, OUTPUT_OVERLAP } from '../files/ioapi/ioapi-series';
import type { Grid, TimeAxis } from '../grid/grid';

/**
 * Surface concentrations of a run's files in a period.
 *
 * @returns `[T, H, W, 4]`; NO2, SO2, O3 in ppb, PM2.5 in µg m-3
 * @throws {GridError} {DataError} if a file lies on another grid, lacks a variable or an hour, or cannot be read
 */
export function readRunConcentrations(
  { concentrations: { variables } }: Case,
  files: string[],
  { grid, time }: { grid: Grid; time: TimeAxis },
  signal?: AbortSignal,
): Float32Array {
  const series = IoapiSeries.open(files, { grid, overlap: OUTPUT_OVERLAP });
  try {
    return readConcentrations(series, time, Object.fromEntries(SPECIES.map((name) => [name, variables[name]])), { signal });
  } finally {
    series.close();
  }
}
