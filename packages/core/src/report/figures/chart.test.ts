import { drawChart, type ChartLine } from './chart';

const DAY = 86400e3;
const words = (lines: ChartLine[], options: Partial<Parameters<typeof drawChart>[0]>): string[] => {
  const { text } = drawChart({ title: 't', description: 'd', xName: 'x', yName: 'y', lines, ...options });
  return [...text.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, word]) => word);
};
const line = (points: [number, number][]): ChartLine[] => [{ name: 'observed', points, colour: '#111' }];

describe('time axis', () => {
  /** Days on the axis of values at hours of January 2017, of a zone ahead of UTC. */
  const days = (hours: number[], utcOffsetHours: number): string[] => {
    const points = hours.map((hour, i): [number, number] => [Date.UTC(2017, 0, 1, hour), i]);
    return words(line(points), { time: { utcOffsetHours } }).filter((word) => /^\d\d-\d\d$/.test(word));
  };
  const hourly = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

  it('labels each day once, where it begins', () => {
    expect(days(hourly(0, 72), 0)).toEqual(['01-01', '01-02', '01-03']);
    expect(days(hourly(5, 48), 0)).toEqual(['01-01', '01-02', '01-03']); // the last hours are those of the third
  });

  it('has days of the zone that they are of', () => {
    // Days of Tokyo begin at 15:00 UTC of the day before.
    expect(days([15, 39, 63], 9)).toEqual(['01-02', '01-03', '01-04']);
    expect(days([5, 29], -5)).toEqual(['01-01', '01-02']);
  });

  it('takes hours of fifteen years, also on a logarithmic axis', () => {
    const points = hourly(0, 131_496).map((hour): [number, number] => [Date.UTC(2001, 0, 1, hour), 1 + (hour % 9)]);
    expect(words(line(points), { time: { utcOffsetHours: 0 }, logarithmic: true })).toContain('01-01');
  });

  it('has a length where there is one value', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    expect(days([0], 0)).toEqual(['01-01']);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it('has some eight labels, whole days apart', () => {
    expect(
      days(
        hourly(0, 27).map((day) => 24 * day),
        0,
      ),
    ).toEqual(['01-01', '01-05', '01-09', '01-13', '01-17', '01-21', '01-25']);
  });
});

it('ends a logarithmic axis at numbers that read well', () => {
  const ends = words(line([[0, 1.36], [1, 0.172]]), { logarithmic: true }).filter((word) => /^0?\.?\d/.test(word)); // prettier-ignore
  expect(ends).toEqual(expect.arrayContaining(['0.15', '1', '1.5']));
  expect(Math.max(...ends.map((word) => word.length))).toBeLessThan(5);
});

it('leaves room between the entries of a legend: "observation term" must not reach the next line', () => {
  const lines = ['observation term', 'prior term'].map((name) => ({ ...line([[0, 1], [DAY, 2]])[0], name })); // prettier-ignore
  const { text } = drawChart({ title: 't', description: 'd', xName: 'x', yName: 'y', lines });
  const at = (name: string): number => {
    const [, x] = new RegExp(`<text[^>]*transform="translate\\(([\\d.]+) [^>]*>${name}</text>`).exec(text)!;
    return Number(x);
  };
  // 16 letters of 11 pixels are some 100 wide, the symbol 22 and the space beside it 5.
  expect(at('prior term') - at('observation term')).toBeGreaterThan(127);
});
