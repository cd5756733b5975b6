import type { Group } from '../base/species';
import { readCf, writeCf } from '../files/netcdf/netcdf-cf';
import { DataError } from '../base/errors';
import { type Grid } from '../grid/grid';

const DIMENSIONS = ['group', 'y', 'x'];

/**
 * Writes the factors truth / prior of a twin experiment: one variable `factor_<period>` of `(group, y, x)`, groups in the order
 * of the attribute `groups`.
 *
 * @param factors - per period `[groups, rows, cols]`
 */
export function writeTruthFactors(path: string, grid: Grid, factors: Map<string, Float32Array>, groups: readonly Group[]): void {
  writeCf(path, {
    dimensions: { group: groups.length, y: grid.rows, x: grid.cols },
    variables: [...factors].map(([period, data]) => ({
      name: `factor_${period}`,
      dimensions: DIMENSIONS,
      data,
      attributes: { long_name: `true over prior emissions, ${period}`, units: '1' },
    })),
    attributes: { Conventions: 'CF-1.10', title: 'Planted emission factors of a twin experiment', groups: groups.join(' ') },
  });
}

/**
 * @param groups - of the case, in their order
 * @returns the factors truth / prior of a period, `[groups, rows, cols]`
 * @throws {DataError} `DATA_TRUTH_PERIOD` if the file has no factors for the period, `DATA_TRUTH_SHAPE` if they are not on this grid or lie in another order,
 *   `DATA_TRUTH_GROUPS`, `DATA_TRUTH_VALUE`
 */
export function readTruthFactors(path: string, grid: Grid, period: string, groups: readonly Group[]): Float32Array {
  const { variables, dimensions, attributes } = readCf(path);
  const variable = variables.find((candidate) => candidate.name === `factor_${period}`);
  if (!variable) {
    throw new DataError('DATA_TRUTH_PERIOD', `${path}: no variable factor_${period}: write one per period of the case, of (group, y, x)`);
  }
  const shape = variable.dimensions.map((name) => dimensions[name]).join(' x ');
  const expected = [groups.length, grid.rows, grid.cols].join(' x ');
  // factors.nc of an inversion has the same names, but groups last, with as many values.
  if (shape !== expected || variable.dimensions.indexOf('group') > 0) {
    throw new DataError(
      'DATA_TRUTH_SHAPE',
      `${path}: factor_${period} is of (${variable.dimensions.join(', ')}), ${shape}, but (${DIMENSIONS.join(', ')}), ${expected} on the grid ${grid.name}, is needed: write it on the case's grid and in this order (ncpdq -a ${DIMENSIONS.join(',')})`,
    );
  }
  const names = attributes['groups'];
  if (typeof names === 'string' && names.trim() !== groups.join(' ')) {
    throw new DataError('DATA_TRUTH_GROUPS', `${path}: its groups are ${names}, but ${groups.join(' ')} are needed: bring them into this order`);
  }
  const factors = Float32Array.from(variable.data as Float32Array);
  const wrong = factors.findIndex((factor) => !(factor >= 0 && factor < Infinity));
  if (wrong < 0) return factors;
  const cell = wrong % (grid.rows * grid.cols);
  const group = groups[(wrong - cell) / (grid.rows * grid.cols)];
  throw new DataError(
    'DATA_TRUTH_VALUE',
    `${path}: factor_${period} of ${group} at row ${Math.floor(cell / grid.cols)}, column ${cell % grid.cols} is ${factors[wrong]}: factors are finite and 0 or more, and 1 where nothing is changed: mend the file`,
  );
}
