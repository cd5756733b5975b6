/**
 * Level 3 of TROPOMI and TEMPO on a grid of CMAQ's, as EPA's cmaqsatproc (0.4 and later) writes it with `to_level3` or `paths_to_level3` and `to_netcdf`: variables of
 * level 2 under their own names and units, `[ROW, COL]` and `[ROW, COL, layer]`, each the mean of the pixels over a cell by area, with NaN where there is none.
 *
 * By default cmaqsatproc leaves out the error. Its `varkeys` must name all that is read:
 *
 *   TROPOMI NO2   nitrogendioxide_tropospheric_column, nitrogendioxide_tropospheric_column_precision, averaging_kernel, air_mass_factor_total,
 *                 air_mass_factor_troposphere, tm5_tropopause_layer_index, surface_pressure
 *   TROPOMI HCHO  formaldehyde_tropospheric_vertical_column, formaldehyde_tropospheric_vertical_column_precision, averaging_kernel,
 *                 formaldehyde_tropospheric_air_mass_factor, surface_pressure
 *   TEMPO NO2     vertical_column_troposphere, vertical_column_troposphere_uncertainty, scattering_weights, amf_troposphere, surface_pressure, tropopause_pressure
 *
 * A mean of errors is taken for that of each pixel, of which there are `count` of like weight (of files, where several were merged). A mean of
 * layer numbers counts up to the whole one below, as in cmaqsatproc. Means of kernels and of air mass factors are not those of their products: level 2 is exact here.
 *
 * Quality: cmaqsatproc has left out pixels already, TROPOMI's with qa_value <= 0.75, TEMPO's by cloud and sun; TEMPO's min_data_quality_flag=0 must be asked for.
 *
 * @see https://github.com/barronh/cmaqsatproc, readers/core.py, readers/tropomi and readers/tempo
 */
import { qualityRules } from './named-variables';
import type { ColumnProduct } from './product';

/** Pa and 1, of TM5's 34 layers from the ground up: product files hold them, level 3 mostly does not. */
const TM5_A = [
  0, 22.835938, 424.41406, 1387.5469, 3057.2656, 5564.3828, 8163.375, 11901.34, 14898.453, 17471.84, 19290.227, 20361.816, 20337.863, 19859.391, 19031.289,
  18308.434, 17008.789, 15508.257, 13881.331, 12766.873, 11116.662, 9562.6826, 8608.5254, 7311.8691, 6156.0742, 4490.8174, 3381.7437, 2265.4316, 1423.7701,
  823.96783, 427.5925, 191.33856, 69.520576, 18.608931, 0,
]; // prettier-ignore
const TM5_B = [
  1, 0.991984, 0.969513, 0.931881, 0.873929, 0.790717, 0.704669, 0.576692, 0.466003, 0.358254, 0.263242, 0.16891, 0.111505, 0.077958, 0.051773, 0.038026,
  0.022355, 0.011806, 0.005378, 0.002857, 0.00089, 0.000199, 0.000059, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]; // prettier-ignore

const shared = {
  footprint: { kind: 'cells', rows: 'ROW', columns: 'COL' },
  marks: ['ROW', 'COL'],
  count: 'count',
  rules: qualityRules({ count: '>= 1' }),
  guide: 'cmaqsatproc has left out the others',
  remedy: "make the file again, with all that is read among cmaqsatproc's varkeys",
} as const;

const tropomi = {
  ...shared,
  surfacePressure: 'surface_pressure',
  layers: { kind: 'variables', a: 'tm5_constant_a', b: 'tm5_constant_b', otherwise: { a: TM5_A, b: TM5_B } },
  // Sentinel-5P passes the equator northwards at 13:30.
  time: { pattern: /S5P_\w{4}_L2__\w{7}(\d{8}T\d{6})_(\d{8}T\d{6})_/g, localHour: 13.5 },
} as const;

export const LEVEL3: readonly ColumnProduct[] = [
  {
    ...tropomi,
    name: 'TROPOMI L3 NO2',
    species: 'NO2',
    column: 'nitrogendioxide_tropospheric_column',
    error: 'nitrogendioxide_tropospheric_column_precision',
    sensitivity: { kind: 'kernel', variable: 'averaging_kernel', airMassFactor: 'air_mass_factor_total' },
    airMassFactor: 'air_mass_factor_troposphere',
    tropopause: { kind: 'layer', variable: 'tm5_tropopause_layer_index' },
  },
  {
    ...tropomi,
    name: 'TROPOMI L3 HCHO',
    species: 'HCHO',
    column: 'formaldehyde_tropospheric_vertical_column',
    error: 'formaldehyde_tropospheric_vertical_column_precision',
    sensitivity: { kind: 'kernel', variable: 'averaging_kernel' },
    airMassFactor: 'formaldehyde_tropospheric_air_mass_factor',
  },
  {
    ...shared,
    name: 'TEMPO L3 NO2',
    species: 'NO2',
    column: 'vertical_column_troposphere',
    error: 'vertical_column_troposphere_uncertainty',
    sensitivity: { kind: 'scattering weights', variable: 'scattering_weights' },
    airMassFactor: 'amf_troposphere',
    tropopause: { kind: 'pressure', variable: 'tropopause_pressure' },
    surfacePressure: 'surface_pressure',
    layers: { kind: 'attributes', a: 'Eta_A', b: 'Eta_B' },
    time: { pattern: /TEMPO_NO2_L2_V\d+_(\d{8}T\d{6})Z_S\d+G\d+/g },
  },
];
