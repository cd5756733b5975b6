/**
 * Super-observations: of each cell of a grid and each overpass one retrieval, the mean of the pixels over it, each weighted with its area in the cell.
 *
 * Kernels. A pixel's model column is Σ A_l x_l, x_l the model's amount in the retrieval's layer l. Pixels of a cell have one model profile, so the mean of their
 * model columns is Σ (Σ_i w_i A_il) x_l: kernels are averaged layer by layer with the weights of the columns. That is exact where the pixels' layers are the same; they
 * differ with the surface pressure only, in which the edges are linear, so the mean of the edges are those of the mean surface pressure. What is averaged is the kernel of
 * `column` (column-operator.ts), which is 0 above each pixel's own tropopause; the tropopause of the mean is the highest of them.
 *
 * A column that holds an a priori is Σ A_l x_l + Σ (1 − A_l) xa_l: what the a priori adds is averaged by itself, as its kernels and profiles are of the same pixels.
 *
 * Error. Pixels' errors share what the retrieval got wrong for all of them (surface albedo, clouds, a priori). With a correlation c between any two,
 *
 *   σ² = (1 − c) Σ w_i² σ_i² + c (Σ w_i σ_i)²
 *
 * which for n like pixels is σ_1² ((1 − c)/n + c): it falls to c σ_1², not to 0. c is 0.15 unless the caller knows better, as Miyazaki et al. take it for tropospheric
 * NO2; what the pixels between clouds do not tell of the cell (representativeness) is not in it.
 *
 * A value of level 3 is such a mean already, of n pixels with errors of σ: it counts as n of them, σ² / n in the first sum.
 *
 * @see Miyazaki, Eskes and Sudo (2012), doi:10.5194/acp-12-2263-2012
 * @see Rijsdijk et al. (2025), doi:10.5194/gmd-18-483-2025, on super-observations, their kernels and errors
 */
import { DataError } from '../base/errors';
import type { Grid } from '../grid/grid';
import { aprioriTerm, columnKernel, partsBelowTropopause } from './column-operator';
import { forEachCellPart, pixelInCells } from './clip-to-cells';
import { nearGrid } from './near-grid';
import { ColumnFile } from './products/column-file';
import type { ColumnProduct } from './products/product';
import { LEFT_OUT, PixelCounts, readPixels, retrievalOf, type Pixels } from './products/read-pixels';
import type { Retrieval } from './retrieval';

/** Between the errors of two pixels of a cell. */
export const PIXEL_CORRELATION = 0.15;

/** ms from a file of an overpass to the next: granules of TEMPO begin every seven minutes, a scan every hour. */
const LONGEST_GAP = 30 * 60_000;
/** ms: files of one day may come in any order, as those that each hold a part of the globe. */
const DAY = 86_400_000;

export interface SuperObservation extends Retrieval {
  /** row · columns + column */
  cell: number;
  /** mean of the pixels' times */
  time: Date;
  pixels: number;
  /** Areas of the pixels in the cell, in areas of the cell: above 1 where they overlap. */
  coverage: number;
}

export interface Overpass {
  /** as `TROPOMI L2 NO2, orbit 12367` */
  name: string;
  species: string;
  begin: Date;
  observations: SuperObservation[];
}

export interface SuperObservationOptions {
  /** between the errors of two pixels of a cell */
  correlation?: number;
  /** of files whose variables the case names */
  product?: ColumnProduct;
}

/**
 * @param paths - of one product, in the order of their times: files of one overpass (granules of a scan) follow each other. Where files do not number their passes,
 *   pixels whose times follow each other within half an hour are one. The overpasses that a file reaches into are in memory at a time.
 * @param counts - is added to: pixels, and those left out by reason
 * @throws {DataError} `COLUMN_NO_OVERLAP` where no pixel of any file lies on the grid, `COLUMN_ALL_FLAGGED` where none of those passes; what `ColumnFile.open` throws
 *
 * @example
 * const counts = new PixelCounts();
 * for (const { name, observations } of superObservations(paths, grid, counts)) …
 */
