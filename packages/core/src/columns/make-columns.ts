/**
 * The retrievals of a period out of a product's files: means over cells, compared with the prior's layers of their hour, on the scale of plain columns (column-store.ts). One
 * overpass is in memory at a time, and of the model two instants.
 */
import { cachedByFile } from '../base/whole-files';
import { DataError, RetroplumeError } from '../base/errors';
import type { Species } from '../base/species';
import { instant, timeAt, type Grid, type TimeAxis } from '../grid/grid';
import { applyKernel, columnRow, type ColumnMethod, type ColumnRow } from './column-operator';
import { LARGEST_FACTOR, MICRO, type ColumnCounts, type StoredColumns } from './column-store';
import { superObservations, type Overpass, type SuperObservation } from './pixels-to-cells';
import { ColumnFile } from './products/column-file';
import type { ColumnProduct } from './products/product';
import { PixelCounts } from './products/read-pixels';
import type { Profile, RunLayers } from './run-layers';

/** What of a column's settings decides how its files are read. */
export interface ColumnSource {
  /** as the case calls the column */
  name: Species;
  gas: Species;
  method: ColumnMethod;
  /** of files whose variables the case names */
  product?: ColumnProduct;
}

/** What a file says of itself. */
interface FileHead {
  product: string;
  species: string;
  /** ms since 1970; NaN where no pixel has a time */
  begin: number;
  end: number;
}

const headReaders = new Map<string, (path: string) => FileHead>();

/** Hundreds of files are asked for their times again and again. */
function headOf(path: string, product?: ColumnProduct): FileHead {
  const key = JSON.stringify(product ?? null); // conditions of quality are in it as text
  let reader = headReaders.get(key);
  if (!reader) {
    reader = cachedByFile((file) => readHead(file, product));
    headReaders.set(key, reader);
  }
  return reader(path);
}

function readHead(path: string, product?: ColumnProduct): FileHead {
  const file = ColumnFile.open(path, product);
  try {
    const [begin, end] = file.timeRange();
    return { product: file.product.name, species: file.product.species, begin, end };
  } finally {
    file.close();
  }
}

/**
 * Files with pixels in the hours of a span, by their times; no pixel's values are read.
 *
 * @throws {DataError} `COLUMN_GAS` for a product of another gas, `COLUMN_PRODUCTS` for files of two products, and what `ColumnFile.open` throws
 */
export function columnFilesWithin(paths: readonly string[], { name, gas, product }: Omit<ColumnSource, 'method'>, span: TimeAxis): string[] {
  const heads = paths.map((path) => ({ path, ...headOf(path, product) }));
  for (const head of heads) {
    if (head.species !== gas) {
      throw new DataError(
        'COLUMN_GAS',
        `${head.path}: expected columns of ${gas} for columns.${name} but received ${head.product}: give its files to a column whose name begins with ${head.species}_column`,
      );
    }
    if (head.product !== heads[0].product) {
      throw new DataError(
        'COLUMN_PRODUCTS',
        `${head.path}: expected ${heads[0].product}, as in ${heads[0].path}, but received ${head.product}: give each product a column of its own, such as ${gas}_column_b`,
      );
    }
  }
  const [start, end] = [span.start.getTime(), timeAt(span, span.count).getTime()];
  return heads
    .filter((head) => head.begin < end && head.end >= start)
    .sort((a, b) => a.begin - b.begin)
    .map(({ path }) => path);
}

/** As {@link columnFilesWithin}, for hashes: files that cannot be read are among them, for whoever reads them to say why. */
export function columnInputs(paths: readonly string[], source: Omit<ColumnSource, 'method'>, span: TimeAxis): string[] {
  try {
    return columnFilesWithin(paths, source, span);
  } catch (error) {
    if (error instanceof RetroplumeError) return [...paths];
    throw error;
  }
}

