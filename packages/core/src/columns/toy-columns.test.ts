/**
 * Columns of the shared data's small world: CMAQ's own layers of the truth against TROPOMI files that another program made of them with kernels, clouds
 * and noise. Nothing is fitted, so the ratio must be 1 as far as the noise lets it be told, and what is left over must be the noise.
 */
import type { NetcdfFile } from '@retroplume/native';

import { expandGlob } from '../files/glob';
import { IoapiFile } from '../files/ioapi/ioapi-file';
import { openNetcdf } from '../files/netcdf/netcdf-access';
import { describeShared, sharedData } from '../files/testing/shared-data';
import type { Grid } from '../grid/grid';
import { ColumnOperator, columnRow, type ColumnMethod, type FootprintPart } from './column-operator';
import { readModelLayers, readPartialColumns, type ModelLayers } from './model-layers';
import { superObservations } from './pixels-to-cells';
import { PixelCounts } from './products/read-pixels';
import type { Retrieval } from './retrieval';

const INPUT = 'PRODUCT/SUPPORT_DATA/INPUT_DATA';
const DETAILS = 'PRODUCT/SUPPORT_DATA/DETAILED_RESULTS';
const FILL = 9e36;

interface Pixel {
  retrieval: Retrieval;
  footprint: FootprintPart[];
}

type Name = 'NO2' | 'HCHO';

/** Fields of a file's pixels by a short name; profiles are `[pixels, layers]`. */
function fieldsOf(file: NetcdfFile, names: Record<string, string>): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(names).map(([name, path]) => [name, file.read(path, undefined, undefined, new Float64Array(product(file.shape(path))))]),
  );
}

const product = (lengths: number[]): number => lengths.reduce((a, b) => a * b, 1);

const COMMON = {
  latitudes: 'PRODUCT/SUPPORT_DATA/GEOLOCATIONS/latitude_bounds',
  longitudes: 'PRODUCT/SUPPORT_DATA/GEOLOCATIONS/longitude_bounds',
  quality: 'PRODUCT/qa_value',
  ground: `${INPUT}/surface_pressure`,
};

const NAMES: Record<Name, Record<string, string>> = {
  NO2: {
    column: 'PRODUCT/nitrogendioxide_tropospheric_column',
    error: 'PRODUCT/nitrogendioxide_tropospheric_column_precision',
    kernel: 'PRODUCT/averaging_kernel',
    factor: 'PRODUCT/air_mass_factor_troposphere',
    kernelFactor: 'PRODUCT/air_mass_factor_total',
    last: 'PRODUCT/tm5_tropopause_layer_index',
    a: 'PRODUCT/tm5_constant_a',
    b: 'PRODUCT/tm5_constant_b',
  },
  HCHO: {
    column: 'PRODUCT/formaldehyde_tropospheric_vertical_column',
    error: 'PRODUCT/formaldehyde_tropospheric_vertical_column_precision',
    kernel: `${DETAILS}/averaging_kernel`,
    factor: `${DETAILS}/formaldehyde_tropospheric_air_mass_factor`,
    a: `${INPUT}/tm5_constant_a`,
    b: `${INPUT}/tm5_constant_b`,
  },
};

/** The product's edges: NO2's file has both of a layer, HCHO's the upper ones. */
function coefficients(values: Float64Array, layers: number, ground: number): number[] {
  return values.length === layers ? [ground, ...values] : [values[0], ...Array.from({ length: layers }, (_, l) => values[2 * l + 1])];
}

/** Retrievals of a file with quality values of at least `least` (in per cent, as the file holds them). */
function pixelsOf(path: string, name: Name, least: number, grid: Grid): Pixel[] {
  const file = openNetcdf(path);
  const fields = fieldsOf(file, { ...COMMON, ...NAMES[name] });
  file.close();
  const layers = 34;
  const [a, b] = [coefficients(fields.a, layers, 0), coefficients(fields.b, layers, 1)];
  const { column, error, quality, ground, factor, kernel, kernelFactor, last } = fields;
  return Array.from(column).flatMap((value, i) => {
    if (!(value < FILL && quality[i] >= least && quality[i] <= 100)) return [];
    const corners = (values: Float64Array): Float64Array => values.subarray(4 * i, 4 * i + 4);
    const footprint = footprintOf(grid, corners(fields.longitudes), corners(fields.latitudes));
    if (footprint === undefined) return [];
    const pressureEdges = a.map((pressure, l) => pressure + b[l] * ground[i]);
    const values = kernel.subarray(layers * i, layers * (i + 1));
    const sensitivity = { kind: 'kernel', given: 'layers', values, airMassFactor: kernelFactor?.[i] } as const;
    const tropopausePressure = last === undefined ? undefined : pressureEdges[last[i] + 1];
    return [{ footprint, retrieval: { column: value, error: error[i], pressureEdges, sensitivity, airMassFactor: factor[i], tropopausePressure, addsApriori: false } }]; // prettier-ignore
  });
}

