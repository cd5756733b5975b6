/** Whether a place may lie on a grid, told quickly: most pixels of an orbit lie far from it. */
import type { Grid } from '../grid/grid';

/** Degrees beyond the grid's edge: more than a pixel is wide. */
const MARGIN = 1;
/** Degrees of longitude beyond which a grid is taken to go round the earth. */
const ROUND = 300;

/**
 * @returns false for places that certainly lie farther than a pixel from the grid; by the latitudes and longitudes of its edge, so that a place for which it is true
 *   need not lie on it
 */
export function nearGrid(grid: Grid): (lon: number, lat: number) => boolean {
  const { rows, cols } = grid;
  const middle = grid.centre((rows - 1) / 2, (cols - 1) / 2).lon;
  const east = (lon: number): number => ((((lon - middle + 180) % 360) + 360) % 360) - 180;
  const edge = [
    ...Array.from({ length: cols + 1 }, (_, i) => [-0.5, i - 0.5, rows - 0.5, i - 0.5]),
    ...Array.from({ length: rows + 1 }, (_, i) => [i - 0.5, -0.5, i - 0.5, cols - 0.5]),
  ].flatMap(([row, col, otherRow, otherCol]) => [grid.centre(row, col), grid.centre(otherRow, otherCol)]);
  const latitudes = edge.map(({ lat }) => lat);
  const longitudes = edge.map(({ lon }) => east(lon));
  const [south, north] = [
    grid.cellAt(middle, -90) ? -90 : Math.min(...latitudes) - MARGIN,
    grid.cellAt(middle, 90) ? 90 : Math.max(...latitudes) + MARGIN,
  ];
  // A degree of longitude is short far from the equator.
  const wide = MARGIN / Math.max(0.05, Math.cos((Math.max(Math.abs(south), Math.abs(north)) * Math.PI) / 180));
  const [westward, eastward] = [Math.min(...longitudes) - wide, Math.max(...longitudes) + wide];
  const isRound = eastward - westward > ROUND || south === -90 || north === 90;
  return (lon, lat) => lat >= south && lat <= north && (isRound || (east(lon) >= westward && east(lon) <= eastward));
}
