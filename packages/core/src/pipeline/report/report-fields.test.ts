import { Role } from '../../inversion/forward-model';
import { observationsOf } from '../../inversion/testing/small-world';
import type { PeriodSeries } from '../verify/verify-stage';
import { stationsOf } from './report-fields';

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
