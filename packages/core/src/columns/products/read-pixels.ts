/**
 * The pixels of a file of columns that pass, a slab of scanlines after the other: memory does not grow with the file. What is left out is counted by the first rule
 * that leaves it out.
 */
import type { CfData } from '../../files/netcdf/netcdf-cf';
import type { Retrieval } from '../retrieval';
import type { ColumnFile } from './column-file';
import { cellCorners, pixelCorners } from './footprints';
import { layerFiller, NO_LAYERS, type LayerArrays } from './pixel-layers';
import type { ColumnProduct } from './product';
import { variablesOf } from './product-variables';

/** Scanlines read at once: 256 of TROPOMI with 450 pixels of 34 layers take 16 MB of kernels. */
const SLAB = 256;
/** Values of a variable read at once from files that list their pixels, each a scanline of one. */
const SLAB_VALUES = 4e6;

/** Of one file or many. */
export class PixelCounts {
  /** All pixels looked at, on the grid or beside it. */
  pixels = 0;
  passed = 0;
  /** Pixels by why they are left out. */
  readonly leftOut = new Map<string, number>();

  leaveOut(reason: string, count = 1): void {
    if (count > 0) this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + count);
  }
}

/** Why pixels are left out, beside the product's own rules. */
export const LEFT_OUT = {
  beside: 'beside the grid',
  ...NO_LAYERS,
  corners: 'a corner is missing',
  seam: 'across the date line or a pole',
  factor: 'the air mass factor is not above 0',
  shape: 'its corners make no quadrilateral',
} as const;

/** Pixels that passed, as arrays of `count` or of rows of it; SI units, from the ground up. */
export interface Pixels {
  count: number;
  layers: number;
  /** degrees, `[count, 4]`, round the pixel */
  longitudes: Float64Array;
  latitudes: Float64Array;
  /** ms since 1970 */
  times: Float64Array;
  /** mol m-2, with the standard deviation of its noise */
  columns: Float64Array;
  errors: Float64Array;
  /** Pa, `[count, layers + 1]`, falling */
  edges: Float64Array;
  /** dimensionless, `[count, layers]`: the product's kernel or scattering weights, as `kind` says */
  sensitivity: Float64Array;
  kind: 'kernel' | 'scattering weights';
  /** dimensionless: that of the column, and that by which the kernel was divided */
  airMassFactors: Float64Array;
  kernelAirMassFactors: Float64Array;
  /** Pa; undefined for columns up to the top */
  tropopauses?: Float64Array;
  /** Of means of pixels: of how many. */
  samples?: Float64Array;
  /** mol m-2, `[count, layers]`, where the columns hold what the kernel leaves of them */
  aprioris?: Float64Array;
}

/**
 * @param counts - is added to
 * @param isWanted - whether a pixel with its first corner there is looked at further; others are counted as beside the grid
 */
export function* readPixels(file: ColumnFile, counts: PixelCounts, isWanted: (lon: number, lat: number) => boolean = () => true): Generator<Pixels> {
  const { product } = file;
  const slabVariables = [...variablesOf(product).filter(({ bySlab }) => bySlab), ...product.rules.map(({ variable: path }) => ({ path }))];
  const widest = Math.max(...slabVariables.map(({ path }) => file.width(path)));
  const slab = file.scanlinePixels > 1 ? SLAB : Math.max(1, Math.floor(SLAB_VALUES / widest));
  for (const { path } of slabVariables) file.keepChunks(path, slab);
  for (let first = 0; first < file.scanlines; first += slab) {
    const count = Math.min(slab, file.scanlines - first);
    const slabValues = new Map<string, CfData>();
    const read = (path: string): CfData => {
      const values = slabValues.get(path) ?? file.readScanlines(path, first, count);
      slabValues.set(path, values);
      return values;
    };
    const { footprint } = product;
    const { latitudes, longitudes } = footprint.kind === 'cells' ? cellCorners(file.grid!, first, count) : pixelCorners(footprint, read);
    const passing = passingPixels(file, count, latitudes, longitudes, read, counts, isWanted);
    if (passing.length > 0) yield gather(file, first, count, passing, latitudes, longitudes, read, counts);
  }
}

