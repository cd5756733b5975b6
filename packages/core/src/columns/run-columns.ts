/**
 * The columns of a run on the cells and hours of a period, in µmol m-2: what each retrieval is compared with and, where there is none, the plain column up to the product's
 * mean tropopause. It is linear in the run's partial columns.
 */
import { DataError } from '../base/errors';
import type { Species } from '../base/species';
import { firstNotBelow } from '../base/vectors';
import type { TimeAxis } from '../grid/grid';
import { MICRO, type StoredColumns } from './column-store';
import type { ModelLayers } from './model-layers';
import type { Profile, RunLayers } from './run-layers';

/**
 * Σ of the partial columns of each cell, of the layer that the tropopause cuts the part below it by pressure.
 *
 * @param partialColumns - `[layers, rows, cols]`
 * @param tropopause - Pa; absent: up to the model's top
 * @returns in the unit of the partial columns, `[rows, cols]`
 */
export function plainColumns({ pressureEdges, layers, grid }: ModelLayers, partialColumns: ArrayLike<number>, tropopause?: number): Float64Array {
  const cells = grid.rows * grid.cols;
  const sums = new Float64Array(cells);
  for (let i = 0; i < layers * cells; i++) {
    const [bottom, top] = [pressureEdges[i], pressureEdges[i + cells]];
    if (tropopause === undefined || top >= tropopause) sums[i % cells] += partialColumns[i];
    else if (bottom > tropopause) sums[i % cells] += ((bottom - tropopause) / (bottom - top)) * partialColumns[i];
  }
  return sums;
}

/** The retrievals of an hour: from `first` to before `end`. */
export function retrievalsOf({ hour }: Pick<StoredColumns, 'hour'>, wanted: number): { first: number; end: number } {
  return { first: firstNotBelow(hour, wanted), end: firstNotBelow(hour, wanted + 1) };
}

/** @returns µmol m-2, `[rows, cols]` @throws {DataError} `LAYERS_DIFFER` */
export function columnsOfHour(columns: StoredColumns, hour: number, { model, partialColumns }: Profile, gas: Species): Float64Array {
  const { layers, weights, cell: cellOf, tropopause } = columns;
  if (model.layers !== layers) {
    throw new DataError(
      'LAYERS_DIFFER',
      `${model.path}: expected ${layers} layers as in the prior run but received ${model.layers}: give output of the same layers for all runs`,
    );
  }
  const x = partialColumns.get(gas)!;
  const cells = model.grid.rows * model.grid.cols;
  const field = plainColumns(model, x, tropopause);
  const { first, end } = retrievalsOf(columns, hour);
  for (let i = first; i < end; i++) {
    let sum = 0;
    for (let layer = 0; layer < layers; layer++) sum += weights[i * layers + layer] * x[layer * cells + cellOf[i]];
    field[cellOf[i]] = sum;
  }
  return field.map((value) => MICRO * value);
}

/** A column of the case, with the gas that it is of. */
export interface GasColumns {
  gas: Species;
  columns: StoredColumns;
}

/**
 * Columns of a run, an hour at a time; NaN in hours of which the prior run has no layers.
 *
 * @param time - of the period @param hours - of it
 * @param putField - takes the field of an hour, counted from the first of `hours`, `[rows, cols]`, and its number among the columns
 * @throws {DataError} `LAYERS_INSTANT` where the run lacks layers that the prior has, `LAYERS_DIFFER`, and what reading them throws
 */
export function forEachColumnField(
  layers: RunLayers,
  time: TimeAxis,
  { first, count }: { first: number; count: number },
  columnSets: readonly GasColumns[],
  putField: (field: ArrayLike<number>, step: number, index: number) => void,
  signal?: AbortSignal,
): void {
  for (let step = 0; step < count; step++) {
    signal?.throwIfAborted();
    const hour = first + step;
    columnSets.forEach(({ gas, columns }, index) => {
      const profile = layers.profileOf(time, hour, columns.instants[hour]);
      if (profile) putField(columnsOfHour(columns, hour, profile, gas), step, index);
    });
  }
}
