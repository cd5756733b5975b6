/** Emission inventories as CF has them: mass (or moles) per area and time on latitudes and longitudes, by month or without time (CEDS, EDGAR, TROPESS). */
import { DataError, UnitError } from '../errors';
import { LatLonCells } from '../grid/lat-lon-cells';
import { parseUnit } from '../units';
import { latitudeEdges, longitudeEdges } from './cf-cell-edges';
import { spansOfTime, type TimeSpan } from './cf-time-spans';
import { cfVariable, readCf, type CfContents, type CfVariable } from './netcdf-cf';

export interface CfInventory {
  path: string;
  variable: string;
  cells: LatLonCells;
  /** as the file has it, or as {@link readCfInventory} was told */
  units: string;
  /** of each step; none for a field without time */
  spans: TimeSpan[];
  /** `[steps or 1][rows, cols]`, not negative; what is missing in the file is 0 */
  fields: Float64Array[];
  /** part of all values that are missing */
  missing: number;
}

/**
 * @param units - in place of the file's, where that is a spelling of its own (`kgN/m2/s`)
 * @throws {DataError} `VARIABLE_MISSING`, `CF_DIMENSIONS` for other dimensions than (time, lat, lon), `CF_BOUNDS` for cells whose edges are not known or that overlap,
 *   `CF_TIME`, `NEGATIVE`, `NOT_FINITE`; {@link UnitError} `UNIT_UNKNOWN`, `UNIT_MISMATCH` for what is no flux per area
 */
export function readCfInventory(path: string, variable: string, units?: string): CfInventory {
  const contents = readCf(path);
  const { dimensions, data, attributes = {} } = cfVariable(contents, variable, path);
  const axis = (name: string): CfVariable => cfVariable(contents, name, path);
  const time = dimensions.length === 3 ? dimensions[0] : undefined;
  const [lat, lon] = dimensions.slice(-2) as [string, string];
  if (dimensions.length < 2 || !isAxis(contents, lat, 'degrees_north') || !isAxis(contents, lon, 'degrees_east') || dimensions.length > 3) {
    throw new DataError(
      'CF_DIMENSIONS',
      `${path}: ${variable}: expected (time, lat, lon) or (lat, lon), with degrees_north and degrees_east as the units of lat and lon, but received (${dimensions.join(', ')}): bring it into that form`,
    );
  }
  const unit = units ?? String(attributes.units ?? '');
  assertFlux(path, variable, unit);
  const cells = new LatLonCells(latitudeEdges(path, contents, axis(lat)), longitudeEdges(path, contents, axis(lon), data));
  const [perStep, width] = [cells.rows * cells.cols, axis(lon).data.length];
  const steps = data.length / (cells.rows * width);
  let missing = 0;
  const fields = Array.from({ length: steps }, (_, step) =>
    Float64Array.from({ length: perStep }, (_, i) => {
      const value = data[(step * cells.rows + Math.floor(i / cells.cols)) * width + (i % cells.cols)];
      if (value >= 0 && value < Infinity) return value;
      if (Number.isNaN(value)) {
        missing++;
        return 0;
      }
      throw new DataError(
        Number.isFinite(value) ? 'NEGATIVE' : 'NOT_FINITE',
        `${path}: ${variable} is ${value} at step ${step}, row ${Math.floor(i / cells.cols)}, column ${i % cells.cols}: an inventory emits 0 or more: mend the file`,
      );
    }),
  );
  const spans = time === undefined ? [] : spansOfTime(path, contents, axis(time));
  return { path, variable, cells, units: unit, spans, fields, missing: missing / (steps * perStep) };
}

function isAxis({ coordinates = [] }: CfContents, name: string, units: string): boolean {
  return coordinates.some((each) => each.name === name && String(each.attributes?.units).toLowerCase().startsWith(units.slice(0, 9)));
}

function assertFlux(path: string, variable: string, units: string): void {
  const [mass, amount, length, time] = parseUnit(units, `${path}: ${variable}`).dimension;
  if (mass + amount === 1 && length === -2 && time === -1) return;
  throw new UnitError(
    'UNIT_MISMATCH',
    `${path}: ${variable} is in "${units}" but a flux such as "kg m-2 s-1" was expected: set the unit that the values are really in`,
  );
}
