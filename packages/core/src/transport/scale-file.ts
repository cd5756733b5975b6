/** One emission file scaled as it stands: everything but the values of the groups' variables stays as it is in the file, byte for byte in classic formats. */
import { IoapiFile } from '../data/ioapi';
import { timeAt } from '../data/ioapi-time';
import type { Grid } from '../grid/grid';
import { NetcdfOutput } from '../data/netcdf-access';
import { assertValues, stepsAtOnce } from '../data/period-steps';
import { groupsByVariable, type FactorSpan } from './emission-factors';
import type { EmissionGroups } from './emission-reader';
import { budgetUnit, checkedBudget, RegionSums, type RegionMasks, type SpeciesBudget } from './mass-budget';
import { factorsFor, masksFor, type Points } from './point-sources';
import { scaleFields } from './scaled-emissions';

export interface ScaleFileSettings {
  groups: EmissionGroups;
  /** of the factors, where a gridded file may be on a larger one: cells beyond it stay as they are */
  grid?: Grid;
  /** of an in-line point file; factors and regions are those of the grid of the case */
  points?: Points;
  /** regions of the budget */
  regions: RegionMasks;
}

/**
 * Copies an I/O API file and multiplies each variable of a group by the group's factor in its cell, all layers alike; then reads what was written.
 *
 * @param spans - steps outside all of them stay as they are
 * @returns rows of the mass budget: species, unit, time, region, prior, updated
 * @throws {ShapeError} `FACTORS_SHAPE`; {@link DataError} `FACTORS_INVALID`, `NOT_FINITE`, `VARIABLE_MISSING`, `MASS_MISMATCH`, `DISK_FULL`; {@link ConfigError} `GROUPS_OVERLAP`
 */
export function scaleEmissionFile(
  input: string,
  output: string,
  spans: readonly FactorSpan[],
  { groups, grid: ofCase, points, regions: ofGrid }: ScaleFileSettings,
): string[] {
  const regions = masksFor(ofGrid, points);
  const wanted = points ? undefined : ofCase;
  const budgets: SpeciesBudget[] = [];
  const file = IoapiFile.open(input, { grid: wanted });
  try {
    const { grid, layers, time } = file;
    const groupOf = groupsByVariable(file, groups);
    const factorOf = factorsFor(file, spans, points);
    const atOnce = stepsAtOnce(file);
    const copy = NetcdfOutput.copyOf(input, output);
    try {
      for (const [name, group] of groupOf) {
        const { units } = file.variables.find((variable) => variable.name === name)!;
        const sums = new RegionSums(file, regions, units);
        const [prior, asked]: [number[], number[]] = [[], []];
        for (let step = 0; step < time.count; step += atOnce) {
          const fields = file.read(name, step, Math.min(atOnce, time.count - step));
          assertValues(fields, { path: input, variable: name, grid, start: timeAt(time, step), stepSeconds: time.stepSeconds, layers });
          const factorsOf = (s: number): ReturnType<typeof factorOf> => factorOf(step + s, group);
          prior.push(...sums.of(fields));
          asked.push(...sums.of(fields, factorsOf));
          scaleFields(fields, grid.rows * grid.cols, layers, factorsOf);
          const count = fields.length / (layers * grid.rows * grid.cols);
          copy.write((target) => target.write(name, [step, 0, file.window.row, file.window.col], [count, layers, grid.rows, grid.cols], fields));
        }
        budgets.push({ species: name, unit: budgetUnit(units), prior: Float64Array.from(prior), asked: Float64Array.from(asked) });
      }
      copy.commit();
    } catch (error) {
      copy.abort();
      throw error;
    }
  } finally {
    file.close();
  }
  return checkedBudget(output, budgets, regions, wanted);
}
