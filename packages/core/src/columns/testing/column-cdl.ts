/** Files of columns in the structure of the products, made by ncgen: groups, dimensions, units, packing and fill values as the agencies' files have them. */

/** Declarations or values of a file, by the path of a variable; a change of them makes a wrong file. */
export interface Column {
  type?: string;
  dimensions: string;
  units?: string;
  attributes?: string[];
  values: (number | string)[];
}
export type Columns = Record<string, Column>;

const FILL = 9.96921e36;

export const NO2 = 'PRODUCT/nitrogendioxide_tropospheric_column';
export const INPUT = 'PRODUCT/SUPPORT_DATA/INPUT_DATA';
export const RESULTS = 'PRODUCT/SUPPORT_DATA/DETAILED_RESULTS';
const GEOLOCATIONS = 'PRODUCT/SUPPORT_DATA/GEOLOCATIONS';
const PIXEL = 'time, scanline, ground_pixel';

/** A row of squares of `size` degrees from (lon, lat) eastwards, `pixels` of them; rows follow each other northwards. */
export function squares(lon: number, lat: number, size: number, scanlines: number, pixels: number): { lons: number[]; lats: number[] } {
  const corners = Array.from({ length: scanlines * pixels }, (_, i) => [lon + (i % pixels) * size, lat + Math.floor(i / pixels) * size]);
  return {
    lons: corners.flatMap(([west]) => [west, west + size, west + size, west]),
    lats: corners.flatMap(([, south]) => [south, south, south + size, south + size]),
  };
}

const repeat = <T>(value: T, count: number): T[] => Array.from({ length: count }, () => value);

/** Three layers from the ground up: edges 1000, 800, 300 and 0 hPa over a ground at 1000 hPa. */
export const A = [0, 20000, 10000, 0];
export const B = [1, 0.6, 0.2, 0];

interface Tropomi {
  scanlines: number;
  pixels: number;
  lons: number[];
  lats: number[];
  qa: (number | string)[];
  columns: (number | string)[];
  kernels?: number[];
  /** layer from 0, the same or by pixel */
  tropopause?: number[];
}

/** NO2 with three layers; the tropopause is that of the second. */
export function tropomiNo2({ scanlines, pixels, lons, lats, qa, columns, kernels, tropopause }: Tropomi): Columns {
  const n = scanlines * pixels;
  const field = (values: (number | string)[], units: string): Column => ({ dimensions: PIXEL, units, values });
  return {
    'PRODUCT/time': { type: 'int', dimensions: 'time', units: 'seconds since 2010-01-01 00:00:00', values: [221788800] },
    'PRODUCT/delta_time': {
      type: 'int',
      dimensions: 'time, scanline',
      units: 'milliseconds since 2017-01-11 00:00:00',
      values: Array.from({ length: scanlines }, (_, i) => 21600000 + 840 * i),
    },
    'PRODUCT/qa_value': {
      type: 'ubyte',
      dimensions: PIXEL,
      units: '1',
      attributes: ['_FillValue = 255UB', 'scale_factor = 0.01f', 'add_offset = 0.f'],
      values: qa,
    },
    [NO2]: field(columns, 'mol m-2'),
    [`${NO2}_precision`]: field(repeat(1e-5, n), 'mol m-2'),
    'PRODUCT/averaging_kernel': { dimensions: `${PIXEL}, layer`, units: '1', values: kernels ?? repeat([0.5, 1, 2], n).flat() },
    'PRODUCT/air_mass_factor_troposphere': field(repeat(1.5, n), '1'),
    'PRODUCT/air_mass_factor_total': field(repeat(3, n), '1'),
    'PRODUCT/tm5_tropopause_layer_index': {
      type: 'int',
      dimensions: PIXEL,
      units: '1',
      attributes: ['_FillValue = -2147483647'],
      values: tropopause ?? repeat(1, n),
    },
    'PRODUCT/tm5_constant_a': { dimensions: 'layer, vertices', units: 'Pa', values: [A[0], A[1], A[1], A[2], A[2], A[3]] },
    'PRODUCT/tm5_constant_b': { dimensions: 'layer, vertices', units: '1', values: [B[0], B[1], B[1], B[2], B[2], B[3]] },
    [`${GEOLOCATIONS}/latitude_bounds`]: { dimensions: `${PIXEL}, corner`, units: 'degrees_north', values: [...lats] },
    [`${GEOLOCATIONS}/longitude_bounds`]: { dimensions: `${PIXEL}, corner`, units: 'degrees_east', values: [...lons] },
    [`${INPUT}/surface_pressure`]: field(repeat(100000, n), 'Pa'),
  };
}

