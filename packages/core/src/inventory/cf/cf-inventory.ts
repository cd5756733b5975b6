/** Emission inventories as CF has them: mass (or moles) per area and time on latitudes and longitudes, by month or without time (CEDS, EDGAR, TROPESS). */
import type { NetcdfFile } from '@retroplume/native';

import { DataError, UnitError } from '../../base/errors';
import { LatLonCells } from '../../grid/lat-lon-cells';
import { parseUnit } from '../../units/units';
import { latitudeEdges, longitudeEdges } from '../../files/netcdf/cf-cell-edges';
import { spansOfTime, type TimeSpan } from '../../files/netcdf/cf-time';
import {
  CF_UNITS,
  cfContents,
  cfVariable,
  numericVariable,
  plain,
  unpacked,
  type CfContents,
  type CfData,
  type CfVariable,
} from '../../files/netcdf/netcdf-cf';
import { openNetcdf, reading } from '../../files/netcdf/netcdf-access';

export interface CfInventory {
  path: string;
  variable: string;
  cells: LatLonCells;
  /** as the file has it, or as {@link readCfInventory} was told */
  units: string;
  /** of each step; none for a field without time */
  spans: TimeSpan[];
  /** part of all values that are missing */
  missing: number;
  /** `[steps or 1][rows, cols]`, not negative; what is missing in the file is 0 */
  fields: Float64Array[];
}

/** An inventory whose fields are read when they are asked for: those of 0.1° and twelve months are of 600 MB. */
export interface InventoryFile extends Omit<CfInventory, 'fields'> {
  steps: number;
  /** a step's, as in {@link CfInventory} */
  field: (step: number) => Float64Array;
}

/**
 * Reads an inventory whole.
 *
 * @param units - in place of the file's, where that is a spelling of its own (`kgN/m2/s`)
 * @throws {DataError} `VARIABLE_MISSING`, `CF_DIMENSIONS` for other dimensions than (time, lat, lon), `CF_BOUNDS` for cells whose edges are not known or that overlap,
 *   `CF_TIME`, `NEGATIVE`, `NOT_FINITE`; {@link UnitError} `UNIT_UNKNOWN`, `UNIT_MISMATCH` for what is no flux per area
 *
 * @example
 * const { cells, fields, units } = readCfInventory('CEDS_NOx_2017.nc', 'NOx_emissions');
 * const january = fields[0].map((flux, i) => flux * cells.area(Math.floor(i / cells.cols), i % cells.cols)); // kg s-1 per cell
 */
export function readCfInventory(path: string, variable: string, units?: string): CfInventory {
  const { steps, field, ...head } = openCfInventory(path, variable, units);
  return { ...head, fields: Array.from({ length: steps }, (_, step) => field(step)) };
}

/** Reads all of the variable once, a step at a time, and keeps none. Parameters and errors: {@link readCfInventory}. */
export function openCfInventory(path: string, variable: string, units?: string): InventoryFile {
  return withFile(path, (file) => {
    const { dimensions } = numericVariable(file, variable);
    const [lat, lon] = dimensions.slice(-2) as [string, string];
    const [time, ...otherDimensions] = stepsOver(file, variable, dimensions.slice(0, -2));
    const places = axesOf(
      file,
      [lat, lon].filter((name) => file.variable(name)),
    );
    if (dimensions.length < 2 || !isAxis(places, lat, CF_UNITS.lat) || !isAxis(places, lon, CF_UNITS.lon) || otherDimensions.length > 0) {
      throw new DataError(
        'CF_DIMENSIONS',
        `${path}: ${variable}: expected (time, lat, lon) or (lat, lon), with degrees_north and degrees_east as the units of lat and lon, but received (${dimensions.join(', ')}): bring it into that form`,
      );
    }
    const unit = units ?? textOf(file, variable, 'units');
    assertFlux(path, variable, unit);
    const [rows, width] = file.shape(variable).slice(-2);
    const steps = time === undefined ? 1 : file.shape(variable)[dimensions.indexOf(time)];
    const slabs = function* (): Generator<CfData> {
      for (let step = 0; step < steps; step++) yield slabOf(file, variable, step);
    };
    const axis = (name: string): CfVariable => cfVariable(places, name, path);
    const cells = new LatLonCells(latitudeEdges(path, places, axis(lat)), longitudeEdges(path, places, axis(lon), slabs()));
    let [missing, step] = [0, 0];
    for (const slab of slabs()) missing += emitted(slab, { path, variable, step: step++, cols: cells.cols }, width).missing;
    const spans = time === undefined ? [] : spansOfTime(path, ...timeOf(file, time));
    return {
      path,
      variable,
      cells,
      units: unit,
      spans,
      steps,
      missing: missing / (steps * rows * cells.cols),
      field: (wanted) =>
        withFile(path, (reopened) => emitted(slabOf(reopened, variable, wanted), { path, variable, step: wanted, cols: cells.cols }, width).field),
    };
  });
}

