/** Files of ammonia's columns in the structure that readers of IASI (ANNI v4) and CrIS (CFPR v1.6) read. */
import { cdl, type Column, type Columns } from './column-cdl';

const repeat = <T>(value: T, count: number): T[] => Array.from({ length: count }, () => value);
type Values = (number | string)[];

/** Four pixels: good, evening, without prefilter, without postfilter. Three layers, to 1, 3 and 10 km. */
export function iasi(): Columns {
  const list = (values: Values, units?: string, dimensions = 'time'): Column => ({ dimensions, units, values });
  const flag = (values: Values): Column => ({ type: 'byte', dimensions: 'time', values });
  return {
    AERIStime: { ...list(repeat(394363800, 4), undefined), type: 'double' },
    latitude: list(repeat(30, 4), 'degrees_north'),
    longitude: list(repeat(110, 4), 'degrees_east'),
    pixel_number: { type: 'short', dimensions: 'time', values: [58, 1, 1, 1] },
    AMPM: flag([0, 1, 0, 0]),
    prefilter: flag([1, 1, 0, 1]),
    postfilter: flag([1, 1, 1, 0]),
    nh3_total_column: list(repeat(2e-4, 4), 'mol m-2'),
    nh3_total_column_random_uncertainty: list(repeat(5e-5, 4), 'mol m-2'),
    nh3_Zcolumn: list(repeat([8e-4, 2e-4, 1e-4], 4).flat(), 'mol m-2', 'time, midlevels'),
    nh3_AvKnorm: list(repeat(0.5, 4)),
    levels: list([0, 1, 3, 10], 'km', 'levels'),
    midlevels: list([0.5, 2, 6.5], 'km', 'midlevels'),
  };
}

export const iasiCdl = (columns: Columns): string => cdl(columns, { '': 'time = 4 ; levels = 4 ; midlevels = 3 ;' }, [], '_FillValue = 9.96921e+36f');

/** mbar and ppmv: a ground at 950 mbar, of which the lowest of five levels is below. */
export const CRIS = { pressure: [950, 800, 500, 100], xa: [4e-3, 2e-3, 3e-4, 1e-5] };
/** of logarithms, retrieved level before the true one, −999.5 below the ground */
export const CRIS_KERNEL = [
  [0.5, 0.3, 0.02, 0],
  [0.4, 0.35, 0.05, 0.001],
  [0.1, 0.2, 0.1, 0.01],
  [0.01, 0.02, 0.05, 0.02],
];

/** Four pixels: good, by night, cloudy, of low quality. */
export function cris(): Columns {
  const list = (values: Values, dimensions = 'n'): Column => ({ dimensions, values });
  const below = -999.5;
  const kernel = [repeat(below, 5), ...CRIS_KERNEL.map((row) => [below, ...row])].flat();
  return {
    mdate: { type: 'double', dimensions: 'n', values: repeat(18078.25, 4) },
    Latitude: list(repeat(30, 4)),
    Longitude: list(repeat(110, 4)),
    Day_Night_Flag: list([1, 0, 1, 1]),
    Quality_Flag: list([5, 5, 5, 3]),
    Cloud_Flag: list([0, 0, 1, 0]),
    DOF: list(repeat(0.9, 4)),
    tot_col: list(repeat(6.02214e15, 4)),
    tot_col_meas_error: list(repeat(6.02214e14, 4)),
    pressure: list(repeat([below, ...CRIS.pressure], 4).flat(), 'n, level'),
    xa: list(repeat([below, ...CRIS.xa], 4).flat(), 'n, level'),
    avg_kernel: list(repeat(kernel, 4).flat(), 'n, level, level'),
  };
}

/**
 * The covariances of an optimal estimation with CRIS_KERNEL for its kernel, in any metric: S = (I − A) Sa and N = A S with Sa = I, symmetric or not.
 */
export function crisCovariances(): Columns {
  const levels = CRIS_KERNEL.length;
  const unit = (i: number, j: number): number => (i === j ? 1 : 0);
  const total = CRIS_KERNEL.map((row, i) => row.map((a, j) => unit(i, j) - a));
  const noise = CRIS_KERNEL.map((row) => Array.from({ length: levels }, (_, j) => row.reduce((sum, a, k) => sum + a * total[k][j], 0)));
  const field = (matrix: number[][]): Column => ({
    dimensions: 'n, level, level',
    values: repeat([...repeat(-999.5, levels + 1), ...matrix.flatMap((row) => [-999.5, ...row])], 4).flat(),
  });
  return { total_covariance_error: field(total), noise_error_covariance: field(noise) };
}

export const crisCdl = (columns: Columns): string => cdl(columns, { '': 'n = 4 ; level = 5 ;' }, [], '');