/** HCHO or SO2, with one coefficient a layer. */
export function tropomiOther(species: 'HCHO' | 'SO2', settings: Tropomi, a: number[], b: number[]): Columns {
  const { time, delta, qa, kernel, ...rest } = parts(tropomiNo2(settings));
  const column = species === 'HCHO' ? 'PRODUCT/formaldehyde_tropospheric_vertical_column' : 'PRODUCT/sulfurdioxide_total_vertical_column';
  const factor = species === 'HCHO' ? 'formaldehyde_tropospheric_air_mass_factor' : 'sulfurdioxide_total_air_mass_factor_polluted';
  return {
    'PRODUCT/time': time,
    'PRODUCT/delta_time': delta,
    'PRODUCT/qa_value': qa,
    [column]: rest.column,
    [`${column}_precision`]: rest.error,
    [`${RESULTS}/averaging_kernel`]: kernel,
    [`${RESULTS}/${factor}`]: rest.factor,
    [`${INPUT}/tm5_constant_a`]: { dimensions: 'layer', units: 'Pa', values: a },
    [`${INPUT}/tm5_constant_b`]: { dimensions: 'layer', units: '1', values: b },
    [`${GEOLOCATIONS}/latitude_bounds`]: rest.lats,
    [`${GEOLOCATIONS}/longitude_bounds`]: rest.lons,
    [`${INPUT}/surface_pressure`]: rest.pressure,
  };
}

const parts = (no2: Columns): Record<'time' | 'delta' | 'qa' | 'kernel' | 'column' | 'error' | 'factor' | 'lats' | 'lons' | 'pressure', Column> => ({
  time: no2['PRODUCT/time'],
  delta: no2['PRODUCT/delta_time'],
  qa: no2['PRODUCT/qa_value'],
  kernel: no2['PRODUCT/averaging_kernel'],
  column: no2[NO2],
  error: no2[`${NO2}_precision`],
  factor: no2['PRODUCT/air_mass_factor_troposphere'],
  lats: no2[`${GEOLOCATIONS}/latitude_bounds`],
  lons: no2[`${GEOLOCATIONS}/longitude_bounds`],
  pressure: no2[`${INPUT}/surface_pressure`],
});

export const tropomiCdl = (columns: Columns, scanlines: number, pixels: number, orbit = 12367, layers = 3): string =>
  cdl(
    columns,
    { PRODUCT: `scanline = ${scanlines} ; ground_pixel = ${pixels} ; corner = 4 ; time = 1 ; layer = ${layers} ; vertices = 2 ;` },
    [':Conventions = "CF-1.7"', ':platform = "S5P"', ':sensor = "TROPOMI"', `:orbit = ${orbit}`, ':id = "S5P_OFFL_L2__MADE"'],
    `_FillValue = ${FILL}f`,
  );

export const TEMPO_NO2 = 'product/vertical_column_troposphere';

