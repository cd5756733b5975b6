/**
 * Which monitors are kept out of the inversion: whole blocks of cells, because a monitor next to a used one judges nothing. And which columns of satellites: whole
 * blocks, and whole days.
 */
import { ConfigError, DataError } from '../../base/errors';
import type { Grid } from '../../grid/grid';
import type { Observations } from '../../observations/observations';
import { Random } from '../../base/random';

interface WithheldSettings {
  /** part of the stations inside the grid, 0 … 0.9 */
  fraction: number;
  /** edge of a square block in cells */
  blockCells: number;
  seed: number;
}

/** The chosen stations, and the block of every station inside the grid (for maps). */
export interface WithheldChoice {
  withheld: Set<string>;
  block: Map<string, string>;
}

/**
 * Draws blocks at random until the asked part of the stations is reached; a block that would overshoot by more than it helps is passed over.
 * Used and withheld stations never share a cell. The same stations, grid and settings give the same choice, whatever the stations' order.
 *
 * @throws {DataError} `STATIONS_OUTSIDE_GRID`; `WITHHELD_ONE_BLOCK` if the stations fill fewer than two blocks
 *
 * @example
 * const { withheld } = chooseWithheld(observations.stations, grid, { fraction: 0.2, blockCells: 6, seed: 3 });
 */
export function chooseWithheld(stations: Observations['stations'], grid: Pick<Grid, 'cellAt'>, settings: WithheldSettings): WithheldChoice {
  const { fraction, blockCells } = settings;
  if (!(fraction >= 0 && fraction < 1 && Number.isInteger(blockCells) && blockCells >= 1)) {
    throw new ConfigError(
      'WITHHELD_SETTINGS',
      `withheld: expected a fraction in [0, 1) and whole blockCells ≥ 1 but received ${fraction} and ${blockCells}`,
    );
  }
  const { block, order } = shuffledBlocks(stations, grid, settings);
  if (fraction === 0) return { withheld: new Set(), block };
  if (order.length < 2) {
    throw new DataError(
      'WITHHELD_ONE_BLOCK',
      `withheld: the ${block.size} stations inside the grid fill ${order.length} block of ${blockCells} cells, so that none can be withheld: lower withheld.blockCells or set withheld.fraction: 0`,
    );
  }
  return { withheld: takeBlocks(order, fraction * block.size), block };
}

/** Part of the stations that are not withheld which only choose the step at which the inversion stops. */
const WATCHED = 0.15;

/**
 * Draws among the stations that are not withheld, the same way with the next seed, those that only choose the step at which an inversion with `stopOnWithheld` stops.
 *
 * @param stations - those of which `choice` was drawn
 * @throws {DataError} `WATCHED_ONE_BLOCK` if those that are not withheld fill fewer than two blocks
 */
export function chooseWatched(
  stations: Observations['stations'],
  grid: Pick<Grid, 'cellAt'>,
  { withheld, block }: WithheldChoice,
  { blockCells, seed }: Pick<WithheldSettings, 'blockCells' | 'seed'>,
): Set<string> {
  const usable = stations.filter(({ id }) => block.has(id) && !withheld.has(id));
  const { order } = shuffledBlocks(usable, grid, { blockCells, seed: seed + 1 });
  if (order.length < 2) {
    throw new DataError(
      'WATCHED_ONE_BLOCK',
      `inversion.stopOnWithheld: the ${usable.length} stations that are not withheld fill ${order.length} block of ${blockCells} cells, so that none can choose the step at which to stop: lower withheld.blockCells or set inversion.stopOnWithheld: false`,
    );
  }
  return takeBlocks(order, WATCHED * usable.length);
}

/** The block of every station inside the grid, and the stations of each block in a random order. @throws {DataError} `STATIONS_OUTSIDE_GRID` */
function shuffledBlocks(
  stations: Observations['stations'],
  grid: Pick<Grid, 'cellAt'>,
  settings: Pick<WithheldSettings, 'blockCells' | 'seed'>,
): { block: Map<string, string>; order: string[][] } {
  const placed = stations.flatMap(({ id, lon, lat }) => {
    const place = grid.cellAt(lon, lat);
    return place ? [{ id, ...place }] : [];
  });
  const { block, order } = blocksOfPlaces(placed, settings);
  if (block.size === 0) {
    throw new DataError(
      'STATIONS_OUTSIDE_GRID',
      `withheld: none of ${stations.length} stations lies inside the grid: check lon and lat of the stations, and the case's grid`,
    );
  }
  return { block, order };
}

