import { unitGrid } from '../inversion/testing/small-world';
import { hoursOf, type Hours, type PeriodSource } from './period-source';

/** A source whose fields hold the number of their hour; what is asked of it is kept. */
function source(rows: number, cols: number, count: number): { period: PeriodSource; asked: Hours[] } {
  const asked: Hours[] = [];
  const hourly: PeriodSource['hourly'] = (_, crop, hours) => {
    asked.push(hours);
    const length = crop.rows * crop.cols * 5;
    const out = new Float32Array(hours.count * length);
    for (let hour = 0; hour < hours.count; hour++) out.fill(hours.first + hour, hour * length, (hour + 1) * length);
    return out;
  };
  const time = { start: new Date(0), stepSeconds: 3600, count };
  return {
    period: {
      name: 'a',
      grid: unitGrid(rows, cols),
      time,
      meteorologyNames: [],
      geographyNames: [],
      groups: [...'abcde'],
      species: [...'wxyz'],
      hourly,
      geography: () => new Float32Array(),
    },
    asked,
  };
}

describe('hoursOf', () => {
  const seen = (period: PeriodSource, hours?: Hours): [length: number, first: number, last: number][] =>
    [...hoursOf(period, 'emissions', hours)].map((field) => [field.length, field[0], field[field.length - 1]]);

  it('gives hour after hour, read at once where they are small', () => {
    const { period, asked } = source(2, 3, 4);
    expect(seen(period)).toEqual([0, 1, 2, 3].map((hour) => [30, hour, hour]));
    expect(seen(period, { first: 2, count: 1 })).toEqual([[30, 2, 2]]);
    expect(asked).toEqual([
      { first: 0, count: 4 },
      { first: 2, count: 1 },
    ]);
  });

  it('reads no more than 16 MiB at once, and one hour where that is more', () => {
    const some = source(500, 600, 5); // 6 MB an hour
    expect(seen(some.period)).toEqual([0, 1, 2, 3, 4].map((hour) => [1_500_000, hour, hour]));
    expect(some.asked.map(({ count }) => count)).toEqual([2, 2, 1]);
    const large = source(1000, 1000, 2);
    expect(seen(large.period)).toHaveLength(2);
    expect(large.asked.map(({ count }) => count)).toEqual([1, 1]);
  });
});
