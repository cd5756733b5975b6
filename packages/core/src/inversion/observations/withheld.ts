/**
 * Which monitors are kept out of the inversion: whole blocks of cells, because a monitor next to a used one judges nothing.
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
  { blockCells, seed }: Pick<WithheldSettings, 'blockCells' | 'seed'>,
): { block: Map<string, string>; order: string[][] } {
  const random = new Random(seed).fork('withheld');
  // The lattice starts at a random cell, so that block edges do not always fall on the grid's.
  const [shiftRow, shiftCol] = [random.integer(blockCells), random.integer(blockCells)];
  const block = new Map<string, string>();
  const members = new Map<string, string[]>();
  for (const { id, lon, lat } of stations) {
    const place = grid.cellAt(lon, lat);
    if (!place) continue;
    const name = `${Math.floor((place.row + shiftRow) / blockCells)}/${Math.floor((place.col + shiftCol) / blockCells)}`;
    block.set(id, name);
    members.set(name, [...(members.get(name) ?? []), id]);
  }
  if (block.size === 0) {
    throw new DataError(
      'STATIONS_OUTSIDE_GRID',
      `withheld: none of ${stations.length} stations lies inside the grid: check lon and lat of the stations, and the case's grid`,
    );
  }
  const names = [...members.keys()].sort();
  return { block, order: [...random.permutation(names.length)].map((i) => members.get(names[i])!) };
}

function takeBlocks(blocks: string[][], target: number): Set<string> {
  const used = new Set<string>();
  // The last block stays with the used stations whatever the fraction.
  for (const ids of blocks.slice(0, -1)) {
    const miss = target - used.size;
    if (miss > 0 && Math.abs(miss - ids.length) < miss) ids.forEach((id) => used.add(id));
  }
  // Every block may be larger than twice the target: then the smallest is the nearest to what was asked.
  if (used.size === 0) blocks.reduce((a, b) => (b.length < a.length ? b : a)).forEach((id) => used.add(id));
  return used;
}
