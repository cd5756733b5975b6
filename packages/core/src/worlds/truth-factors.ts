import { GROUPS } from '../data/case';
import { readCf, writeCf } from '../data/netcdf-cf';
import { DataError } from '../errors';
import { type Grid } from '../grid/grid';

/**
 * Writes the factors truth / prior of a twin experiment: one variable `factor_<period>` of `(group, y, x)`, groups in the order
 * of the attribute `groups`.
 *
 * @param factors - per period `[5, rows, cols]`
 */
export function writeTruthFactors(path: string, grid: Grid, factors: Map<string, Float32Array>): void {
  writeCf(path, {
    dimensions: { group: GROUPS.length, y: grid.rows, x: grid.cols },
    variables: [...factors].map(([period, data]) => ({
      name: `factor_${period}`,
      dimensions: ['group', 'y', 'x'],
      data,
      attributes: { long_name: `true over prior emissions, ${period}`, units: '1' },
    })),
    attributes: { Conventions: 'CF-1.10', title: 'Planted emission factors of a twin experiment', groups: GROUPS.join(' ') },
  });
}

/**
 * @returns the factors truth / prior of a period, `[5, rows, cols]` in the order NOx, NH3, SO2, VOC, PM2.5
 * @throws {DataError} if the file has no factors for the period, or not on this grid
 */
export function readTruthFactors(path: string, grid: Grid, period: string): Float32Array {
  const file = readCf(path);
  const variable = file.variables.find((candidate) => candidate.name === `factor_${period}`);
  if (!variable) {
    throw new DataError('DATA_TRUTH_PERIOD', `${path}: no variable factor_${period}: write one per period of the case, of (group, y, x)`);
  }
  const expected = GROUPS.length * grid.rows * grid.cols;
  if (variable.data.length !== expected) {
    throw new DataError(
      'DATA_TRUTH_SHAPE',
      `${path}: factor_${period} holds ${variable.data.length} values but ${GROUPS.length} x ${grid.rows} x ${grid.cols} = ${expected} are needed: write it on the case's grid`,
    );
  }
  return Float32Array.from(variable.data as Float32Array);
}
