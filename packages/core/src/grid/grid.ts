/** A regular horizontal grid of the I/O API: a projection, an origin, a cell size, rows from south to north. */
import { expectObject, GridError } from '../base/errors';
import { EARTH_RADIUS, LATLON, parameterDistance, projectionOf, type CoordinateSystem, type Projection } from './projection';

/** XORIG, YORIG: the outer corner of cell (0, 0); XCELL, YCELL: m, or degrees on a lat-lon grid. */
export interface GridDefinition extends CoordinateSystem {
  name: string;
  xorig: number;
  yorig: number;
  xcell: number;
  ycell: number;
  cols: number;
  rows: number;
}

/** Steps that follow each other without a gap: step t begins at `start + t·stepSeconds`. 0 seconds: one field without time. */
export interface TimeAxis {
  start: Date;
  stepSeconds: number;
  count: number;
}

/** Instant at which a step begins. */
export function timeAt(axis: TimeAxis, step: number): Date {
  return new Date(axis.start.getTime() + step * axis.stepSeconds * 1000);
}

/** `2017-01-31T05:00Z`, for messages. */
export function instant(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString().replace(/:00\.000Z$/, 'Z');
}

const RADIANS = Math.PI / 180;

/** Part of a cell by which rounding may put a place beside the edge that it stands on: -179.9 is 0.99999999999994 cells of 0.1° east of -180. */
const ON_EDGE = 1e-9;

/** More than the globe has in cells of 2 km: what asks for more is a wrong number, and arrays of it would fill the memory. */
const MOST_CELLS = 2e8;

/**
 * @example
 * const grid = readGriddesc('GRIDDESC', 'cn27');
 * const cell = grid.cellAt(116.4, 39.9); // Beijing: { row, col }, or undefined outside the grid
 */
export class Grid {
  private readonly projection: Projection;

  /** @throws {GridError} `GRID_PROJECTION`, or `GRID_DEFINITION` for sizes that make no grid */
  constructor(readonly definition: Readonly<GridDefinition>) {
    expectObject(definition, 'new Grid: definition', 'the definition of a grid');
    const { name, gdtyp, xcell, ycell, cols, rows } = definition;
    if (!(xcell > 0 && ycell > 0 && cols > 0 && rows > 0 && Number.isInteger(cols) && Number.isInteger(rows))) {
      throw new GridError(
        'GRID_DEFINITION',
        `grid ${name}: expected cells larger than 0 and at least one row and column but received ${cols} x ${rows} cells of ${xcell} x ${ycell}: mend the GRIDDESC or the file's header`,
      );
    }
    if (gdtyp === LATLON && (xcell > 360 || ycell > 180)) {
      throw new GridError(
        'GRID_DEFINITION',
        `grid ${name}: cells of a lat-lon grid (GDTYP 1) are in degrees, but these are of ${xcell} x ${ycell}: give them in degrees, or the GDTYP of the projection that they are metres of`,
      );
    }
    if (cols * rows > MOST_CELLS) {
      throw new GridError(
        'GRID_DEFINITION',
        `grid ${name}: expected at most ${MOST_CELLS} cells but received ${cols} x ${rows}: mend the GRIDDESC or the file's header`,
      );
    }
    this.projection = usable(definition);
  }

  get rows(): number {
    return this.definition.rows;
  }

  get cols(): number {
    return this.definition.cols;
  }

  get name(): string {
    return this.definition.name;
  }

  /** By what x rises in a turn round the earth: 360 on a lat-lon grid, metres in an upright Mercator projection; undefined in others. */
  get turn(): number | undefined {
    return this.projection.turn;
  }

  /** Projection coordinates (m; degrees on a lat-lon grid); where x comes back in a {@link turn}, that which is nearest to the grid's middle. */
  toXY(lon: number, lat: number): [x: number, y: number] {
    const [x, y] = this.projection.forward(lon, lat);
    if (this.turn === undefined) return [x, y];
    const { xorig, xcell, cols } = this.definition;
    const west = xorig + (cols * xcell - this.turn) / 2;
    return [x - this.turn * Math.floor((x - west) / this.turn), y];
  }

  /** The other way: longitude from −180 to 180 and latitude of projection coordinates. */
  toLonLat(x: number, y: number): [lon: number, lat: number] {
    const [lon, lat] = this.projection.inverse(x, y);
    return [lon - 360 * Math.floor((lon + 180) / 360), lat];
  }

  /** The cell that holds a place (its western and southern edges belong to it, to {@link ON_EDGE}); undefined outside the grid. */
  cellAt(lon: number, lat: number): { row: number; col: number } | undefined {
    const { xorig, yorig, xcell, ycell, cols, rows } = this.definition;
    const [x, y] = this.toXY(lon, lat);
    const east = (x - xorig) / xcell;
    const row = Math.floor((y - yorig) / ycell + ON_EDGE);
    // What lies just west of the grid's western edge is its own turn's end.
    const turn = (this.turn ?? Infinity) / xcell;
    const col = Math.floor(east + ON_EDGE >= turn ? east - turn + ON_EDGE : east + ON_EDGE);
    return col >= 0 && col < cols && row >= 0 && row < rows ? { row, col } : undefined;
  }

