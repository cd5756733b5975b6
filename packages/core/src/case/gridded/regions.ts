/** Regions of a case as masks on the grid. */
import { ConfigError } from '../../base/errors';
import type { Case } from '../schema/case-schema';
import { drawMask } from './mask-file';
import type { Grid } from '../../grid/grid';

type Point = readonly [number, number];

/**
 * 1 in cells of the region, `[H, W]`: of a polygon those whose centre it holds, of a mask those of which half lies in it.
 *
 * @throws {ConfigError} `REGION_OUTSIDE` for rows or columns that the grid does not have; what `readMask` throws
 */
export function regionMask(region: Case['regions'][string], grid: Grid): Float32Array {
  if (region.mask) return regionMask(drawMask(region.mask, grid), grid);
  if (region.cells) return maskOfCells(region.cells, grid);
  for (const key of ['rows', 'cols'] as const) assertWithin(key, region[key], grid);
  const mask = new Float32Array(grid.rows * grid.cols);
  const contains = membership(region, grid);
  for (let row = 0; row < grid.rows; row++) {
    for (let col = 0; col < grid.cols; col++) mask[row * grid.cols + col] = contains(row, col) ? 1 : 0;
  }
  return mask;
}

/** {@link regionMask} of each. */
export function regionMasks(regions: Case['regions'], grid: Grid): { name: string; mask: Float32Array }[] {
  return Object.entries(regions).map(([name, region]) => ({ name, mask: regionMask(region, grid) }));
}

function maskOfCells(spans: NonNullable<Case['regions'][string]['cells']>, grid: Grid): Float32Array {
  const mask = new Float32Array(grid.rows * grid.cols);
  for (const [row, first, last] of spans) {
    assertWithin('rows', [row, row], grid);
    assertWithin('cols', [first, last], grid);
    mask.fill(1, row * grid.cols + first, row * grid.cols + last + 1);
  }
  return mask;
}

function assertWithin(key: 'rows' | 'cols', span: readonly [number, number] | undefined, grid: Grid): void {
  const last = grid[key] - 1;
  if (!span || span[1] <= last) return;
  const what = { rows: 'rows', cols: 'columns' }[key];
  throw new ConfigError(
    'REGION_OUTSIDE',
    `regions: ${key} [${span.join(', ')}] goes beyond the grid ${grid.definition.name}, whose ${grid[key]} ${what} are 0 to ${last}: end it at ${last} at most`,
  );
}

function membership({ polygon, rows, cols }: Case['regions'][string], grid: Grid): (row: number, col: number) => boolean {
  if (!polygon) return (row, col) => rows !== undefined && cols !== undefined && row >= rows[0] && row <= rows[1] && col >= cols[0] && col <= cols[1];
  const inside = insideOnGlobe(polygon);
  return (row, col) => {
    const { lon, lat } = grid.centre(row, col);
    return inside(lon, lat);
  };
}

/** Whether a polygon, whose longitudes may be those of a further turn (190 and 260 are -170 and -100), holds a place. */
function insideOnGlobe(polygon: readonly Point[]): (lon: number, lat: number) => boolean {
  const west = polygon.reduce((least, [x]) => Math.min(least, x), Infinity);
  const east = polygon.reduce((most, [x]) => Math.max(most, x), -Infinity);
  return (lon, lat) => {
    for (let x = lon - 360 * Math.floor((lon - west) / 360); x <= east; x += 360) if (insidePolygon(x, lat, polygon)) return true;
    return false;
  };
}

/** Even-odd rule: a ray to the east crosses the edges an odd number of times. */
export function insidePolygon(x: number, y: number, polygon: readonly Point[]): boolean {
  let inside = false;
  polygon.forEach(([x1, y1], i) => {
    const [x2, y2] = polygon[(i + 1) % polygon.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  });
  return inside;
}
