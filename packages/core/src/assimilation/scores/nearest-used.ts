/** How far a withheld monitor is from those that the inversion fitted: what it says of places without monitors. */
import type { Grid } from '../../grid/grid';
import { Role } from '../../inversion/cost/cost';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import type { Monitors } from '../observed/monitors';

/**
 * @returns for a cell, km between its centre and that of the nearest cell with a monitor in the cost, as the grid lies in its projection; Infinity where no
 * monitor is in the cost
 */
export function distanceToUsed(
  grid: Pick<Grid, 'cols' | 'lengthInCells'>,
  series: Pick<StationSeries, 'stations' | 'observed'>,
  { watched }: Pick<Monitors, 'watched'>,
): (cell: number) => number {
  const placeOf = cellPlaces(grid);
  const used = [...usedCells(series, watched)].map(placeOf);
  return (cell) => {
    const place = placeOf(cell);
    return used.reduce((shortest, { x, y }) => Math.min(shortest, Math.hypot(x - place.x, y - place.y)), Infinity);
  };
}

/** @returns for a cell, where it lies in the grid's projection, km */
export function cellPlaces(grid: Pick<Grid, 'cols' | 'lengthInCells'>): (cell: number) => { x: number; y: number } {
  const [rowsPerKm, colsPerKm] = grid.lengthInCells(1);
  return (cell) => ({ x: (cell % grid.cols) / colsPerKm, y: Math.floor(cell / grid.cols) / rowsPerKm });
}

/** Cells with a monitor that is neither withheld nor watched and has a value of any species. */
export function usedCells({ stations, observed }: Pick<StationSeries, 'stations' | 'observed'>, watched: ReadonlySet<string>): Set<number> {
  const sends = (j: number): boolean => [...observed.values()].some((values) => hasValue(values, j, stations.length));
  return new Set(stations.flatMap(({ id, role, cell }, j) => (role === Role.withheld || watched.has(id) || !sends(j) ? [] : [cell])));
}

/** Whether a series `[T, S]` has a value of a station. */
export function hasValue(values: Float32Array, station: number, stations: number): boolean {
  for (let i = station; i < values.length; i += stations) if (Number.isFinite(values[i])) return true;
  return false;
}