/** Cells of 25 places that are spread evenly over a pixel; undefined where one of them is outside. */
function footprintOf(grid: Grid, longitudes: Float64Array, latitudes: Float64Array): FootprintPart[] | undefined {
  const shares = new Map<number, number>();
  for (let n = 0; n < 25; n++) {
    const [s, t] = [((n % 5) + 0.5) / 5, (Math.floor(n / 5) + 0.5) / 5];
    const weights = [(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t];
    const mean = (corners: Float64Array): number => weights.reduce((total, weight, k) => total + weight * corners[k], 0);
    const cell = grid.cellAt(mean(longitudes), mean(latitudes));
    if (cell === undefined) return undefined;
    const index = cell.row * grid.cols + cell.col;
    shares.set(index, (shares.get(index) ?? 0) + 1 / 25);
  }
  return [...shares].map(([cell, share]) => ({ cell, share }));
}

interface Figures {
  count: number;
  /** best factor of the model's columns, weighted by 1 / error², and its standard deviation */
  slope: number;
  deviation: number;
  /** mean of squared misfits over errors: 1 of noise alone */
  misfit: number;
  correlation: number;
  /** what the noise allows */
  expectedCorrelation: number;
}

function figuresOf(pairs: readonly { y: number; h: number; error: number }[]): Figures {
  const mean = (value: (pair: (typeof pairs)[number]) => number): number => pairs.reduce((total, pair) => total + value(pair), 0) / pairs.length;
  const [meanY, meanH] = [mean(({ y }) => y), mean(({ h }) => h)];
  const [varianceY, varianceH] = [mean(({ y }) => (y - meanY) ** 2), mean(({ h }) => (h - meanH) ** 2)];
  const information = mean(({ h, error }) => (h / error) ** 2);
  return {
    count: pairs.length,
    slope: mean(({ y, h, error }) => (y * h) / error ** 2) / information,
    deviation: 1 / Math.sqrt(information * pairs.length),
    misfit: mean(({ y, h, error }) => ((y - h) / error) ** 2),
    correlation: mean(({ y, h }) => (y - meanY) * (h - meanH)) / Math.sqrt(varianceY * varianceH),
    expectedCorrelation: Math.sqrt(varianceH / (varianceH + mean(({ error }) => error ** 2))),
  };
}

/** Three standard deviations of what noise alone makes. */
function expectNoise({ count, slope, deviation, misfit, correlation, expectedCorrelation }: Figures): void {
  expect(Math.abs(slope - 1)).toBeLessThan(3 * deviation);
  expect(Math.abs(misfit - 1)).toBeLessThan(3 * Math.sqrt(2 / count));
  expect(Math.abs(correlation - expectedCorrelation)).toBeLessThan(3 / Math.sqrt(count));
}

describeShared('columns of the toy world', () => {
  const folder = `${sharedData}/cmaq55-toy`;

  /** The truth at the hour of the overpass. */
  function layersOf(name: Name, day: string): { model: ModelLayers; x: Float64Array } {
    using meteorology = IoapiFile.open(`${folder}/layers/METCRO3D_06Z_january.nc`);
    using truth = IoapiFile.open(`${folder}/layers/conc3d_truth_january.nc`);
    const model = readModelLayers(meteorology, new Date(`2017-01-${day}T06:00Z`));
    return { model, x: readPartialColumns(truth, name === 'HCHO' ? 'FORM' : name, model, name) };
  }

  /** Of all days' pixels. */
  function compare(name: Name, least: number, method: ColumnMethod): Figures {
    const pairs = expandGlob(`${folder}/columns/S5P_OFFL_L2__${name}_*.nc`).flatMap((path) => {
      const [, day] = /_201701(\d\d)T05/.exec(path)!;
      const { model, x } = layersOf(name, day);
      const pixels = pixelsOf(path, name, least, model.grid);
      const rows = pixels.map(({ retrieval, footprint }) => columnRow(method, retrieval, model, footprint, x));
      return Array.from(new ColumnOperator(model, rows).apply(x), (h, i) => ({ h, y: rows[i].column, error: rows[i].error }));
    });
    return figuresOf(pairs);
  }

  it.each<[Name, number, ColumnMethod]>([
    ['NO2', 75, 'apply_ak'],
    ['NO2', 75, 'replace_apriori'],
    ['HCHO', 50, 'apply_ak'],
  ])('%s of quality %d and more, by %s', (name, least, method) => {
    const figures = compare(name, least, method);
    expect(figures.count).toBeGreaterThan(10000);
    expectNoise(figures);
  });

  it.each<Name>(['NO2', 'HCHO'])('%s as super-observations of the cells, whose errors are independent here', (name) => {
    const paths = expandGlob(`${folder}/columns/S5P_OFFL_L2__${name}_*.nc`);
    const { grid } = layersOf(name, '11').model;
    const pairs = [...superObservations(paths, grid, new PixelCounts(), { correlation: 0 })].flatMap(({ begin, observations }) => {
      const { model, x } = layersOf(name, begin.toISOString().slice(8, 10));
      const rows = observations.map((retrieval) => columnRow('apply_ak', retrieval, model, [{ cell: retrieval.cell, share: 1 }], x));
      return Array.from(new ColumnOperator(model, rows).apply(x), (h, i) => ({ h, y: rows[i].column, error: rows[i].error }));
    });
    expect(pairs.length).toBeGreaterThan(2000);
    expectNoise(figuresOf(pairs));
  });
});
