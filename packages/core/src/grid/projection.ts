/**
 * Map projections of the Models-3 I/O API on its sphere.
 *
 * GDTYP and what P_ALP, P_BET, P_GAM mean for each; XCENT, YCENT are the longitude and latitude of the origin except where another is said
 * (I/O API documentation, "Horizontal grids and coordinate systems"; for 3 and 4, of which it has two readings, that of MCIP's coord.f90):
 *
 *   1 lat-lon              none; x, y are degrees
 *   2 Lambert conformal    P_ALP <= P_BET secant latitudes, P_GAM central meridian
 *   3 general Mercator     P_ALP, P_BET latitude and longitude inside the tangent circle, P_GAM angle from the pole to the cylinder's axis:
 *                          0 (Mercator, tangent at the equator) or 90 (transverse, tangent along the meridian P_BET)
 *   4 general stereographic  P_ALP, P_BET latitude and longitude of the tangent point, P_GAM angle from north to the y axis: 0
 *   5 UTM                  P_ALP the zone, negative in the south; XCENT, YCENT metres, taken off the UTM coordinates
 *   6 polar stereographic  P_ALP 1 north, -1 south; P_BET secant latitude, with or without the sign of the south, P_GAM meridian
 *   7 equatorial Mercator  P_ALP latitude of true scale, P_GAM central meridian
 *   8 transverse Mercator  P_BET scale on the central meridian, P_GAM central meridian
 *   9 Albers equal-area    P_ALP <= P_BET secant latitudes, P_GAM central meridian
 *  10 Lambert azimuthal equal-area  P_ALP, P_GAM latitude and longitude of the tangent point
 *
 * The sphere of 6370 km is what WRF, MCIP and CMAQ use; latitudes are taken as they are, without a datum shift.
 */
import proj4 from 'proj4';

import { GridError } from '../base/errors';

/** Radius of the sphere of WRF, MCIP and CMAQ, m. */
export const EARTH_RADIUS = 6370000;

export const LATLON = 1;
export const LAMBERT = 2;
export const POLAR_STEREOGRAPHIC = 6;
export const EQUATORIAL_MERCATOR = 7;
export const GENERAL_MERCATOR = 3;
export const GENERAL_STEREOGRAPHIC = 4;
export const UTM = 5;
export const TRANSVERSE_MERCATOR = 8;
export const ALBERS = 9;
const AZIMUTHAL_EQUAL_AREA = 10;

