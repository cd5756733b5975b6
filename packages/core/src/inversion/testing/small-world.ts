/** A grid of unit cells (lon = column, lat = row) and observations on it, for the tests of this room. */
import type { Observations } from '../../data/observations';
import { Random } from '../../random';

export interface UnitGrid {
  rows: number;
  cols: number;
  cellAt(lon: number, lat: number): { row: number; col: number } | undefined;
}

export function unitGrid(rows: number, cols: number): UnitGrid {
  return {
    rows,
    cols,
    cellAt: (lon, lat) => (lon >= 0 && lat >= 0 && lon < cols && lat < rows ? { row: Math.floor(lat), col: Math.floor(lon) } : undefined),
  };
}

/** Observations with the given values, `[time, station]` per species. */
export function observationsOf(
  stations: [id: string, lon: number, lat: number][],
  time: { start: string; stepSeconds: number; count: number },
  values: Record<string, number[]>,
): Observations {
  return {
    stations: stations.map(([id, lon, lat]) => ({ id, lon, lat })),
    species: Object.keys(values),
    time: { ...time, start: new Date(time.start) },
    values: new Map(Object.entries(values).map(([name, series]) => [name, Float32Array.from(series)])),
    units: new Map(Object.keys(values).map((name) => [name, name === 'PM2.5' ? 'ug m-3' : 'ppb'])),
  };
}

export function randomFloats(length: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