/** Numbers within the slab of the pixels that no rule of place or quality leaves out. */
function passingPixels(
  file: ColumnFile,
  scanlines: number,
  latitudes: CfData,
  longitudes: CfData,
  read: (path: string) => CfData,
  counts: PixelCounts,
  isWanted: (lon: number, lat: number) => boolean,
): number[] {
  const total = scanlines * file.scanlinePixels;
  counts.pixels += total;
  const near: number[] = [];
  for (let pixel = 0; pixel < total; pixel++) {
    const [lon, lat] = [longitudes[4 * pixel], latitudes[4 * pixel]];
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) counts.leaveOut(LEFT_OUT.corners);
    else if (isWanted(lon, lat)) near.push(pixel);
    else counts.leaveOut(LEFT_OUT.beside);
  }
  let passing = near;
  for (const { variable, text, passes } of file.product.rules) {
    if (passing.length === 0) return passing;
    const [values, width] = [read(variable), file.width(variable)];
    const withValue = passing.filter((pixel) => Number.isFinite(values[pixel * width]));
    counts.leaveOut(`${variable.split('/').at(-1)} is missing`, passing.length - withValue.length);
    passing = withValue.filter((pixel) => passes(values[pixel * width]));
    counts.leaveOut(`not ${text}`, withValue.length - passing.length);
  }
  const whole = passing.filter((pixel) => {
    const corners = [0, 1, 2, 3].map((corner) => [longitudes[4 * pixel + corner], latitudes[4 * pixel + corner]]);
    const reason = corners.some((corner) => !corner.every(Number.isFinite)) ? LEFT_OUT.corners : isAcrossSeam(corners) ? LEFT_OUT.seam : undefined;
    if (reason !== undefined) counts.leaveOut(reason);
    return reason === undefined;
  });
  return whole;
}

/** A pixel over a pole has corners all round it, too. */
function isAcrossSeam(corners: number[][]): boolean {
  const longitudes = corners.map(([lon]) => lon);
  return Math.max(...longitudes) - Math.min(...longitudes) > 180;
}