export interface ColumnPeriod {
  grid: Grid;
  time: TimeAxis;
  /** hours before it, the spin-up, have no retrievals */
  firstHour: number;
}

/** The hours of a period that are compared. */
export function comparedSpan({ time, firstHour }: Pick<ColumnPeriod, 'time' | 'firstHour'>): TimeAxis {
  return { ...time, start: timeAt(time, firstHour), count: Math.max(0, time.count - firstHour) };
}

/**
 * The retrievals of a period.
 *
 * @param paths - files of the column, those of other days too
 * @param prior - the prior run's layers, by which retrievals are scaled
 * @throws {DataError} what {@link columnFilesWithin} and {@link superObservations} throw, `RETRIEVAL_METHOD` where the product has no air mass factor to replace
 */
export function makeColumns(paths: readonly string[], source: ColumnSource, period: ColumnPeriod, prior: RunLayers): StoredColumns {
  const { name: species, method, product } = source;
  const instants = prior.instantsOf(period.time);
  const counts: ColumnCounts = {
    pixels: 0,
    passed: 0,
    leftOut: {},
    overpasses: 0,
    superObservations: 0,
    withoutLayers: 0,
    factorOutside: 0,
    otherHours: 0,
  };
  const gathered = new GatheredRetrievals();
  const files = columnFilesWithin(paths, source, comparedSpan(period));
  const pixelCounts = new PixelCounts();
  if (files.length > 0) {
    for (const overpass of superObservations(files, period.grid, pixelCounts, { product })) {
      if (overpass.observations.length === 0) continue;
      counts.overpasses++;
      addOverpass(gathered, overpass, source, { ...period, prior, instants, counts });
    }
  }
  Object.assign(counts, { pixels: pixelCounts.pixels, passed: pixelCounts.passed });
  Object.assign(counts.leftOut, Object.fromEntries(pixelCounts.leftOut));
  const productName = files.length > 0 ? headOf(files[0], product).product : '';
  return { species, product: productName, method, instants, layers: prior.layers, ...gathered.finished(prior.layers), counts };
}

/** Of pixels whose mean would count for all others. */
const NO_ERROR = 'the error is not above 0';

function addOverpass(
  gathered: GatheredRetrievals,
  { name, observations }: Overpass,
  source: ColumnSource,
  { time, firstHour, prior, instants, counts }: ColumnPeriod & { prior: RunLayers; instants: Uint8Array; counts: ColumnCounts },
): void {
  const hourOf = (observation: SuperObservation): number =>
    Math.floor((observation.time.getTime() - time.start.getTime()) / (1000 * time.stepSeconds));
  // Each hour's layers are read once.
  for (const observation of [...observations].sort((a, b) => hourOf(a) - hourOf(b))) {
    const hour = hourOf(observation);
    if (!(observation.error > 0)) {
      counts.leftOut[NO_ERROR] = (counts.leftOut[NO_ERROR] ?? 0) + observation.pixels;
      continue;
    }
    if (hour < firstHour || hour >= time.count) {
      counts.otherHours++;
      continue;
    }
    const profile = prior.profileOf(time, hour, instants[hour]);
    if (!profile) {
      counts.withoutLayers++;
      continue;
    }
    const scaled = scaledRow(observation, source, profile, `columns.${source.name}: ${name}, ${instant(observation.time)}`);
    if (!scaled) {
      counts.factorOutside++;
      continue;
    }
    counts.superObservations++;
    gathered.add(hour, observation, scaled);
  }
}

interface ScaledRow {
  /** µmol m-2 */
  value: number;
  error: number;
  weights: Float64Array;
  uncovered: number;
}

