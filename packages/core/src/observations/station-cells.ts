/** Monitors that share a cell of the grid, averaged: a model has one value there. */
import type { Grid, TimeAxis } from '../grid/grid';
import type { Observations } from './observations';
import { partStations, type Station } from './stations';

export interface CellObservations {
  cells: { row: number; col: number; /** indices into the observations' stations */ members: number[] }[];
  time: TimeAxis;
  species: string[];
  /** per species `[time, cell]`: mean of the members that have a value, NaN where none has */
  values: Map<string, Float32Array>;
  /** per species `[time, cell]`: how many have one */
  counts: Map<string, Uint16Array>;
  /** per species `[time, cell]`: sample standard deviation over the members that have a value, NaN where fewer than two have */
  spread: Map<string, Float32Array>;
  /** stations outside the grid: left out, and to be told to the user */
  outside: Station[];
}

/**
 * Super-observations of a grid, cells in the order of rows and columns.
 *
 * @param partOf - stations of a cell that differ in it are averaged apart, each part as a cell of its own; default: all together
 * @throws {DataError} `STATIONS_OUTSIDE_GRID` if all stations lie outside
 */
export function stationsToCells(observations: Observations, grid: Grid, partOf: (station: Station) => number = () => 0): CellObservations {
  const { stations, time, species } = observations;
  const byCell = new Map<number, Map<number, number[]>>();
  const { outside } = partStations(stations, grid);
  stations.forEach((station, index) => {
    const place = grid.cellAt(station.lon, station.lat);
    if (!place) return;
    const cell = place.row * grid.cols + place.col;
    const parts = byCell.get(cell) ?? new Map<number, number[]>();
    const part = partOf(station);
    byCell.set(cell, parts.set(part, [...(parts.get(part) ?? []), index]));
  });
  const cells = [...byCell]
    .sort(([a], [b]) => a - b)
    .flatMap(([cell, parts]) => [...parts.values()].map((members) => ({ row: Math.floor(cell / grid.cols), col: cell % grid.cols, members })));
  const values = new Map<string, Float32Array>();
  const counts = new Map<string, Uint16Array>();
  const spread = new Map<string, Float32Array>();
  for (const name of species) {
    const mean = average(observations.values.get(name) as Float32Array, time.count, stations.length, cells);
    values.set(name, mean.values);
    counts.set(name, mean.counts);
    spread.set(name, mean.spread);
  }
  return { cells, time, species, values, counts, spread, outside };
}

function average(
  series: Float32Array,
  steps: number,
  stations: number,
  cells: CellObservations['cells'],
): { values: Float32Array; counts: Uint16Array; spread: Float32Array } {
  const values = new Float32Array(steps * cells.length).fill(Number.NaN);
  const counts = new Uint16Array(steps * cells.length);
  const spread = new Float32Array(steps * cells.length).fill(Number.NaN);
  for (let step = 0; step < steps; step++) {
    cells.forEach(({ members }, cell) => {
      const present = members.map((station) => series[step * stations + station]).filter((value) => !Number.isNaN(value));
      if (present.length === 0) return;
      counts[step * cells.length + cell] = present.length;
      const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
      values[step * cells.length + cell] = mean;
      if (present.length > 1)
        spread[step * cells.length + cell] = Math.sqrt(present.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (present.length - 1));
    });
  }
  return { values, counts, spread };
}
