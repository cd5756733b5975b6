/**
 * Map projections of the Models-3 I/O API on its sphere.
 *
 * GDTYP and what P_ALP, P_BET, P_GAM, XCENT, YCENT mean for each (I/O API documentation, "Horizontal grids and coordinate systems"):
 *
 *   1 lat-lon             none; x, y are degrees
 *   2 Lambert conformal   P_ALP <= P_BET secant latitudes, P_GAM central meridian, XCENT, YCENT origin
 *   6 polar stereographic P_ALP 1 north, -1 south; P_BET secant latitude, P_GAM meridian, XCENT, YCENT origin
 *   7 equatorial Mercator P_ALP latitude of true scale, P_GAM central meridian, XCENT, YCENT origin
 *
 * The sphere of 6370 km is what WRF, MCIP and CMAQ use; latitudes are taken as they are, without a datum shift.
 */
import proj4 from 'proj4';

import { GridError } from '../errors';

/** Radius of the sphere of WRF, MCIP and CMAQ, m. */
export const EARTH_RADIUS = 6370000;

export const LATLON = 1;
export const LAMBERT = 2;
export const POLAR_STEREOGRAPHIC = 6;
export const EQUATORIAL_MERCATOR = 7;

const NAMES: Record<number, string> = {
  3: 'general Mercator',
  4: 'general stereographic',
  5: 'UTM',
  8: 'transverse Mercator',
  9: 'Albers equal-area',
  10: 'Lambert azimuthal equal-area',
};

/** Coordinates of the grid's projection (m, or degrees on a lat-lon grid) from longitude and latitude, and back. */
export interface Projection {
  forward(lon: number, lat: number): [x: number, y: number];
  inverse(x: number, y: number): [lon: number, lat: number];
}

/** The parameters of a coordinate system, as GRIDDESC and the I/O API header hold them. */
export interface CoordinateSystem {
  gdtyp: number;
  pAlp: number;
  pBet: number;
  pGam: number;
  xcent: number;
  ycent: number;
}

/** PROJ's words for a coordinate system; undefined for lat-lon. */
function projString({ gdtyp, pAlp, pBet, pGam, ycent }: CoordinateSystem): string | undefined {
  const sphere = `+a=${EARTH_RADIUS} +b=${EARTH_RADIUS} +units=m +no_defs`;
  switch (gdtyp) {
    case LATLON:
      return undefined;
    case LAMBERT:
      return `+proj=lcc +lat_1=${pAlp} +lat_2=${pBet} +lat_0=${ycent} +lon_0=${pGam} ${sphere}`;
    case POLAR_STEREOGRAPHIC:
      return `+proj=stere +lat_0=${pAlp < 0 ? -90 : 90} +lat_ts=${pBet} +lon_0=${pGam} ${sphere}`;
    case EQUATORIAL_MERCATOR:
      return `+proj=merc +lat_ts=${pAlp} +lon_0=${pGam} ${sphere}`;
    default:
      throw new GridError(
        'GRID_PROJECTION',
        `grid: GDTYP ${gdtyp} (${NAMES[gdtyp] ?? 'unknown'}) is not supported: use lat-lon (1), Lambert conformal (2), polar stereographic (6) or equatorial Mercator (7)`,
      );
  }
}

/**
 * The projection of a coordinate system, with XCENT, YCENT at its origin.
 *
 * @throws {GridError} `GRID_PROJECTION` for a GDTYP that is not 1, 2, 6 or 7
 */
export function projectionOf(system: CoordinateSystem): Projection {
  const definition = projString(system);
  if (definition === undefined) return { forward: (lon, lat) => [lon, lat], inverse: (x, y) => [x, y] };
  const converter = proj4(`+proj=longlat +a=${EARTH_RADIUS} +b=${EARTH_RADIUS} +no_defs`, definition);
  // XCENT may differ from P_GAM, and YCENT isn't a parameter of every projection: move the origin there.
  const [x0, y0] = converter.forward([system.xcent, system.ycent]);
  return {
    forward: (lon, lat) => {
      const [x, y] = converter.forward([lon, lat]);
      return [x - x0, y - y0];
    },
    inverse: (x, y) => {
      const [lon, lat] = converter.inverse([x + x0, y + y0]);
      return [lon, lat];
    },
  };
}
