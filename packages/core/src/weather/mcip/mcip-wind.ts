/**
 * What the wind directions of an I/O API file are against.
 *
 * MCIP (wind.f90, called by pblsup.f90) makes WDIR10 of the wind along WRF's grid, whose direction is D_grid:
 *
 *   D = D_grid + n·(λ − λc)
 *
 *   λ    longitude of the cell as WRF has it, −180 … 180; nothing is wrapped before the product
 *   λc   up to MCIP V4.3 (CMAQ 5.1): CEN_LON of the WRF run, which no header of MCIP's holds. From V4.4 (CMAQ 5.2): STAND_LON, which is P_GAM.
 *        Of MM5's input both are the same.
 *   n    Lambert conformal: of the cone, positive in the hemisphere of the run's centre (MOAD_CEN_LAT); polar stereographic: 1; Mercator: 0
 *
 * That is the direction against true north in the northern hemisphere, from V4.4 on, and nowhere else: in the south n has the wrong sign. What MCIP
 * did is therefore undone as it did it, and u and v are WRF's own. Files that MCIP did not make are taken at their word: against true north.
 *
 * @see https://github.com/USEPA/CMAQ, PREP/mcip/src: wind.f90, pblsup.f90, setup_wrfem.f90
 */
import type { NetcdfAttribute } from '@retroplume/native';

import type { Grid } from '../../grid/grid';
import { EQUATORIAL_MERCATOR, LAMBERT, LATLON, POLAR_STEREOGRAPHIC } from '../../grid/projection';
import { gridConvergence, type WindDirection } from '../../grid/wind';

type Attributes = Readonly<Record<string, NetcdfAttribute>>;

const PROCESSOR = /METEOROLOGY-CHEMISTRY INTERFACE PROCESSOR/i;
const VERSION = /\bMCIP\s+(V(\d+)\.(\d+)[.\d]*)/i;
/** Routines of MCIP that open files; V3.2 and earlier leave no other name. */
const ROUTINES = ['METCRO', 'METDOT', 'OUTCM3IO'];
/** The first version that turns by STAND_LON. */
const [MAJOR, MINOR] = [4, 4];
/** True latitudes closer than this make a tangent cone, degrees. */
const TANGENT = 0.1;
const RADIANS = Math.PI / 180;

/** How MCIP, or who else made a file, turned its directions. */
interface Rule extends Omit<WindDirection, 'turn'> {
  /** true north, or n and the longitude of MCIP's formula; undefined where they cannot be known */
  angle?: 'true north' | { n: number; referenceLon: number };
}

/**
 * @param headers - attributes of all files that are read together
 * @param grid - of what is read of them
 * @param cenLon - CEN_LON of the WRF run, where the user knows it
 */
export function windDirection(headers: readonly Attributes[], grid: Grid, cenLon?: number): WindDirection {
  const rules = new Map<string, Rule>();
  for (const header of headers) {
    const rule = ruleOf(header, grid, cenLon);
    const key = JSON.stringify(rule.angle ?? rule.description);
    if (!rules.has(key)) rules.set(key, rule);
  }
  const different = [...rules.values()];
  if (different.length > 1) {
    const kinds = different.map(({ description }) => description).join('; ');
    return { description: `the files do not have their wind directions alike (${kinds})`, remedy: `give files of one kind, or ${GIVE_DOTS}` };
  }
  const [{ angle, description, remedy }] = different;
  if (angle === undefined) return { description, remedy };
  return { turn: angle === 'true north' ? gridConvergence(grid) : turnBack(grid, angle.n, angle.referenceLon), description };
}

function ruleOf(attributes: Attributes, grid: Grid, cenLon: number | undefined): Rule {
  const description = textOf(attributes['FILEDESC']);
  const version = VERSION.exec(description);
  if (!version && !PROCESSOR.test(description) && !namesMcip(attributes)) {
    return { angle: 'true north', description: 'WDIR10 is taken against true north: by its header the file is not of MCIP' };
  }
  const name = version ? `MCIP ${version[1]}` : 'an MCIP whose version no header says';
  const unknown = `WDIR10 of ${name} cannot be turned to the grid`;
  const cone = coneOf(attributes, grid);
  if (typeof cone === 'string') return { description: `${unknown}: ${cone}`, remedy: GIVE_DOTS };
  const { n, remark } = cone;
  if (n === 0) return { angle: { n, referenceLon: 0 }, description: `WDIR10 of ${name} lies along the grid: ${remark}` };
  const reference = aboutOf(attributes, description, version, cenLon);
  if (typeof reference === 'string') return { description: `${unknown}: ${reference}`, remedy: `set meteorology.cenLon, or ${GIVE_DOTS}` };
  const formula = `n (lon - ${reference.name}), n ${short(n)}, ${reference.name} ${short(reference.lon)} (${reference.origin})`;
  return { angle: { n, referenceLon: reference.lon }, description: `WDIR10 of ${name} is turned back by ${formula}${remark}` };
}

