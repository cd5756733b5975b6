/** Observations of a period of the tiny world, for the tests of the surrogate's forward model. */
import type { PeriodSource } from '../../fields/period-source';
import { SPECIES } from '../../base/species';
import { ObservationOperator } from '../../inversion/observations/observation-operator';
import { observationsOf, randomFloats } from '../../inversion/testing/small-world';
import { Random } from '../../base/random';
import { GRID, WORLD } from '../../surrogate/testing/tiny-world';
import type { PeriodProblem } from '../surrogate/surrogate-forward-model';

const ERROR = { relative: 0.1, absolute: 1 };
const STATIONS: [string, number, number][] = [
  ['a', 1.5, 1.5],
  ['b', 4.5, 2.5],
  ['c', 6.5, 6.5],
  ['outside', -3, 2],
];

/** Observations of NO2 and PM2.5 at three cells after the spin-up, by default the world's: every hour, of which four a day are compared by default, or means of days. */
export function problemOf(
  period: PeriodSource,
  resolution: 'hourly' | 'daily',
  { spinUpHours = WORLD.spinUpHours, hoursPerDay = 4 } = {},
): PeriodProblem {
  const stepSeconds = resolution === 'hourly' ? 3600 : 86400;
  const hours = period.time.count;
  const count = (hours * 3600) / stepSeconds;
  const random = new Random(8);
  const values = (): number[] => Array.from({ length: count * STATIONS.length }, () => 10 * random.uniform());
  const operator = new ObservationOperator({
    grid: GRID,
    period: { start: WORLD.start, hours, spinUpHours },
    observations: observationsOf(STATIONS, { start: WORLD.start.toISOString(), stepSeconds, count }, { NO2: values(), 'PM2.5': values() }),
    species: SPECIES,
    error: { NO2: ERROR, SO2: ERROR, O3: ERROR, 'PM2.5': ERROR },
    hoursPerDay,
  });
  return { period, operator, anchor: randomFloats(operator.observed.values.length, 9) };
}
