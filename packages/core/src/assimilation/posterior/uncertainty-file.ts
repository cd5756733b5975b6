/** Uncertainty of the factors on disk: netCDF with CF names, variables `<what>_<period>` and `sector_<what>_<sector>_<period>` as those of the factors' file. */
import { onGrid } from '../../files/netcdf/cf-grid';
import { readCf, writeCf, type CfAttributes, type CfData, type CfVariable } from '../../files/netcdf/netcdf-cf';
import { DataError } from '../../base/errors';
import type { FactorsOf } from '../factors/factors-file';

export const UNCERTAINTY_FILE = 'uncertainty.nc';

/** One period; arrays are `[slots, H, W, groups]`. */
export interface PeriodUncertainty {
  /** absent: of all emissions */
  sector?: string;
  period: string;
  slots: number;
  sigma: Float32Array;
  reduction: Float32Array;
  constrained: Uint8Array;
  /** of the factor, one σ below and above */
  low: Float32Array;
  high: Float32Array;
  /** rows of the averaging kernel, `[rows, H, W, groups]` */
  averagingKernel?: Float32Array;
}

export function writeUncertainty(path: string, { grid, groups }: FactorsOf, periods: readonly PeriodUncertainty[]): void {
  const field = grid.rows * grid.cols * groups.length;
  const dimensions: Record<string, number> = { y: grid.rows, x: grid.cols, group: groups.length };
  const variables: CfVariable[] = [];
  for (const { sector, period, slots, sigma, reduction, constrained, low, high, averagingKernel } of periods) {
    if (slots > 1) dimensions[`slot_${period}`] = slots;
    const axes = [...(slots > 1 ? [`slot_${period}`] : []), 'y', 'x', 'group'];
    const add = (name: string, data: CfData, long_name: string, attributes: CfAttributes = {}): unknown =>
      variables.push({
        name: sector === undefined ? `${name}_${period}` : `sector_${name}_${sector}_${period}`,
        dimensions: axes,
        data,
        attributes: { long_name: `${long_name}${sector === undefined ? '' : ` of ${sector}`}, ${period}`, units: '1', ...attributes },
      });
    add('log_factor_sigma', sigma, 'posterior standard deviation of the natural logarithm of the factor, before the bound');
    add('reduction', reduction, 'part by which the standard deviation has fallen from the prior one');
    add('constrained', constrained, 'whether the monitors constrain the factor', {
      flag_values: Uint8Array.of(0, 1),
      flag_meanings: 'not_constrained constrained',
    });
    add('factor_low', low, 'factor one standard deviation below the updated one');
    add('factor_high', high, 'factor one standard deviation above the updated one');
    if (!averagingKernel) continue;
    dimensions[`kernel_row_${period}`] = averagingKernel.length / field;
    variables.push({
      name: `averaging_kernel_${period}`,
      dimensions: [`kernel_row_${period}`, 'y', 'x', 'group'],
      data: averagingKernel,
      attributes: { long_name: `rows of the averaging kernel of the log factors, in the order of uncertainty.json, ${period}`, units: '1' },
    });
  }
  writeCf(path, {
    dimensions,
    ...onGrid(grid, variables),
    attributes: { Conventions: 'CF-1.10', title: 'Uncertainty of the factors on the prior emissions', groups: groups.join(' ') },
    labels: [{ name: 'group', dimension: 'group', values: groups, attributes: { long_name: 'emission group' } }],
  });
}

/** Posterior standard deviation of the log factors of a period, `[slots, H, W, groups]`; undefined where the file lacks the period. */
export function readSigma(path: string, period: string): Float32Array | undefined {
  return readCf(path).variables.find(({ name }) => name === `log_factor_sigma_${period}`)?.data as Float32Array | undefined;
}

/**
 * Part of the slots in which a cell and group is constrained, `[H, W, groups]`.
 *
 * @throws {DataError} `UNCERTAINTY_MISSING` if the file lacks the period, or is not on the grid
 */
export function readConstrained(path: string, { grid, groups }: FactorsOf, period: string): Float64Array {
  const variable = readCf(path).variables.find(({ name }) => name === `constrained_${period}`);
  const field = grid.rows * grid.cols * groups.length;
  if (!variable || variable.data.length % field !== 0) {
    throw new DataError('UNCERTAINTY_MISSING', `${path}: there is no mask of period ${period} on the case's grid: run uncertainty again`);
  }
  const slots = variable.data.length / field;
  const share = new Float64Array(field);
  variable.data.forEach((value: number, i: number) => (share[i % field] += value / slots));
  return share;
}