const GIVE_DOTS = 'give METDOT3D beside it, whose winds lie along the grid';

function namesMcip(attributes: Attributes): boolean {
  return /^mcip/i.test(textOf(attributes['EXEC_ID'])) || ROUTINES.includes(textOf(attributes['UPNAM']));
}

/** n of the projection, and what is to be said of it; or why it is not known. */
function coneOf(attributes: Attributes, grid: Grid): { n: number; remark: string } | string {
  const [gdtyp, pAlp, pBet] = ['GDTYP', 'P_ALP', 'P_BET'].map((name) => numberOf(attributes[name])!);
  if (gdtyp === EQUATORIAL_MERCATOR) return { n: 0, remark: 'on a Mercator projection MCIP turns nothing' };
  if (gdtyp === LATLON) return { n: 0, remark: "a lat-lon grid's columns lead to true north" };
  if (gdtyp === POLAR_STEREOGRAPHIC) return { n: 1, remark: '' };
  if (gdtyp !== LAMBERT) return `MCIP has no formula for the projection GDTYP ${gdtyp}`;
  const side = pAlp + pBet < 0 ? -1 : 1;
  const corners = [0, grid.rows - 1].flatMap((row) => [0, grid.cols - 1].map((col) => grid.centre(row, col).lat));
  const middle = grid.centre((grid.rows - 1) / 2, (grid.cols - 1) / 2).lat;
  if (side * middle < 0)
    return 'the sign of n follows from MOAD_CEN_LAT of the WRF run, and the grid lies across the equator from its true latitudes';
  const crossesEquator = corners.some((lat) => side * lat < 0);
  const remarkOnMiddle = crossesEquator
    ? `, with MOAD_CEN_LAT of the WRF run ${side < 0 ? 'south' : 'north'} of the equator as the middle of the grid`
    : '';
  return { n: lambertCone(side * pAlp * RADIANS, side * pBet * RADIANS), remark: remarkOnMiddle };
}

/** @param first - true latitudes, radians, positive in the projection's hemisphere */
function lambertCone(first: number, second: number): number {
  if (Math.abs(first - second) <= TANGENT * RADIANS) return Math.sin(first);
  const tangent = (lat: number): number => Math.tan(Math.PI / 4 - lat / 2);
  return Math.log(Math.cos(first) / Math.cos(second)) / Math.log(tangent(first) / tangent(second));
}

interface About {
  name: 'STAND_LON' | 'CEN_LON';
  lon: number;
  /** where it is from */
  origin: string;
}

/** The longitude by which MCIP turned, or why it is not known. */
function aboutOf(attributes: Attributes, description: string, version: RegExpExecArray | null, cenLon: number | undefined): About | string {
  const standLon: About = { name: 'STAND_LON', lon: numberOf(attributes['P_GAM'])!, origin: 'P_GAM' };
  const [major, minor] = version ? [Number(version[2]), Number(version[3])] : [0, 0];
  const unused = cenLon === undefined ? '' : ', not meteorology.cenLon, which is of MCIP up to V4.3';
  if (major > MAJOR || (major === MAJOR && minor >= MINOR)) return { ...standLon, origin: `P_GAM${unused}` };
  if (cenLon !== undefined) return { name: 'CEN_LON', lon: cenLon, origin: 'meteorology.cenLon' };
  const headerLon = numberOf(attributes['CEN_LON']);
  if (version && headerLon !== undefined) return { name: 'CEN_LON', lon: headerLon, origin: 'of the header' };
  // MM5's cone factor in the south is its own.
  if (version && /\bMM5\b/.test(description) && numberOf(attributes['P_ALP'])! > 0) return { ...standLon, origin: 'P_GAM, of MM5' };
  return version
    ? 'up to V4.3 MCIP turns by n (lon - CEN_LON), and no header holds CEN_LON of the WRF run'
    : 'up to V4.3 MCIP turns by CEN_LON of the WRF run, later by STAND_LON, and which version it was is not said';
}

/** −n·(λ − λc): what brings MCIP's direction back to the grid. */
function turnBack(grid: Grid, n: number, referenceLon: number): Float64Array {
  return Float64Array.from(
    { length: grid.rows * grid.cols },
    (_, i) => n * (referenceLon - grid.centre(Math.floor(i / grid.cols), i % grid.cols).lon),
  );
}

function numberOf(value: NetcdfAttribute | undefined): number | undefined {
  const number = value === undefined || typeof value === 'string' ? Number.NaN : Number(value[0]);
  return Number.isFinite(number) ? number : undefined;
}

function textOf(value: NetcdfAttribute | undefined): string {
  const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join('') : '';
  return text.trim();
}

const short = (value: number): string => String(Number(value.toFixed(4)));
