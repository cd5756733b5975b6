/** A grid as CF describes it (coordinates, grid mapping), and back. */
import {
  ALBERS,
  EARTH_RADIUS,
  EQUATORIAL_MERCATOR,
  GENERAL_MERCATOR,
  GENERAL_STEREOGRAPHIC,
  LAMBERT,
  LATLON,
  POLAR_STEREOGRAPHIC,
  TRANSVERSE_MERCATOR,
  UTM,
  polarSecant,
  projectionOf,
  utmMeridian,
} from '../../grid/projection';
import { Grid, type GridDefinition, type TimeAxis } from '../../grid/grid';
import { DataError } from '../../base/errors';
import type { CfAttributes, CfVariable } from './netcdf-cf';

const NUMBERS = ['gdtyp', 'pAlp', 'pBet', 'pGam', 'xcent', 'ycent', 'xorig', 'yorig', 'xcell', 'ycell', 'cols', 'rows'] as const;

/** Name of the variable that holds the grid mapping. */
export const CRS = 'crs';

/** Attributes of a data variable on y and x, by which programs know where it lies. */
export const ON_GRID = { grid_mapping: CRS, coordinates: 'lat lon' } as const;

/**
 * @returns dimensions y and x, their coordinates, and the variables crs, lon and lat; give data variables the attributes {@link ON_GRID}
 *
 * @example
 * const { dimensions, coordinates, variables } = cfGrid(grid);
 * const map = { name: 'NO2', dimensions: ['y', 'x'], data, attributes: ON_GRID };
 * writeCf('map.nc', { dimensions, coordinates, variables: [...variables, map] });
 */
export function cfGrid(grid: Grid): { dimensions: Record<string, number>; coordinates: CfVariable[]; variables: CfVariable[] } {
  const { rows, cols, definition: g } = grid;
  const latLon = g.gdtyp === LATLON;
  const axis = (name: 'x' | 'y', origin: number, cell: number, count: number): CfVariable => ({
    name,
    dimensions: [name],
    data: Float64Array.from({ length: count }, (_, i) => origin + (i + 0.5) * cell),
    attributes: latLon
      ? { standard_name: name === 'x' ? 'longitude' : 'latitude', units: name === 'x' ? 'degrees_east' : 'degrees_north', axis: name.toUpperCase() }
      : { standard_name: `projection_${name}_coordinate`, units: 'm', axis: name.toUpperCase() },
  });
  const centres = Array.from({ length: rows * cols }, (_, i) => grid.centre(Math.floor(i / cols), i % cols));
  const place = (name: 'lon' | 'lat'): CfVariable => ({
    name,
    dimensions: ['y', 'x'],
    data: Float64Array.from(centres, (centre) => centre[name]),
    attributes: { standard_name: name === 'lon' ? 'longitude' : 'latitude', units: name === 'lon' ? 'degrees_east' : 'degrees_north' },
  });
  return {
    dimensions: { y: rows, x: cols },
    coordinates: [axis('y', g.yorig, g.ycell, rows), axis('x', g.xorig, g.xcell, cols)],
    variables: [{ name: CRS, dimensions: [], data: new Int32Array(1), attributes: gridMapping(g) }, place('lat'), place('lon')],
  };
}

/** Data variables on y and x, and all that places them: what a file of them holds beside its dimensions. */
export function onGrid(grid: Grid, fields: readonly CfVariable[]): { coordinates: CfVariable[]; variables: CfVariable[] } {
  const { coordinates, variables } = cfGrid(grid);
  return { coordinates, variables: [...variables, ...fields.map((field) => ({ ...field, attributes: { ...field.attributes, ...ON_GRID } }))] };
}

/** CF's grid mapping, and beside it the I/O API's own parameters, from which {@link gridFromCf} makes the same grid again. */
function gridMapping(g: Readonly<GridDefinition>): CfAttributes {
  const attributes: CfAttributes = { ioapi_name: g.name };
  for (const key of NUMBERS) attributes[`ioapi_${key}`] = g[key];
  const sphere = { earth_radius: EARTH_RADIUS };
  if (g.gdtyp === LATLON) return { grid_mapping_name: 'latitude_longitude', ...sphere, ...attributes };
  // x and y are counted from XCENT, YCENT, which need not be where the projection counts from.
  const [x0, y0] = projectionOf(g).origin;
  return { ...mappingOf(g), false_easting: -x0, false_northing: -y0, ...sphere, ...attributes };
}

