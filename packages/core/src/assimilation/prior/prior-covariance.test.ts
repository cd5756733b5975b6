import { GROUPS } from '../../base/species';
import type { InversionSettings } from '../../case';
import { ConfigError } from '../../base/errors';
import { LogFactorControl } from '../../inversion/control/log-factor-control';
import { CorrelationFilter } from '../../grid/correlation';
import { unitGrid } from '../../inversion/testing/small-world';
import { priorCovariance, seesRegions } from './prior-covariance';
import { timeSlots, type FactorBasis } from '../factors/time-slots';

function correlationOf(factors: FactorBasis, hours: number, lasting = 0): ReturnType<typeof priorCovariance>['slotCorrelation'] {
  const factorCorrelation = { groups: [], domain: 0, periods: 0.7, hours, lasting };
  const settings = { factors, space: 'cells', lengthKm: 81, regionSpread: [], factorCorrelation };
  const slots = [72, 30].map((count) => timeSlots({ start: new Date('2017-01-01T00:00:00Z'), count }, factors));
  return priorCovariance(settings as unknown as InversionSettings, {}, { grid: unitGrid(3, 4), groups: GROUPS }, slots).slotCorrelation;
}

describe('the correlation of slots', () => {
  const e = Math.exp;

  it('is that of periods, or a line within each', () => {
    expect(correlationOf('period', 24)).toEqual([0.7, 0.7]);
    expect(correlationOf('day', 24)).toEqual([0, e(-1), e(-1), 0, e(-1)]);
    expect(correlationOf('day', 0)).toEqual([0, 0, 0, 0, 0]);
  });

  it('goes round the clock for hours of the day', () => {
    const found = correlationOf('hour-of-day', 24) as { ofPeriods: Float64Array[] };
    expect(found.ofPeriods.map(({ length }) => length)).toEqual([24 * 24, 24 * 24]);
    expect([0, 1, 12, 23].map((hour) => found.ofPeriods[1][hour])).toEqual([1, e(-1 / 24), e(-12 / 24), e(-1 / 24)]);
  });

  it('keeps a part that lasts beside one that fades', () => {
    const [first, second] = (correlationOf('day', 24, 0.6) as { ofPeriods: Float64Array[] }).ofPeriods;
    const row = [1, 0.6 + 0.4 * e(-1), 0.6 + 0.4 * e(-2)];
    expect([first.length, second.length]).toEqual([9, 4]);
    row.forEach((value, apart) => expect(first[apart]).toBeCloseTo(value, 12));
    expect(first[7]).toBeCloseTo(row[1], 12); // the third day with the second
    expect([...(correlationOf('week', 0, 0.6) as { ofPeriods: Float64Array[] }).ofPeriods[0]]).toEqual([1]);
    const [clock] = (correlationOf('hour-of-day', 24, 0.6) as { ofPeriods: Float64Array[] }).ofPeriods;
    expect(clock[23]).toBeCloseTo(0.6 + 0.4 * e(-1 / 24), 12);
    expect(correlationOf('period', 24, 0.6)).toEqual([0.7, 0.7]);
  });

  it('of hours of the day that never differ is refused with a remedy', () => {
    const slotCorrelation = correlationOf('hour-of-day', 1e20);
    const shape = { slots: 48, rows: 3, cols: 4, groups: 1 };
    const options = { spread: [1], basis: new CorrelationFilter(3, 4, 1), bound: 3, emitting: new Uint8Array(576).fill(1), slotCorrelation };
    expect(() => new LogFactorControl(shape, options)).toThrow(ConfigError);
    expect(() => new LogFactorControl(shape, options)).toThrow(/factorCorrelation\.hours: .* make them shorter/);
  });
});

describe('what the case says in km and by region', () => {
  const grid = unitGrid(4, 6); // of 111 km from south to north, and a little less from west to east
  const slots = [timeSlots({ start: new Date('2017-01-01T00:00:00Z'), count: 24 }, 'period')];
  const regions = {
    south: { rows: [0, 1] as [number, number], cols: [0, 5] as [number, number] },
    west: { rows: [0, 3] as [number, number], cols: [0, 0] as [number, number] },
  };
  const covarianceOf = (change: object, far?: object): ReturnType<typeof priorCovariance> => {
    const factorCorrelation = { groups: [], domain: 0.2, periods: 0.7, hours: 0, lasting: 0, far };
    const settings = { factors: 'period', space: 'cells', lengthKm: 81, blockKm: 250, regionSpread: [], factorCorrelation, ...change };
    return priorCovariance(settings as unknown as InversionSettings, regions, { grid, groups: GROUPS }, slots);
  };

  it('has both lengths in cells', () => {
    const { lengthCells, farCorrelation, domainCorrelation } = covarianceOf({}, { part: 0.4, km: 600 });
    expect(lengthCells).toEqual(grid.lengthInCells(81));
    expect(farCorrelation).toEqual({ part: 0.4, lengthCells: grid.lengthInCells(600) });
    expect(domainCorrelation).toBe(0.2);
    expect(covarianceOf({})).not.toHaveProperty('farCorrelation');
  });

  it('has blocks of so many km', () => {
    // 250 km are two cells.
    expect([...covarianceOf({ space: 'blocks' }).regionOf!]).toEqual([0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 3, 3, 4, 4, 5, 5]);
  });

  it('multiplies the factors on the spread where regions overlap, of a group or of all', () => {
    const spreads = [
      { region: 'south', group: 'SO2', factor: 2 },
      { region: 'west', factor: 1.5 },
    ];
    const { spreadFactor } = covarianceOf({ regionSpread: spreads });
    const at = (row: number, col: number): number[] => Array.from({ length: 5 }, (_, g) => spreadFactor![(row * 6 + col) * 5 + g]);
    expect([at(0, 0), at(1, 3), at(3, 0), at(3, 3)]).toEqual([
      [1.5, 1.5, 3, 1.5, 1.5],
      [1, 1, 2, 1, 1],
      [1.5, 1.5, 1.5, 1.5, 1.5],
      [1, 1, 1, 1, 1],
    ]);
  });
});

it('regions are looked at where factors, spreads or known totals are of them', () => {
  const sees = (own: object): boolean => seesRegions({ space: 'cells', regionSpread: [], totals: [], ...own } as unknown as InversionSettings);
  expect([{}, { space: 'blocks' }, { totals: [{ group: 'NOx' }] }].map(sees)).toEqual([false, false, false]);
  const ofRegions = [
    { space: 'regions' },
    { regionSpread: [{ region: 'north', factor: 2 }] },
    { totals: [{ group: 'SO2' }, { group: 'NOx', region: 'north' }] },
  ];
  expect(ofRegions.map(sees)).toEqual([true, true, true]);
});
