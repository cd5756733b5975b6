import { changeAtSide } from './block-bootstrap';
import type { ReportData, ReportStation } from './report-data';
import { annualWeights } from '../../inversion/scores/redistribution';
import { annualTotal, errorChangeAtStation, meanSeries, pairs, movedPart, variantScores } from './statistics';
import { smallGrid, syntheticReport } from '../testing/synthetic-report';
import { convert, SECONDS_PER_YEAR } from '../../units/units';

const stations: ReportStation[] = [
  { id: 'a', lon: 0, lat: 0, role: 'used', block: 1 },
  { id: 'b', lon: 0, lat: 0, role: 'withheld', block: 2 },
  { id: 'c', lon: 0, lat: 0, role: 'watched', block: 3 },
];
const base = syntheticReport({ grid: smallGrid(), periods: ['winter'], steps: 2, stepSeconds: 3600, stations: 3, twin: false, paper: false });
/** two hours of three stations */
const data: ReportData = {
  ...base,
  stations,
  concentrations: [
    {
      period: 'winter',
      species: 'NO2',
      start: new Date(0),
      stepSeconds: 3600,
      observed: [1, 2, 3, 4, NaN, 6],
      prior: [2, 4, 3, 4, 5, 9],
      updated: [1, 3, 4, 5, 5, NaN],
    },
  ],
};

describe('pairs and scores', () => {
  it('takes one side only, and only where every variant is there', () => {
    const withheld = pairs(data, { species: 'NO2', side: 'withheld' });
    expect([...withheld.observed]).toEqual([2]);
    expect([...withheld.simulated.prior!]).toEqual([4]);
    expect(withheld.stations).toBe(1);
    const used = pairs(data, { species: 'NO2', side: 'used' }); // a twice; c once, since updated is missing in the second hour
    expect([...used.observed]).toEqual([1, 3, 4]);
    expect([...used.simulated.updated!]).toEqual([1, 4, 5]);
    expect([used.stations, used.blocks]).toEqual([2, 2]);
    expect(variantScores(used, 'prior')?.mae).toBeCloseTo(1 / 3);
    expect(variantScores(used, 'updated')?.mae).toBeCloseTo(2 / 3);
  });

  it('has no scores where there is no pair or no such variant', () => {
    expect(variantScores(pairs(data, { species: 'O3', side: 'used' }), 'prior')).toBeUndefined();
    expect(variantScores(pairs(data, { species: 'NO2', side: 'used' }), 'paper')).toBeUndefined();
  });

  it('knows the change of error at a station', () => {
    expect(errorChangeAtStation(data, 'NO2', 0)).toBeCloseTo((0 + 1) / (1 + 0) - 1);
    expect(errorChangeAtStation(data, 'NO2', 1)).toBeCloseTo(1 / 2 - 1); // its second hour has no observation
    expect(errorChangeAtStation(data, 'O3', 1)).toBeNaN();
  });

  it('averages the stations of a side at each time', () => {
    const means = meanSeries(data, data.concentrations[0], 'used');
    expect(means.observed).toEqual([2, 4]);
    expect(means.updated).toEqual([2.5, 5]);
    expect(means.paper).toEqual([]);
    expect(meanSeries(data, data.concentrations[0], 'withheld').observed).toEqual([2, NaN]);
  });
});

describe('block bootstrap', () => {
  const many = (updated: (station: number) => number): ReportData => {
    const count = 12;
    return {
      ...base,
      stations: Array.from({ length: count }, (_, index) => ({ id: `${index}`, lon: 0, lat: 0, role: 'withheld' as const, block: index % 6 })),
      concentrations: [
        {
          ...data.concentrations[0],
          observed: new Float64Array(count),
          prior: new Float64Array(count).fill(2),
          updated: Float64Array.from({ length: count }, (_, index) => updated(index)),
        },
      ],
    };
  };

  it('has no width where all blocks agree, and the mean in it where they differ', () => {
    const agreed = many(() => 1);
    expect(changeAtSide(agreed, 'NO2', 'withheld')).toEqual({ relative: -0.5, interval: { low: -0.5, high: -0.5 }, blocks: 6 });
    const differing = many((station) => (station % 6 === 0 ? 4 : 1));
    const { low, high } = changeAtSide(differing, 'NO2', 'withheld').interval!;
    expect(low).toBe(-0.5); // blocks all of the kind that got better
    expect(high).toBeGreaterThan(-0.25); // the mean change is −0.25
  });

  it('has no interval with fewer than five blocks', () => {
    expect(changeAtSide(data, 'NO2', 'withheld').interval).toBeUndefined();
  });
});

describe('emissions', () => {
  const grid = smallGrid();
  const field = new Float64Array(48 * 48);
  field[0] = 1e-9;
  field[1] = 3e-9;

  it('adds up to megatonnes a year', () => {
    const expected = (4e-9 * 27000 ** 2 * SECONDS_PER_YEAR) / 1e9; // kg m-2 s-1 · m² · s a-1 / (kg Mt-1)
    expect(annualTotal(grid, field)).toBeCloseTo(expected, 12);
    const mask = new Uint8Array(48 * 48);
    mask[1] = 1;
    expect(annualTotal(grid, field, mask)).toBeCloseTo(0.75 * expected, 12);
  });

  it('counts the year of the units in files: what was read as tonnes a year is told as so many', () => {
    const fluxOf = convert(1, 't a-1', 'kg s-1') / 27000 ** 2;
    const read = new Float64Array(48 * 48);
    read[5] = 2e6 * fluxOf;
    expect(annualTotal(grid, read)).toBeCloseTo(2, 12);
  });

  it('weighs each row with its own area', () => {
    const tall = { ...grid, rows: 3, cols: 2, cellArea: (row: number) => 10 * (row + 1) } as unknown as typeof grid;
    const second = SECONDS_PER_YEAR / 1e9;
    expect([...annualWeights(tall, [1, 1, 0, 0.5, 1, 1])]).toEqual(
      [10, 10, 0, 10, 30, 30].map((area) => expect.closeTo(area * second, 12) as number),
    );
  });

  it('sees what a total hides: what one cell lost the other gained', () => {
    const moved = field.slice();
    moved[0] += 1e-9;
    moved[1] -= 1e-9;
    expect(annualTotal(grid, moved)).toBeCloseTo(annualTotal(grid, field), 12);
    expect(movedPart(grid, field, moved)).toBeCloseTo(0.5);
  });
});
