/** Files of made-up columns in the structure of the agencies': TROPOMI's L2 with its groups, and the list of pixels of CrIS' NH3 (CFPR). */
import type { NetcdfArray, NetcdfType } from '@retroplume/native';
import { NetcdfOutput } from '../../files/netcdf/netcdf-access';
import { HYBRID_EDGES, SIGMA_LEVELS, type InfraredColumns, type ScatteredColumns, type ScatteredGas } from './drawn-columns';
import type { OverpassPixels } from './overpass';

const FILL = 9.96921e36;
const CRIS_FILL = -999.5;
const MOLECULES_PER_CM2 = 6.02214076e19; // of one mol m-2
const [DAY_MS, SECOND_MS] = [86_400_000, 1000];
const [PRODUCT, SUPPORT] = ['PRODUCT', 'PRODUCT/SUPPORT_DATA'];
const PIXEL = ['time', 'scanline', 'ground_pixel'];

interface FileVariable {
  /** with its groups */
  path: string;
  type?: NetcdfType;
  dimensions: string[];
  data: NetcdfArray;
  attributes?: Record<string, string | NetcdfArray>;
}

interface FileContents {
  dimensions: Record<string, number>;
  variables: FileVariable[];
  attributes: Record<string, string | NetcdfArray>;
}

/** @throws {DataError} as `NetcdfOutput.create` */
function writeGrouped(path: string, { dimensions, variables, attributes }: FileContents): void {
  const lengthOf = new Map(Object.entries(dimensions).map(([name, length]) => [name.split('/').at(-1)!, length]));
  const output = NetcdfOutput.create(path, { format: 'netcdf4', compressed: true });
  output.write((file) => {
    for (const [name, length] of Object.entries(dimensions)) file.defineDimension(name, length);
    for (const { path: name, type = 'float', dimensions: axes } of variables)
      file.defineVariable(name, type, axes, axes.length > 1 ? { deflate: 1 } : {});
    for (const [name, value] of Object.entries(attributes)) file.putAttribute('', name, value);
    for (const { path: name, attributes: ofVariable = {} } of variables) {
      for (const [key, value] of Object.entries(ofVariable)) file.putAttribute(name, key, value);
    }
    file.endDefine();
    for (const { path: name, dimensions: axes, data } of variables) {
      file.write(
        name,
        axes.map(() => 0),
        axes.map((dimension) => lengthOf.get(dimension)!),
        data,
      );
    }
  });
  output.commit();
}

const filled = (values: Float32Array, fill: number): Float32Array => values.map((value) => (Number.isFinite(value) ? value : fill));

/** TROPOMI's names of what its gases have under names of their own. */
const GAS_NAMES: Record<ScatteredGas, { column: string; details: string; factor: string; tropospheric?: string; coefficients: string }> = {
  NO2: {
    column: `${PRODUCT}/nitrogendioxide_tropospheric_column`,
    details: PRODUCT,
    factor: 'air_mass_factor_total',
    tropospheric: 'air_mass_factor_troposphere',
    coefficients: PRODUCT,
  },
  HCHO: {
    column: `${PRODUCT}/formaldehyde_tropospheric_vertical_column`,
    details: `${SUPPORT}/DETAILED_RESULTS`,
    factor: 'formaldehyde_tropospheric_air_mass_factor',
    coefficients: `${SUPPORT}/INPUT_DATA`,
  },
  SO2: {
    column: `${PRODUCT}/sulfurdioxide_total_vertical_column`,
    details: `${SUPPORT}/DETAILED_RESULTS`,
    factor: 'sulfurdioxide_total_air_mass_factor_polluted',
    coefficients: `${SUPPORT}/INPUT_DATA`,
  },
};