/** TEMPO with three levels, one scan line of four pixels: good, suspicious, cloudy, low sun. */
export function tempoNo2(): Columns {
  const { lons, lats } = squares(-100, 40, 0.5, 1, 4);
  const field = (values: (number | string)[], units?: string): Column => ({ dimensions: 'mirror_step, xtrack', units, values });
  const levels = (values: number[]): Column => ({ dimensions: 'mirror_step, xtrack, swt_level', values: repeat(values, 4).flat() });
  return {
    'geolocation/time': { type: 'double', dimensions: 'mirror_step', units: 'seconds since 1980-01-06T00:00:00Z', values: [1395675851] },
    'geolocation/latitude_bounds': { dimensions: 'mirror_step, xtrack, corner', values: lats },
    'geolocation/longitude_bounds': { dimensions: 'mirror_step, xtrack, corner', values: lons },
    'geolocation/solar_zenith_angle': field([69, 30, 30, 70], 'degrees'),
    'product/main_data_quality_flag': { ...field([0, 1, 0, 0]), type: 'short', attributes: ['_FillValue = -9999s'] },
    [TEMPO_NO2]: { ...field(repeat(6.02214076e15, 4), 'molecules/cm^2'), type: 'double' },
    [`${TEMPO_NO2}_uncertainty`]: { ...field(repeat(6.02214076e14, 4), 'molecules/cm^2'), type: 'double' },
    'support_data/eff_cloud_fraction': field([0.19, 0, 0.2, 0]),
    'support_data/surface_pressure': {
      ...field(repeat(1000, 4), 'hPa'),
      attributes: ['Eta_A = 0.f, 200.f, 100.f, 0.01f', 'Eta_B = 1.f, 0.6f, 0.2f, 0.f'],
    },
    'support_data/tropopause_pressure': field(repeat(200, 4), 'hPa'),
    'support_data/scattering_weights': levels([0.5, 1, 2]),
    'support_data/amf_troposphere': field(repeat(0.8, 4)),
  };
}

export const tempoCdl = (columns: Columns, levels = 3, species = 'NO2'): string =>
  cdl(
    columns,
    { '': `xtrack = 4 ; mirror_step = 1 ; corner = 4 ; swt_level = ${levels} ;` },
    [`:product_type = "${species}"`, ':scan_num = 8', ':time_reference = "1980-01-06T00:00:00Z"', ':title = "TEMPO Level 2 product"'],
    '_FillValue = -1.e+30f',
  );

interface Node {
  groups: Map<string, Node>;
  variables: [name: string, column: Column][];
}

/** @param dimensions - by group, `''` of the file @param fill - the _FillValue of numbers with a point */
export function cdl(columns: Columns, dimensions: Record<string, string>, globals: string[], fill: string): string {
  const root: Node = { groups: new Map(), variables: [] };
  for (const [path, column] of Object.entries(columns)) {
    const names = path.split('/');
    let node = root;
    for (const name of names.slice(0, -1)) {
      const next: Node = node.groups.get(name) ?? { groups: new Map(), variables: [] };
      node.groups.set(name, next);
      node = next;
    }
    node.variables.push([names[names.length - 1], column]);
  }
  const text = (node: Node, path: string): string => {
    const declared = node.variables.map(([name, { type = 'float', dimensions: on, units, attributes = [] }]) => {
      const filled =
        fill === '' || attributes.some((attribute) => attribute.startsWith('_FillValue')) || ['int', 'byte', 'short', 'string'].includes(type)
          ? []
          : [type === 'double' ? fill.replace(/f$/, '') : fill];
      const all = [...filled, ...attributes, ...(units === undefined ? [] : [`units = "${units}"`])];
      return [`${type} ${name}${on === '' ? '' : `(${on})`} ;`, ...all.map((attribute) => `${name}:${attribute} ;`)].join('\n');
    });
    return [
      ...(dimensions[path] ? [`dimensions: ${dimensions[path]}`] : []),
      ...(declared.length > 0 ? ['variables:', ...declared] : []),
      ...(path === '' ? globals.map((line) => `${line} ;`) : []),
      ...(node.variables.length > 0 ? ['data:', ...node.variables.map(([name, { values }]) => `${name} = ${values.join(', ')} ;`)] : []),
      ...[...node.groups].map(([name, group]) => `group: ${name} {\n${text(group, path === '' ? name : `${path}/${name}`)}\n}`),
    ].join('\n');
  };
  return `netcdf made {\n${text(root, '')}\n}\n`;
}
