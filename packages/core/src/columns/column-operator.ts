/**
 * What a retrieval would be of the model's air: a row of weights on the model's partial columns, in double.
 *
 * The retrieval's layers end at its tropopause, where there is one: a layer that it cuts counts as far as it. With x the model's partial columns (mol m-2) and R the part
 * of each model layer that lies in each of the retrieval's layers, a profile on the retrieval's layers is
 *
 *   x̂[l] = Σ_m R[l, m] · x[m] + (1 − covered[l]) · apriori[l]
 *
 * R spreads a model layer evenly over its pressures, so that what is moved is conserved. The model's pressures are stretched first, the model's top held, so that
 * its ground is the retrieval's: terrain and weather of the two differ, and what lies in the lowest layer shall stay there. `covered` is the part of a layer below the
 * model's top. Above it the a priori stands in where the product gives one, else nothing: none is needed where the top lies above the tropopause. With kernel a[l]
 *
 *   apply_ak          Σ_l a[l] · x̂[l] (+ Σ_l (1 − a[l]) · apriori[l], where the retrieved column holds it)   against  column
 *   replace_apriori   Σ_l x̂[l]                                                                           against  column · V / S
 *
 * with V = Σ x̂ and S = Σ a · x̂ of the profile that replaces the a priori: the new air mass factor is airMassFactor · S / V. That factor is held while the
 * model's emissions change, so that both are linear. Their misfits differ by that factor alone.
 *
 * @see Eskes & Boersma (2003), doi:10.5194/acp-3-1285-2003, eq. 7 (kernel = box air mass factor / air mass factor)
 * @see Palmer et al. (2001), doi:10.1029/2000JD900772, eq. 10 (scattering weights and the model's shape)
 */
import { DataError, expectArgument, ShapeError } from '../base/errors';
import type { ModelLayers } from './model-layers';
import type { Retrieval } from './retrieval';

/** How a model is compared with a retrieval, as the field calls it. */
export const RETRIEVAL_METHODS = ['apply_ak', 'replace_apriori'] as const;
export type ColumnMethod = (typeof RETRIEVAL_METHODS)[number];

/** A cell that a pixel lies in, and the part of the pixel that does. */
export interface FootprintPart {
  cell: number;
  share: number;
}

/** One retrieval as a linear function of the model's partial columns: Σ weights · x + offset is compared with `column`. */
export interface ColumnRow {
  /** Cells of the grid. */
  cells: readonly number[];
  /** `[cells, layers]`, dimensionless. */
  weights: Float64Array;
  /** mol m-2, what the a priori adds. */
  offset: number;
  /** mol m-2, part of `offset`: the a priori above the model's top. */
  aboveTop: number;
  /** Part of the air that the column is of, by pressure, that lies above the model's top: there is an a priori for it, or nothing. */
  uncovered: number;
  /** mol m-2 */
  column: number;
  /** mol m-2 */
  error: number;
}

/** A retrieval's layers up to its tropopause, from the ground up. */
export interface KernelLayers {
  /** Pa, one more than layers */
  edges: Float64Array;
  /** of `column`, one value a layer */
  kernel: Float64Array;
  /** mol m-2 */
  apriori?: Float64Array;
}

/**
 * The averaging kernel of `column` on the layers that the column is of.
 *
 * @throws {ShapeError} `RETRIEVAL_LAYERS` @throws {DataError} `RETRIEVAL_EDGES`, `RETRIEVAL_FACTOR`
 */
export function kernelLayers(retrieval: Retrieval): KernelLayers {
  assertRetrieval(retrieval);
  const { pressureEdges, sensitivity, airMassFactor, tropopausePressure = 0 } = retrieval;
  const { kind, given: place, values } = sensitivity;
  const factor = (kind === 'kernel' ? (sensitivity.airMassFactor ?? airMassFactor) : 1) / airMassFactor;
  const parts = partsBelowTropopause(retrieval).filter((part) => part > 0);
  const edges = Float64Array.from({ length: parts.length + 1 }, (_, l) => Math.max(pressureEdges[l], tropopausePressure));
  const meanOf = (l: number): number => (place === 'layers' ? values[l] : values[l] + (parts[l] * (values[l + 1] - values[l])) / 2);
  const { apriori } = retrieval;
  return { edges, kernel: parts.map((_, l) => factor * meanOf(l)), apriori: apriori && parts.map((part, l) => part * apriori[l]) };
}

