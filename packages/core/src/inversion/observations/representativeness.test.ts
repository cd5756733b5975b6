import { stationsToCells } from '../../observations/station-cells';
import { cellSpreads, relativeSpreads, type CellSpreads } from './representativeness';
import { observationsOf, unitGrid } from '../testing/small-world';

/** Two hours of NO2 at a and b in cell 5, c and d in cell 0, e alone in cell 2. */
function period(first: number[], second: number[]): CellSpreads {
  const stations: [string, number, number][] = [
    ['a', 2.1, 1.2],
    ['b', 2.9, 1.9],
    ['c', 0.5, 0.5],
    ['d', 0.1, 0.1],
    ['e', 2.5, 0.5],
  ];
  const observations = observationsOf(stations, { start: '2017-01-01T00:00:00Z', stepSeconds: 3600, count: 2 }, { NO2: [...first, ...second] });
  return cellSpreads(stationsToCells(observations, unitGrid(2, 3)), 3);
}

const winter = period([1, 3, 4, NaN, 8], [NaN, 3, 4, 6, 8]);
const silent = period([1, NaN, 4, NaN, 8], [NaN, 3, NaN, 6, 8]);

test('the spread of monitors is pooled over cells, times and periods', () => {
  // Of 1 and 3 the variance is 2 about 2, of 4 and 6 it is 2 about 5.
  expect([...winter.get('NO2')!].map(([cell, { squares, level }]) => [cell, Math.round(1e5 * squares) / 1e5, level])).toEqual([
    [5, 2, 4],
    [0, 2, 25],
  ]);
  expect(relativeSpreads([winter], new Set()).NO2).toBeCloseTo(Math.sqrt(4 / 29), 6);
  expect(relativeSpreads([silent, winter, winter], new Set()).NO2).toBeCloseTo(Math.sqrt(4 / 29), 6);
  // Cell 5 at both hours: of 1 and 3, then of 2 and 4, whose variance is 2 about 3.
  expect(relativeSpreads([period([1, 3, 4, NaN, 8], [2, 4, 4, NaN, 8])], new Set()).NO2).toBeCloseTo(Math.sqrt(4 / 13), 6);
  // A period may have another species alone.
  const other: CellSpreads = new Map([['SO2', new Map([[2, { squares: 1, level: 4 }]])]]);
  expect(relativeSpreads([other, winter], new Set())).toEqual({ SO2: 0.5, NO2: expect.closeTo(Math.sqrt(4 / 29), 6) as number });
});

test('monitors that judge the result are not looked at, and without others nothing is known', () => {
  expect(relativeSpreads([winter, silent], new Set([5])).NO2).toBeCloseTo(Math.sqrt(2 / 25), 6);
  for (const [periods, withheld] of [
    [[winter], [0, 5]],
    [[silent], []],
  ] as const)
    expect(() => relativeSpreads(periods, new Set(withheld))).toThrow(/no cell that is not withheld holds two monitors of NO2 at once/);
});
