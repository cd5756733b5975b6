/** The coordinates of a CF file on a regular grid of longitudes and latitudes, such as ERA5's. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError, GridError } from '../../base/errors';
import { CF_UNITS, readUnpacked } from '../../files/netcdf/netcdf-cf';
import { holdsNumbers } from '../../files/netcdf/netcdf-access';
import { parseCfTimes } from './cf-time';
import type { LatLonAxes } from './regrid';

/** Names of the dimensions that hold time, latitudes and longitudes. */
interface CfDimensions {
  time: string;
  lat: string;
  lon: string;
}

/** Part of the spacing by which points may be uneven: coordinates are often in single precision. */
const UNEVEN = 1e-2;

const IS: Record<keyof CfDimensions, { units: RegExp; name: RegExp }> = {
  time: { units: CF_UNITS.time, name: /^(valid_)?time$/i },
  lat: { units: CF_UNITS.lat, name: /^lat(itude)?$/i },
  lon: { units: CF_UNITS.lon, name: /^lon(gitude)?$/i },
};

/**
 * The coordinates that are dimensions of a file: by their units, else by their names.
 *
 * @throws {DataError} `CF_AXES`
 */
export function cfDimensions(file: NetcdfFile, path: string): CfDimensions {
  const coordinates = file.variables.filter(
    (variable) => variable.dimensions.length === 1 && variable.dimensions[0] === variable.name && holdsNumbers(variable),
  );
  const find = (axis: keyof CfDimensions): string => {
    const unitsOf = (name: string): string => textOf(file, name, 'units') ?? '';
    const coordinate = coordinates.find(({ name }) => IS[axis].units.test(unitsOf(name))) ?? coordinates.find(({ name }) => IS[axis].name.test(name));
    if (coordinate) return coordinate.name;
    refuseProjected(file, path);
    const axisName = { time: 'time', lat: 'latitude', lon: 'longitude' }[axis];
    throw new DataError(
      'CF_AXES',
      `${path}: there is no coordinate of ${axisName} that is a dimension of its own: give files on a regular grid of longitudes and latitudes, with times`,
    );
  };
  return { time: find('time'), lat: find('lat'), lon: find('lon') };
}

/** @throws {DataError} `CF_AXES` */
function refuseProjected(file: NetcdfFile, path: string): void {
  const projection = projectionOfCf(file);
  if (projection === undefined) return;
  throw new DataError(
    'CF_AXES',
    `${path}: its fields lie on a projection (${projection}), not on longitudes and latitudes: bring them to those first (cdo remapbil)`,
  );
}

/** Standard names of axes that are no longitudes and latitudes. */
export const PROJECTED_AXIS = /^(projection_[xy]_coordinate|grid_(lat|long)itude)$/;

/** CF's name of the projection on which a file's fields lie; of an axis where it gives none; undefined where they lie on longitudes and latitudes, as far as it says. */
export function projectionOfCf(file: NetcdfFile): string | undefined {
  const mappings = new Set(file.variables.map(({ name }) => textOf(file, name, 'grid_mapping')?.split(/[:\s]/)[0]));
  const named = file.variables.filter(({ name }) => mappings.has(name)).map(({ name }) => textOf(file, name, 'grid_mapping_name'));
  const projection = named.find((name) => name !== undefined && name !== 'latitude_longitude');
  if (projection !== undefined) return projection;
  const standard = file.variables.map(({ name }) => textOf(file, name, 'standard_name') ?? '');
  return standard.find((name) => PROJECTED_AXIS.test(name));
}

/** Times of a file's records, ms since 1970, one at least. @throws {DataError} `CF_AXES`, `CF_TIME` */
export function cfTimes(file: NetcdfFile, path: string): number[] {
  const { time } = cfDimensions(file, path);
  const values = numbers(file, time);
  if (values.length === 0) throw new DataError('CF_TIME', `${path}: ${time} has no step: make the file again, or give another`);
  return parseCfTimes(values, textOf(file, time, 'units') ?? '', textOf(file, time, 'calendar'), `${path}: ${time}`);
}

/**
 * Longitudes, brought to rise over the seam of 180 or 360°, and latitudes in the file's order. A last longitude that is the first again (0 and 360) is
 * left out.
 *
 * @throws {GridError} `CF_UNEVEN` for points that are not evenly spaced
 */
export function latLonAxes(file: NetcdfFile, path: string): LatLonAxes {
  const { lat, lon } = cfDimensions(file, path);
  refuseProjected(file, path); // a rotated pole's own latitudes, too, may be called lat
  const lons = numbers(file, lon);
  for (let i = 1; i < lons.length; i++) if (lons[i] <= lons[i - 1]) lons[i] += 360 * Math.ceil((lons[i - 1] - lons[i] + 1e-9) / 360);
  const lats = numbers(file, lat);
  assertEven(lons, `${path}: ${lon}`);
  assertEven(lats, `${path}: ${lat}`);
  const step = (lons[lons.length - 1] - lons[0]) / (lons.length - 1);
  const cyclic = Math.abs(lons[lons.length - 1] - lons[0] - 360) < UNEVEN * step;
  return { lons: cyclic ? lons.subarray(0, -1) : lons, lats };
}

function assertEven(points: Float64Array, subject: string): void {
  const step = (points[points.length - 1] - points[0]) / (points.length - 1);
  const unevenAt = points.findIndex((point, i) => !(Math.abs(point - (points[0] + i * step)) <= UNEVEN * Math.abs(step)));
  if (points.length > 1 && step !== 0 && unevenAt < 0) return;
  const problem = points.length < 2 ? `there is only ${points.length}` : `point ${Math.max(unevenAt, 0)} is at ${points[Math.max(unevenAt, 0)]}`;
  throw new GridError('CF_UNEVEN', `${subject}: expected evenly spaced points but ${problem}: bring the file to a regular grid first (cdo remapbil)`);
}

function numbers(file: NetcdfFile, name: string): Float64Array {
  return Float64Array.from(readUnpacked(file, name));
}

export function textOf(file: NetcdfFile, variable: string, attribute: string): string | undefined {
  const value = file.attributes(variable).get(attribute);
  return typeof value === 'string' ? value.replace(/[\s\0]+$/, '') : Array.isArray(value) ? value.join('') : undefined;
}
