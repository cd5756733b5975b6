import type { Case, InversionSettings, PeriodSettings } from '../../data/case';
import { observationsOf, unitGrid } from '../../inversion/testing/small-world';
import { operatorOf } from './monitors';

const grid = unitGrid(1, 60); // cells of a degree: 4 minutes of solar time each
const period = { name: 'july', start: '2017-07-01T00:00:00Z', hours: 24, spinUpHours: 0 } as unknown as PeriodSettings;
const settings = {
  inversion: {
    observationError: { NO2: { relative: 0, absolute: 1 }, O3: { relative: 0, absolute: 1 } },
    representativeness: 'none',
    siteTypeError: {},
  },
} as unknown as Case;

/** Hours (UTC) at which O3 is compared, at 0.5° and 45.5° east; NO2 always is. */
function compared(hoursOfDay: InversionSettings['hoursOfDay'], hoursPerDay?: number): [west: number[], east: number[]] {
  const day = Array.from({ length: 48 }, () => 5);
  const observations = observationsOf(
    [
      ['west', 0.5, 0.5],
      ['east', 45.5, 0.5],
    ],
    { start: '2017-07-01T00:00:00Z', stepSeconds: 3600, count: 24 },
    { NO2: day, O3: day },
  );
  const monitors = { observations, withheld: new Set<string>(), watched: new Set<string>() };
  const operator = operatorOf(settings, period, grid, monitors, { firstHour: 0, watch: false, hoursPerDay, hoursOfDay });
  const { species, place } = operator.batch();
  const { cell: cells, hour: hours } = place!();
  const hoursAt = (of: number, cell: number): number[] =>
    [...hours].flatMap((hour, i) => (species[i] === of && cells[i] === cell ? [hour % 24] : []));
  expect(hoursAt(0, 0)).toHaveLength(hoursPerDay ?? 24);
  return [hoursAt(2, 0), hoursAt(2, 45)];
}

describe('operatorOf', () => {
  it('compares a species at some hours of the local day alone', () => {
    expect(compared({ O3: [9, 12] })).toEqual([
      [9, 10, 11],
      [6, 7, 8],
    ]);
    expect(compared({ O3: [22, 1] })).toEqual([
      [0, 22, 23],
      [19, 20, 21],
    ]);
    expect(compared({})[0]).toHaveLength(24);
  });

  it('refuses hours that leave nothing of a species', () => {
    expect(() => compared({ O3: [13, 15] }, 2)).toThrow(
      /hoursOfDay\.O3: in july no value between 13 and 15 h of local solar time is compared, at 2 hours a day/,
    );
  });
});
