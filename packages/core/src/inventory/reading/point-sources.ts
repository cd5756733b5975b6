/**
 * In-line point files (CMAQ's STK_EMIS with STACK_GROUPS, as SMOKE writes them) as emissions on a grid: the file holds n sources in a grid of 1 x n, and the
 * stack groups say where they stand.
 */
import { IoapiFile, type IoapiReader } from '../../files/ioapi/ioapi-file';
import type { IoapiVariable } from '../../files/ioapi/ioapi-header';
import { REST } from '../../case';
import { DataError } from '../../base/errors';
import type { Grid, TimeAxis } from '../../grid/grid';
import { atSources, factorLookup, type FactorLookup, type FactorSpan } from '../scaling/emission-factors';
import { openFiles, type SectorFiles } from './emission-reader';
import type { RegionMasks } from '../scaling/mass-budget';
import { assertHolds } from './sector-groups';

/** Where the sources of an in-line point file stand on the grid of the case. */
export interface Points {
  stackGroups: string[];
  grid: Grid;
}

/** The points of a sector; undefined where its files are gridded. */
export function pointsOf({ stackGroups }: Pick<SectorFiles, 'stackGroups'>, grid: Grid): Points | undefined {
  return stackGroups === undefined ? undefined : { stackGroups, grid };
}

/** Where the sources of one file of stack groups stand. @throws {DataError} `VARIABLE_MISSING`, `STACK_GROUPS` */
function placesOf(path: string): { lat: Float32Array; lon: Float32Array } {
  const file = IoapiFile.open(path);
  try {
    const [lat, lon] = ['LATITUDE', 'LONGITUDE'].map((name) => file.read(name, 0, 1, 0));
    lat.forEach((latitude, source) => {
      if (Math.abs(latitude) <= 90 && Math.abs(lon[source]) <= 360) return;
      throw new DataError('STACK_GROUPS', `${path}: source ${source + 1} is at latitude ${latitude}, longitude ${lon[source]}: mend the file`);
    });
    return { lat, lon };
  } finally {
    file.close();
  }
}

/**
 * The cell of each source, −1 outside the grid.
 *
 * @param stackGroups - one file, or several (a file a day) with the same sources in the same order
 * @throws {DataError} `VARIABLE_MISSING`, `STACK_GROUPS`
 */
function cellsOfStacks([first, ...remaining]: readonly string[], grid: Grid): Int32Array {
  const places = placesOf(first);
  for (const path of remaining) assertSamePlaces(path, placesOf(path), first, places);
  const cells = Int32Array.from(places.lat, (lat, source) => {
    const cell = grid.cellAt(places.lon[source], lat);
    return cell ? cell.row * grid.cols + cell.col : -1;
  });
  if (cells.some((cell) => cell >= 0)) return cells;
  throw new DataError('STACK_GROUPS', `${first}: none of its ${cells.length} sources lies on the grid ${grid.name}: give the stacks of this domain`);
}

/** One set of places serves all hours: sources that move would have their emissions put where others stood. */
function assertSamePlaces(path: string, { lat, lon }: ReturnType<typeof placesOf>, first: string, expected: ReturnType<typeof placesOf>): void {
  const refused = (problem: string): DataError =>
    new DataError(
      'STACK_GROUPS',
      `${path}: expected ${problem}: stacks that change from day to day are not supported: give files whose groups are the same on all days, or the sector as gridded emissions`,
    );
  if (lat.length !== expected.lat.length) throw refused(`the ${expected.lat.length} sources of ${first} but received ${lat.length}`);
  const moved = lat.findIndex((latitude, source) => latitude !== expected.lat[source] || lon[source] !== expected.lon[source]);
  if (moved < 0) return;
  throw refused(
    `source ${moved + 1} at latitude ${expected.lat[moved]}, longitude ${expected.lon[moved]} as in ${first} but received ${lat[moved]}, ${lon[moved]}`,
  );
}

