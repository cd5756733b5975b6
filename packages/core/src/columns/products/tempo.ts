/**
 * TEMPO's L2 files (versions 3 and 4).
 *
 * Quality: main_data_quality_flag 0 (normal), eff_cloud_fraction < 0.2 and solar_zenith_angle < 70, as the user guide of trace gases and clouds recommends and
 * EPA's cmaqsatproc takes them. Times are GPS seconds, which are 18 s ahead of UTC since 2017: they are left so.
 *
 * @see TEMPO Level 2-3 Trace Gas and Cloud User Guide, Smithsonian Astrophysical Observatory and NASA ASDC
 */
import type { ColumnProduct } from './product';

const shared = {
  footprint: { kind: 'corners', latitude: 'geolocation/latitude_bounds', longitude: 'geolocation/longitude_bounds' },
  surfacePressure: 'support_data/surface_pressure',
  sensitivity: { kind: 'scattering weights', variable: 'support_data/scattering_weights' },
  layers: { kind: 'attributes', a: 'Eta_A', b: 'Eta_B' },
  time: { variable: 'geolocation/time' },
  pass: { name: 'scan', attribute: 'scan_num' },
  rules: [
    { variable: 'product/main_data_quality_flag', text: 'main_data_quality_flag = 0', passes: (value: number) => value === 0 },
    { variable: 'support_data/eff_cloud_fraction', text: 'eff_cloud_fraction < 0.2', passes: (value: number) => value < 0.2 },
    { variable: 'geolocation/solar_zenith_angle', text: 'solar_zenith_angle < 70', passes: (value: number) => value < 70 },
  ],
  guide: 'TEMPO Level 2-3 Trace Gas and Cloud User Guide',
} as const;

export const TEMPO: readonly ColumnProduct[] = [
  {
    ...shared,
    name: 'TEMPO L2 NO2',
    species: 'NO2',
    column: 'product/vertical_column_troposphere',
    error: 'product/vertical_column_troposphere_uncertainty',
    airMassFactor: 'support_data/amf_troposphere',
    tropopause: { kind: 'pressure', variable: 'support_data/tropopause_pressure' },
  },
  {
    ...shared,
    name: 'TEMPO L2 HCHO',
    species: 'HCHO',
    type: 'HCHO',
    column: 'product/vertical_column',
    error: 'product/vertical_column_uncertainty',
    airMassFactor: 'support_data/amf',
  },
];
