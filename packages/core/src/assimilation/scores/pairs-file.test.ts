import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetcdfFile } from '@retroplume/native';
import { DEFAULT_CHANNELS } from '../../base/species';
import { readCf } from '../../files/netcdf/netcdf-cf';
import { Role } from '../../inversion/cost/cost';
import { unitGrid } from '../../inversion/testing/small-world';
import type { Station } from '../../observations/stations';
import { PAIRS_FILE, writePairs } from './pairs-file';
import type { ComparedPeriod } from './score-table';
import { stationsCsv } from './station-scores';

const CELLS: Record<string, number> = { A: 5, B: 7, C: 6 };
const NAMES: Record<string, string> = { A: 'Århus, "Bank"' };
const stationOf = (id: string): Station => ({ id, lon: CELLS[id] % 4, lat: 1, ...(NAMES[id] ? { name: NAMES[id] } : {}) });

/** B chooses the step, C is withheld; the operator knows used ones and withheld ones. */
function compared(
  name: string,
  start: string,
  ids: string[],
  species: string,
  observed: number[],
  prior: number[],
  updated: number[],
): ComparedPeriod {
  const times = Array.from({ length: observed.length / ids.length }, (_, t) => new Date(Date.parse(start) + t * 3600e3));
  const stations = ids.map((id) => ({ id, role: id === 'C' ? Role.withheld : Role.used, cell: CELLS[id] }));
  const series = (values: number[]): Map<string, Float32Array> => new Map([[species, Float32Array.from(values)]]);
  const observations = { stations: ids.map(stationOf), time: { start: times[0], stepSeconds: 3600, count: times.length } };
  return {
    name,
    grid: unitGrid(3, 4),
    monitors: { observations, withheld: new Set('C'), watched: new Set('B'), block: new Map() } as unknown as ComparedPeriod['monitors'],
    prior: { stations, times, observed: series(observed), simulated: series(prior) },
    updated: { stations, times, observed: series(observed), simulated: series(updated) },
  };
}

const january = compared('january', '2026-01-02T00:00:00Z', ['B', 'A'], 'NO2', [1, 2, NaN, 4], [2, 3, 4, 6], [1, 2, 3, 5]);
const july = compared('july', '2026-07-01T00:00:00Z', ['A', 'C'], 'PM2.5', [10, 20], [11, 23], [10, 21]);

describe('the pairs of two periods', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-pairs-'));
  const path = join(folder, PAIRS_FILE);
  beforeAll(() => writePairs(path, [july, january], DEFAULT_CHANNELS));
  afterAll(() => rmSync(folder, { recursive: true }));

  const of = (name: string): number[] => {
    const { coordinates, variables } = readCf(path);
    return [...[...coordinates, ...variables].find((each) => each.name === name)!.data];
  };
  function textOf(name: string): string[] {
    const file = NetcdfFile.open(path);
    const [count, width] = file.shape(name);
    const bytes = Buffer.from(file.read<Uint8Array>(name));
    file.close();
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * width, (i + 1) * width).toString().replaceAll('\0', '')); // prettier-ignore
  }

  it('stand in the order of time, each period among the stations of all', () => {
    expect(textOf('station')).toEqual(['B', 'A', 'C']);
    expect(textOf('period')).toEqual(['january', 'january', 'july']);
    expect(of('time')).toEqual([0, 3600, 180 * 86400]);
    expect(of('time_bnds').slice(-2)).toEqual([180 * 86400, 180 * 86400 + 3600]);
    expect(textOf('species')).toEqual(['NO2', 'PM2.5']);
    const none = [NaN, NaN, NaN];
    expect(of('observed')).toEqual([1, 2, NaN, NaN, 4, NaN, ...none, ...none, ...none, NaN, 10, 20]);
    expect(of('prior')).toEqual([2, 3, NaN, 4, 6, NaN, ...none, ...none, ...none, NaN, 11, 23]);
    expect(of('updated').slice(0, 6)).toEqual([1, 2, NaN, 3, 5, NaN]);
  });

  it('say of each station what it was for and where it lies, and its name whatever letters that has', () => {
    expect(of('role')).toEqual([Role.watched, Role.used, Role.withheld]);
    expect([of('row'), of('col'), of('lon')]).toEqual([
      [1, 1, 1],
      [3, 1, 2],
      [3, 1, 2],
    ]);
    expect(textOf('station_name')).toEqual(['', NAMES.A, '']);
    expect(textOf('unit')).toEqual(['ppb', 'ug m-3']);
    expect(readCf(path).variables.find(({ name }) => name === 'observed')!.attributes!.coordinates).toBe(
      'unit period lat lon row col role station_name',
    );
  });
});

it('the table has a line for each station, species and period with a pair', () => {
  const [header, ...lines] = stationsCsv([january, july], DEFAULT_CHANNELS).trimEnd().split('\n');
  expect(header).toBe(
    'period,species,unit,station,name,site_type,lat,lon,row,col,role,pairs,observed_mean,prior_mean,prior_bias,prior_mae,prior_rmse,prior_r,updated_mean,updated_bias,updated_mae,updated_rmse,updated_r',
  );
  // Of B the second observation is missing; r of one pair is none.
  expect(lines).toEqual([
    'january,NO2,ppb,B,,,1,3,1,3,watched,1,1,2,1,1,1,,1,0,0,0,',
    'january,NO2,ppb,A,"Århus, ""Bank""",,1,1,1,1,used,2,3,4.5,1.5,1.5,1.581139,1,3.5,0.5,0.5,0.7071068,1',
    'july,PM2.5,ug m-3,A,"Århus, ""Bank""",,1,1,1,1,used,1,10,11,1,1,1,,10,0,0,0,',
    'july,PM2.5,ug m-3,C,,,1,2,1,2,withheld,1,20,23,3,3,3,,21,1,1,1,',
  ]);
});