/** @returns undefined where the plain column and that under the kernel are not of one size @throws the errors of {@link columnRow}, with the subject before them */
function scaledRow(observation: SuperObservation, { gas, method }: ColumnSource, profile: Profile, subject: string): ScaledRow | undefined {
  const footprint = [{ cell: observation.cell, share: 1 }];
  const { model } = profile;
  const x = profile.partialColumns.get(gas)!;
  try {
    const amount = ({ weights }: ColumnRow): number => {
      const cells = model.grid.rows * model.grid.cols;
      return weights.reduce((sum, weight, layer) => sum + weight * x[layer * cells + observation.cell], 0);
    };
    const plain = amount(applyKernel(plainRetrieval(observation), model, footprint));
    const slant = amount(applyKernel(observation, model, footprint));
    const ratio = plain / slant;
    if (!(plain > 0 && ratio >= 1 / LARGEST_FACTOR && ratio <= LARGEST_FACTOR)) return undefined;
    const row = columnRow(method, observation, model, footprint, x);
    const factor = plain / amount(row);
    return {
      value: MICRO * factor * (row.column - row.offset),
      error: MICRO * factor * row.error,
      weights: row.weights.map((weight) => factor * weight),
      uncovered: row.uncovered,
    };
  } catch (error) {
    if (error instanceof DataError) throw new DataError(error.code, `${subject}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** One whose row is that of the plain column up to its tropopause. */
function plainRetrieval({ apriori: _apriori, ...observation }: SuperObservation): SuperObservation {
  const layers = observation.pressureEdges.length - 1;
  return { ...observation, addsApriori: false, sensitivity: { kind: 'kernel', given: 'layers', values: new Float64Array(layers).fill(1) } };
}

/** Retrievals by hour and cell; those of two overpasses become one, their mean with weights of 1 / error². */
class GatheredRetrievals {
  private readonly byHour = new Map<number, Map<number, RetrievalSum>>();
  private tropopauses = 0;
  private tropopauseSum = 0;

  add(hour: number, { cell, pixels, tropopausePressure }: SuperObservation, { value, error, weights, uncovered }: ScaledRow): void {
    if (tropopausePressure !== undefined) {
      this.tropopauses++;
      this.tropopauseSum += tropopausePressure;
    }
    const cells = this.byHour.get(hour) ?? new Map<number, RetrievalSum>();
    this.byHour.set(hour, cells);
    const information = 1 / error ** 2;
    const sum = cells.get(cell);
    if (!sum) {
      cells.set(cell, { information, value, uncovered, pixels, weights: Float32Array.from(weights) });
      return;
    }
    const part = information / (sum.information + information);
    const mean = (a: number, b: number): number => a + part * (b - a);
    sum.value = mean(sum.value, value);
    sum.uncovered = mean(sum.uncovered, uncovered);
    sum.weights.forEach((weight, layer) => (sum.weights[layer] = mean(weight, weights[layer])));
    sum.pixels += pixels;
    sum.information += information;
  }

  finished(layers: number): Omit<StoredColumns, 'species' | 'product' | 'method' | 'instants' | 'layers' | 'counts'> {
    const rows = [...this.byHour]
      .sort(([a], [b]) => a - b)
      .flatMap(([hour, cells]) => [...cells].sort(([a], [b]) => a - b).map(([cell, sum]) => ({ hour, cell, ...sum })));
    const weights = new Float32Array(rows.length * layers);
    rows.forEach((row, i) => weights.set(row.weights, i * layers));
    return {
      ...(this.tropopauses > 0 ? { tropopause: this.tropopauseSum / this.tropopauses } : {}),
      hour: Int32Array.from(rows, ({ hour }) => hour),
      cell: Int32Array.from(rows, ({ cell }) => cell),
      value: Float32Array.from(rows, ({ value }) => value),
      error: Float32Array.from(rows, ({ information }) => 1 / Math.sqrt(information)),
      pixels: Int32Array.from(rows, ({ pixels }) => pixels),
      uncovered: Float32Array.from(rows, ({ uncovered }) => uncovered),
      weights,
    };
  }
}

interface RetrievalSum {
  /** 1 / error² */
  information: number;
  value: number;
  uncovered: number;
  pixels: number;
  weights: Float32Array;
}
