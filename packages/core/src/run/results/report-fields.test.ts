import { Role } from '../../inversion/cost/cost';
import { observationsOf } from '../../inversion/testing/small-world';
import type { PeriodSeries } from './verify';
import { concentrationsOf, stationsOf } from './report-fields';

it('tells monitors that chose the step from those that were fitted to', () => {
  const ids = ['a', 'b', 'c'];
  const observations = observationsOf(
    ids.map((id, i) => [id, i, 0]),
    { start: '2026-01-05T00:00:00Z', stepSeconds: 3600, count: 1 },
    { NO2: [1, 2, 3] },
  );
  const monitors = { observations, withheld: new Set('a'), watched: new Set('b'), block: new Map() };
  // As the operator of `verify` has them.
  const stations = [Role.withheld, Role.used, Role.used].map((role, i) => ({ id: ids[i], role, cell: i }));
  const series = { monitors, prior: { stations } } as unknown as PeriodSeries;
  expect(stationsOf(series).map(({ role }) => role)).toEqual(['withheld', 'watched', 'used']);
});

it('knows when the days of the observations begin, summer time included', () => {
  const hoursAhead = (start: string, timeZone: string): number | undefined => {
    const station = { id: 'a', role: Role.used, cell: 0 };
    const values = new Map([['NO2', Float32Array.of(1)]]);
    const run = { stations: [station], times: [new Date(start)], observed: values, simulated: values };
    const monitors = { observations: { time: { stepSeconds: 86400 } } };
    const own = { monitors, prior: run, updated: run } as unknown as PeriodSeries;
    const period = { name: 'p' } as Parameters<typeof concentrationsOf>[0]['period'];
    return concentrationsOf({ period, main: own }, { order: ['a'], timeZone, species: ['NO2'] })[0].utcOffsetHours;
  };
  expect(hoursAhead('2017-01-04T16:00:00Z', 'Asia/Shanghai')).toBe(8);
  expect(hoursAhead('2017-07-04T22:00:00Z', 'Europe/Berlin')).toBe(2);
  expect(hoursAhead('2017-07-04T00:00:00Z', 'UTC')).toBe(0);
});