/** The block of every place, and the places of each block in a random order. */
function blocksOfPlaces<Id>(
  places: readonly { id: Id; row: number; col: number }[],
  { blockCells, seed }: Pick<WithheldSettings, 'blockCells' | 'seed'>,
): { block: Map<Id, string>; order: Id[][] } {
  const random = new Random(seed).fork('withheld');
  // The lattice starts at a random cell, so that block edges do not always fall on the grid's.
  const [shiftRow, shiftCol] = [random.integer(blockCells), random.integer(blockCells)];
  const block = new Map<Id, string>();
  const members = new Map<string, Id[]>();
  for (const { id, row, col } of places) {
    const name = `${Math.floor((row + shiftRow) / blockCells)}/${Math.floor((col + shiftCol) / blockCells)}`;
    block.set(id, name);
    const ofBlock = members.get(name);
    if (ofBlock) ofBlock.push(id);
    else members.set(name, [id]);
  }
  const names = [...members.keys()].sort();
  return { block, order: [...random.permutation(names.length)].map((i) => members.get(names[i])!) };
}

/** Cells (row · cols + col) and days that a satellite sees, or some of them. */
export interface ColumnPlaces {
  cells: ReadonlySet<number>;
  days: ReadonlySet<number>;
}

/** The columns that judge, the block of each cell with columns, and the cells that only choose the step at which to stop. */
export interface WithheldColumns {
  withheld: ColumnPlaces;
  watched: ReadonlySet<number>;
  block: ReadonlyMap<number, string>;
}

/**
 * Draws blocks of cells as {@link chooseWithheld} does, on the same lattice, and the nearest number of days; one stays to be used.
 *
 * @param seen - by the satellites of the case, in all periods
 * @param settings - `days`: part of the days; `watch`: whether some cells only choose the step
 * @throws {DataError} `WITHHELD_ONE_BLOCK` if the cells fill fewer than two blocks
 */
export function chooseWithheldColumns(
  { cells, days }: ColumnPlaces,
  cols: number,
  settings: WithheldSettings & { days: number; watch: boolean },
): WithheldColumns {
  const { fraction, blockCells, seed, watch } = settings;
  const placesOf = (chosen: readonly number[]): { id: number; row: number; col: number }[] =>
    chosen.map((id) => ({ id, row: Math.floor(id / cols), col: id % cols }));
  const sorted = [...cells].sort((a, b) => a - b);
  const { block, order } = blocksOfPlaces(placesOf(sorted), settings);
  if (fraction > 0 && order.length === 1) {
    throw new DataError(
      'WITHHELD_ONE_BLOCK',
      `withheld.columns: the ${cells.size} cells with columns fill one block of ${blockCells} cells, so that none can be withheld: lower withheld.blockCells or set withheld.columns.fraction: 0`,
    );
  }
  const withheldCells = new Set(fraction > 0 && order.length > 1 ? takeBlocks(order, fraction * cells.size) : []);
  const usable = sorted.filter((cell) => !withheldCells.has(cell));
  const { order: usableBlocks } = blocksOfPlaces(placesOf(usable), { blockCells, seed: seed + 1 });
  return {
    withheld: { cells: withheldCells, days: chooseDays(days, settings) },
    watched: new Set(watch && usableBlocks.length > 1 ? takeBlocks(usableBlocks, WATCHED * usable.length) : []),
    block,
  };
}

function chooseDays(days: ReadonlySet<number>, { days: part, seed }: { days: number; seed: number }): Set<number> {
  const sorted = [...days].sort((a, b) => a - b);
  const count = Math.min(sorted.length - 1, Math.round(part * sorted.length));
  if (count <= 0) return new Set();
  const order = new Random(seed).fork('withheld days').permutation(sorted.length);
  return new Set([...order].slice(0, count).map((i) => sorted[i]));
}

function takeBlocks<Id>(blocks: Id[][], target: number): Set<Id> {
  const used = new Set<Id>();
  // The last block stays with the used stations whatever the fraction.
  for (const ids of blocks.slice(0, -1)) {
    const miss = target - used.size;
    if (miss > 0 && Math.abs(miss - ids.length) < miss) ids.forEach((id) => used.add(id));
  }
  // Every block may be larger than twice the target: then the smallest is the nearest to what was asked.
  if (used.size === 0) blocks.reduce((a, b) => (b.length < a.length ? b : a)).forEach((id) => used.add(id));
  return used;
}
