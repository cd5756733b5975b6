/** Where the case's grid lies in WRF's: found from the latitudes and longitudes of WRF's cells, whatever its projection attributes say. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError, GridError } from '../../base/errors';
import type { Grid } from '../../grid/grid';
import { holdsNumbers } from '../../files/netcdf/netcdf-access';

/** WRF keeps places in single precision and computes them in it: 1e-4° is 11 m. */
const PLACE_ERROR_M = 30;
const METRES_OF_DEGREE = 111e3;
/** Part of a cell that WRF's cells may lie beside the case's. */
const ALIGNED = 0.02;

const PLACES = [
  ['XLAT', 'XLONG'],
  ['XLAT_M', 'XLONG_M'],
];

/** Where WRF's mass points are, `[rows, cols]` degrees. */
interface WrfPlaces {
  names: readonly string[];
  rows: number;
  cols: number;
  lats: Float32Array;
  lons: Float32Array;
}

/** The row and column of WRF's mass points that is the case's first. */
export interface WrfWindow {
  row: number;
  col: number;
}

/**
 * The window of each file. The files of a run, of which there may be one for each hour of a month, have the same places: these are compared with the grid once.
 *
 * @throws {DataError} `WRF_GRID` if a file says no places
 * @throws {GridError} `GRID_MISMATCH` if WRF's cells are not the case's, or do not hold them all
 */
export function windowsInWrf<T extends { file: NetcdfFile; path: string }>(files: readonly T[], grid: Grid): ReadonlyMap<T, WrfWindow> {
  let cached: { places: WrfPlaces; window: WrfWindow } | undefined;
  return new Map(
    files.map((item) => {
      const places = placesOf(item.file, item.path);
      if (!cached || !areSame(places, cached.places)) cached = { places, window: windowAt(places, grid, item.path) };
      return [item, cached.window];
    }),
  );
}

function areSame(a: WrfPlaces, b: WrfPlaces): boolean {
  const sameDegrees = (first: Float32Array, second: Float32Array): boolean => first.every((degrees, i) => degrees === second[i]);
  return a.rows === b.rows && a.cols === b.cols && sameDegrees(a.lats, b.lats) && sameDegrees(a.lons, b.lons);
}

/** Latitude and longitude of WRF's mass points, as they are called in a file. @throws {DataError} `WRF_GRID` */
export function placeNames(file: NetcdfFile, path: string): readonly string[] {
  const names = PLACES.find((pair) =>
    pair.every((name) =>
      file.variables.some(
        (variable) => variable.name === name && holdsNumbers(variable) && variable.dimensions.slice(-2).join(' ') === 'south_north west_east',
      ),
    ),
  );
  if (names) return names;
  throw new DataError(
    'WRF_GRID',
    `${path}: there is no XLAT and XLONG on south_north and west_east: give WRF's own output, with all its coordinates, or add them from wrfinput or geo_em (ncks -A -v XLAT,XLONG)`,
  );
}

function placesOf(file: NetcdfFile, path: string): WrfPlaces {
  const names = placeNames(file, path);
  const shape = file.shape(names[0]);
  const [rows, cols] = shape.slice(-2);
  const [lats, lons] = names.map((name) => file.read<Float32Array>(name, shape.map(() => 0), [...shape.slice(0, -2).map(() => 1), rows, cols])); // prettier-ignore
  return { names, rows, cols, lats, lons };
}

function windowAt({ names, rows, cols, lats, lons }: WrfPlaces, grid: Grid, path: string): WrfWindow {
  const { xorig, yorig, xcell, ycell, gdtyp } = grid.definition;
  const unit = gdtyp === 1 ? METRES_OF_DEGREE : 1;
  const tolerance = Math.max(ALIGNED, PLACE_ERROR_M / (Math.min(xcell, ycell) * unit));
  /** Column and row of a WRF cell, counted in the case's grid. */
  const placeOf = (cell: number): [number, number] => {
    const [x, y] = grid.toXY(lons[cell], lats[cell]);
    return [(x - xorig) / xcell - 0.5, (y - yorig) / ycell - 0.5];
  };
  const turn = grid.turn === undefined ? undefined : grid.turn / xcell;
  /** A distance in columns, or the nearest by which a turn round the earth is the same place. */
  const nearest = (columns: number): number => (turn === undefined ? columns : columns - turn * Math.round(columns / turn));
  const [firstCol, firstRow] = placeOf(0);
  // WRF's first cell may lie west of the case's first, not east of it.
  const [col, row] = [-Math.round(turn === undefined ? firstCol : firstCol - turn * Math.ceil((firstCol - 0.5) / turn)), -Math.round(firstRow)];
  const refuse = (problem: string): GridError =>
    new GridError(
      'GRID_MISMATCH',
      `${path}: ${problem}: describe WRF's own grid, or a part of it, in the GRIDDESC (MCIP's GRIDDESC will do), or make the fields on the case's grid`,
    );
  if (!Number.isFinite(col) || !Number.isFinite(row)) throw refuse(`the first cell is at ${names[0]} ${lats[0]}, ${names[1]} ${lons[0]}`);
  for (let cell = 0; cell < rows * cols; cell++) {
    const [atCol, atRow] = placeOf(cell);
    const [dx, dy] = [nearest(atCol + col - (cell % cols)), atRow + row - Math.floor(cell / cols)];
    if (Math.max(Math.abs(dx), Math.abs(dy)) <= tolerance) continue;
    // Cells far outside the case's grid may lie where its projection is of no use.
    if (!isInside(cell, cols, row, col, grid)) continue;
    throw refuse(
      `WRF's cells are not those of the case's grid ${grid.name}: row ${Math.floor(cell / cols)}, column ${cell % cols} lies ${dx.toFixed(3)} columns and ${dy.toFixed(3)} rows beside one`,
    );
  }
  if (row < 0 || col < 0 || row + grid.rows > rows || col + grid.cols > cols) {
    throw refuse(
      `the case's grid ${grid.name} needs columns ${col} to ${col + grid.cols - 1} and rows ${row} to ${row + grid.rows - 1}, but WRF's has ${cols} x ${rows}`,
    );
  }
  return { row, col };
}

function isInside(cell: number, cols: number, row: number, col: number, grid: Grid): boolean {
  const [r, c] = [Math.floor(cell / cols) - row, (cell % cols) - col];
  return r >= 0 && r < grid.rows && c >= 0 && c < grid.cols;
}
