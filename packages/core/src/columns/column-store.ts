/**
 * The retrievals of a period that are compared with runs, as `prepare` stores them: one row of weights on the model's partial columns for each cell and hour.
 *
 *   DIR/PERIOD/columns-NAME.nc
 *
 * All are on the scale of plain columns. With the prior's partial columns x, S = row · x of the retrieval's row (column-operator.ts), V the prior's plain column up to the
 * retrieval's tropopause, and f = V / S:
 *
 *   value = f · (retrieved column − offset)     error = f · error     weights = f · row
 *
 * so that f · S of any run is compared with `value` exactly, and has the values of plain columns, which are smooth in space and time.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { DataError } from '../base/errors';
import type { Species } from '../base/species';
import { cfVariable, readCf, writeCf, type CfContents, type CfVariable } from '../files/netcdf/netcdf-cf';
import { instant, type Grid, type TimeAxis } from '../grid/grid';
import type { ColumnMethod } from './column-operator';

/** µmol mol-1 */
export const MICRO = 1e6;

/** What became of the pixels of a period. */
export interface ColumnCounts {
  /** pixels of the period's files, and those that passed the product's rules and lie on the grid */
  pixels: number;
  passed: number;
  /** the others by reason */
  leftOut: Record<string, number>;
  overpasses: number;
  /** those kept, of all cells and overpasses */
  superObservations: number;
  /** those left out, as the prior run has no layers in their hour */
  withoutLayers: number;
  /** those left out, as f is outside of {@link LARGEST_FACTOR} */
  factorOutside: number;
  /** those left out, as they are of no hour of the period after its spin-up */
  otherHours: number;
}

/** The largest f, and one over the smallest. */
export const LARGEST_FACTOR = 20;

/** In the layers of an hour: the instant at its beginning, and that at its end. */
export const [AT_BEGINNING, AT_END] = [1, 2];

/** The retrievals of one column of the case in one period, in the order of hours, then cells. */
export interface StoredColumns {
  species: Species;
  /** as `TROPOMI L2 NO2`; empty where no file is of the period */
  product: string;
  method: ColumnMethod;
  /** layers of the model */
  layers: number;
  /** Pa: mean of the retrievals; left out where the product's columns go up to the top */
  tropopause?: number;
  /** of each hour of the period: instants of the prior's layers that it has, {@link AT_BEGINNING} and {@link AT_END} added; 0: none */
  instants: Uint8Array;
  /** of the period, from 0; rising */
  hour: Int32Array;
  /** row · columns + column; rising within an hour */
  cell: Int32Array;
  /** µmol m-2 */
  value: Float32Array;
  /** µmol m-2, the standard deviation that the product states */
  error: Float32Array;
  /** how many are in the value */
  pixels: Int32Array;
  /** part of the air of the retrieved column, by pressure, above the model's top */
  uncovered: Float32Array;
  /** dimensionless, `[retrievals, layers]`: Σ weights · partial columns is compared with `value` */
  weights: Float32Array;
  counts: ColumnCounts;
}

export function columnStorePath(dir: string, period: string, species: Species): string {
  return join(dir, period, `columns-${species}.nc`);
}

/** @returns the file's path @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE` */
export function writeColumns(dir: string, period: string, columns: StoredColumns, { grid, time }: { grid: Grid; time: TimeAxis }): string {
  const path = columnStorePath(dir, period, columns.species);
  const { species, product, method, layers, tropopause, counts } = columns;
  writeCf(path, {
    dimensions: { time: time.count, retrieval: columns.hour.length, layer: layers },
    variables: [
      { name: 'instants', dimensions: ['time'], data: columns.instants, attributes: { long_name: INSTANTS } },
      ...(columns.hour.length > 0 ? retrievalVariables(columns, grid, time) : []),
    ],
    attributes: {
      title: `${species} of ${period}, ${product}`,
      featureType: 'point',
      species,
      product,
      method,
      layers,
      ...(tropopause === undefined ? {} : { tropopause_pressure_pa: tropopause }),
      counts: JSON.stringify(counts),
    },
  });
  return path;
}

