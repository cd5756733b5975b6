/** Emission files with every species scaled by the factor of its group: what members and the updated inventory are. */
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { assertValues } from '../../files/netcdf/value-ranges';
import { stepsAtOnce } from '../../files/ioapi/period-steps';
import { type Grid, timeAt } from '../../grid/grid';
import { groupsByVariable, type FactorSpan } from './emission-factors';
import { openFiles, type EmissionGroups, type SectorFiles } from '../reading/emission-reader';
import { factorsFor, type Points } from '../reading/point-sources';

interface ScaledEmissionsOptions {
  /** the case's grid, where gridded files may be on a larger one: only its part is written */
  grid?: Grid;
  /** of in-line point files: where their sources stand on the factors' grid */
  points?: Points;
  /** of files of representative days; the file that is written bears the dates of the calendar */
  days?: SectorFiles['days'];
  /** names the run in the file's history */
  history?: string;
}

/**
 * Writes one I/O API file with the variables, units, layers, header and time axis of `inputFiles` (joined in time); each variable
 * of a group is multiplied by the group's factor in its cell (all layers alike), the others are copied.
 *
 * @param factors - `[rows, cols, groups]` for all hours, or spans of time: hours in none of them stay as they are, and without any all
 * @throws {ShapeError} `FACTORS_SHAPE`; {@link DataError} `FACTORS_INVALID`, `NOT_FINITE`, `VARIABLE_MISSING`; {@link ConfigError} `GROUPS_OVERLAP`
 */
export function writeScaledEmissions(
  inputFiles: string[],
  output: string,
  factors: Float32Array | readonly FactorSpan[],
  groups: EmissionGroups,
  options: ScaledEmissionsOptions = {},
): void {
  const series = openFiles({ files: inputFiles, days: options.days }, options.points ? undefined : options.grid);
  try {
    const { grid, layers, time, variables, attributes } = series;
    const groupOf = groupsByVariable(series, groups);
    const spans = factors instanceof Float32Array ? [{ factors, start: time.start }] : factors;
    const factorOf = factorsFor(series, spans, Object.keys(groups).length, options.points);
    const history = options.history ?? `emissions ${spans.length === 0 ? 'joined in time' : 'scaled per group'} by Retroplume`;
    const atOnce = stepsAtOnce(series);
    const writer = IoapiWriter.create(output, { grid, layers, time, variables, attributes: { ...attributes, HISTORY: history } });
    try {
      for (const { name } of variables) {
        for (let step = 0; step < time.count; step += atOnce) {
          const count = Math.min(atOnce, time.count - step);
          const fields = series.read(name, step, count);
          const group = groupOf.get(name);
          if (group !== undefined) {
            assertValues(fields, { path: series.path, variable: name, grid, start: timeAt(time, step), stepSeconds: time.stepSeconds, layers });
            scaleFields(fields, grid.rows * grid.cols, layers, (s) => factorOf(step + s, group));
          }
          writer.write(name, step, fields);
        }
      }
      writer.close();
    } catch (error) {
      writer.abort();
      throw error;
    }
  } finally {
    series.close();
  }
}

/** `fields` are `[steps, layers, cells]`, scaled in place; steps count from 0. */
export function scaleFields(
  fields: Float32Array,
  cells: number,
  layers: number,
  factorsOf: (step: number) => ((cell: number) => number) | undefined,
): void {
  for (let step = 0; step * layers * cells < fields.length; step++) {
    const factor = factorsOf(step);
    if (!factor) continue;
    const begin = step * layers * cells;
    for (let i = 0; i < layers * cells; i++) fields[begin + i] *= factor(i % cells);
  }
}