/** Hundredths of qa_value: cloudy pixels below what the product lets pass (0.75 of NO2, 0.5 of others), those beside the grid 0. */
function qualityOf({ isSeen, cloud }: ScatteredColumns, gas: ScatteredGas): Uint8Array {
  const [clear, cloudy] = gas === 'NO2' ? [82, 70] : [62, 45];
  return isSeen.map((flag, pixel) => {
    if (!flag) return 0;
    const step = Math.min(1, Math.abs(cloud[pixel]));
    return Math.round(cloud[pixel] > 0 ? cloudy - 50 * step * (cloudy / 100) : clear + (100 - clear) * step);
  });
}

/** @param orbit - numbers the overpass */
export function writeTropomi(path: string, gas: ScatteredGas, pixels: OverpassPixels, drawn: ScatteredColumns, orbit: number): void {
  const { scanlines, scanlinePixels, times } = pixels;
  const names = GAS_NAMES[gas];
  const day = Math.floor(times[0] / DAY_MS) * DAY_MS;
  const layers = HYBRID_EDGES.a.length - 1;
  const perPixel = (name: string, units: string, values: Float32Array): FileVariable => ({
    path: name,
    dimensions: PIXEL,
    data: filled(values, FILL),
    attributes: { units, _FillValue: Float32Array.of(FILL) },
  });
  const bounds = (name: string, units: string, data: Float32Array): FileVariable => ({
    path: `${SUPPORT}/GEOLOCATIONS/${name}_bounds`,
    dimensions: [...PIXEL, 'corner'],
    data,
    attributes: { units, _FillValue: Float32Array.of(FILL) },
  });
  writeGrouped(path, {
    dimensions: {
      [`${PRODUCT}/scanline`]: scanlines,
      [`${PRODUCT}/ground_pixel`]: scanlinePixels,
      [`${PRODUCT}/corner`]: 4,
      [`${PRODUCT}/time`]: 1,
      [`${PRODUCT}/layer`]: layers,
      [`${PRODUCT}/vertices`]: 2,
    },
    attributes: {
      Conventions: 'CF-1.7',
      title: `Made columns of ${gas} in the structure of TROPOMI's L2 files`,
      platform: 'S5P',
      sensor: 'TROPOMI',
      id: 'S5P_OFFL_L2__MADE',
      orbit: Int32Array.of(orbit),
    },
    variables: [
      {
        path: `${PRODUCT}/time`,
        type: 'int',
        dimensions: ['time'],
        data: Int32Array.of((day - Date.UTC(2010, 0, 1)) / SECOND_MS),
        attributes: { units: 'seconds since 2010-01-01 00:00:00' },
      },
      {
        path: `${PRODUCT}/delta_time`,
        type: 'int',
        dimensions: ['time', 'scanline'],
        data: Int32Array.from(times, (time) => Math.round(time - day)),
        attributes: { units: `milliseconds since ${new Date(day).toISOString().slice(0, 10)} 00:00:00` },
      },
      {
        path: `${PRODUCT}/qa_value`,
        type: 'ubyte',
        dimensions: PIXEL,
        data: qualityOf(drawn, gas),
        attributes: { units: '1', _FillValue: Uint8Array.of(255), scale_factor: Float32Array.of(0.01), add_offset: Float32Array.of(0) },
      },
      perPixel(names.column, 'mol m-2', drawn.column),
      perPixel(`${names.column}_precision`, 'mol m-2', drawn.error),
      {
        path: `${names.details}/averaging_kernel`,
        dimensions: [...PIXEL, 'layer'],
        data: filled(drawn.kernel, FILL),
        attributes: { units: '1', _FillValue: Float32Array.of(FILL) },
      },
      perPixel(`${names.details}/${names.factor}`, '1', drawn.airMassFactor),
      ...(names.tropospheric === undefined
        ? []
        : [
            perPixel(`${names.details}/${names.tropospheric}`, '1', drawn.troposphericFactor),
            {
              path: `${PRODUCT}/tm5_tropopause_layer_index`,
              type: 'int' as const,
              dimensions: PIXEL,
              data: drawn.tropopauseLayer,
              attributes: { units: '1', _FillValue: Int32Array.of(-2147483647) },
            },
          ]),
      ...coefficients(names.coefficients, layers),
      bounds('latitude', 'degrees_north', pixels.latitudes),
      bounds('longitude', 'degrees_east', pixels.longitudes),
      perPixel(`${SUPPORT}/INPUT_DATA/surface_pressure`, 'Pa', drawn.groundPressure),
    ],
  });
}

