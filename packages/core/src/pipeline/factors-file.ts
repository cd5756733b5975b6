/** The updated factors on disk: netCDF with CF names, one variable `factor_<period>` a period. */
import { GROUPS } from '../data/case';
import { readCf, writeCf } from '../data/netcdf-cf';
import { DataError } from '../errors';
import type { Grid } from '../grid/grid';

export const FACTORS_FILE = 'factors.nc';

/** Factors of one period, `[slots, H, W, 5]`; one slot = the whole period, else one an hour. */
export interface PeriodFactors {
  period: string;
  slots: number;
  data: Float32Array;
}

export function writeFactors(path: string, grid: Grid, factors: readonly PeriodFactors[]): void {
  const hours = Object.fromEntries(factors.filter(({ slots }) => slots > 1).map(({ period, slots }) => [`hour_${period}`, slots]));
  writeCf(path, {
    dimensions: { ...hours, y: grid.rows, x: grid.cols, group: GROUPS.length },
    variables: factors.map(({ period, slots, data }) => ({
      name: `factor_${period}`,
      dimensions: [...(slots > 1 ? [`hour_${period}`] : []), 'y', 'x', 'group'],
      data,
      attributes: { long_name: `updated over prior emissions, ${period}`, units: '1' },
    })),
    attributes: { Conventions: 'CF-1.10', title: 'Factors on the prior emissions', groups: GROUPS.join(' ') },
  });
}

/** @throws {DataError} `FACTORS_MISSING` if the file lacks the period, or is not on the grid */
export function readFactors(path: string, grid: Grid, period: string): PeriodFactors {
  const variable = readCf(path).variables.find(({ name }) => name === `factor_${period}`);
  const field = grid.rows * grid.cols * GROUPS.length;
  if (!variable || variable.data.length % field !== 0) {
    throw new DataError('FACTORS_MISSING', `${path}: there are no factors of period ${period} on the case's grid: run invert again`);
  }
  return { period, slots: variable.data.length / field, data: Float32Array.from(variable.data as Float32Array) };
}

/** Mean emissions over a period, `[H, W, 5]` kg m-2 s-1, with the factors on them where given. */
export function meanEmissions(emissions: Float32Array, hours: number, factors?: PeriodFactors): Float64Array {
  const field = emissions.length / hours;
  const mean = new Float64Array(field);
  for (let i = 0; i < emissions.length; i++) {
    const factor = factors ? factors.data[factors.slots > 1 ? i : i % field] : 1;
    mean[i % field] += (emissions[i] * factor) / hours;
  }
  return mean;
}