  /** Longitude (-180 … 180) and latitude of a cell's centre; fractions give places between centres, -0.5 the outer edge. */
  centre(row: number, col: number): { lon: number; lat: number } {
    const { xorig, yorig, xcell, ycell } = this.definition;
    const [lon, lat] = this.toLonLat(xorig + (col + 0.5) * xcell, yorig + (row + 0.5) * ycell);
    return { lon, lat };
  }

  /**
   * Area of a cell of that row, m². On a projected grid XCELL·YCELL, as CMAQ takes it (the map-scale factor is ignored);
   * on a lat-lon grid that of the spherical rectangle.
   */
  cellArea(row: number): number {
    const { gdtyp, yorig, xcell, ycell } = this.definition;
    if (gdtyp !== LATLON) return xcell * ycell;
    const south = Math.sin((yorig + row * ycell) * RADIANS);
    const north = Math.sin((yorig + (row + 1) * ycell) * RADIANS);
    return EARTH_RADIUS * EARTH_RADIUS * xcell * RADIANS * (north - south);
  }

  /** A length as numbers of cells [along rows (north), along columns (east)]; on a lat-lon grid at the latitude of the middle row. */
  lengthInCells(km: number): [number, number] {
    const { gdtyp, xcell, ycell } = this.definition;
    if (gdtyp !== LATLON) return [(1000 * km) / ycell, (1000 * km) / xcell];
    const degrees = (1000 * km) / (EARTH_RADIUS * RADIANS);
    const { lat } = this.centre((this.rows - 1) / 2, 0);
    return [degrees / ycell, degrees / (xcell * Math.cos(lat * RADIANS))];
  }

  /** {@link cellArea} of the middle row: the area of every cell on a projected grid. */
  get cellAreaM2(): number {
    return this.cellArea((this.rows - 1) / 2);
  }

  /**
   * Refuses a file that is on another grid. Names may differ (MCIP writes `METCRO_…`), and parameters that the projection does not use;
   * GRIDDESC's three decimals are allowed for.
   *
   * @param remedy - what the user can do about it
   * @throws {GridError} `GRID_MISMATCH`, naming the first field that differs
   */
  assertSame(second: Grid, fileName: string, remedy = "give files on the case's grid, or name the other grid in the case"): void {
    const [thisDefinition, otherDefinition] = [this.definition, second.definition];
    const field = FIELDS.find(([key, tolerance]) => distance(key, thisDefinition, otherDefinition) > tolerance(thisDefinition));
    if (!field) return;
    const [key, , label] = field;
    throw new GridError(
      'GRID_MISMATCH',
      `${fileName}: expected the grid ${thisDefinition.name} with ${label} ${thisDefinition[key]} but received ${otherDefinition.name || 'a grid'} with ${label} ${otherDefinition[key]}: ${remedy}`,
    );
  }
}

/**
 * The projection of a definition whose numbers make one: proj4 throws errors of its own at numbers that are not finite, or become so.
 *
 * @throws {GridError} `GRID_PROJECTION`, `GRID_DEFINITION`
 */
function usable(definition: Readonly<GridDefinition>): Projection {
  const wrong = (problem: string, cause?: unknown): GridError =>
    new GridError('GRID_DEFINITION', `grid ${definition.name}: ${problem}: mend the GRIDDESC or the file's header`, { cause });
  const odd = FIELDS.find(([key]) => !Number.isFinite(definition[key]));
  if (odd) throw wrong(`expected ${odd[2]} to be a number but received ${definition[odd[0]]}`);
  const { xorig, yorig, xcell, ycell, cols, rows } = definition;
  try {
    const projection = projectionOf(definition);
    for (const [x, y] of [[xorig, yorig], [xorig + cols * xcell, yorig + rows * ycell]]) projection.inverse(x, y); // prettier-ignore
    return projection;
  } catch (cause) {
    if (cause instanceof GridError) throw cause;
    throw wrong('its numbers make no projection', cause);
  }
}

type NumericField = Exclude<keyof GridDefinition, 'name'>;

function distance(key: NumericField, a: Readonly<GridDefinition>, b: Readonly<GridDefinition>): number {
  switch (key) {
    case 'pAlp':
    case 'pBet':
    case 'pGam':
    case 'xcent':
    case 'ycent':
      return parameterDistance(key, a, b);
    default:
      return Math.abs(a[key] - b[key]);
  }
}

