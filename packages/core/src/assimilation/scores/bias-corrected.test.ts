import { Role } from '../../inversion/cost/cost';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import { biasCorrectedSeries } from './bias-corrected';

const stations = [
  { id: 'used', role: Role.used, cell: 0 },
  { id: 'watched', role: Role.used, cell: 1 },
  { id: 'withheld', role: Role.withheld, cell: 2 },
];
const watched = new Set(['watched']);

/** Three times of the stations in turn. */
function series(observed: number[], simulated: number[]): StationSeries {
  const times = Array.from({ length: 3 }, (_, t) => new Date(3.6e6 * t));
  return { stations, times, observed: new Map([['NO2', Float32Array.from(observed)]]), simulated: new Map([['NO2', Float32Array.from(simulated)]]) };
}

function corrected(observed: number[], simulated: number[], monitors = { watched }): number[] | undefined {
  const run = series(observed, simulated);
  const values = biasCorrectedSeries(run, run, monitors).get('NO2')?.priorBiasCorrected;
  return values && [...values];
}

describe('runs without their bias', () => {
  const simulated = [10, 10, 10, 10, 10, 10, 10, 10, 1];

  it('have the median misfit of the monitors in the cost added everywhere, nothing below zero', () => {
    expect(corrected([13, 0, 99, 11, 0, 99, 30, 0, 99], simulated)).toEqual([13, 13, 13, 13, 13, 13, 13, 13, 4]);
    expect(corrected([7, 0, 99, 2, 0, 99, 8, 0, 99], simulated)).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 0]);
  });

  it('have the smallest mean absolute error that one number gives', () => {
    // Misfits 1 … 21 in another order, and those of the other two monitors.
    const misfits = Array.from({ length: 21 }, (_, t) => 1 + ((8 * t) % 21));
    const found = corrected(
      misfits.flatMap((misfit) => [50 + misfit, 0, 99]),
      misfits.flatMap(() => [50, 50, 50]),
    )!;
    expect(found.every((value) => value === 50 + 11)).toBe(true);
  });

  it('leave out values that are missing, and a species without any', () => {
    expect(corrected([NaN, 0, 99, 11, 0, 99, NaN, 0, 99], simulated)).toEqual([11, 11, 11, 11, 11, 11, 11, 11, 2]);
    expect(corrected([NaN, 0, 99, NaN, 0, 99, NaN, 0, 99], simulated)).toEqual(simulated);
  });

  it('have each a bias of its own', () => {
    const observed = [12, 0, 0, 12, 0, 0, 12, 0, 0];
    const updated = simulated.map((value) => value + 5);
    const { priorBiasCorrected, updatedBiasCorrected } = biasCorrectedSeries(series(observed, simulated), series(observed, updated), { watched }).get(
      'NO2',
    )!;
    expect([priorBiasCorrected[0], updatedBiasCorrected[0]]).toEqual([12, 12]);
  });

  it('are not there without a monitor in the cost', () => {
    expect(corrected([1, 1, 1, 1, 1, 1, 1, 1, 1], simulated, { watched: new Set(['used', 'watched']) })).toBeUndefined();
  });
});
