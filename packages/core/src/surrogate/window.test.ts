import { ConfigError } from '../errors';
import { gatherWindow, Window } from './window';

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

describe('gatherWindow', () => {
  /** Value 1000·hour + 100·row + 10·column + channel on 5 hours of 2 x 3 cells with 2 channels: every mean can be read off. */
  const fields = { rows: 2, cols: 3, channels: 2, data: new Float32Array(5 * 2 * 3 * 2) };
  fields.data.forEach((_, i) => {
    const [channel, col, row, hour] = [i % 2, Math.floor(i / 2) % 3, Math.floor(i / 6) % 2, Math.floor(i / 12)];
    fields.data[i] = 1000 * hour + 100 * row + 10 * col + channel;
  });
  const window = new Window([
    { count: 1, hours: 3 },
    { count: 1, hours: 1 },
  ]);

  it('takes the means of the hours before and the hour itself, from the crop alone', () => {
    const out = new Float32Array(2 * 1 * 2 * 2);
    gatherWindow(fields, window, 4, { row: 1, col: 1, rows: 1, cols: 2 }, out);
    // hours 1, 2, 3 → mean 2; then hour 4; row 1, columns 1 and 2
    expect([...out]).toEqual([2110, 2111, 2120, 2121, 4110, 4111, 4120, 4121]);
  });

  it('writes from the offset on and nowhere else', () => {
    const out = new Float32Array(7).fill(-1);
    gatherWindow(fields, window, 3, { row: 0, col: 0, rows: 1, cols: 1 }, out, 2);
    expect([...out]).toEqual([-1, -1, 1000, 1001, 3000, 3001, -1]);
  });
});
