/**
 * Columns of ammonia from infrared sounders: IASI (ANNI, version 4) and CrIS (CFPR, version 1.6). Their files list pixels, of all orbits of a day.
 *
 * IASI. `nh3_Zcolumn` is the column as it would be retrieved with all ammonia in one layer, from which, with `nh3_AvKnorm` N, the kernel of the retrieved column X is
 * A_z = X / (N · Z_z): for a model's partial columns M_z, Σ A_z M_z is what is compared with X, and X · ΣM / Σ A_z M_z the column retrieved with the model's profile.
 * `levels` are km above the ground. Pixels are circles of 12 km at the nadir; their angle is that of the middle of the four pixels that are seen together.
 *
 * Quality: prefilter and postfilter 1, and the morning's overpass (AMPM 0), when the ground is warmer than the air, as published readers take them.
 *
 * @see Clarisse et al. (2023), doi:10.5194/amt-16-5009-2023, eq. 10 to 13
 * @see CHEEREIO, core/iasi_tools.py, which names the variables of the kernel, and cmaqsatproc, readers/iasi, and K. Sun's IASIL2, which name the others
 *
 * CrIS. The retrieval is of the logarithm of the mole fraction: `xa` the a priori in ppmv and `avg_kernel` on `pressure`, in mbar, with −999.5 for levels below the
 * ground. How its kernel is made one of the column is derived in pixel-layers.ts. In `avg_kernel` the retrieved level comes before the true one, as K. Sun's popy and
 * E. Marais' comparison with GEOS-Chem read it, unless the file's covariances say otherwise. Errors are those of the measurement: what the kernel smooths is in the comparison. Files do not tell the angle of a
 * pixel: each is taken to be 14 km wide, as at the nadir.
 *
 * Quality: Quality_Flag >= 5, Cloud_Flag other than 1, DOF >= 0.1, by day, as K. Sun's CrISL2 takes them.
 *
 * @see Shephard and Cady-Pereira (2015), doi:10.5194/amt-8-1323-2015; Shephard et al. (2020), doi:10.5194/acp-20-2277-2020
 */
import { qualityRules } from './named-variables';
import type { ColumnProduct } from './product';

/** Degrees between two of IASI's 30 views of four pixels each. */
const VIEW_STEP = 10 / 3;

export const AMMONIA: readonly ColumnProduct[] = [
  {
    name: 'IASI L2 NH3',
    species: 'NH3',
    column: 'nh3_total_column',
    error: 'nh3_total_column_random_uncertainty',
    footprint: {
      kind: 'centre',
      latitude: 'latitude',
      longitude: 'longitude',
      diameter: 12e3,
      scan: {
        variable: 'pixel_number',
        angle: (pixel) => VIEW_STEP * (Math.ceil(pixel / 4) - 15.5),
        altitude: 817e3,
        inclination: 98.7,
        ascending: false,
      },
    },
    sensitivity: { kind: 'column by layer', variable: 'nh3_Zcolumn', norm: 'nh3_AvKnorm' },
    layers: { kind: 'heights', variable: 'levels' },
    time: { variable: 'AERIStime', units: 'seconds since 2007-01-01 00:00:00' },
    rules: qualityRules({ AMPM: '= 0', prefilter: '= 1', postfilter: '= 1' }),
    guide: 'readers of version 4',
    units: { column: 'mol m-2' },
  },
  {
    name: 'CrIS L2 NH3',
    species: 'NH3',
    marks: ['Cloud_Flag', 'Quality_Flag'],
    column: 'tot_col',
    error: 'tot_col_meas_error',
    footprint: { kind: 'centre', latitude: 'Latitude', longitude: 'Longitude', diameter: 14e3 },
    sensitivity: {
      ...{ kind: 'logarithmic kernel', variable: 'avg_kernel', apriori: 'xa' },
      covariances: { total: 'total_covariance_error', noise: 'noise_error_covariance' },
    },
    layers: { kind: 'middles', variable: 'pressure' },
    time: { variable: 'mdate', units: 'days since 1970-01-01 00:00:00' },
    rules: qualityRules({ Day_Night_Flag: '= 1', Quality_Flag: '>= 5', Cloud_Flag: '= 0, 2, 3', DOF: '>= 0.1' }),
    guide: 'readers of version 1.6',
    units: { column: 'molecules cm-2', pressure: 'mbar' },
    fill: -999.5,
  },
];
