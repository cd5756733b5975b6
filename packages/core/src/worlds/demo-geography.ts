import { smoothRandomField } from '../grid/correlation';
import { Grid } from '../grid/grid';
import { type Random } from '../base/random';

/** The land of the demo: one made-up coast in the middle of an ocean, all fields `[rows, cols]` south to north. */
export interface DemoGeography {
  grid: Grid;
  /** degrees east */
  lon: Float32Array;
  /** degrees north */
  lat: Float32Array;
  /** terrain height (m), 0 over the sea */
  height: Float32Array;
  /** 1 land, 0 water, as MCIP's LWMASK */
  land: Float32Array;
  /** signed distance from the coast (km), positive on land; approximate */
  inlandKm: Float64Array;
  /** metres east and north of the grid's centre */
  x: Float64Array;
  y: Float64Array;
}

const CELL_M = 27000;

/** The demo's grid: Lambert conformal 30/45 N about 40 W, 36 N (open Atlantic: plainly no real place), 27 km cells, centred. */
function demoGrid(rows: number, cols: number): Grid {
  return new Grid({
    name: 'DEMO',
    gdtyp: 2,
    pAlp: 30,
    pBet: 45,
    pGam: -40,
    xcent: -40,
    ycent: 36,
    xorig: (-cols * CELL_M) / 2,
    yorig: (-rows * CELL_M) / 2,
    xcell: CELL_M,
    ycell: CELL_M,
    cols,
    rows,
  });
}

/**
 * Land in the west, sea in the east behind a winding coast, mountains rising towards the north-west.
 * Lengths are in kilometres, so a smaller grid is a smaller piece of the same kind of land.
 */
export function makeDemoGeography(rows: number, cols: number, random: Random): DemoGeography {
  const grid = demoGrid(rows, cols);
  const size = rows * cols;
  const coastNoise = smoothRandomField(rows, cols, 4.5, random.fork('coast'));
  const ridge = smoothRandomField(rows, cols, 4, random.fork('ridge'));
  const geography: DemoGeography = {
    grid,
    lon: new Float32Array(size),
    lat: new Float32Array(size),
    height: new Float32Array(size),
    land: new Float32Array(size),
    inlandKm: new Float64Array(size),
    x: new Float64Array(size),
    y: new Float64Array(size),
  };
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const i = row * cols + col;
      const centre = grid.centre(row, col);
      geography.lon[i] = centre.lon;
      geography.lat[i] = centre.lat;
      geography.x[i] = (col + 0.5 - cols / 2) * CELL_M;
      geography.y[i] = (row + 0.5 - rows / 2) * CELL_M;
      // the mean coast lies at 72 % of the width and leans north-east
      const east = (col + 0.5) / cols - 0.72 - 0.15 * ((row + 0.5) / rows - 0.5);
      geography.inlandKm[i] = (CELL_M / 1000) * (-east * cols + 3 * coastNoise[i]);
      geography.land[i] = geography.inlandKm[i] > 0 ? 1 : 0;
      const northWest = (row + 0.5) / rows - (col + 0.5) / cols;
      const mountain = Math.max(0, 0.9 * northWest + 0.15 * ridge[i] - 0.05);
      geography.height[i] = geography.land[i] * (10 + 1600 * mountain ** 1.3 * Math.min(1, geography.inlandKm[i] / 150));
    }
  }
  return geography;
}