/** @throws {DataError} `STACK_GROUPS` if emissions and stacks are not of the same sources */
function assertStacksFit({ grid, path }: Pick<IoapiReader, 'grid' | 'path'>, cells: Int32Array, [stackGroups]: readonly string[]): void {
  if (grid.rows * grid.cols === cells.length) return;
  throw new DataError(
    'STACK_GROUPS',
    `${path}: it holds ${grid.rows * grid.cols} sources but ${stackGroups} has ${cells.length}: give the stack groups that belong to it`,
  );
}

/** Sources summed into the cells that they stand in; those outside count for nothing. */
class PointReader implements IoapiReader {
  constructor(
    private readonly points: IoapiReader,
    private readonly cells: Int32Array,
    readonly grid: Grid,
  ) {}

  get path(): string {
    return this.points.path;
  }

  get time(): TimeAxis {
    return this.points.time;
  }

  get layers(): number {
    return this.points.layers;
  }

  get variables(): IoapiVariable[] {
    return this.points.variables;
  }

  get attributes(): IoapiReader['attributes'] {
    return this.points.attributes;
  }

  get notes(): IoapiReader['notes'] {
    return this.points.notes;
  }

  read(variable: string, first = 0, count = this.time.count - first, layer?: number): Float32Array {
    const values = this.points.read(variable, first, count, layer);
    const size = this.grid.rows * this.grid.cols;
    const out = new Float32Array((values.length / this.cells.length) * size);
    values.forEach((value, i) => {
      const cell = this.cells[i % this.cells.length];
      if (cell >= 0) out[Math.floor(i / this.cells.length) * size + cell] += value;
    });
    return out;
  }

  close(): void {
    this.points.close();
  }
}

/**
 * The emissions of a sector on the grid of the case.
 *
 * @throws {GridError} `GRID_MISMATCH`; {@link DataError} `STACK_GROUPS`, `VARIABLE_MISSING`, and what a file throws
 */
export function openSector(sector: SectorFiles, grid: Grid): IoapiReader {
  const reader = opened(sector, grid);
  try {
    if (sector.name !== REST) assertHolds(reader, sector);
    return reader;
  } catch (error) {
    reader.close();
    throw error;
  }
}

function opened(sector: SectorFiles, grid: Grid): IoapiReader {
  const { files, stackGroups } = sector;
  if (stackGroups === undefined) return openFiles(sector, grid);
  const cells = cellsOfStacks(stackGroups, grid);
  // Each file before they are joined: another number of sources would be told as another grid.
  for (const path of files) {
    const file = IoapiFile.open(path);
    file.close();
    assertStacksFit(file, cells, stackGroups);
  }
  return new PointReader(openFiles(sector), cells, grid);
}

/**
 * The factors on the values of a file: of its cells, or of its sources by the cells that they stand in.
 *
 * @param groups - how many there are
 * @throws {ShapeError} `FACTORS_SHAPE`; {@link DataError} `FACTORS_INVALID`, `STACK_GROUPS`
 */
export function factorsFor(
  reader: Pick<IoapiReader, 'grid' | 'path' | 'time'>,
  spans: readonly FactorSpan[],
  groups: number,
  points?: Points,
): FactorLookup {
  const { grid, time } = reader;
  if (!points) return factorLookup(spans, { cells: grid.rows * grid.cols, groups }, time);
  const cells = cellsOfStacks(points.stackGroups, points.grid);
  assertStacksFit(reader, cells, points.stackGroups);
  return atSources(factorLookup(spans, { cells: points.grid.rows * points.grid.cols, groups }, time), cells);
}

/** Weights of cells as weights of the sources that stand in them. */
export function masksFor(masks: RegionMasks, points?: Points): RegionMasks {
  if (!points) return masks;
  const cells = cellsOfStacks(points.stackGroups, points.grid);
  return new Map([...masks].map(([name, mask]) => [name, Float64Array.from(cells, (cell) => (cell < 0 ? 0 : mask[cell]))]));
}