export function* superObservations(
  paths: readonly string[],
  grid: Grid,
  counts = new PixelCounts(),
  { correlation = PIXEL_CORRELATION, product }: SuperObservationOptions = {},
): Generator<Overpass> {
  const near = nearGrid(grid);
  let current: Gathered[] = [];
  for (const path of paths) {
    const file = ColumnFile.open(path, product);
    try {
      const [begin] = file.timeRange();
      const isOver = ({ name, first, last }: Gathered): boolean =>
        file.isNumbered
          ? name !== file.pass || Math.abs(begin - last) > LONGEST_GAP
          : begin - last > LONGEST_GAP || first - begin > LONGEST_GAP + DAY;
      for (const overpass of current) if (isOver(overpass)) yield finished(overpass, correlation);
      current = current.filter((overpass) => !isOver(overpass));
      const start = (time: number): Gathered => {
        const overpass = { name: file.pass, species: file.product.species, layers: file.layers, first: time, last: time, cells: new Map() };
        current.push(overpass);
        return overpass;
      };
      const [numbered] = file.isNumbered ? [current[0] ?? start(begin)] : [];
      if (numbered) numbered.last = begin;
      const overpassAt = (time: number): Gathered => numbered ?? overpassNear(current, time) ?? start(time);
      const [unlike] = current.filter(({ layers }) => layers !== file.layers);
      if (unlike) throw otherLayers(file, unlike.layers);
      for (const pixels of readPixels(file, counts, near)) addPixels(overpassAt, grid, pixels, counts);
    } finally {
      file.close();
    }
  }
  for (const overpass of current) yield finished(overpass, correlation);
  if (counts.passed === 0) throw nothingPassed(paths, grid, counts);
}

/** The overpass to whose times a time is near; it reaches to that time then. */
function overpassNear(overpasses: readonly Gathered[], time: number): Gathered | undefined {
  const overpass = overpasses.find(({ first, last }) => time >= first - LONGEST_GAP && time <= last + LONGEST_GAP);
  if (overpass) [overpass.first, overpass.last] = [Math.min(overpass.first, time), Math.max(overpass.last, time)];
  return overpass;
}

function nothingPassed(paths: readonly string[], grid: Grid, counts: PixelCounts): DataError {
  const files = paths.length === 1 ? paths[0] : `${paths[0]} and ${paths.length - 1} more`;
  const reasons = [...counts.leftOut].filter(([reason]) => reason !== LEFT_OUT.beside).map(([reason, count]) => `${count} ${reason}`);
  const pixelsBeside = counts.leftOut.get(LEFT_OUT.beside) ?? 0;
  if (reasons.length === 0 || pixelsBeside === counts.pixels)
    return new DataError(
      'COLUMN_NO_OVERLAP',
      `${files}: none of the ${counts.pixels} pixels lies on the grid ${grid.name}: give orbits that pass over it, or look at the grid`,
    );
  return new DataError(
    'COLUMN_ALL_FLAGGED',
    `${files}: none of the ${counts.pixels - pixelsBeside} pixels near the grid ${grid.name} passes (${reasons.join(', ')}): give other days`,
  );
}

function otherLayers({ path, layers, pass }: ColumnFile, expected: number): DataError {
  return new DataError(
    'COLUMN_LAYERS',
    `${path}: expected ${expected} layers, as in the file before it of ${pass}, but received ${layers}: give files of one version of the product`,
  );
}

/** Areas of a cell: less is rounding, of cells of level 3 that lie on those of the grid. */
const LEAST_AREA = 1e-6;

/** An overpass whose files are being read. */
interface Gathered {
  name: string;
  species: string;
  layers: number;
  /** ms since 1970, of the first file and the last, or of the first pixel and the last */
  first: number;
  last: number;
  cells: Map<number, CellSum>;
}

/** Sums over the pixels of a cell, each times its area. */
interface CellSum {
  pixels: number;
  area: number;
  column: number;
  time: number;
  /** Σ area² σ², Σ area σ */
  variance: number;
  deviation: number;
  airMassFactor: number;
  kernel: Float64Array;
  edges: Float64Array;
  /** Layers from the ground up to the highest one that a pixel's kernel reaches. */
  reached: number;
  hasTropopause: boolean;
  /** of columns that hold an a priori: the profile, and what it adds to the column */
  apriori?: Float64Array;
  aprioriTerm: number;
}