/**
 * The kernel on all of the product's layers: that of a layer which the tropopause cuts counts in part, and it is 0 above.
 *
 * @throws as {@link kernelLayers}
 */
export function columnKernel(retrieval: Retrieval): Float64Array {
  const { kernel } = kernelLayers(retrieval);
  return partsBelowTropopause(retrieval).map((part, l) => (part > 0 ? part * kernel[l] : 0));
}

/** Part of each of the product's layers that lies below the tropopause, by pressure. */
export function partsBelowTropopause({ pressureEdges, tropopausePressure = 0 }: Retrieval): Float64Array {
  return Float64Array.from({ length: pressureEdges.length - 1 }, (_, l) => {
    const [bottom, top] = [pressureEdges[l], pressureEdges[l + 1]];
    return Math.min(1, Math.max(0, (bottom - tropopausePressure) / (bottom - top)));
  });
}

/**
 * The part of each source layer that lies in each target layer, by pressure. The parts of a source layer sum to 1, less what lies outside of all target layers.
 *
 * @param source - Pa, edges from the ground up
 * @param target - Pa, as source
 * @returns `[target layers, source layers]`
 */
export function layerParts(source: ArrayLike<number>, target: ArrayLike<number>): Float64Array {
  const [n, m] = [target.length - 1, source.length - 1];
  const parts = new Float64Array(n * m);
  for (let l = 0, k = 0; l < n && k < m;) {
    const overlap = Math.min(source[k], target[l]) - Math.max(source[k + 1], target[l + 1]);
    if (overlap > 0) parts[l * m + k] = overlap / (source[k] - source[k + 1]);
    if (source[k + 1] > target[l + 1]) k++;
    else l++;
  }
  return parts;
}

/** The model's pressures stretched, its top held, so that the ground is at `ground` (Pa). */
export function edgesOnGround(edges: ArrayLike<number>, ground: number): Float64Array {
  const [bottom, top] = [edges[0], edges[edges.length - 1]];
  const stretched = Float64Array.from(edges, (pressure) => top + ((pressure - top) / (bottom - top)) * (ground - top));
  stretched[0] = ground;
  return stretched;
}

/** The retrieval's layers over the model's cells that a pixel covers. */
interface Regridded {
  /** `[retrieval layers, cells · model layers]` */
  parts: Float64Array;
  /** part of each retrieval layer below the model's top */
  covered: Float64Array;
  width: number;
}

function regridded(target: Float64Array, model: ModelLayers, footprint: readonly FootprintPart[]): Regridded {
  const n = target.length - 1;
  const { layers } = model;
  const cells = model.grid.rows * model.grid.cols;
  const total = footprint.reduce((sum, { share }) => sum + share, 0);
  expectArgument(Math.abs(total - 1) < 1e-6, 'column operator: footprint', 'shares of cells that sum to 1', total);
  const width = footprint.length * layers;
  const parts = new Float64Array(n * width);
  const covered = new Float64Array(n);
  footprint.forEach(({ cell, share }, i) => {
    const edges = Float64Array.from({ length: layers + 1 }, (_, k) => model.pressureEdges[k * cells + cell]);
    const top = edges[layers];
    if (!(target[0] > top)) {
      throw new DataError(
        'RETRIEVAL_EDGES',
        `retrieval: the ground, at ${target[0]} Pa, lies above the model's top at ${top} Pa: give its pressures in Pa, the ground's first`,
      );
    }
    const ofCell = layerParts(edgesOnGround(edges, target[0]), target);
    for (let l = 0; l < n; l++) {
      for (let k = 0; k < layers; k++) parts[l * width + i * layers + k] = share * ofCell[l * layers + k];
      covered[l] += share * Math.min(1, Math.max(0, (target[l] - top) / (target[l] - target[l + 1])));
    }
  });
  return { parts, covered, width };
}

/** Σ_l values[l] · R[l, ·] */
function weighted({ parts, width }: Regridded, values: Float64Array): Float64Array {
  const weights = new Float64Array(width);
  values.forEach((value, l) => {
    if (value !== 0) for (let j = 0; j < width; j++) weights[j] += value * parts[l * width + j];
  });
  return weights;
}