/** CF's name and parameters of a projection (CF conventions, appendix F). */
function mappingOf(g: Readonly<GridDefinition>): CfAttributes {
  const meridian = { longitude_of_central_meridian: g.pGam };
  const transverse = (scale: number, central: number): CfAttributes => ({
    grid_mapping_name: 'transverse_mercator',
    scale_factor_at_central_meridian: scale,
    longitude_of_central_meridian: central,
    latitude_of_projection_origin: 0,
  });
  const conic = { standard_parallel: Float64Array.of(g.pAlp, g.pBet), ...meridian, latitude_of_projection_origin: g.ycent };
  switch (g.gdtyp) {
    case LAMBERT:
      return { grid_mapping_name: 'lambert_conformal_conic', ...conic };
    case ALBERS:
      return { grid_mapping_name: 'albers_conical_equal_area', ...conic };
    case POLAR_STEREOGRAPHIC:
      return {
        grid_mapping_name: 'polar_stereographic',
        latitude_of_projection_origin: g.pAlp < 0 ? -90 : 90,
        standard_parallel: polarSecant(g),
        straight_vertical_longitude_from_pole: g.pGam,
      };
    case EQUATORIAL_MERCATOR:
      return { grid_mapping_name: 'mercator', standard_parallel: g.pAlp, longitude_of_projection_origin: g.pGam };
    case GENERAL_MERCATOR:
      if (g.pGam === 90) return transverse(1, g.pBet);
      return { grid_mapping_name: 'mercator', standard_parallel: 0, longitude_of_projection_origin: g.pBet };
    case TRANSVERSE_MERCATOR:
      return transverse(g.pBet, g.pGam);
    case UTM:
      return transverse(0.9996, utmMeridian(g.pAlp));
    case GENERAL_STEREOGRAPHIC:
      return {
        grid_mapping_name: 'stereographic',
        latitude_of_projection_origin: g.pAlp,
        longitude_of_projection_origin: g.pBet,
        scale_factor_at_projection_origin: 1,
      };
    default:
      return {
        grid_mapping_name: 'lambert_azimuthal_equal_area',
        latitude_of_projection_origin: g.pAlp,
        longitude_of_projection_origin: g.pGam,
      };
  }
}

/** @throws {DataError} `CF_GRID` if the attributes of crs do not hold a grid of ours */
export function gridFromCf(attributes: CfAttributes | undefined, path: string): Grid {
  const values = NUMBERS.map((key) => attributes?.[`ioapi_${key}`]);
  const name = attributes?.ioapi_name;
  if (typeof name !== 'string' || values.some((value) => typeof value !== 'number')) {
    throw new DataError('CF_GRID', `${path}: the variable ${CRS} does not describe a grid of Retroplume: make the file again`);
  }
  return new Grid({ name, ...Object.fromEntries(NUMBERS.map((key, i) => [key, values[i]])) } as unknown as GridDefinition);
}

/** The time coordinate: beginnings of the steps. */
export function cfTime(time: TimeAxis): CfVariable {
  const units = `seconds since ${time.start.toISOString().replace('T', ' ').replace('.000Z', '')}`;
  return {
    name: 'time',
    dimensions: ['time'],
    data: Float64Array.from({ length: time.count }, (_, step) => step * time.stepSeconds),
    attributes: {
      standard_name: 'time',
      long_name: 'beginning of the step, UTC',
      units,
      calendar: 'standard',
      axis: 'T',
      step_seconds: time.stepSeconds,
    },
  };
}

/** @throws {DataError} `CF_TIME` */
export function timeFromCf(variable: CfVariable, path: string): TimeAxis {
  const units = variable.attributes?.units;
  const match = typeof units === 'string' ? /^seconds since (\S+) (\S+)$/.exec(units) : null;
  const start = new Date(match ? `${match[1]}T${match[2]}Z` : Number.NaN);
  const stepSeconds = variable.attributes?.step_seconds;
  if (Number.isNaN(start.getTime()) || typeof stepSeconds !== 'number') {
    throw new DataError('CF_TIME', `${path}: the time axis "${String(units)}" is not one of Retroplume: make the file again`);
  }
  return { start, stepSeconds, count: variable.data.length };
}