/** Coordinates of the grid's projection (m, or degrees on a lat-lon grid) from longitude and latitude, and back. */
export interface Projection {
  forward(lon: number, lat: number): [x: number, y: number];
  inverse(x: number, y: number): [lon: number, lat: number];
  /** Where the projection's own coordinates (without false easting and northing) are at x, y = 0, m. */
  readonly origin: readonly [x: number, y: number];
  /** By what x rises in a turn round the earth, where that is along a parallel (lat-lon, upright Mercator). */
  readonly turn?: number;
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

type Difference = (a: number, b: number) => number;
const size: Difference = (a, b) => Math.abs(a - b);
/** Of longitudes: 263 is -97. */
const turn: Difference = (a, b) => Math.abs(a - b - 360 * Math.round((a - b) / 360));
const hemisphere: Difference = (a, b) => (a < 0 === b < 0 ? 0 : Infinity);
/** Of a secant latitude whose hemisphere another parameter says. */
const unsigned: Difference = (a, b) => Math.abs(Math.abs(a) - Math.abs(b));

const ORIGIN = { xcent: turn, ycent: size };
const CONIC = { pAlp: size, pBet: size, pGam: turn, ...ORIGIN };

/** The parameters that the projection of each GDTYP uses, and how far two values of one are apart; in the others files may hold anything. */
const USED: Readonly<Record<number, { readonly [K in keyof CoordinateSystem]?: Difference } | undefined>> = {
  [LAMBERT]: CONIC,
  [GENERAL_MERCATOR]: { pBet: turn, pGam: size, ...ORIGIN },
  [GENERAL_STEREOGRAPHIC]: { pAlp: size, pBet: turn, pGam: size, ...ORIGIN },
  [UTM]: { pAlp: size, xcent: size, ycent: size },
  [POLAR_STEREOGRAPHIC]: { pAlp: hemisphere, pBet: unsigned, pGam: turn, ...ORIGIN },
  [EQUATORIAL_MERCATOR]: { pAlp: unsigned, pGam: turn, ...ORIGIN },
  [TRANSVERSE_MERCATOR]: { pBet: size, pGam: turn, ...ORIGIN },
  [ALBERS]: CONIC,
  [AZIMUTHAL_EQUAL_AREA]: { pAlp: size, pGam: turn, ...ORIGIN },
};

/** How far two systems of one GDTYP are apart in a parameter, in its unit; 0 in what the projection does not use. */
export function parameterDistance(key: Exclude<keyof CoordinateSystem, 'gdtyp'>, a: CoordinateSystem, b: CoordinateSystem): number {
  return USED[a.gdtyp]?.[key]?.(a[key], b[key]) ?? 0;
}

/**
 * PROJ's words for a coordinate system, before its origin is moved to XCENT, YCENT (and without UTM's false easting); undefined for lat-lon.
 *
 * @throws {GridError} `GRID_PROJECTION`
 */
export function projString({ gdtyp, pAlp, pBet, pGam, ycent }: CoordinateSystem): string | undefined {
  const projection = ((): string | undefined => {
    switch (gdtyp) {
      case LAMBERT:
        return `lcc +lat_1=${pAlp} +lat_2=${pBet} +lat_0=${ycent} +lon_0=${pGam}`;
      case GENERAL_MERCATOR:
        if (pGam === 0) return `merc +lon_0=${pBet}`;
        if (pGam === 90) return transverseMercator(1, pBet);
        throw refused(gdtyp, `a cylinder inclined by P_GAM ${pGam}°`, 'only 0 (Mercator) and 90 (transverse) are read');
      case GENERAL_STEREOGRAPHIC:
        if (pGam === 0) return `stere +lat_0=${pAlp} +lon_0=${pBet}`;
        throw refused(gdtyp, `a y axis turned by P_GAM ${pGam}°`, 'only 0 is read');
      case UTM:
        if (Number.isInteger(pAlp) && pAlp !== 0 && Math.abs(pAlp) <= 60) {
          return transverseMercator(0.9996, utmMeridian(pAlp));
        }
        throw refused(gdtyp, `the UTM zone P_ALP ${pAlp}`, 'zones are 1 to 60, negative in the south');
      case POLAR_STEREOGRAPHIC:
        return `stere +lat_0=${pAlp < 0 ? -90 : 90} +lat_ts=${polarSecant({ pAlp, pBet })} +lon_0=${pGam}`;
      case EQUATORIAL_MERCATOR:
        return `merc +lat_ts=${pAlp} +lon_0=${pGam}`;
      case TRANSVERSE_MERCATOR:
        if (pBet > 0) return transverseMercator(pBet, pGam);
        throw refused(gdtyp, `a scale factor P_BET ${pBet}`, 'it is larger than 0, and mostly 1');
      case ALBERS:
        return `aea +lat_1=${pAlp} +lat_2=${pBet} +lat_0=${ycent} +lon_0=${pGam}`;
      case AZIMUTHAL_EQUAL_AREA:
        return `laea +lat_0=${pAlp} +lon_0=${pGam}`;
      default:
        return undefined;
    }
  })();
  // proj4's form of laea for a sphere gives NaN (2.22.0): an earth that is a tenth of a millimetre flat takes its other form.
  const polarRadius = gdtyp === AZIMUTHAL_EQUAL_AREA ? EARTH_RADIUS - 1e-4 : EARTH_RADIUS;
  // x_0 and y_0 are said because proj4's aea and laea have no default for them.
  if (projection !== undefined) return `+proj=${projection} +x_0=0 +y_0=0 +a=${EARTH_RADIUS} +b=${polarRadius} +units=m +no_defs`;
  if (gdtyp === LATLON) return undefined;
  throw new GridError(
    'GRID_PROJECTION',
    `grid: GDTYP ${gdtyp} is not a projection that is read: use lat-lon (1), Lambert conformal (2), Mercator (3, 7, 8), stereographic (4, 6), UTM (5), Albers (9) or Lambert azimuthal equal-area (10)`,
  );
}

/** False easting of UTM, and northing in the south, m. */
const [UTM_EASTING, UTM_SOUTH] = [500000, 10000000];

/** Secant latitude of a polar stereographic projection, degrees: proj4 takes it as it stands, and one of the other hemisphere makes another projection. */
export function polarSecant({ pAlp, pBet }: Pick<CoordinateSystem, 'pAlp' | 'pBet'>): number {
  return pAlp < 0 ? -Math.abs(pBet) : Math.abs(pBet);
}

/** Central meridian of a UTM zone, degrees. */
export const utmMeridian = (zone: number): number => 6 * Math.abs(zone) - 183;

/** +approx is exact on a sphere; proj4 asks for it there. */
const transverseMercator = (scale: number, meridian: number): string => `tmerc +approx +lat_0=0 +k_0=${scale} +lon_0=${meridian}`;

function refused(gdtyp: number, parameter: string, rule: string): GridError {
  return new GridError('GRID_PROJECTION', `grid: ${parameter} is not read for GDTYP ${gdtyp}: ${rule}; mend the GRIDDESC or the file's header`);
}

/**
 * The projection of a coordinate system, with XCENT, YCENT at its origin.
 *
 * @throws {GridError} `GRID_PROJECTION` for a GDTYP that is not 1 to 10, or parameters that it is not read with
 */
export function projectionOf(system: CoordinateSystem): Projection {
  const definition = projString(system);
  if (definition === undefined) return { forward: (lon, lat) => [lon, lat], inverse: (x, y) => [x, y], origin: [0, 0], turn: 360 };
  const converter = proj4(`+proj=longlat +a=${EARTH_RADIUS} +b=${EARTH_RADIUS} +no_defs`, definition);
  // XCENT may differ from the central meridian, and YCENT isn't a parameter of every projection: move the origin there.
  const { gdtyp, pAlp, xcent, ycent } = system;
  const [x0, y0] = gdtyp === UTM ? [xcent - UTM_EASTING, ycent - (pAlp < 0 ? UTM_SOUTH : 0)] : converter.forward([xcent, ycent]);
  return {
    forward: (lon, lat) => {
      const [x, y] = converter.forward([lon, lat]);
      return [x - x0, y - y0];
    },
    inverse: (x, y) => {
      const [lon, lat] = converter.inverse([x + x0, y + y0]);
      return [lon, lat];
    },
    origin: [x0, y0],
    ...turnOf(system),
  };
}

/** Of the cylinders that stand upright. */
function turnOf({ gdtyp, pAlp, pGam }: CoordinateSystem): Pick<Projection, 'turn'> {
  const trueScale = gdtyp === EQUATORIAL_MERCATOR ? pAlp : gdtyp === GENERAL_MERCATOR && pGam === 0 ? 0 : undefined;
  return trueScale === undefined ? {} : { turn: 2 * Math.PI * EARTH_RADIUS * Math.cos((trueScale * Math.PI) / 180) };
}
