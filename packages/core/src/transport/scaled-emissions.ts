/** Emission files with every species scaled by the factor of its group: what members and the updated inventory are. */
import { IoapiSeries, IoapiWriter } from '../data/ioapi';
import { assertValues } from '../data/period-steps';
import { timeAt } from '../data/ioapi-time';
import { ConfigError, DataError, ShapeError } from '../errors';
import type { Grid, TimeAxis } from '../grid/grid';
import { GROUP_NAMES, type EmissionGroups, type GroupName } from './emission-reader';

export interface ScaledEmissionsOptions {
  /** beginning of the factors' first hour where they are `[T, rows, cols, 5]`; by default the files' first step. Hours without factors stay as they are. */
  factorStart?: Date;
  /** the case's grid, where the files may be on a larger one: only its part is written */
  grid?: Grid;
  /** names the run in the file's history */
  history?: string;
}

const STEPS_AT_ONCE = 24;

/**
 * Writes one I/O API file with the variables, units, layers, header and time axis of `inputFiles` (joined in time); each variable
 * of a group is multiplied by the group's factor in its cell (all layers alike), the others are copied.
 *
 * @param factors - `[rows, cols, 5]`, or `[T, rows, cols, 5]` with one field per hour
 * @throws {ShapeError} `FACTORS_SHAPE`; {@link DataError} `FACTORS_INVALID`, `NOT_FINITE`, `VARIABLE_MISSING`; {@link ConfigError} `GROUPS_OVERLAP`
 */
export function writeScaledEmissions(
  inputFiles: string[],
  output: string,
  factors: Float32Array,
  groups: EmissionGroups,
  options: ScaledEmissionsOptions = {},
): void {
  const series = IoapiSeries.open(inputFiles, { grid: options.grid });
  try {
    const { grid, layers, time, variables, attributes } = series;
    const groupOf = groupsByVariable(series, groups);
    const factorOf = factorLookup(factors, grid.rows * grid.cols, time, options.factorStart);
    const history = options.history ?? 'emissions scaled per group by Retroplume';
    const writer = IoapiWriter.create(output, { grid, layers, time, variables, attributes: { ...attributes, HISTORY: history } });
    try {
      for (const { name } of variables) {
        for (let step = 0; step < time.count; step += STEPS_AT_ONCE) {
          const count = Math.min(STEPS_AT_ONCE, time.count - step);
          const fields = series.read(name, step, count);
          const group = groupOf.get(name);
          if (group !== undefined) {
            assertValues(fields, { path: series.path, variable: name, grid, start: timeAt(time, step), stepSeconds: time.stepSeconds, layers });
            scale(fields, grid.rows * grid.cols, layers, step, (s) => factorOf(s, group));
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

function groupsByVariable(series: IoapiSeries, groups: EmissionGroups): Map<string, number> {
  const groupOf = new Map<string, number>();
  GROUP_NAMES.forEach((name: GroupName, group) => {
    for (const variable of groups[name].variables) {
      if (!series.variables.some((candidate) => candidate.name === variable)) {
        throw new DataError(
          'VARIABLE_MISSING',
          `${series.path}: there is no variable ${variable}, which emissions.groups.${name} needs: mend the case`,
        );
      }
      const other = groupOf.get(variable);
      if (other !== undefined && other !== group) {
        const both = `${GROUP_NAMES[other]} and ${name}`;
        throw new ConfigError('GROUPS_OVERLAP', `emissions.groups: ${variable} is in ${both}, so it has no one factor: keep it in one`);
      }
      groupOf.set(variable, group);
    }
  });
  return groupOf;
}

/** Factor of each cell for a group at a step of the files; undefined where the factors do not reach. */
type FactorLookup = (step: number, group: number) => ((cell: number) => number) | undefined;

function factorLookup(factors: Float32Array, cells: number, time: TimeAxis, factorStart = time.start): FactorLookup {
  const one = cells * GROUP_NAMES.length;
  const hours = factors.length / one;
  if (!Number.isInteger(hours) || hours < 1) {
    throw new ShapeError(
      'FACTORS_SHAPE',
      `factors: expected [${cells} cells, 5], or one such field per hour, but received ${factors.length} values: pass whole fields`,
    );
  }
  const wrong = factors.find((factor) => !(factor >= 0 && factor < Infinity));
  if (wrong !== undefined)
    throw new DataError('FACTORS_INVALID', `factors: expected finite values of 0 or more but received ${wrong}: mend the factors`);
  return (step, group) => {
    const hour = hours === 1 ? 0 : Math.floor((timeAt(time, step).getTime() - factorStart.getTime()) / 3600e3);
    if (hour < 0 || hour >= hours) return undefined;
    return (cell) => factors[hour * one + cell * GROUP_NAMES.length + group];
  };
}

/** `fields` are `[steps, layers, cells]`, scaled in place. */
function scale(
  fields: Float32Array,
  cells: number,
  layers: number,
  firstStep: number,
  factorsOf: (step: number) => ((cell: number) => number) | undefined,
): void {
  for (let step = 0; step * layers * cells < fields.length; step++) {
    const factor = factorsOf(firstStep + step);
    if (!factor) continue;
    const begin = step * layers * cells;
    for (let i = 0; i < layers * cells; i++) fields[begin + i] *= factor(i % cells);
  }
}