/** A row for weights of the retrieval's layers: the part that both methods share. */
function rowOf(values: Float64Array, { edges, apriori }: KernelLayers, onLayers: Regridded): Pick<ColumnRow, 'weights' | 'aboveTop' | 'uncovered'> {
  const missing = onLayers.covered.map((part) => 1 - part);
  const aboveTop = apriori ? values.reduce((sum, value, l) => sum + value * missing[l] * apriori[l], 0) : 0;
  const uncovered = missing.reduce((sum, part, l) => sum + part * (edges[l] - edges[l + 1]), 0) / (edges[0] - edges[edges.length - 1]);
  return { weights: weighted(onLayers, values), aboveTop, uncovered };
}

/**
 * The row of `apply_ak`.
 *
 * @param footprint - cells of the model's grid, their shares sum to 1
 * @throws {ShapeError} `RETRIEVAL_LAYERS` @throws {DataError} `RETRIEVAL_EDGES`, `RETRIEVAL_FACTOR`; `RETRIEVAL_APRIORI` where the column holds an a priori that is not given
 */
export function applyKernel(retrieval: Retrieval, model: ModelLayers, footprint: readonly FootprintPart[]): ColumnRow {
  const { column, error, addsApriori } = retrieval;
  const layers = kernelLayers(retrieval);
  const { kernel, apriori, edges } = layers;
  const row = rowOf(kernel, layers, regridded(edges, model, footprint));
  const aprioriTerm = addsApriori ? aprioriOf(retrieval, kernel, apriori) : 0;
  return { ...row, cells: footprint.map(({ cell }) => cell), offset: row.aboveTop + aprioriTerm, column, error };
}

/**
 * mol m-2 that the a priori adds to a column which holds it.
 *
 * @throws {DataError} `RETRIEVAL_APRIORI` where it is not given
 */
export function aprioriTerm(retrieval: Retrieval): number {
  const { kernel, apriori } = kernelLayers(retrieval);
  return aprioriOf(retrieval, kernel, apriori);
}

function aprioriOf(retrieval: Retrieval, kernel: ArrayLike<number>, apriori: Float64Array | undefined): number {
  if (retrieval.aprioriTerm !== undefined) return retrieval.aprioriTerm;
  const profile = required(apriori);
  return profile.reduce((sum, amount, l) => sum + (1 - kernel[l]) * amount, 0);
}

/**
 * The row of `replace_apriori`: its column and error are those of the retrieval made again with the model's profile.
 *
 * @param partialColumns - mol m-2, `[layers, rows, cols]`: the profile, of the prior run
 * @throws as {@link applyKernel}; {@link DataError} `RETRIEVAL_METHOD` where the product has no air mass factor; `RETRIEVAL_PROFILE` where the profile has no slant column
 */
export function replaceApriori(
  retrieval: Retrieval,
  model: ModelLayers,
  footprint: readonly FootprintPart[],
  partialColumns: ArrayLike<number>,
): ColumnRow & { airMassFactor: number } {
  if (retrieval.addsApriori) {
    throw new DataError(
      'RETRIEVAL_METHOD',
      'retrieval: a product whose column holds its a priori has no air mass factor to replace it: use apply_ak',
    );
  }
  const layers = kernelLayers(retrieval);
  const onLayers = regridded(layers.edges, model, footprint);
  const cells = footprint.map(({ cell }) => cell);
  const x = profileOf(partialColumns, model, cells);
  const verticalRow = rowOf(layers.kernel.map(() => 1), layers, onLayers); // prettier-ignore
  const [vertical, slant] = [verticalRow, rowOf(layers.kernel, layers, onLayers)].map(({ weights, aboveTop }) => dot(weights, x) + aboveTop);
  if (!(vertical > 0 && slant > 0)) {
    throw new DataError(
      'RETRIEVAL_PROFILE',
      `retrieval: the model's profile has a column of ${vertical} mol m-2 and ${slant} under the kernel, where both must be above 0 for an air mass factor: use apply_ak`,
    );
  }
  const ratio = vertical / slant;
  return {
    ...verticalRow,
    cells,
    offset: verticalRow.aboveTop,
    column: retrieval.column * ratio,
    error: retrieval.error * ratio,
    airMassFactor: retrieval.airMassFactor / ratio,
  };
}

