/** Masks as files: a field of parts of cells, such as CMAQ_MASKS and the region files of ISAM, DESID and DDM-3D. */
import { DataError } from '../../base/errors';
import type { Grid } from '../../grid/grid';
import type { Case } from '../schema/case-schema';
import { readGeography } from './case-fields';
import { gridOf } from './case-grid';
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
