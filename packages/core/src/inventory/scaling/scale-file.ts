/**
 * One emission file scaled as it stands: everything but the values of the groups' variables, and HISTORY, stays as it is in the file. The
 * file of a representative day also gets the dates of the day that it stands for.
 */
import type { NetcdfFile } from '@retroplume/native';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { trimmed, toIoapiTime } from '../../files/ioapi/ioapi-header';
import { type Grid, type TimeAxis, timeAt } from '../../grid/grid';
import { NetcdfOutput } from '../../files/netcdf/netcdf-access';
import { assertValues } from '../../files/netcdf/value-ranges';
import { stepsAtOnce } from '../../files/ioapi/period-steps';
import { groupsByVariable, type FactorSpan } from './emission-factors';
import type { EmissionGroups } from '../reading/emission-reader';
import { budgetUnit, checkedBudget, RegionSums, type RegionMasks, type SpeciesBudget } from './mass-budget';
import { factorsFor, masksFor, type Points } from '../reading/point-sources';
import { scaleFields } from './scaled-emissions';

interface ScaleFileSettings {
  groups: EmissionGroups;
  /** of the factors, where a gridded file may be on a larger one: cells beyond it stay as they are */
  grid?: Grid;
  /** of an in-line point file; factors and regions are those of the grid of the case */
  points?: Points;
  /** the day that the file, one of a representative day, stands for; by default its own */
  date?: Date;
  /** what goes above the HISTORY of the file, so that nobody takes it for the prior's; by default nothing */
  history?: string;
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
  { groups, grid: ofCase, points, date, history, regions: ofGrid }: ScaleFileSettings,
): string[] {
  const regions = masksFor(ofGrid, points);
  const wanted = points ? undefined : ofCase;
  const budgets: SpeciesBudget[] = [];
  const inputFile = IoapiFile.open(input, { grid: wanted });
  const file = date === undefined ? inputFile : inputFile.beginningAt(date);
  try {
    const { grid, layers, time } = file;
    const groupOf = groupsByVariable(file, groups);
    const factorOf = factorsFor(file, spans, Object.keys(groups).length, points);
    const atOnce = stepsAtOnce(file);
    const copy = NetcdfOutput.copyOf(input, output);
    try {
      if (history !== undefined) copy.write((target) => putHistory(target, history));
      if (date !== undefined) copy.write((target) => putTimes(target, time));
      for (const [name, group] of groupOf) {
        const { units } = file.variables.find((variable) => variable.name === name)!;
        const sums = new RegionSums(file, regions, units);
        const [prior, requested]: [number[], number[]] = [[], []];
        for (let step = 0; step < time.count; step += atOnce) {
          const fields = file.read(name, step, Math.min(atOnce, time.count - step));
          assertValues(fields, { path: input, variable: name, grid, start: timeAt(inputFile.time, step), stepSeconds: time.stepSeconds, layers });
          const factorsOf = (s: number): ReturnType<typeof factorOf> => factorOf(step + s, group);
          prior.push(...sums.massesOf(fields));
          requested.push(...sums.massesOf(fields, factorsOf));
          scaleFields(fields, grid.rows * grid.cols, layers, factorsOf);
          const count = fields.length / (layers * grid.rows * grid.cols);
          copy.write((target) => target.write(name, [step, 0, file.window.row, file.window.col], [count, layers, grid.rows, grid.cols], fields));
        }
        budgets.push({ species: name, unit: budgetUnit(units), prior: Float64Array.from(prior), requested: Float64Array.from(requested) });
      }
      copy.commit();
    } catch (error) {
      copy.abort();
      throw error;
    }
  } finally {
    inputFile.close();
  }
  return checkedBudget(output, budgets, regions, wanted);
}

/** Lines of the I/O API's descriptions, and how many it has room for when it reads them. */
const [LINE, LINES] = [80, 60];

/** Before what the file says of its history. */
function putHistory(target: NetcdfFile, line: string): void {
  const historyValue = target.attributes().get('HISTORY');
  const previousHistory = typeof historyValue === 'string' ? historyValue : Array.isArray(historyValue) ? historyValue.join('') : '';
  const text = line.padEnd(LINE * Math.ceil(line.length / LINE)) + previousHistory;
  target.beginDefine();
  target.putAttribute('', 'HISTORY', trimmed(text).slice(0, LINE * LINES));
  target.endDefine();
}

/** SDATE and TFLAG of another day; all else of the header stays. */
function putTimes(target: NetcdfFile, time: TimeAxis): void {
  const [, variables] = target.shape('TFLAG');
  target.putAttribute('', 'SDATE', Int32Array.of(toIoapiTime(time.start)[0]));
  const flags = Array.from({ length: time.count }, (_, step) => Array.from({ length: variables }, () => toIoapiTime(timeAt(time, step))));
  target.write('TFLAG', [0, 0, 0], [time.count, variables, 2], Int32Array.from(flags.flat(2)));
}