/** The row of either method. @param prior - mol m-2, `[layers, rows, cols]`, of the prior run @throws as {@link applyKernel} and {@link replaceApriori} */
export function columnRow(
  method: ColumnMethod,
  retrieval: Retrieval,
  model: ModelLayers,
  footprint: readonly FootprintPart[],
  prior: ArrayLike<number>,
): ColumnRow {
  return method === 'apply_ak' ? applyKernel(retrieval, model, footprint) : replaceApriori(retrieval, model, footprint, prior);
}

/** `[cells, layers]` of a field `[layers, rows, cols]`. */
function profileOf(field: ArrayLike<number>, { layers, grid }: ModelLayers, cells: readonly number[]): Float64Array {
  const size = grid.rows * grid.cols;
  return Float64Array.from({ length: cells.length * layers }, (_, j) => field[(j % layers) * size + cells[Math.floor(j / layers)]]);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** Rows of many retrievals of one instant, as a sparse matrix on the model's partial columns. */
export class ColumnOperator {
  constructor(
    readonly model: ModelLayers,
    readonly rows: readonly ColumnRow[],
  ) {}

  /** @param partialColumns - mol m-2, `[layers, rows, cols]` @returns mol m-2 of each retrieval */
  apply(partialColumns: ArrayLike<number>): Float64Array {
    this.requireField(partialColumns);
    return Float64Array.from(this.rows, ({ cells, weights, offset }) => dot(weights, profileOf(partialColumns, this.model, cells)) + offset);
  }

  /** The transpose, without the offsets. @param values - one for each retrieval @returns `[layers, rows, cols]` */
  applyTransposed(values: ArrayLike<number>): Float64Array {
    expectArgument(values.length === this.rows.length, 'ColumnOperator.applyTransposed: values', `${this.rows.length} values`, values.length);
    const { layers, air, grid } = this.model;
    const size = grid.rows * grid.cols;
    const field = new Float64Array(air.length);
    this.rows.forEach(({ cells, weights }, i) => {
      weights.forEach((weight, j) => (field[(j % layers) * size + cells[Math.floor(j / layers)]] += weight * values[i]));
    });
    return field;
  }

  private requireField({ length }: ArrayLike<number>): void {
    const { layers, grid, air } = this.model;
    if (length === air.length) return;
    throw new ShapeError(
      'RETRIEVAL_SHAPE',
      `columns: expected [${layers}, ${grid.rows}, ${grid.cols}] but received ${length} values: give one field`,
    );
  }
}

function required(apriori: Float64Array | undefined): Float64Array {
  if (apriori) return apriori;
  throw new DataError('RETRIEVAL_APRIORI', 'retrieval: its column holds an a priori profile, which is not given: name the variable of the profile');
}

/** @throws {ShapeError} `RETRIEVAL_LAYERS` @throws {DataError} `RETRIEVAL_EDGES`, `RETRIEVAL_FACTOR` */
function assertRetrieval({ pressureEdges, sensitivity, apriori, airMassFactor, tropopausePressure = 0 }: Retrieval): void {
  const layers = pressureEdges.length - 1;
  const { kind, given: place, values } = sensitivity;
  const expected = place === 'layers' ? layers : layers + 1;
  const counts: [string, number, number][] = [
    [kind, values.length, expected],
    ['a priori', apriori?.length ?? layers, layers],
  ];
  for (const [name, length, right] of counts) {
    if (length === right) continue;
    throw new ShapeError(
      'RETRIEVAL_LAYERS',
      `retrieval: expected ${right} values of its ${name}, for ${layers} layers, but received ${length}: give pressures and ${name} of one product`,
    );
  }
  for (let l = 0; l < layers; l++) {
    if (pressureEdges[l] > pressureEdges[l + 1] && pressureEdges[l + 1] >= 0) continue;
    throw new DataError(
      'RETRIEVAL_EDGES',
      `retrieval: expected pressures that fall from the ground up but received ${pressureEdges[l]} and then ${pressureEdges[l + 1]} Pa: turn the profiles round`,
    );
  }
  if (!(tropopausePressure < pressureEdges[0])) {
    throw new DataError(
      'RETRIEVAL_EDGES',
      `retrieval: expected a tropopause above the ground, at ${pressureEdges[0]} Pa, but received ${tropopausePressure} Pa: give both in Pa`,
    );
  }
  if (airMassFactor > 0 && (sensitivity.airMassFactor ?? 1) > 0) return;
  throw new DataError('RETRIEVAL_FACTOR', `retrieval: expected an air mass factor above 0 but received ${airMassFactor}: leave out what has none`);
}