const exact = (): number => 0;
const angle = (): number => 1e-3;
const ofCell = (grid: Readonly<GridDefinition>): number => 1e-3 * Math.min(grid.xcell, grid.ycell);
/** A cell size that is wrong by so much moves the far edge by a thousandth of a cell. */
const ofCellSize = (grid: Readonly<GridDefinition>): number => ofCell(grid) / Math.max(grid.cols, grid.rows);

/** What makes two grids one, how closely, and how the header calls it. */
const FIELDS: [key: NumericField, tolerance: (grid: Readonly<GridDefinition>) => number, label: string][] = [
  ['cols', exact, 'NCOLS'],
  ['rows', exact, 'NROWS'],
  ['gdtyp', exact, 'GDTYP'],
  ['pAlp', angle, 'P_ALP'],
  ['pBet', angle, 'P_BET'],
  ['pGam', angle, 'P_GAM'],
  ['xcent', angle, 'XCENT'],
  ['ycent', angle, 'YCENT'],
  ['xorig', ofCell, 'XORIG'],
  ['yorig', ofCell, 'YORIG'],
  ['xcell', ofCellSize, 'XCELL'],
  ['ycell', ofCellSize, 'YCELL'],
];

/**
 * Cross points are cells. Dot points are the corners of cells: a dot grid (METDOT, GRIDDOT2D) has one row and one column more, and its outer corner lies half a
 * cell to the south-west of that of the cells.
 */
export type Stagger = 'cross' | 'dot';

/**
 * A grid inside a larger one: files on a parent domain are read where the case's cells are. Where it lies: the parent's cell (or dot point) that is its first.
 */
export interface GridWindow {
  row: number;
  col: number;
  stagger: Stagger;
}

/** Cells whose edges are apart by less than this part of a cell are one; GRIDDESC holds three decimals. */
const ALIGNED = 1e-3;

/** The grid whose cells are centred on the corners of a grid's cells. */
export function dotGrid(grid: Grid): Grid {
  const { xorig, yorig, xcell, ycell, cols, rows } = grid.definition;
  return new Grid({ ...grid.definition, xorig: xorig - xcell / 2, yorig: yorig - ycell / 2, cols: cols + 1, rows: rows + 1 });
}

/**
 * Finds a grid, or with `allowDots` its dot points, in the grid of a file.
 *
 * @throws {GridError} `GRID_MISMATCH` for another projection or cell size, for cells that are not aligned to a thousandth of a cell, and where
 *   the file's grid does not hold all of the grid; each with the numbers
 */
export function windowIn(parent: Grid, grid: Grid, fileName: string, allowDots = false): GridWindow {
  const { cols, rows, xorig, yorig } = parent.definition;
  grid.assertSame(new Grid({ ...parent.definition, cols: grid.cols, rows: grid.rows, xorig: grid.definition.xorig, yorig: grid.definition.yorig }), fileName); // prettier-ignore
  const corner = { col: (grid.definition.xorig - xorig) / grid.definition.xcell, row: (grid.definition.yorig - yorig) / grid.definition.ycell };
  const halves = [corner.col, corner.row].every((offset) => Math.abs(offset - Math.floor(offset) - 0.5) <= ALIGNED);
  const stagger = allowDots && halves ? 'dot' : 'cross';
  const shift = stagger === 'dot' ? 0.5 : 0;
  const [col, row] = [Math.round(corner.col - shift), Math.round(corner.row - shift)];
  const remedy = cols === 1 && rows > 1 && grid.cols > 1 ? POINTS : "give files on the case's grid, or on one that holds it cell for cell";
  const refuse = (problem: string): GridError =>
    new GridError(
      'GRID_MISMATCH',
      `${fileName}: the case's grid ${grid.name} (XORIG ${grid.definition.xorig}, YORIG ${grid.definition.yorig}) ${problem} ${parent.name || 'grid'} (XORIG ${xorig}, YORIG ${yorig}, ${cols} x ${rows}): ${remedy}`,
    );
  if (Math.abs(corner.col - shift - col) > ALIGNED || Math.abs(corner.row - shift - row) > ALIGNED) {
    throw refuse(`begins ${places(corner.col)} columns and ${places(corner.row)} rows, no whole number, from the corner of the file's`);
  }
  const needed = { cols: grid.cols + 2 * shift, rows: grid.rows + 2 * shift };
  if (col < 0 || row < 0 || col + needed.cols > cols || row + needed.rows > rows) {
    throw refuse(`needs columns ${col} to ${col + needed.cols - 1} and rows ${row} to ${row + needed.rows - 1}, not all of which are in the file's`);
  }
  return { row, col, stagger };
}

/** SMOKE writes sources one below the other, on the grid's own corner: nothing else in the header tells them from fields. */
const POINTS = 'in-line point sources lie so: if the file is one of them, give it as a sector with stackGroups';

const places = (offset: number): string => String(Number(offset.toFixed(4)));
