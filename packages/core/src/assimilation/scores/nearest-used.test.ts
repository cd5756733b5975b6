import { Role } from '../../inversion/cost/cost';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import { distanceToUsed } from './nearest-used';

/** 10 km from row to row, 20 from column to column. */
const grid = { cols: 5, lengthInCells: (km: number): [number, number] => [km / 10, km / 20] };

function series(
  stations: [id: string, role: number, cell: number][],
  values: number[],
): { stations: StationSeries['stations']; observed: Map<string, Float32Array> } {
  return { stations: stations.map(([id, role, cell]) => ({ id, role, cell })), observed: new Map([['NO2', Float32Array.from(values)]]) };
}

describe('the distance to the nearest used monitor', () => {
  it('is that of centres of cells, in the lengths that rows and columns have', () => {
    const to = distanceToUsed(grid, series([['A', Role.used, 12], ['B', Role.used, 24]], [1, 1]), { watched: new Set() }); // prettier-ignore
    expect([12, 13, 7, 0, 23, 24].map(to)).toEqual([0, 20, 10, Math.hypot(20, 40), 20, 0]);
  });

  it('passes over those that are withheld, watched or silent in the period', () => {
    const stations: [string, number, number][] = [
      ['withheld', Role.withheld, 0],
      ['watched', Role.used, 1],
      ['silent', Role.used, 2],
      ['late', Role.used, 4],
    ];
    const to = distanceToUsed(grid, series(stations, [1, 1, NaN, NaN, 1, 1, NaN, 1]), { watched: new Set(['watched']) });
    expect(to(0)).toBe(80);
  });

  it('is that to one of whatever species', () => {
    const { stations, observed } = series([['NO2', Role.used, 4], ['O3', Role.used, 1]], [1, NaN]); // prettier-ignore
    observed.set('O3', Float32Array.of(NaN, 1));
    const to = distanceToUsed(grid, { stations, observed }, { watched: new Set() });
    expect([0, 3].map(to)).toEqual([20, 20]);
  });

  it('is endless where no monitor is in the cost', () => {
    expect(distanceToUsed(grid, series([['A', Role.withheld, 0]], [1]), { watched: new Set() })(3)).toBe(Infinity);
  });
});
