import { windowMean } from '@retroplume/native';
import { ConfigError } from '../../base/errors';
import { Window } from './window';

describe('the steps of a window', () => {
  it("are the paper's 24 hours, oldest first, for one segment of hours", () => {
    const window = new Window([{ count: 24, hours: 1 }]);
    expect(window.steps).toHaveLength(24);
    expect(window.steps[0]).toEqual({ first: 23, last: 23 });
    expect(window.steps[23]).toEqual({ first: 0, last: 0 });
    expect([window.hours, window.firstHour]).toEqual([24, 23]);
  });

  it('lie end to end for several rates, and the last one ends with the hour itself', () => {
    const window = new Window([
      { count: 2, hours: 12 },
      { count: 1, hours: 3 },
      { count: 2, hours: 1 },
    ]);
    expect(window.steps).toEqual([
      { first: 17, last: 28 },
      { first: 5, last: 16 },
      { first: 2, last: 4 },
      { first: 1, last: 1 },
      { first: 0, last: 0 },
    ]);
    expect(window.hours).toBe(29);
  });

  it.each([
    [[]],
    [[{ count: 0, hours: 1 }]],
    [[{ count: 1, hours: 0 }]],
    [[{ count: 2, hours: 1.5 }]],
    [
      [
        { count: 2, hours: 1 },
        { count: -1, hours: 3 },
      ],
    ],
  ])('refuse %j', (segments) => {
    expect(() => new Window(segments)).toThrow(ConfigError);
    expect(() => new Window(segments)).toThrow(
      `surrogate.window: expected segments {count, hours} of whole numbers ≥ 1 but received ${JSON.stringify(segments)}`,
    );
  });
});

it('asks for the means of its steps in the cells of a crop', () => {
  const window = new Window([
    { count: 1, hours: 3 },
    { count: 1, hours: 1 },
  ]);
  // Value 100·hour + cell of 1 x 3 cells: hours 1, 2, 3 → mean 2; then hour 4.
  const fields = Float32Array.from({ length: 5 * 3 }, (_, i) => 100 * Math.floor(i / 3) + (i % 3));
  const out = new Float32Array(4);
  windowMean(window.request({ rows: 1, cols: 3 }, 1, 4, { row: 0, col: 1, rows: 1, cols: 2 }), fields, out);
  expect([...out]).toEqual([201, 202, 401, 402]);
});
