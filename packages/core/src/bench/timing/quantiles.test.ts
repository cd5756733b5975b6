import { timingOf } from './quantiles';

test.each([
  [[3], { median: 3, p10: 3, p90: 3, turns: 1 }],
  // Of two turns neither is the median: the slower one alone would be no middle.
  [[10, 2], { median: 6, p10: 2, p90: 10, turns: 2 }],
  [[4, 1, 9], { median: 4, p10: 1, p90: 9, turns: 3 }],
  [[8, 1, 2, 4], { median: 3, p10: 1, p90: 8, turns: 4 }],
  [[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], { median: 6, p10: 2, p90: 10, turns: 11 }],
])('median, percentiles and turns of %j', (seconds, timing) => {
  expect(timingOf(seconds)).toEqual(timing);
});