function withFile<T>(path: string, call: (file: NetcdfFile) => T): T {
  const file = openNetcdf(path);
  try {
    return reading(path, () => call(file));
  } finally {
    file.close();
  }
}

/** Axes with their bounds, and nothing else of the file. @throws {DataError} `VARIABLE_MISSING` */
function axesOf(file: NetcdfFile, names: readonly string[]): Required<CfContents> {
  const present = names.filter((name) => file.variable(name));
  const bounds = present.map((name) => textOf(file, name, 'bounds')).filter((name) => name !== '');
  return cfContents(file, [...names, ...bounds]);
}

const textOf = (file: NetcdfFile, name: string, attribute: string): string => String(plain(file.attributes(name))[attribute] ?? '');

function timeOf(file: NetcdfFile, name: string): [CfContents, CfVariable] {
  const contents = axesOf(file, [name]);
  return [contents, cfVariable(contents, name, file.path)];
}

/** `[rows, cols]` of the file. */
function slabOf(file: NetcdfFile, variable: string, step: number): CfData {
  const leading = file.shape(variable).slice(0, -2);
  const first = leading.map((length) => (length === 1 ? 0 : step));
  const raw = file.read(variable, [...first, 0, 0], [...leading.map(() => 1), ...file.shape(variable).slice(-2)]);
  return unpacked(raw, plain(file.attributes(variable)), `${file.path}: ${variable}`);
}

/** What is emitted, without columns of the file that are none of the cells', and how many values are missing. @throws {DataError} `NEGATIVE`, `NOT_FINITE` */
function emitted(
  slab: CfData,
  { path, variable, step, cols }: { path: string; variable: string; step: number; cols: number },
  width: number,
): { field: Float64Array; missing: number } {
  const field = new Float64Array((slab.length / width) * cols);
  let missing = 0;
  for (let i = 0; i < field.length; i++) {
    const [row, col] = [Math.floor(i / cols), i % cols];
    const value = slab[row * width + col];
    if (value >= 0 && value < Infinity) field[i] = value;
    else if (Number.isNaN(value)) missing++;
    else {
      throw new DataError(
        Number.isFinite(value) ? 'NEGATIVE' : 'NOT_FINITE',
        `${path}: ${variable} is ${value} at step ${step}, row ${row}, column ${col}: an inventory emits 0 or more: mend the file`,
      );
    }
  }
  return { field, missing };
}

function isAxis({ coordinates = [] }: CfContents, name: string, units: RegExp): boolean {
  return coordinates.some((coordinate) => coordinate.name === name && units.test(String(coordinate.attributes?.units)));
}

/** Of the dimensions before latitude and longitude those that are time, or of more than one step; what is left, a level or a sector of its own, is none. */
function stepsOver(file: NetcdfFile, variable: string, dimensions: readonly string[]): string[] {
  const shape = file.shape(variable);
  const isTime = (name: string): boolean => file.variable(name) !== undefined && CF_UNITS.time.test(textOf(file, name, 'units'));
  return dimensions.filter((name, i) => shape[i] > 1 || isTime(name));
}

function assertFlux(path: string, variable: string, units: string): void {
  const [mass, amount, length, time] = parseUnit(units, `${path}: ${variable}`).dimension;
  if (mass + amount === 1 && length === -2 && time === -1) return;
  throw new UnitError(
    'UNIT_MISMATCH',
    `${path}: ${variable} is in "${units}" but a flux such as "kg m-2 s-1" was expected: set the unit that the values are really in`,
  );
}
