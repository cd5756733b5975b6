import { Role } from '../../inversion/cost/cost';
import { interpolateMisfit } from '../../inversion/observations/misfit-interpolation';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import { interpolatedSeries } from './interpolated';

const grid = { cols: 5, lengthInCells: (km: number): [number, number] => [km / 30, km / 30] };
const stations = [
  { id: 'near', role: Role.used, cell: 0 },
  { id: 'beside', role: Role.used, cell: 0 },
  { id: 'watched', role: Role.used, cell: 2 },
  { id: 'withheld', role: Role.withheld, cell: 1 },
  { id: 'other', role: Role.used, cell: 14 },
];
const monitors = { watched: new Set(['watched']), block: new Map(stations.map(({ id, cell }) => [id, String(cell)])) };
const TIMES = 3;

/** Misfits by station and time about a prior run of 10. */
function series(misfit: Record<string, number[]>): StationSeries {
  const observed = Float32Array.from({ length: TIMES * stations.length }, (_, i) => {
    const of = misfit[stations[i % stations.length].id];
    return of === undefined ? NaN : 10 + of[Math.floor(i / stations.length)];
  });
  return {
    stations,
    times: Array.from({ length: TIMES }, (_, t) => new Date(3.6e6 * t)),
    observed: new Map([['NO2', observed]]),
    simulated: new Map([['NO2', new Float32Array(observed.length).fill(10)]]),
  };
}

function atWithheld(misfit: Record<string, number[]>, block = monitors.block): { each: number[]; mean: number[] } {
  const { interpolated, interpolatedMean } = interpolatedSeries(grid, series(misfit), { ...monitors, block }).get('NO2')!;
  const of = (values: Float32Array): number[] => Array.from({ length: TIMES }, (_, t) => values[t * stations.length + 3]);
  return { each: of(interpolated), mean: of(interpolatedMean) };
}

describe('the prior run with the misfit of used monitors', () => {
  const misfit = { near: [6, 0, NaN], beside: [2, 0, NaN], other: [4, 0, 4] };

  it('follows those in the cost, of the time or on the mean', () => {
    const { each, mean } = atWithheld(misfit);
    expect(each[0]).toBeGreaterThan(11);
    expect(each[0]).toBeLessThan(14);
    expect(each[1]).toBe(10);
    expect(each[2]).toBeGreaterThan(10);
    expect(new Set(mean).size).toBe(1);
    expect(mean[0]).toBeGreaterThan(10);
    expect(mean[0]).toBeLessThan(each[0]);
  });

  it('chooses how far they reach by blocks: those of one say nothing of each other', () => {
    const alike = { near: [4, 4, 4], other: [4, 4, 4] };
    const oneBlock = new Map(stations.map(({ id }) => [id, 'one']));
    const sources = [
      { x: 0, y: 0, block: 'one' },
      { x: 120, y: 60, block: 'one' },
    ];
    const expected = interpolateMisfit(sources, new Float64Array(6).fill(4), [{ x: 30, y: 0 }]);
    const { each } = atWithheld(alike, oneBlock);
    each.forEach((value, t) => expect(value).toBeCloseTo(10 + expected[t], 5));
    expect(atWithheld(alike).each[0]).toBeGreaterThan(each[0] + 1); // two blocks that say the same: it reaches far
  });

  it('has nothing of the withheld and the watched', () => {
    const told = { ...misfit, withheld: [90, 90, 90], watched: [90, 90, 90] };
    expect(atWithheld(told)).toEqual(atWithheld(misfit));
  });

  it('is not there without a monitor in the cost', () => {
    expect(interpolatedSeries(grid, series({ withheld: [1, 1, 1], watched: [1, 1, 1] }), monitors).size).toBe(0);
  });

  it('is the prior run at all other stations, and nowhere below zero', () => {
    const { interpolated } = interpolatedSeries(grid, series(misfit), monitors).get('NO2')!;
    expect([...interpolated].filter((_, i) => i % stations.length !== 3)).toEqual(new Array(TIMES * 4).fill(10));
    expect(Math.min(...atWithheld({ near: [-90, -90, -90], other: [-90, -90, -90] }).each)).toBe(0);
  });

  it('is at each of several withheld monitors what it is there alone', () => {
    const used = [
      { id: 'near', role: Role.used, cell: 0 },
      { id: 'other', role: Role.used, cell: 14 },
    ];
    const [one, two] = [1, 8].map((cell) => ({ id: `at ${cell}`, role: Role.withheld, cell }));
    const misfit: Record<string, number[]> = { near: [6, 0, -2], other: [4, 1, 3] };
    const at = (...withheld: (typeof one)[]): Map<string, number[]> => {
      const all = [...withheld, ...used];
      const observed = Float32Array.from(
        { length: TIMES * all.length },
        (_, i) => 10 + (misfit[all[i % all.length].id]?.[Math.floor(i / all.length)] ?? 0),
      );
      const prior = {
        stations: all,
        times: [],
        observed: new Map([['NO2', observed]]),
        simulated: new Map([['NO2', new Float32Array(observed.length).fill(10)]]),
      };
      const block = new Map(all.map(({ id, cell }) => [id, String(cell)]));
      const { interpolated } = interpolatedSeries(grid, prior, { watched: new Set(), block }).get('NO2')!;
      return new Map(withheld.map(({ id }, s) => [id, Array.from({ length: TIMES }, (_, t) => interpolated[t * all.length + s])]));
    };
    const both = at(one, two);
    expect(both).toEqual(new Map([...at(one), ...at(two)]));
    expect(new Set([...both.values()].flat()).size).toBe(2 * TIMES);
  });
});