const INSTANTS = 'instants of layers of the hour that the prior run has: 1 at its beginning, 2 at its end, 3 both';

function retrievalVariables(columns: StoredColumns, grid: Grid, time: TimeAxis): CfVariable[] {
  const units = 'umol m-2';
  const centres = Array.from(columns.cell, (cell) => grid.centre(Math.floor(cell / grid.cols), cell % grid.cols));
  const retrievalVariable = (name: string, data: CfVariable['data'], attributes: CfVariable['attributes']): CfVariable => ({
    name,
    dimensions: ['retrieval'],
    data,
    attributes: { ...attributes, ...(['lat', 'lon', 'hour'].includes(name) ? {} : { coordinates: 'hour lat lon' }) },
  });
  return [
    retrievalVariable('hour', columns.hour, {
      standard_name: 'time',
      long_name: 'beginning of the hour',
      units: `hours since ${instant(time.start)}`,
    }),
    retrievalVariable(
      'lat',
      Float64Array.from(centres, ({ lat }) => lat),
      { standard_name: 'latitude', units: 'degrees_north' },
    ),
    retrievalVariable(
      'lon',
      Float64Array.from(centres, ({ lon }) => lon),
      { standard_name: 'longitude', units: 'degrees_east' },
    ),
    retrievalVariable('cell', columns.cell, { long_name: 'cell of the grid, row * columns + column, from 0' }),
    retrievalVariable('value', columns.value, { long_name: 'retrieved column on the scale of plain columns of the prior run', units }),
    retrievalVariable('error', columns.error, { long_name: 'standard deviation of value by the product', units }),
    retrievalVariable('pixels', columns.pixels, { long_name: 'pixels in value' }),
    retrievalVariable('uncovered', columns.uncovered, { long_name: "part of the retrieved column's air above the model's top", units: '1' }),
    {
      name: 'weights',
      dimensions: ['retrieval', 'layer'],
      data: columns.weights,
      attributes: { long_name: 'weights of the partial columns of the model, the lowest layer first', units: '1', coordinates: 'hour lat lon' },
    },
  ];
}

/** The columns of a period, read whole. @throws {DataError} `PREPARED_MISSING`, and what reading a netCDF file throws */
export function readColumns(dir: string, period: string, species: Species): StoredColumns {
  const path = existingPath(dir, period, species);
  return columnsIn(readCf(path), path);
}

/** {@link StoredColumns.instants} alone. @throws as {@link readColumns} */
export function readInstants(dir: string, period: string, species: Species): Uint8Array {
  const path = existingPath(dir, period, species);
  return Uint8Array.from(cfVariable(readCf(path, ['instants']), 'instants', path).data);
}

function existingPath(dir: string, period: string, species: Species): string {
  const path = columnStorePath(dir, period, species);
  if (existsSync(path)) return path;
  throw new DataError('PREPARED_MISSING', `${path}: the prepared store does not hold it: run prepare`);
}

function columnsIn(contents: Required<CfContents>, path: string): StoredColumns {
  const { attributes } = contents;
  const isEmpty = !contents.variables.some(({ name }) => name === 'hour');
  const data = (name: string): ArrayLike<number> => (isEmpty ? [] : cfVariable(contents, name, path).data);
  return {
    species: String(attributes.species),
    product: String(attributes.product),
    method: String(attributes.method) as ColumnMethod,
    layers: Number(attributes.layers),
    ...(attributes.tropopause_pressure_pa === undefined ? {} : { tropopause: Number(attributes.tropopause_pressure_pa) }),
    instants: Uint8Array.from(cfVariable(contents, 'instants', path).data),
    hour: Int32Array.from(data('hour')),
    cell: Int32Array.from(data('cell')),
    value: Float32Array.from(data('value')),
    error: Float32Array.from(data('error')),
    pixels: Int32Array.from(data('pixels')),
    uncovered: Float32Array.from(data('uncovered')),
    weights: Float32Array.from(data('weights')),
    counts: JSON.parse(String(attributes.counts)) as ColumnCounts,
  };
}