function addPixels(overpassAt: (time: number) => Gathered, grid: Grid, pixels: Pixels, counts: PixelCounts): void {
  for (let i = 0; i < pixels.count; i++) {
    const polygon = pixelInCells(grid, pixels.longitudes.subarray(4 * i, 4 * i + 4), pixels.latitudes.subarray(4 * i, 4 * i + 4));
    let pixel: Pixel | undefined;
    let overpass: Gathered | undefined;
    if (polygon)
      forEachCellPart(grid, polygon, (cell, area) => {
        if (area < LEAST_AREA) return;
        pixel ??= pixelOf(pixels, i);
        overpass ??= overpassAt(pixels.times[i]);
        addPixel(overpass.cells, cell, area, pixel);
      });
    if (pixel) continue;
    counts.passed--;
    counts.leaveOut(polygon ? LEFT_OUT.beside : LEFT_OUT.shape);
  }
}

interface Pixel {
  retrieval: Retrieval;
  time: number;
  /** of `column` */
  kernel: Float64Array;
  /** layers from the ground up to the tropopause */
  reached: number;
  aprioriTerm: number;
  /** of which the retrieval is the mean */
  samples: number;
}

function pixelOf(pixels: Pixels, i: number): Pixel {
  const retrieval = retrievalOf(pixels, i);
  const reached = partsBelowTropopause(retrieval).filter((part) => part > 0).length;
  return {
    retrieval,
    time: pixels.times[i],
    kernel: columnKernel(retrieval),
    reached,
    aprioriTerm: retrieval.addsApriori ? aprioriTerm(retrieval) : 0,
    samples: pixels.samples?.[i] ?? 1,
  };
}

function addPixel(cells: Map<number, CellSum>, cell: number, area: number, pixel: Pixel): void {
  const { retrieval, time, kernel, reached } = pixel;
  let sum = cells.get(cell);
  if (!sum) {
    const [zeros, edges] = [new Float64Array(kernel.length), new Float64Array(kernel.length + 1)];
    sum = {
      pixels: 0,
      area: 0,
      column: 0,
      time: 0,
      variance: 0,
      deviation: 0,
      airMassFactor: 0,
      kernel: zeros,
      edges,
      reached: 0,
      hasTropopause: false,
      ...(retrieval.apriori ? { apriori: new Float64Array(kernel.length) } : {}),
      aprioriTerm: 0,
    };
    cells.set(cell, sum);
  }
  sum.pixels += pixel.samples;
  sum.area += area;
  sum.column += area * retrieval.column;
  sum.time += area * time;
  sum.variance += (area * retrieval.error) ** 2 / pixel.samples;
  sum.deviation += area * retrieval.error;
  sum.airMassFactor += area * retrieval.airMassFactor;
  sum.reached = Math.max(sum.reached, reached);
  sum.hasTropopause = retrieval.tropopausePressure !== undefined;
  sum.aprioriTerm += area * pixel.aprioriTerm;
  const { apriori } = retrieval;
  for (let layer = 0; layer < kernel.length; layer++) {
    sum.kernel[layer] += area * kernel[layer];
    if (sum.apriori && apriori) sum.apriori[layer] += area * apriori[layer];
  }
  for (let edge = 0; edge <= kernel.length; edge++) sum.edges[edge] += area * retrieval.pressureEdges[edge];
}

function finished({ name, species, first, cells }: Gathered, correlation: number): Overpass {
  const observations = [...cells].sort(([a], [b]) => a - b).map(([cell, sum]) => superObservation(cell, sum, correlation));
  return { name, species, begin: new Date(first), observations };
}

function superObservation(cell: number, sum: CellSum, correlation: number): SuperObservation {
  const { area } = sum;
  const pressureEdges = sum.edges.map((edge) => edge / area);
  return {
    cell,
    time: new Date(Math.round(sum.time / area)),
    pixels: sum.pixels,
    coverage: area,
    column: sum.column / area,
    error: Math.sqrt((1 - correlation) * sum.variance + correlation * sum.deviation ** 2) / area,
    pressureEdges,
    sensitivity: { kind: 'kernel', given: 'layers', values: sum.kernel.map((value) => value / area) },
    airMassFactor: sum.airMassFactor / area,
    ...(sum.hasTropopause ? { tropopausePressure: pressureEdges[sum.reached] } : {}),
    ...(sum.apriori ? { apriori: sum.apriori.map((amount) => amount / area), aprioriTerm: sum.aprioriTerm / area } : {}),
    addsApriori: sum.apriori !== undefined,
  };
}
