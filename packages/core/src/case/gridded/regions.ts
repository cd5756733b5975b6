/** The grid of a case and its regions as masks on it. Masks of files are fields of parts of cells, such as CMAQ_MASKS and the region files of ISAM, DESID and DDM-3D. */
import { ConfigError, DataError } from '../../base/errors';
import type { Case } from '../schema/case-schema';
import type { Grid } from '../../grid/grid';
import { readGriddesc } from '../../grid/griddesc';
import { readGeography } from './case-fields';
import { IoapiSeries } from '../../files/ioapi/ioapi-series';
import { expandGlob } from '../../files/glob';

/** A variable of an I/O API file that holds the part of each cell, 0 to 1. */
interface MaskOfFile {
  file: string;
  variable: string;
}

/**
 * @returns the part of each cell, 0 to 1, `[H, W]`
 * @throws {DataError} `MASK_INVALID` if a part is not between 0 and 1, `FILE_MISSING`, `VARIABLE_MISSING` @throws {GridError} `GRID_MISMATCH`
 */
export function readMask({ file, variable }: MaskOfFile, grid: Grid): Float32Array {
  const series = IoapiSeries.open(expandGlob(file), { grid });
  try {
    const parts = readGeography(series, [variable]);
    const bad = parts.findIndex((part) => part < 0 || part > 1);
    if (bad < 0) return parts;
    const place = `row ${Math.floor(bad / grid.cols)}, column ${bad % grid.cols}`;
    throw new DataError(
      'MASK_INVALID',
      `${series.path}: ${variable} is ${parts[bad]} at ${place}: a part of a cell lies between 0 and 1; mend the file`,
    );
  } finally {
    series.close();
  }
}

/** The cells of which at least half lies in the mask, as a region. @throws as {@link readMask} */
export function drawMask(mask: MaskOfFile, grid: Grid): { cells: [row: number, first: number, last: number][] } {
  return { cells: spansOf(readMask(mask, grid), grid.cols) };
}

/**
 * Puts their cells in the place of regions that are masks, so that the case itself says which they are, wherever it goes: into the keys of stages, to
 * other jobs, into a bundle.
 *
 * @throws as {@link readMask}, and as `gridOf` where there is a mask
 */
export function drawMasks(settings: Pick<Case, 'grid' | 'regions'>): void {
  const masks = Object.entries(settings.regions).flatMap(([name, { mask }]) => (mask ? [{ name, mask }] : []));
  if (masks.length === 0) return;
  const grid = gridOf(settings);
  for (const { name, mask } of masks) settings.regions[name] = drawMask(mask, grid);
}

function spansOf(parts: Float32Array, cols: number): [row: number, first: number, last: number][] {
  const spans: [number, number, number][] = [];
  parts.forEach((part, cell) => {
    if (part < 0.5) return;
    const [row, col] = [Math.floor(cell / cols), cell % cols];
    const open = spans.at(-1);
    if (open?.[0] === row && open[2] === col - 1) open[2] = col;
    else spans.push([row, col, col]);
  });
  return spans;
}

/** @throws as {@link readGriddesc} */
export function gridOf({ grid: { griddesc, name } }: Pick<Case, 'grid'>): Grid {
  return readGriddesc(griddesc, name);
}

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
  const axisName = { rows: 'rows', cols: 'columns' }[key];
  throw new ConfigError(
    'REGION_OUTSIDE',
    `regions: ${key} [${span.join(', ')}] goes beyond the grid ${grid.definition.name}, whose ${grid[key]} ${axisName} are 0 to ${last}: end it at ${last} at most`,
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
  const west = polygon.reduce((minimum, [x]) => Math.min(minimum, x), Infinity);
  const east = polygon.reduce((maximum, [x]) => Math.max(maximum, x), -Infinity);
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
