/**
 * TROPOMI's L2 files (Sentinel-5P, versions 1 and 2).
 *
 * Quality: qa_value > 0.75 for NO2 (cloud radiance fraction below 0.5, no snow or ice, no errors), > 0.5 for HCHO and SO2, as the Product User Manuals say.
 *
 * @see van Geffen et al., TROPOMI ATBD and Product User Manual of NO2, S5P-KNMI-L2-0021-MA, "Using the averaging kernel": kernel · M / M_trop up to
 * tm5_tropopause_layer_index, the highest layer of the troposphere, and 0 above
 * @see Pedergnana et al., Product User Manuals of HCHO (S5P-L2-DLR-PUM-400F) and SO2 (S5P-L2-DLR-PUM-400E)
 */
import type { ColumnProduct } from './product';

const [PRODUCT, SUPPORT] = ['PRODUCT', 'PRODUCT/SUPPORT_DATA'];

const shared = {
  footprint: {
    kind: 'corners',
    latitude: `${SUPPORT}/GEOLOCATIONS/latitude_bounds`,
    longitude: `${SUPPORT}/GEOLOCATIONS/longitude_bounds`,
  },
  surfacePressure: `${SUPPORT}/INPUT_DATA/surface_pressure`,
  time: { variable: `${PRODUCT}/time`, delta: `${PRODUCT}/delta_time` },
  pass: { name: 'orbit', attribute: 'orbit' },
} as const;
const layersOf = (group: string): ColumnProduct['layers'] => ({ kind: 'variables', a: `${group}/tm5_constant_a`, b: `${group}/tm5_constant_b` });
const qaAbove = (bound: number): ColumnProduct['rules'] => [
  { variable: `${PRODUCT}/qa_value`, text: `qa_value > ${bound}`, passes: (value) => value > bound + HALF_STEP },
];
/** qa_value is packed in steps of 0.01 with a scale of single precision: 0.5 may come out as 0.50000001. */
const HALF_STEP = 0.005;

export const TROPOMI: readonly ColumnProduct[] = [
  {
    ...shared,
    name: 'TROPOMI L2 NO2',
    species: 'NO2',
    column: `${PRODUCT}/nitrogendioxide_tropospheric_column`,
    error: `${PRODUCT}/nitrogendioxide_tropospheric_column_precision`,
    sensitivity: { kind: 'kernel', variable: `${PRODUCT}/averaging_kernel`, airMassFactor: `${PRODUCT}/air_mass_factor_total` },
    airMassFactor: `${PRODUCT}/air_mass_factor_troposphere`,
    tropopause: { kind: 'layer', variable: `${PRODUCT}/tm5_tropopause_layer_index` },
    layers: layersOf(PRODUCT),
    rules: qaAbove(0.75),
    guide: 'Product User Manual S5P-KNMI-L2-0021-MA',
  },
  {
    ...shared,
    name: 'TROPOMI L2 HCHO',
    species: 'HCHO',
    column: `${PRODUCT}/formaldehyde_tropospheric_vertical_column`,
    error: `${PRODUCT}/formaldehyde_tropospheric_vertical_column_precision`,
    sensitivity: { kind: 'kernel', variable: `${SUPPORT}/DETAILED_RESULTS/averaging_kernel` },
    airMassFactor: `${SUPPORT}/DETAILED_RESULTS/formaldehyde_tropospheric_air_mass_factor`,
    layers: layersOf(`${SUPPORT}/INPUT_DATA`),
    rules: qaAbove(0.5),
    guide: 'Product User Manual S5P-L2-DLR-PUM-400F',
  },
  {
    ...shared,
    name: 'TROPOMI L2 SO2',
    species: 'SO2',
    column: `${PRODUCT}/sulfurdioxide_total_vertical_column`,
    error: `${PRODUCT}/sulfurdioxide_total_vertical_column_precision`,
    sensitivity: { kind: 'kernel', variable: `${SUPPORT}/DETAILED_RESULTS/averaging_kernel` },
    airMassFactor: `${SUPPORT}/DETAILED_RESULTS/sulfurdioxide_total_air_mass_factor_polluted`,
    layers: layersOf(`${SUPPORT}/INPUT_DATA`),
    rules: qaAbove(0.5),
    guide: 'Product User Manual S5P-L2-DLR-PUM-400E',
  },
];
