import { GROUPS } from '../../base/species';
import { hourlySums, totalsDoubts, zeroHoursDoubt } from './emission-doubts';

const TIME = { start: new Date('2026-01-05T00:00:00Z'), stepSeconds: 3600, count: 4 };
/** Two cells of five groups; each hour has the same in both. */
const emissions = (...hours: number[][]): Float32Array => Float32Array.from(hours.flatMap((groups) => [...groups, ...groups]));
const ONES = [1, 1, 1, 1, 1];
const NONE = [0, 0, 0, 0, 0];

it('sums the cells of each hour by group', () => {
  expect([...hourlySums(emissions([1, 2, 3, 4, 5], ONES), 2, 5)]).toEqual([2, 4, 6, 8, 10, 2, 2, 2, 2, 2]);
});

describe('hours without any emission', () => {
  const doubt = (...hours: number[][]): string | undefined => zeroHoursDoubt('EMIS.nc', hourlySums(emissions(...hours), 4, 5), TIME);

  it('are told with their number and the first', () => {
    expect(doubt(ONES, NONE, ONES, NONE)).toBe(
      'EMIS.nc: all emissions of all cells are 0 in 2 of the 4 hours of the period, first at 2026-01-05T01:00Z: are these hours missing?',
    );
  });

  it('are none where another group emits, and no doubt where the case has no emissions at all', () => {
    expect(doubt(ONES, [0, 0, 0, 1e-12, 0], ONES, ONES)).toBeUndefined();
    expect(doubt(NONE, NONE, NONE, NONE)).toBeUndefined();
  });
});

describe('totals of two runs', () => {
  const doubts = (prior: number[], member: number[]): string[] =>
    totalsDoubts(['the prior', 'm1'], [hourlySums(emissions(prior, prior), 2, 5), hourlySums(emissions(member, member), 2, 5)], GROUPS);

  it('are compared group by group, whichever run has more', () => {
    expect(doubts([1, 10, 1, 100, 1], [33.3, 1, 1, 9, 0.1])).toEqual([
      'm1 emits 33.3 times as much NOx as the prior: is a unit wrong in the files of one of them?',
      'the prior emits 11.1 times as much VOC as m1: is a unit wrong in the files of one of them?',
    ]);
  });

  it('may both be zero, but not one', () => {
    expect(doubts([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])).toEqual([
      'the prior emits no NH3, but m1 does: is a unit wrong, or a variable empty, in the files of one of them?',
      'm1 emits no PM2.5, but the prior does: is a unit wrong, or a variable empty, in the files of one of them?',
    ]);
  });
});
