/** By how much the factors of two runs differ, group by group. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FACTORS_FILE } from '../../../assimilation/factors/factors-file';
import { openNetcdf } from '../../../files/netcdf/netcdf-access';
import { readCf, type CfVariable } from '../../../files/netcdf/netcdf-cf';
import { stageDir } from '../../engine/stage';

export interface FactorDifference {
  period: string;
  group: string;
  /** mean of |ln(second / first)| over cells and hours */
  meanLogRatio: number;
  /** where it is largest; absent where all factors are the same */
  largest?: { row: number; col: number; lon: number; lat: number; factors: [first: number, second: number] };
}

/** @returns differences of the periods that both runs have on one grid, and why others are left out */
export function compareFactors(first: string, second: string): { factors: FactorDifference[]; notes: string[] } {
  const paths = [first, second].map((run) => join(stageDir(run, 'invert', 'default'), FACTORS_FILE));
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0) return { factors: [], notes: missing.map((path) => `${path}: is not there, so that no factors are compared`) };
  const [{ periods: a, cols, groups }, { periods: b, groups: otherGroups }] = paths.map(heldIn);
  const shared = a.filter((period) => b.includes(period));
  const alone = [...a, ...b].filter((period) => !shared.includes(period));
  const notes = alone.map((period) => `factors of period ${period}: only one of the runs has them`);
  const [places, otherPlaces] = paths.map((path) => readCf(path, ['lat', 'lon']).variables);
  if (!isSame(places, otherPlaces)) return { factors: [], notes: ['the two runs are on different grids: their factors are not compared'] };
  if (groups.join() !== otherGroups.join())
    return {
      factors: [],
      notes: [`the groups of the two runs differ (${groups.join(', ')}; ${otherGroups.join(', ')}): their factors are not compared`],
    };
  const factors = shared.flatMap((period) => {
    const [first, second] = paths.map((path) => readCf(path, [`factor_${period}`]).variables[0].data as Float32Array);
    if (first.length === second.length) return differencesOf(period, groups, [first, second], cols, places);
    notes.push(`factors of period ${period}: the hours that share a factor differ, so that they are not compared`);
    return [];
  });
  return { factors, notes };
}

function heldIn(path: string): { periods: string[]; cols: number; groups: string[] } {
  const file = openNetcdf(path);
  try {
    const periods = file.variables.flatMap(({ name }) => (name.startsWith('factor_') ? [name.slice('factor_'.length)] : []));
    return { periods, cols: file.shape('lat')[1], groups: String(file.attributes().get('groups')).split(' ') };
  } finally {
    file.close();
  }
}

function isSame(a: readonly CfVariable[], b: readonly CfVariable[]): boolean {
  return a.every(({ data }, v) => data.length === b[v].data.length && data.every((value, i) => value === b[v].data[i]));
}

/** @param factors - of the two runs, `[slots, H, W, groups]` @param places - latitude and longitude `[H, W]` */
function differencesOf(
  period: string,
  groups: readonly string[],
  [first, second]: readonly Float32Array[],
  cols: number,
  [lat, lon]: readonly CfVariable[],
): FactorDifference[] {
  const cells = lat.data.length;
  return groups.map((group, g) => {
    let [sum, largest, index] = [0, 0, -1];
    for (let i = g; i < first.length; i += groups.length) {
      const apart = Math.abs(Math.log(second[i] / first[i]));
      sum += apart;
      if (apart > largest) [largest, index] = [apart, i];
    }
    const meanLogRatio = sum / (first.length / groups.length);
    if (index < 0) return { period, group, meanLogRatio };
    const cell = Math.floor(index / groups.length) % cells;
    const place = { row: Math.floor(cell / cols), col: cell % cols, lon: lon.data[cell], lat: lat.data[cell] };
    return { period, group, meanLogRatio, largest: { ...place, factors: [first[index], second[index]] } };
  });
}