/** NO2 has the two edges of each layer, other gases have each layer's upper one. */
function coefficients(group: string, layers: number): FileVariable[] {
  const edges = (values: Float32Array): Float32Array =>
    group === PRODUCT ? Float32Array.from({ length: 2 * layers }, (_, i) => values[(i + 1) >> 1]) : values.slice(1);
  const dimensions = group === PRODUCT ? ['layer', 'vertices'] : ['layer'];
  return [
    { path: `${group}/tm5_constant_a`, dimensions, data: edges(HYBRID_EDGES.a), attributes: { units: 'Pa' } },
    { path: `${group}/tm5_constant_b`, dimensions, data: edges(HYBRID_EDGES.b), attributes: { units: '1' } },
  ];
}

/** CrIS' list of pixels: those that are seen. Its kernel is of logarithms: one that has nothing beside its diagonal is that of amounts, too. */
export function writeCris(path: string, pixels: OverpassPixels, { isSeen, cloud, column, error, kernel, pressure, apriori }: InfraredColumns): void {
  const { scanlinePixels, times } = pixels;
  const onGrid = Array.from(isSeen.keys()).filter((pixel) => isSeen[pixel] === 1);
  // A file without pixels is read as one that has none that passes.
  const listed = onGrid.length > 0 ? onGrid : [0];
  const levels = SIGMA_LEVELS.length;
  const list = (values: ArrayLike<number>): Float32Array =>
    filled(
      Float32Array.from(listed, (pixel) => values[pixel]),
      CRIS_FILL,
    );
  const byLevel = (values: Float32Array): Float32Array =>
    filled(
      Float32Array.from({ length: listed.length * levels }, (_, i) => values[listed[Math.floor(i / levels)] * levels + (i % levels)]),
      CRIS_FILL,
    );
  const flag = (valueOf: (pixel: number) => number): Float32Array => Float32Array.from(listed, valueOf);
  const diagonal = new Float32Array(listed.length * levels * levels);
  listed.forEach((pixel, i) => {
    for (let level = 0; level < levels; level++) diagonal[(i * levels + level) * levels + level] = kernel[pixel * levels + level] || 0;
  });
  const variable = (name: string, data: Float32Array, dimensions = ['n']): FileVariable => ({ path: name, dimensions, data });
  writeGrouped(path, {
    dimensions: { n: listed.length, level: levels },
    attributes: { title: "Made columns of NH3 in the structure of CrIS' CFPR files" },
    variables: [
      {
        path: 'mdate',
        type: 'double',
        dimensions: ['n'],
        data: Float64Array.from(listed, (pixel) => times[Math.floor(pixel / scanlinePixels)] / DAY_MS),
      },
      variable('Latitude', list(pixels.centreLatitudes)),
      variable('Longitude', list(pixels.centreLongitudes)),
      variable(
        'Day_Night_Flag',
        flag(() => 1),
      ),
      variable(
        'Quality_Flag',
        flag((pixel) => (isSeen[pixel] ? 5 : 0)),
      ),
      variable(
        'Cloud_Flag',
        flag((pixel) => (cloud[pixel] > 0 ? 1 : 0)),
      ),
      variable(
        'DOF',
        flag((pixel) => kernel.subarray(pixel * levels, (pixel + 1) * levels).reduce((sum, value) => sum + value, 0) / 5 || 0),
      ),
      variable('tot_col', list(column.map((value) => value * MOLECULES_PER_CM2))),
      variable('tot_col_meas_error', list(error.map((value) => value * MOLECULES_PER_CM2))),
      variable('pressure', byLevel(pressure.map((value) => value / 100)), ['n', 'level']),
      variable('xa', byLevel(apriori), ['n', 'level']),
      variable('avg_kernel', diagonal, ['n', 'level', 'level']),
    ],
  });
}
