/**
 * Level 3 on a grid of CMAQ's, as EPA's cmaqsatproc writes it: where its cells lie, and when the satellite passed over them.
 *
 * Its files hold neither corners nor times. The attribute `crs` is a PROJ string in cells: `x_0` and `y_0` are −XORIG and −YORIG, `to_meter` is XCELL, and the
 * coordinates COL and ROW count cells from the origin. The attribute `description` names the granules that were put on the grid. A granule's name tells when it
 * begins, and TROPOMI's when it ends: the time of a cell is the local solar time of the satellite's passes, as cmaqsatproc's own comparison with CMAQ takes it, held
 * within the granules; of a scan it is the mean of its granules' beginnings.
 *
 * @see https://github.com/barronh/cmaqsatproc, cmaq.py (get_proj4string) and readers/core.py (paths_to_level3)
 */
import { DataError } from '../../base/errors';
import type { CfAttributes } from '../../files/netcdf/netcdf-cf';
import { Grid } from '../../grid/grid';
import { EARTH_RADIUS, type CoordinateSystem } from '../../grid/projection';
import type { GranuleTimes } from './product';

const HOUR = 3_600_000;
/** Granules of one day's orbits, or of one scan, begin within so long of each other. */
const [ONE_DAY, ONE_SCAN] = [30 * HOUR, 1.2 * HOUR];

/**
 * @param rows - the coordinate ROW, of the cells' middles @param columns - COL
 * @throws {DataError} `COLUMN_GRID` where the file does not tell its grid
 */
export function gridOfCells(path: string, { crs }: CfAttributes, rows: ArrayLike<number>, columns: ArrayLike<number>): Grid {
  const terms = new Map(Array.from(String(crs ?? '').matchAll(/\+(\w+)=(\S+)/g), ([, key, value]) => [key, value]));
  const number = (key: string): number => Number(terms.get(key) ?? Number.NaN);
  const [cell, radius] = [number('to_meter'), number('R')];
  const projection = PROJECTIONS.get(terms.get('proj') ?? '')?.(number);
  const isWhole = [rows, columns].every((axis) => axis.length > 0 && Array.from(axis).every((value, i) => Math.abs(value - axis[0] - i) < 1e-6));
  if (
    !projection ||
    !(cell > 0) ||
    !isWhole ||
    Math.abs(radius - EARTH_RADIUS) > 1 ||
    ![...Object.values({ ...projection }), number('x_0'), number('y_0')].every(Number.isFinite)
  ) {
    throw new DataError(
      'COLUMN_GRID',
      `${path}: expected the attribute crs of a projected grid of cmaqsatproc, over a sphere of ${EARTH_RADIUS} m and with COL and ROW in cells, but received "${String(crs ?? '')}": make the file on the grid of the GRIDDESC (open_griddesc, csp.geodf)`,
    );
  }
  return new Grid({
    ...{ name: 'cells of level 3', ...projection, xcell: cell, ycell: cell, cols: columns.length, rows: rows.length },
    ...{ xorig: (columns[0] - 0.5) * cell - number('x_0'), yorig: (rows[0] - 0.5) * cell - number('y_0') },
  });
}

type Terms = (key: string) => number;
const lambert = (number: Terms): CoordinateSystem => ({ gdtyp: 2, pAlp: number('lat_1'), pBet: number('lat_2'), pGam: number('lon_0'), xcent: number('lon_0'), ycent: number('lat_0') }); // prettier-ignore
const stereographic = (number: Terms): CoordinateSystem => ({ gdtyp: 6, pAlp: Math.sign(number('lat_0')), pBet: number('lat_ts'), pGam: number('lon_0'), xcent: number('lon_0'), ycent: number('lat_0') }); // prettier-ignore
const mercator = (number: Terms): CoordinateSystem => ({ gdtyp: 7, pAlp: 0, pBet: 0, pGam: 0, xcent: number('lon_0'), ycent: 0 });
const PROJECTIONS = new Map([['lcc', lambert], ['stere', stereographic], ['merc', mercator]]); // prettier-ignore

interface Granule {
  /** ms since 1970 */
  begin: number;
  end: number;
}

/**
 * @returns ms since 1970 at a longitude
 * @throws {DataError} `COLUMN_OVERPASS` where no granule is named, or granules of several days or scans
 */
export function granuleTime(path: string, { description }: CfAttributes, { pattern, localHour }: GranuleTimes): (lon: number) => number {
  const granules = Array.from(String(description ?? '').matchAll(pattern), ([, begin, end]): Granule => ({
    begin: timeOf(begin),
    end: timeOf(end ?? begin),
  }));
  const [first, last] = [Math.min(...granules.map(({ begin }) => begin)), Math.max(...granules.map(({ begin }) => begin))];
  const isDaily = localHour !== undefined;
  if (granules.length === 0 || last - first > (isDaily ? ONE_DAY : ONE_SCAN)) {
    const received = granules.length === 0 ? 'none' : `${granules.length} from ${new Date(first).toISOString()} to ${new Date(last).toISOString()}`;
    throw new DataError(
      'COLUMN_OVERPASS',
      `${path}: expected granules of one ${isDaily ? 'day' : 'scan'} in the attribute description, which tell when the satellite passed, but received ${received}: make a file for each ${isDaily ? 'day' : 'scan'}, and keep its attributes`,
    );
  }
  if (!isDaily) return () => granules.reduce((sum, { begin }) => sum + begin / granules.length, 0);
  return (lon) => {
    const solar = (localHour - lon / 15) * HOUR;
    const passes = granules.map(({ begin, end }) => {
      const middle = (begin + end) / 2;
      const nearest = solar + 24 * HOUR * Math.round((middle - solar) / (24 * HOUR));
      const time = Math.max(begin, Math.min(end, nearest));
      return { time, distance: Math.abs(time - nearest) };
    });
    return passes.reduce((best, pass) => (pass.distance < best.distance ? pass : best)).time;
  };
}

/** ms since 1970 of `20190724T182020` */
function timeOf(text: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})$/.exec(text)!.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