function gather(
  file: ColumnFile,
  first: number,
  scanlines: number,
  passing: number[],
  latitudes: CfData,
  longitudes: CfData,
  read: (path: string) => CfData,
  counts: PixelCounts,
): Pixels {
  const { product, layers } = file;
  const { sensitivity, tropopause } = product;
  const total = scanlines * file.scanlinePixels;
  const [columns, deviations] = [read(product.column), read(product.error)];
  const errors = file.isErrorRelative ? deviations.map((part, pixel) => Math.abs(part * columns[pixel])) : deviations;
  const factors = product.airMassFactor === undefined ? undefined : read(product.airMassFactor);
  const kernelFactor = 'airMassFactor' in sensitivity ? sensitivity.airMassFactor : undefined;
  const kernelFactors = kernelFactor === undefined ? factors : read(kernelFactor);
  const tropopauses = tropopause ? read(tropopause.variable) : undefined;
  const times = file.readTimes(first, scanlines);
  const timeOf = (pixel: number): number => times[times.length === total ? pixel : times.length === 1 ? 0 : Math.floor(pixel / file.scanlinePixels)];
  const scalars = [columns, errors, factors, kernelFactors, tropopauses].filter((values) => values !== undefined);
  const arrays: LayerArrays = {
    layers,
    edges: new Float64Array(passing.length * (layers + 1)),
    sensitivity: new Float64Array(passing.length * layers),
    ...(addsApriori(product) ? { aprioris: new Float64Array(passing.length * layers) } : {}),
  };
  const fill = layerFiller(file, read, arrays);
  const chosen: number[] = [];
  for (const pixel of passing) {
    const isThere = scalars.every((values) => Number.isFinite(values[pixel])) && Number.isFinite(timeOf(pixel));
    const isFactor = (factors?.[pixel] ?? 1) > 0 && (kernelFactors?.[pixel] ?? 1) > 0;
    const reason = isThere ? (fill(pixel, chosen.length) ?? (isFactor ? undefined : LEFT_OUT.factor)) : LEFT_OUT.values;
    if (reason === undefined) chosen.push(pixel);
    else counts.leaveOut(reason);
  }
  const count = chosen.length;
  counts.passed += count;
  const pick = (values: ArrayLike<number>, width = 1): Float64Array => {
    const out = new Float64Array(count * width);
    chosen.forEach((pixel, i) => {
      for (let k = 0; k < width; k++) out[i * width + k] = values[pixel * width + k];
    });
    return out;
  };
  const edges = arrays.edges.subarray(0, count * (layers + 1));
  const upTo = (pixel: number, i: number): number =>
    tropopause?.kind === 'layer'
      ? edges[i * (layers + 1) + upperEdge(tropopauses![pixel], layers, file.edges?.fromTop ?? false)]
      : tropopauses![pixel];
  const samplesOf = (path: string): Float64Array => {
    const [values, width] = [read(path), file.width(path)];
    return Float64Array.from(chosen, (pixel) => values[pixel * width]);
  };
  const unity = new Float64Array(count).fill(1);
  return {
    count,
    layers,
    longitudes: pick(longitudes, 4),
    latitudes: pick(latitudes, 4),
    times: Float64Array.from(chosen, timeOf),
    columns: pick(columns),
    errors: pick(errors),
    edges,
    sensitivity: arrays.sensitivity.subarray(0, count * layers),
    kind: sensitivity.kind === 'scattering weights' ? 'scattering weights' : 'kernel',
    airMassFactors: factors ? pick(factors) : unity,
    kernelAirMassFactors: kernelFactors ? pick(kernelFactors) : unity,
    ...(tropopauses ? { tropopauses: Float64Array.from(chosen, upTo) } : {}),
    ...(product.count === undefined ? {} : { samples: samplesOf(product.count) }),
    ...(arrays.aprioris ? { aprioris: arrays.aprioris.subarray(0, count * layers) } : {}),
  };
}

/** Whether the column holds an a priori where the kernel is not 1. */
function addsApriori({ apriori, sensitivity }: ColumnProduct): boolean {
  return apriori !== undefined || sensitivity.kind === 'logarithmic kernel';
}

/** Number from the ground up of the upper edge of a layer that the file numbers in its own order; the tropopause of some pixels is above all layers. */
function upperEdge(layer: number, layers: number, fromTop: boolean): number {
  const whole = Math.floor(layer + 1e-6); // of means over pixels, the layer that all of them reach
  const fromGround = fromTop ? layers - 1 - whole : whole;
  return Math.max(0, Math.min(layers, fromGround + 1));
}

/** One of the pixels. */
export function retrievalOf(pixels: Pixels, i: number): Retrieval {
  const { layers } = pixels;
  return {
    column: pixels.columns[i],
    error: pixels.errors[i],
    pressureEdges: pixels.edges.subarray(i * (layers + 1), (i + 1) * (layers + 1)),
    sensitivity: {
      kind: pixels.kind,
      given: 'layers',
      values: pixels.sensitivity.subarray(i * layers, (i + 1) * layers),
      ...(pixels.kind === 'kernel' ? { airMassFactor: pixels.kernelAirMassFactors[i] } : {}),
    },
    airMassFactor: pixels.airMassFactors[i],
    ...(pixels.tropopauses ? { tropopausePressure: pixels.tropopauses[i] } : {}),
    ...(pixels.aprioris ? { apriori: pixels.aprioris.subarray(i * layers, (i + 1) * layers) } : {}),
    addsApriori: pixels.aprioris !== undefined,
  };
}
