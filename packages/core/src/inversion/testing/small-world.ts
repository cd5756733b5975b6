/** A grid of unit cells (lon = column, lat = row) and observations on it, for the tests of this room. */
import type { Observations } from '../../observations/observations';
import { Grid } from '../../grid/grid';
import { Random } from '../../base/random';

export function unitGrid(rows: number, cols: number, xorig = 0): Grid {
  return new Grid({ name: 'UNIT', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig, yorig: 0, xcell: 1, ycell: 1, rows, cols });
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
  return Float32Array.from(normals(length, seed));
}

export function normals(length: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length }, () => random.normal());
}
